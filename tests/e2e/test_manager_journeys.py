"""A manager's day in a browser: what is late, what is contested, who is away."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from handoff.services import (
    accept_handoff,
    apply_escalations,
    contest_rejection,
    reject_handoff,
)
from routing.models import Member
from routing.services import set_backup, set_capacity
from sla.models import Clock
from sla.services import fire_due_steps
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = [{"width": 1400, "height": 900}, {"width": 390, "height": 844}]
CHECKED = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


@pytest.fixture
def world(live_server):
    """Late at first contact, one contested, one held, a draft that is late too."""
    now = timezone.now()
    world = make_world(preset="temperatures", receivers=3)
    before = now - timedelta(days=8)
    world.late = accepted(world, before)
    world.draft(now=before)
    # The ladder up to the alert; what comes after has not fired yet.
    due = Clock.objects.get(kind="contact", handoff_clock__handoff=world.late).due_at
    fire_due_steps(due + timedelta(seconds=1))
    apply_escalations(due + timedelta(seconds=1))
    world.contested = world.submitted(now=now)
    receiver = world.receiver_of(world.contested)
    reject_handoff(
        world.contested,
        reason="missing_information",
        fields=["timeline"],
        note="When do they decide?",
        by=receiver,
        now=now,
    )
    contest_rejection(world.contested, note="By March, it is in the form.", by=world.sdr, now=now)
    for member in Member.objects.all():
        set_capacity(user=member.user, capacity=4, by=world.admin, now=now)
    one, two = Member.objects.order_by("pk")[:2]
    set_backup(member=one, backup=two, by=world.admin, now=now)
    accepted(world, now)
    world.submitted(now=now)
    world.pool.members.update(is_active=False)
    world.held = world.submitted(now=now)
    world.pool.members.update(is_active=True)
    return world


def accepted(world, now):
    row = world.submitted(now=now)
    return accept_handoff(row, by=world.receiver_of(row), now=now)


def sign_in(page, client, live_server, user):
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )


def test_late_is_acknowledged_then_reassigned(world, page, live_server, client):
    sign_in(page, client, live_server, world.manager)
    page.goto(live_server.url + "/")
    expect(page).to_have_url(live_server.url + reverse("handoff:late"))
    name = world.late.lead.name
    page.get_by_role("link", name=f"Acknowledge {name}, First contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("On site, calls at eleven")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged until").first).to_be_visible()
    expect(page.get_by_text("On site, calls at eleven")).to_be_visible()

    page.get_by_role("link", name=f"Reassign {name}").first.click()
    dialog = page.get_by_role("dialog")
    other = next(one for one in world.aes if one != world.late.owner)
    dialog.get_by_role("radio", name=other.name).check()
    dialog.get_by_role("button", name="Reassign").click()
    expect(dialog.get_by_text("Say why in a sentence.").first).to_be_visible()
    expect(dialog.get_by_role("radio", name=other.name)).to_be_checked()
    dialog.get_by_label("Note").fill("Knows the buyer")
    dialog.get_by_role("button", name="Reassign").click()
    expect(page.get_by_text(f"{other.name} has {name}")).to_be_visible()
    assert world.receiver_of(world.late) == other


def test_contest_is_overturned_in_one_step(world, page, live_server, client):
    sign_in(page, client, live_server, world.manager)
    page.goto(live_server.url + "/")
    page.get_by_role("link", name="Contests 1 to rule on").click()
    expect(page.get_by_text("By March, it is in the form.")).to_be_visible()
    page.get_by_label("Note").fill("It is in the form")
    page.get_by_role("button", name="Overturn").click()
    expect(page.get_by_text("Overturned:")).to_be_visible()
    expect(page.get_by_text("No contest waits for a ruling")).to_be_visible()
    world.contested.refresh_from_db()
    assert world.contested.status == "accepted"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(world, page, live_server, client, theme):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    page.emulate_media(color_scheme=theme)
    late, contested = world.late.pk, world.contested.pk
    member = Member.objects.first().pk
    pages = [
        ("late", (), world.manager),
        ("holding", (), world.manager),
        ("contests", (), world.manager),
        ("team", (), world.manager),
        ("acknowledge", (late,), world.manager),
        ("reassign", (late,), world.manager),
        ("extend", (late,), world.manager),
        ("return", (late,), world.manager),
        ("rule", (contested,), world.manager),
        ("backup", (member,), world.manager),
        ("offboard", (world.ae.pk,), world.admin),
    ]
    failures = {}
    for name, args, user in pages:
        sign_in(page, client, live_server, user)
        for size in SIZES:
            page.set_viewport_size(size)
            page.goto(live_server.url + reverse(f"handoff:{name}", args=args))
            found = Axe().run(page, options=CHECKED).response["violations"]
            said = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                said.append(("too wide", width))
            if said:
                failures[(name, size["width"])] = said
    assert failures == {}
    assert errors == []
