"""A browser that is signed in for a test, and whose complaints fail it."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.e2e.browsing import DESK, PATIENCE_MS, Complaints, fits
from tests.factories.handoff import NOW

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def office_hours(time_machine):
    """The same Tuesday morning for every test, whenever it runs; time goes on as ever."""
    time_machine.move_to(NOW, tick=True)


@pytest.fixture(scope="session")
def base_url():
    """Addresses come from `live_server`; the plugin's own fixture is one that pytest warns of."""


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """Nothing moves: what fades in has other colours until it is there, and axe reads them."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def complaints():
    heard = Complaints()
    yield heard
    assert heard.unexpected() == []


@pytest.fixture
def context(context, complaints):
    return patient(complaints.of(context))


@pytest.fixture
def plain_context(new_context, complaints):
    """A browser without any script."""
    return patient(complaints.of(new_context(java_script_enabled=False)))


def patient(context):
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def size(request):
    """The screen: a desk's unless the test is marked `on_both`."""
    return getattr(request, "param", DESK)


@pytest.fixture
def page(page, size):
    page.set_viewport_size(size)
    return page


@pytest.fixture
def sign_in(live_server):
    """Let a browser be somebody; each person signs in once, until their sessions are cleared."""
    sessions = {}

    def become(context, user):
        if user.pk not in sessions:
            client = Client()
            client.force_login(user)
            sessions[user.pk] = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": sessions[user.pk]}
        context.add_cookies([{**cookie, "url": live_server.url}])

    become.sessions = sessions
    return become


@pytest.fixture
def visit(page, live_server, sign_in):
    """Go as somebody to a page by its name, or by its address."""

    def go(user, name, *args, query=""):
        sign_in(page.context, user)
        address = name if name.startswith("/") else reverse(name, args=args)
        page.goto(live_server.url + address + query)
        fits(page)
        return page

    return go
