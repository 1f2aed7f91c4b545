"""The cases that people argue about, led through the services."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.choices import Role
from handoff.models import Handoff
from handoff.services import (
    accept_handoff,
    apply_escalations,
    log_touch,
    merge_duplicate,
    reassign_handoff,
    reject_handoff,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from review.rules.weeks import Week, WeekRow
from review.selectors.sources import SOURCES
from review.selectors.tallies import tally, tally_by
from routing.services import add_member
from sla.rules.presets import ACCEPT_LADDER, CONTACT_LADDER, CONTACT_LEG_LADDER
from sla.rules.targets import WORKING_MINUTES, TargetSpec
from sla.services import fire_due_steps, publish_policy
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROW = WeekRow.of([Week.containing(NOW, BERLIN)], BERLIN)
LATER = NOW + 2 * DAY


@pytest.fixture
def world(db):
    """Accepted within 1 h, contacted within 4 h, by whoever has it too; it is Tuesday, 11:00."""
    world = make_world(receivers=2)
    publish_policy(
        key="standard",
        name="Standard",
        position=100,
        conditions={},
        is_default=True,
        targets=[
            TargetSpec("accept", 60, WORKING_MINUTES, ACCEPT_LADDER),
            TargetSpec("contact", 240, WORKING_MINUTES, CONTACT_LADDER),
            TargetSpec("contact_leg", 240, WORKING_MINUTES, CONTACT_LEG_LADDER),
        ],
        by_id=None,
        now=NOW,
    )
    return world


def outcomes(world, key, *, now=LATER, user=None):
    rows = SOURCES[key](user or world.admin, ROW.start, ROW.end, now)
    return dict(tally(rows, ROW)[ROW.weeks[0]])


def call(row, *, by, at, now=None):
    return log_touch(row, kind="call", occurred_at=at, by=by, now=now or at)


def sweep(now):
    fire_due_steps(now)
    apply_escalations(now)


def test_reassigned_the_miss_stays_with_the_old_leg(world):
    row = world.submitted()
    old = world.receiver_of(row)
    sweep(NOW + 2 * HOUR)
    new = world.receiver_of(row)
    accept_handoff(row, by=new, now=NOW + 2 * HOUR)

    rows = SOURCES["attainment"](world.admin, ROW.start, ROW.end, LATER)
    assert tally_by(rows, "handoff_clock__leg__receiver") == {
        old.pk: {"missed": 1},
        new.pk: {"met": 1},
    }
    assert outcomes(world, "acceptance") == {"timed_out": 1, "accepted": 1}
    assert outcomes(world, "many-owners") == {"sla_breach": 1}


def test_accepted_late_and_contacted_in_time_misses_one_clock_and_meets_the_other(world):
    row = world.submitted()
    accept_handoff(row, by=row.owner, now=NOW + 2 * HOUR)
    call(row, by=row.owner, at=NOW + 3 * HOUR)

    assert outcomes(world, "attainment") == {"missed": 1}
    assert outcomes(world, "attainment-contact") == {"met": 1}
    assert outcomes(world, "attainment-contact-leg") == {"met": 1}


def test_contact_by_a_substitute_meets_the_buyers_clock_and_not_the_absent_legs(world):
    row = world.submitted()
    accept_handoff(row, by=row.owner, now=NOW)
    call(row, by=world.manager, at=NOW + HOUR)

    assert outcomes(world, "attainment-contact") == {"met": 1}
    assert outcomes(world, "attainment-contact-leg") == {"missed": 1}
    assert outcomes(world, "first-contact") == {"contacted": 1}


def test_logged_late_within_the_limit_is_met_and_counted_apart(world):
    row = world.submitted()
    accept_handoff(row, by=row.owner, now=NOW)
    fire_due_steps(NOW + 5 * HOUR)
    call(row, by=row.owner, at=NOW + HOUR, now=NOW + 5 * HOUR)

    assert outcomes(world, "attainment-contact") == {"met": 1}
    # The accept clock was met as people meet it; both clocks of the contact were logged late.
    assert outcomes(world, "logged-late") == {"late": 2, "in_time": 1}


def test_merged_is_counted_apart_and_the_survivor_keeps_the_earliest_start(world):
    first = world.submitted(now=NOW - HOUR)
    second = world.submitted(now=NOW)
    merge_duplicate(first, into=second, by=world.admin, now=NOW)
    call(second, by=Handoff.objects.get(pk=second.pk).owner, at=NOW + HOUR)

    assert outcomes(world, "first-contact") == {"duplicate": 1, "contacted": 1}
    assert outcomes(world, "handoffs") == {"duplicate": 1, "first": 1}
    assert outcomes(world, "no-follow-up-24") == {"duplicate": 1, "touched": 1}
    assert Handoff.objects.get(pk=second.pk).contact_seconds == 2 * 3600
    assert outcomes(world, "attainment-contact") == {"stopped": 2, "met": 1}


def test_withdrawn_before_anybody_took_it_is_in_no_rate(world):
    row = world.submitted()
    withdraw_handoff(row, by=world.sdr, now=NOW + HOUR)

    for key in ("first-pass", "eventual", "gate", "completeness", "introduced", "first-contact"):
        assert outcomes(world, key) == {"withdrawn": 1}, key
    assert outcomes(world, "no-follow-up-24") == {"withdrawn": 1}
    assert outcomes(world, "acceptance") == {"undecided": 1}


def test_one_person_on_both_sides_is_left_out_of_acceptance(world):
    both = world.person("Max Both", Role.SDR, Role.AE)
    add_member(pool=world.pool, user=both, by=world.admin, now=NOW)
    row = world.submitted(by=both)
    if row.owner_id != both.pk:
        reassign_handoff(row, to=both, reason="manager", note="Own", by=world.manager, now=NOW)
    accept_handoff(row, by=both, now=NOW + HOUR)

    assert outcomes(world, "acceptance")["one_person"] == 1
    assert outcomes(world, "rejections")["one_person"] == 1
    assert outcomes(world, "first-pass") == {"one_person": 1}
    assert outcomes(world, "eventual") == {"one_person": 1}


def test_rejected_and_handed_off_again_is_two_handoffs_of_one_chain(world):
    row = world.submitted()
    reject_handoff(row, reason="no_budget", by=row.owner, now=NOW + HOUR / 2)
    draft = start_fix(row, by=world.sdr, now=NOW + HOUR)
    again = submit_handoff(draft, by=world.sdr, now=NOW + 2 * HOUR)
    accept_handoff(again, by=again.owner, now=NOW + 3 * HOUR)

    assert outcomes(world, "handoffs") == {"first": 1, "again": 1}
    assert outcomes(world, "first-pass") == {"sent_back": 1}
    assert outcomes(world, "eventual") == {"early": 1}
    assert outcomes(world, "eventual", now=NOW + 31 * DAY) == {"accepted": 1}
    assert outcomes(world, "acceptance") == {"rejected": 1, "accepted": 1}
    assert outcomes(world, "time-to-accept") == {"superseded": 1, "accepted": 1}
    # The old one was with its submitter when the day was over, and is nobody's silence.
    assert outcomes(world, "no-follow-up-24") == {"ended": 1, "none": 1}
    assert outcomes(world, "many-owners") == {}


def test_receiver_sees_the_buyers_clock_of_what_they_received(world):
    row = world.submitted()
    owner = world.receiver_of(row)
    (other,) = [ae for ae in world.aes if ae.pk != owner.pk]

    assert outcomes(world, "attainment-contact", user=owner) == {"missed": 1}
    assert outcomes(world, "attainment-contact", user=world.sdr) == {"missed": 1}
    assert outcomes(world, "attainment-contact", user=world.manager) == {"missed": 1}
    assert outcomes(world, "attainment-contact", user=other) == {}
