"""A clock as its reader sees it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sla.rules import badge, pauses, schedule
from sla.rules.badge import ClockFacts
from tests.unit.sla.support import BERLIN, at, days, elapsed, hold, ladder, working

MICROSECOND = timedelta(microseconds=1)


def facts(**changes):
    """Accept within 4 h of working time from Monday 10:00, so due at 14:00."""
    plan = schedule.plan(ladder(), working(), at("Mon 10:00"))
    whole = ClockFacts(
        name="Accept",
        state="running",
        started_at=at("Mon 10:00"),
        due_at=plan.due_at,
        met_at=None,
        cancelled_at=None,
        breached_at=None,
        is_unstaffed=False,
        amount=240,
        rungs=plan.rungs,
        fired=0,
        holds=(),
    )
    return replace(whole, **changes)


def view(now, pace=None, **changes):
    return badge.describe(facts(**changes), pace or working(), now=now, zone=BERLIN)


@pytest.mark.parametrize(
    ("now", "state", "text"),
    [
        (at("Mon 10:00"), "on_track", "4 h left"),
        (at("Mon 12:15"), "on_track", "1 h 45 min left"),
        (at("Mon 13:00") - MICROSECOND, "on_track", "1 h left"),
        (at("Mon 13:00"), "soon", "1 h left"),
        (at("Mon 13:42"), "soon", "18 min left"),
        (at("Mon 14:00"), "soon", "under 1 min left"),
        (at("Mon 14:00") + MICROSECOND, "overdue", "under 1 min late"),
        (at("Mon 14:25"), "overdue", "25 min late"),
        (at("Tue 09:00"), "overdue", "3 h late"),
        (at("Wed 14:30"), "overdue", "2 working days late"),
    ],
)
def test_view_of_a_running_clock(now, state, text):
    seen = view(now)
    assert (seen.state, seen.text) == (state, text)


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({"state": "met", "met_at": at("Mon 13:20")}, "met", "Met, 40 min early"),
        ({"state": "met", "met_at": at("Mon 14:00")}, "met", "Met just in time"),
        ({"state": "met", "met_at": at("Mon 14:12")}, "met_late", "Met, 12 min late"),
        (
            {"state": "cancelled", "cancelled_at": at("Mon 15:00"), "breached_at": at("Mon 14:00")},
            "missed",
            "Missed at 14:00",
        ),
        ({"state": "cancelled", "cancelled_at": at("Mon 11:00")}, "cancelled", "Cancelled"),
        ({"is_unstaffed": True}, "overdue", "2 h late"),
        ({"holds": (hold("Mon 14:00", "Mon 17:00"),)}, "paused", "Paused until 17:00"),
        (
            {"state": "paused", "holds": (pauses.hold_of(at("Mon 14:00"), None),)},
            "paused",
            "Paused",
        ),
    ],
)
def test_view_of_other_clocks(changes, state, text):
    seen = view(at("Mon 16:00"), **changes)
    assert (seen.state, seen.text) == (state, text)


@pytest.mark.parametrize(
    ("now", "state", "text", "label"),
    [
        (
            at("Mon 14:00"),
            "unstaffed",
            "Unstaffed",
            "Accept is due today 14:00; nobody was at work when it started.",
        ),
        (
            at("Mon 14:25"),
            "overdue",
            "25 min late",
            "Accept was due today 14:00, 25 minutes of working time late; nobody was at work when "
            "it started.",
        ),
    ],
)
def test_view_of_an_unstaffed_clock_past_due_is_late(now, state, text, label):
    seen = view(now, is_unstaffed=True)
    assert (seen.state, seen.text, seen.label) == (state, text, label)


def test_view_missed_on_another_day_names_the_day():
    missed = {"state": "cancelled", "cancelled_at": at("Mon 15:00"), "breached_at": at("Mon 14:00")}
    assert view(at("Tue 10:00"), **missed).text == "Missed Mon 14:00"


def test_view_logged_late_counts_as_met():
    seen = view(at("Mon 16:00"), state="met", met_at=at("Mon 13:00"), breached_at=at("Mon 14:00"))
    assert seen.state == "met"


@pytest.mark.parametrize(
    ("now", "label"),
    [
        (
            at("Mon 12:15"),
            "Accept is due today 14:00, 1 hour 45 minutes of working time left.",
        ),
        (at("Mon 14:25"), "Accept was due today 14:00, 25 minutes of working time late."),
        (at("Wed 14:30"), "Accept was due Mon 14:00, 2 working days late."),
    ],
)
def test_view_label_is_a_whole_sentence(now, label):
    assert view(now).label == label


def test_view_label_around_the_clock_does_not_speak_of_working_time():
    seen = view(at("Mon 13:30"), elapsed())
    assert seen.label == "Accept is due today 14:00, 30 minutes left."


def test_view_of_days_counts_working_days():
    plan = schedule.plan(ladder(3, "working_days"), days(), at("Mon 10:00"))
    seen = view(at("Mon 10:00"), days(), amount=3, due_at=plan.due_at, rungs=plan.rungs)
    assert (seen.text, seen.target) == ("3 working days left", "3 working days")


@pytest.mark.parametrize(
    ("now", "percent"),
    [("Mon 10:00", 0), ("Mon 11:00", 25), ("Mon 14:00", 100), ("Tue 10:00", 100)],
)
def test_view_percent_is_elapsed_part_of_the_target(now, percent):
    assert view(at(now)).percent == percent


def test_view_percent_stands_still_in_a_pause():
    pace = working(("Mon 11:00", "Mon 12:00"))
    due = at("Mon 15:00")
    assert view(at("Mon 11:30"), pace, due_at=due).percent == 25
    assert view(at("Mon 12:00"), pace, due_at=due).percent == 25


def test_view_next_step_says_when_and_what():
    assert view(at("Mon 10:00")).next_step == "Today 13:00 a reminder goes out."
    assert view(at("Mon 13:30"), fired=1).next_step == "Today 14:00 the manager is alerted."
    assert view(at("Mon 14:30"), fired=3).next_step == ""


def test_view_target_in_words():
    assert view(at("Mon 10:00")).target == "4 h of working time"
    assert view(at("Mon 10:00"), elapsed(), amount=5).target == "5 min around the clock"


def test_view_is_open_until_met_or_cancelled():
    assert view(at("Tue 10:00")).is_open
    assert not view(at("Tue 10:00"), state="met", met_at=at("Mon 13:00")).is_open
