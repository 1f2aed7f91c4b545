"""How each row is counted, one hard case at a time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import DurationField, ExpressionWrapper, F

from handoff.models import Contest, Leg
from review.rules.figures import spread
from review.rules.metrics import ACCEPTANCE
from review.rules.weeks import Week, WeekRow
from review.selectors.report import WeekFrame
from review.selectors.rows import metric_rows
from review.selectors.sources import decided_legs, due_clocks, submitted_handoffs
from review.selectors.tallies import spreads, tally
from tests.factories.review import HOUR, make_scene

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Week(2026, 46)
ROW = WeekRow.of([WEEK], BERLIN)
START, END = ROW.start, ROW.end
TUESDAY = datetime(2026, 11, 10, 11, tzinfo=BERLIN)
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def scene(db):
    return make_scene()


def outcomes(source, scene, *, now=NOW, user=None, row=ROW):
    return dict(tally(source(user or scene.admin, row.start, row.end, now), row)[row.weeks[-1]])


# Legs


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("accepted", "accepted"),
        ("rejected", "rejected"),
        ("conflict", "conflict"),
        ("withdrawn", "undecided"),
    ],
)
def test_leg_counts_by_how_it_ended(scene, how, outcome):
    scene.leg(TUESDAY, how=how)

    assert outcomes(decided_legs, scene) == {outcome: 1}


def test_leg_without_a_decision_is_in_no_week(scene):
    scene.leg(TUESDAY, how="live")

    assert outcomes(decided_legs, scene) == {}


def test_leg_of_one_person_as_both_is_left_out(scene):
    scene.leg(TUESDAY, how="rejected", by=scene.ae, receiver=scene.ae)

    assert outcomes(decided_legs, scene) == {"one_person": 1}


def test_leg_accepted_before_it_was_rejected_counts_once_by_its_last_state(scene):
    leg = scene.leg(TUESDAY)
    type(leg).objects.filter(pk=leg.pk).update(
        ended_at=END + HOUR, ended_as="rejected", reason="no_budget"
    )
    next_week = WeekRow.of([WEEK.shifted(1)], BERLIN)

    assert outcomes(decided_legs, scene) == {"rejected": 1}
    assert outcomes(decided_legs, scene, row=next_week) == {}


def test_leg_is_dated_by_its_acceptance_in_any_span_of_weeks(scene):
    leg = scene.leg(TUESDAY)
    type(leg).objects.filter(pk=leg.pk).update(ended_at=END + HOUR, ended_as="withdrawn")
    both = WeekRow.of([WEEK, WEEK.shifted(1)], BERLIN)

    found = tally(decided_legs(scene.admin, both.start, both.end, NOW), both)

    assert found == {WEEK: {"accepted": 1}, WEEK.shifted(1): {}}


def test_two_legs_of_one_handoff_are_two_decisions(scene):
    first = scene.leg(TUESDAY, how="conflict")
    scene.leg(TUESDAY + HOUR, handoff=first.handoff, receiver=scene.outsider)

    assert outcomes(decided_legs, scene) == {"conflict": 1, "accepted": 1}
    assert outcomes(submitted_handoffs, scene) == {"waiting": 1}


def test_leg_accepted_by_a_ruling_is_dated_by_the_first_decision(scene):
    leg = scene.leg(TUESDAY, how="rejected")
    contest = {"by": scene.sdr, "at": TUESDAY, "ruled_by": scene.manager, "ruled_at": NOW}
    Contest.objects.create(leg=leg, note="No", is_upheld=False, **contest)
    Leg.objects.filter(pk=leg.pk).update(ended_at=None, ended_as="", accepted_at=NOW)

    assert outcomes(decided_legs, scene) == {"accepted": 1}
    assert outcomes(decided_legs, scene, row=WeekRow.of([Week(2026, 47)], BERLIN)) == {}
    frame = WeekFrame(WEEK, BERLIN, Week(2026, 47))
    (row,) = metric_rows(scene.admin, ACCEPTANCE, frame, now=NOW).all()
    assert row.why == "Rejected Tue 10 Nov, 11:00; overturned Fri 20 Nov, 12:00, which accepted it."


@pytest.mark.parametrize(
    ("at", "counted"),
    [(START, True), (START - MICROSECOND, False), (END - MICROSECOND, True), (END, False)],
)
@pytest.mark.parametrize("how", ["accepted", "rejected"])
def test_leg_at_the_edge_of_the_week_is_in_exactly_one(scene, how, at, counted):
    scene.leg(at, how=how)

    assert bool(outcomes(decided_legs, scene)) is counted


def test_week_is_that_of_the_organisations_zone(scene):
    late_sunday = datetime(2026, 11, 15, 23, 30, tzinfo=ZoneInfo("UTC"))
    scene.leg(late_sunday)

    assert outcomes(decided_legs, scene) == {}
    in_new_york = WeekRow.of([WEEK], ZoneInfo("America/New_York"))
    assert outcomes(decided_legs, scene, row=in_new_york) == {"accepted": 1}


# Clocks


def test_clock_met_exactly_at_due_is_met(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY)

    assert outcomes(due_clocks, scene) == {"met": 1}


def test_clock_met_late_is_missed(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)

    assert outcomes(due_clocks, scene) == {"missed": 1}


def test_clock_met_in_time_beside_a_quicker_sweep_is_met(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY, breached_at=TUESDAY)

    assert outcomes(due_clocks, scene) == {"met": 1}


def test_clock_cancelled_before_or_at_due_leaves_the_figures(scene):
    scene.clock(TUESDAY, state="cancelled", cancelled_at=TUESDAY)

    assert outcomes(due_clocks, scene) == {"stopped": 1}


def test_clock_cancelled_after_due_stays_a_miss(scene):
    late = TUESDAY + HOUR
    scene.clock(TUESDAY, state="cancelled", cancelled_at=late, breached_at=TUESDAY)

    assert outcomes(due_clocks, scene) == {"missed": 1}


def test_clock_replaced_by_another_leaves_the_figures_even_when_late(scene):
    late = TUESDAY + HOUR
    old = scene.clock(TUESDAY, state="cancelled", cancelled_at=late, breached_at=TUESDAY)
    scene.clock(late, state="met", met_at=late, replaces=old)

    assert outcomes(due_clocks, scene) == {"replaced": 1, "met": 1}


def test_clock_running_past_due_is_a_miss_before_any_sweep_saw_it(scene):
    scene.clock(TUESDAY)

    assert outcomes(due_clocks, scene, now=TUESDAY) == {"open": 1}
    assert outcomes(due_clocks, scene, now=TUESDAY + MICROSECOND) == {"missed": 1}


def test_clock_paused_is_open_until_it_runs_again(scene):
    scene.clock(TUESDAY, state="paused")

    assert outcomes(due_clocks, scene) == {"open": 1}


def test_clock_unstaffed_is_counted_apart_met_or_missed(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY, is_unstaffed=True)
    scene.clock(TUESDAY, breached_at=TUESDAY, is_unstaffed=True)
    scene.clock(TUESDAY, state="cancelled", cancelled_at=TUESDAY, is_unstaffed=True)

    assert outcomes(due_clocks, scene) == {"unstaffed": 2, "stopped": 1}


def test_clock_is_dated_by_its_due_week_whenever_it_was_met(scene):
    scene.clock(END, state="met", met_at=START)
    scene.clock(END - MICROSECOND, state="met", met_at=START)

    assert outcomes(due_clocks, scene) == {"met": 1}


def test_clock_of_another_kind_is_not_counted(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY, kind="contact")

    assert outcomes(due_clocks, scene) == {}


# Handoffs


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"accepted_after": 2}, "accepted"),
        ({"accepted_after": 0}, "accepted"),
        ({"accepted_after": 2, "closed_as": "withdrawn"}, "accepted"),
        ({"status": "pending"}, "waiting"),
        ({"status": "holding"}, "waiting"),
        ({"status": "rejected", "reason": "no_budget"}, "rejected"),
        ({"closed_as": "withdrawn"}, "withdrawn"),
        ({"closed_as": "superseded"}, "superseded"),
        ({"closed_as": "conceded"}, "conceded"),
        ({"closed_as": "nurture"}, "nurture"),
        ({"closed_as": "converted"}, "closed"),
    ],
)
def test_handoff_counts_by_what_became_of_it(scene, fields, outcome):
    scene.handoff(TUESDAY, **fields)

    assert outcomes(submitted_handoffs, scene) == {outcome: 1}


def test_handoff_is_dated_by_its_submission_however_late_it_was_accepted(scene):
    scene.handoff(TUESDAY, accepted_after=200)
    scene.handoff(START - HOUR, accepted_after=2)
    scene.handoff(END, accepted_after=1)

    assert outcomes(submitted_handoffs, scene) == {"accepted": 1}


def test_draft_is_in_no_week(scene):
    scene.handoff(None, status="draft")

    assert outcomes(submitted_handoffs, scene) == {}


# Spreads


@pytest.mark.parametrize(
    "hours", [[3], [1, 2], [5, 1, 3], [4, 4, 4, 4], range(9), range(1, 12), range(40)]
)
def test_spreads_pick_the_same_values_as_the_formula(scene, hours):
    trend = WeekRow.of(WEEK.up_to_here(), BERLIN)
    for each in hours:
        scene.handoff(TUESDAY, accepted_after=each)
        scene.handoff(TUESDAY - timedelta(weeks=2), accepted_after=2 * each)
    rows = submitted_handoffs(scene.admin, trend.start, trend.end, NOW)
    elapsed = ExpressionWrapper(
        F("first_accepted_at") - F("submitted_at"), output_field=DurationField()
    )

    for value in (F("accept_seconds"), elapsed):
        found = spreads(rows, value, trend)
        assert found[WEEK] == spread(each * 3600 for each in hours)
        assert found[WEEK.shifted(-2)] == spread(each * 7200 for each in hours)
        assert found[WEEK.shifted(-1)].n == 0


def test_spreads_of_one_week_need_no_other(scene):
    scene.handoff(TUESDAY, accepted_after=2)
    rows = submitted_handoffs(scene.admin, START, END, NOW)

    assert spreads(rows, F("accept_seconds"), ROW)[WEEK].median == 7200


# Whose rows


def test_scope_gives_each_role_its_own_rows(scene):
    scene.leg(TUESDAY)
    scene.leg(TUESDAY, receiver=scene.outsider)
    scene.leg(TUESDAY, by=scene.outsider, receiver=scene.outsider)

    totals = {
        user.name: sum(outcomes(decided_legs, scene, user=user).values())
        for user in (scene.admin, scene.manager, scene.sdr, scene.ae, scene.outsider)
    }
    assert totals == {
        "Rita Ops": 3,
        "Helen Brandt": 2,
        "Sam Okafor": 2,
        "Priya Nair": 1,
        "Tom Weiss": 2,
    }


def test_scope_of_a_manager_is_the_team_and_not_the_pool(scene):
    leg = scene.leg(TUESDAY, by=scene.admin, receiver=scene.outsider)
    assert scene.pool.manager == scene.manager
    scene.clock(TUESDAY, state="met", met_at=TUESDAY, leg=leg)

    for source in (decided_legs, due_clocks, submitted_handoffs):
        assert outcomes(source, scene, user=scene.manager) == {}
        assert outcomes(source, scene, user=scene.outsider)


def test_scope_of_clocks_and_handoffs_is_that_of_their_legs(scene):
    for receiver in (scene.ae, scene.outsider):
        leg = scene.leg(TUESDAY - 4 * HOUR, how="live", receiver=receiver)
        scene.clock(TUESDAY, state="met", met_at=TUESDAY, leg=leg)

    assert outcomes(due_clocks, scene, user=scene.ae) == {"met": 1}
    assert outcomes(due_clocks, scene, user=scene.sdr) == {"met": 2}
    assert outcomes(due_clocks, scene, user=scene.manager) == {"met": 2}
    assert outcomes(submitted_handoffs, scene, user=scene.ae) == {"waiting": 1}
    assert outcomes(submitted_handoffs, scene, user=scene.sdr) == {"waiting": 2}
