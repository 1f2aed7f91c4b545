"""Shares, picking and transfers in a browser: read, narrowed, opened and taken along."""

import csv
from pathlib import Path

import pytest
from django.utils import timezone

from handoff.services import reassign_handoff, reject_handoff
from tests.e2e.browsing import fits, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)
DRAWN = "[...document.querySelectorAll('canvas[data-chart]')].every(one => Chart.getChart(one))"


@pytest.fixture
def world():
    """Seven leads among three receivers: one rejected, one moved by hand."""
    world, now = make_world(receivers=3), timezone.now()
    rows = [world.submitted(now=now) for _ in range(7)]
    receiver = world.receiver_of(rows[0])
    reject_handoff(rows[0], reason="no_budget", note="None this year", by=receiver, now=now)
    other = next(ae for ae in world.aes if ae != world.receiver_of(rows[1]))
    reassign_handoff(
        rows[1], to=other, reason="manager", note="Knows them", by=world.manager, now=now
    )
    return world


def test_manager_goes_from_the_shares_to_one_persons_turns_and_takes_them_along(world, visit):
    page = visit(world.manager, "handoff:queue")
    page.get_by_role("link", name="Shares").click()
    page.wait_for_function(DRAWN)
    page.get_by_text("7 counted turns").wait_for()

    page.get_by_role("link", name=world.ae.name).click()
    page.wait_for_function(DRAWN)
    page.get_by_role("link", name="Received 3").click()
    page.get_by_text("Next in rotation").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()

    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["counts_as"] for line in lines].count("received") == 3


def test_manager_opens_the_rows_behind_a_count(world, visit):
    page = visit(world.manager, "handoff:shares")
    page.get_by_role("link", name="Picking").click()
    page.get_by_role("row", name=world.ae.name).get_by_role("link", name="1 of 1 decisions").click()

    page.get_by_role("heading", name="Rejected: 1").wait_for()
    page.get_by_text("Rejected: No budget").wait_for()


def test_receiver_chooses_other_days_without_any_script(world, plain_context, sign_in, live_server):
    sign_in(plain_context, world.ae)
    page = plain_context.new_page()
    page.goto(f"{live_server.url}/shares/mine/")
    page.get_by_role("heading", name="You got your share").wait_for()

    page.get_by_label("From").fill("2020-01-01")
    page.get_by_label("To").fill("2020-01-31")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("heading", name="No counted turn of yours in these days.").wait_for()

    page.get_by_label("To").fill("2026-01-31")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Choose 366 days at most").wait_for()
    assert page.get_by_label("From").input_value() == "2020-01-01"


def test_pages_are_accessible_and_fit_a_phone(world, visit):
    pages = (
        (world.manager, "/shares/"),
        (world.manager, "/shares/picking/"),
        (world.manager, f"/shares/picking/{world.ae.pk}/?show=rejected"),
        (world.manager, "/shares/?from=nonsense"),
        (world.manager, "/transfers/"),
        (world.ae, "/shares/mine/"),
    )
    found = {}
    for user, address in pages:
        page = visit(user, address)
        page.wait_for_function(DRAWN)
        found[address] = problems(page)
        page.set_viewport_size({"width": 320, "height": 844})
        fits(page)
    assert not any(found.values()), found
