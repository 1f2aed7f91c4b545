"""Why a clock is due when it is: in sentences, drawn by day, and span by span."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from handoff.models import HandoffClock
from handoff.selectors.deadline import KEPT_LINES, MOST_LINES, deadline_view
from handoff.services import accept_handoff, extend_clock, pause_clocks
from sla.models import Clock
from sla.rules.targets import ELAPSED_MINUTES, WORKING_DAYS, TargetSpec
from sla.selectors import explain_clock
from sla.services import publish_policy
from tests.factories.handoff import NOW, make_world
from worktime.services import publish_calendar_version

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(preset="temperatures")


def promised(world, amount, unit):
    publish_policy(
        key="own",
        name="Own",
        position=50,
        conditions={},
        is_default=True,
        targets=[TargetSpec("contact", amount, unit, ())],
        by_id=None,
        now=NOW,
    )
    return world.submitted()


def view(now=NOW):
    clock = Clock.objects.with_view().get(kind="contact")
    return deadline_view(explain_clock(clock), now=now)


def told(shown):
    return [(span.what, span.length) for span in shown.spans]


def test_deadline_of_working_days_over_a_holiday_names_it(world):
    calendar = world.organisation.calendar
    data = calendar.current_version.data | {
        "zone": "Europe/Berlin",
        "holidays": [{"date": "2026-11-18", "name": "Day of Repentance"}],
    }
    publish_calendar_version(calendar, data=data, by=None, now=NOW)
    promised(world, 1, WORKING_DAYS)
    shown = view()
    assert told(shown) == [
        ("Open", "6 h"),
        ("Outside working hours", "skipped 7 h"),
        ("Day of Repentance", "skipped 24 h"),
        ("Outside working hours", "skipped 9 h"),
        ("Open", "2 h"),
    ]
    assert [(day.label, day.counted, day.notes) for day in shown.days] == [
        ("Tue 17 Nov", "6 h", ""),
        ("Wed 18 Nov", "", "Day of Repentance"),
        ("Thu 19 Nov", "2 h", ""),
    ]
    assert shown.total == "8 h"


def test_deadline_around_the_clock_is_one_span(world):
    promised(world, 30 * 60, ELAPSED_MINUTES)
    assert told(view()) == [("Runs around the clock", "30 h")]
    assert [day.counted for day in view().days] == ["13 h", "17 h"]


def test_deadline_of_weeks_folds_plain_days_and_keeps_what_is_out_of_the_ordinary(world):
    row = promised(world, 20, WORKING_DAYS)
    away = NOW + timedelta(days=7)
    extend_clock(
        row,
        kind="contact",
        until=NOW + timedelta(days=10),
        reason="Trip",
        by=world.manager,
        now=away,
    )
    shown = view(away)
    assert len(shown.spans) <= MOST_LINES
    folded = shown.spans[KEPT_LINES:-KEPT_LINES]
    assert [line.what.split(",")[0] for line in folded] == ["Open", "Paused: Trip", "Open"]
    assert folded[1].length == "skipped 24 h"
    assert shown.spans[-1].total == shown.total == "160 h"
    assert [day.folded for day in shown.days if day.folded] == ["24 days, not drawn"]


def test_deadline_of_a_paused_clock_names_the_reason(world):
    row = promised(world, 1, WORKING_DAYS)
    pause_clocks(row, kind="contact", reason="Board meets", by=world.manager, now=NOW + HOUR)
    shown = view(NOW + 2 * HOUR)
    assert told(shown)[1] == ("Paused: Board meets", "skipped 5 h")
    assert "It is paused" in shown.rules[1]
    assert shown.days[0].notes == "Paused: Board meets"


@pytest.mark.parametrize("is_met", [False, True])
def test_detail_explains_every_clock_whether_it_runs_or_not(world, client, is_met):
    row = world.submitted()
    if is_met:
        accept_handoff(row, by=world.receiver_of(row), now=NOW + HOUR)
    client.force_login(world.manager)
    page = client.get(reverse("handoff:detail", args=[row.pk])).content.decode()
    clocks = re.findall(r'id="clock-(\w+)"', page)
    assert len(clocks) == (7 if is_met else 5)
    assert page.count("Explain this deadline") == len(clocks)
    addresses = re.findall(r'href="(/handoffs/\d+/clocks/\d+/)"', page)
    assert len(addresses) == len(clocks)
    explained = [client.get(address).content.decode() for address in addresses]
    assert all(one.count('class="deadline"') == 1 for one in explained)
    assert any("only open hours of the calendar count" in one for one in explained)
    assert any("4 h in all" in one for one in explained)


def test_deadline_page_is_of_this_handoffs_clocks_and_readers_only(world, client):
    row, other = world.submitted(), world.submitted()
    clock = HandoffClock.objects.filter(handoff=row, kind="accept").get().clock_id
    client.force_login(world.manager)
    assert client.get(reverse("handoff:deadline", args=[row.pk, clock])).status_code == 200
    assert client.get(reverse("handoff:deadline", args=[other.pk, clock])).status_code == 404
    assert client.get(reverse("handoff:deadline", args=[row.pk, 10**30])).status_code == 404
    client.force_login(world.receiver_of(other))
    assert client.get(reverse("handoff:deadline", args=[row.pk, clock])).status_code == 404
