"""Why it is due when it is, and whose the wait was: read on the page of a handoff."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from handoff.services import (
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    resume_clocks,
    start_fix,
    submit_handoff,
)
from tests.e2e.browsing import fits, on_both, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(live_server):
    """Rejected and fixed, passed on by a conflict, paused, held, and given to somebody else."""
    world = make_world(preset="temperatures")
    # The same hour of Tuesday, a week ago: hours of work lie in it, whatever day it is.
    now = timezone.now()
    start = (now - timedelta(days=7 + (now.weekday() - 1) % 7)).replace(hour=9, minute=0)
    row = world.submitted(now=start)
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=start + HOUR)
    fix = start_fix(row, by=world.sdr, now=start + HOUR)
    row = submit_handoff(fix, by=world.sdr, now=start + 2 * HOUR)
    for hours in (3, 5):
        receiver = world.receiver_of(row)
        reject_handoff(row, reason="conflict", by=receiver, now=start + hours * HOUR)
        if hours == 3:
            by = {"by": world.manager}
            pause_clocks(row, kind="contact", reason="At a fair", now=start + 3.5 * HOUR, **by)
            resume_clocks(row, kind="contact", now=start + 4 * HOUR, **by)
    to = world.person("Maya Lind", "ae")
    at = start + 6 * HOUR
    reassign_handoff(row, to=to, reason="manager", note="Go", by=world.manager, now=at)
    world.row = row
    return world


def seconds(words):
    """ "1 h 2 min 5 s" in seconds."""
    lengths = {"h": 3600, "min": 60, "s": 1}
    return sum(int(n) * lengths[unit] for n, unit in re.findall(r"(\d+) (h|min|s)", words))


@on_both
def test_wait_adds_up_to_the_second_and_is_drawn(world, page, visit):
    visit(world.manager, "handoff:detail", world.row.pk)
    for key, least in (("handoff", 6), ("chain", 8)):
        part = page.locator(f"#wait-{key}")
        rows = part.locator("tbody tr")
        told = [seconds(text) for text in rows.locator("td:nth-of-type(1)").all_inner_texts()]
        assert sum(told[:-1]) == told[-1] > 6 * 24 * 3600
        assert len(told) - 1 >= least
        drawn = part.locator(".wait-part")
        assert drawn.count() == len(told) - 1
        boxes = [box.bounding_box() for box in drawn.all()]
        whole = part.locator(".wait-bar").bounding_box()["width"]
        assert sum(box["width"] for box in boxes) == pytest.approx(whole, abs=4 * len(boxes))
    names = page.locator("#wait-chain tbody th").all_inner_texts()
    assert any(name.startswith("Paused\nAt a fair") for name in names)
    assert any(name.startswith(world.sdr.name) for name in names)
    assert problems(page) == {}


@on_both
def test_deadline_is_explained_by_a_drawing_and_in_words(world, page, visit):
    visit(world.manager, "handoff:detail", world.row.pk)
    page.get_by_text("Explain this deadline: First contact").click()
    shown = page.locator("[data-dialog-host]")
    drawing = shown.locator(".deadline")
    drawing.wait_for()
    fits(page)
    assert drawing.locator(".deadline-paused").count() >= 1
    assert drawing.locator(".deadline-due").count() == 1
    text = shown.inner_text()
    assert "1 working day: the same time of day, 1 open day later." in text
    assert "Paused: At a fair" in text
    assert "Pauses have moved the due time by 30 min." in text


def test_wait_and_deadline_are_there_without_scripts(world, plain_context, live_server, sign_in):
    sign_in(plain_context, world.manager)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("handoff:detail", args=[world.row.pk]))
    page.get_by_text("Explain this deadline: First contact").click()
    expect(page.locator(".deadline")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#wait-chain .wait-total")).to_be_visible()
