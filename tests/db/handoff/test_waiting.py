"""Whose the buyer's wait was: every second of it, of one handoff and of its chain."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.models import Handoff, Leg
from handoff.rules.attribution import Holder
from handoff.selectors.waiting import waits_in, waits_of
from handoff.services import (
    contest_rejection,
    extend_clock,
    log_touch,
    merge_duplicate,
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    resume_clocks,
    return_handoff,
    rule_on_contest,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from sla.models import Clock
from sla.rules.targets import ELAPSED_MINUTES, TargetSpec
from sla.selectors import holds_of, pace_of
from sla.services import publish_policy
from tests.factories.handoff import NOW, make_world, only_accept

pytestmark = pytest.mark.django_db

# From eleven in Berlin on a Tuesday: six hours are left until the office closes.
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIGHT = 16 * HOUR


@pytest.fixture
def world(db):
    return make_world(receivers=3, preset="temperatures")


def told(wait, legs=None):
    """The wait as (who, hours) by share, which must add up to it; the id of a leg as its name."""
    assert sum((share.length for share in wait.shares), timedelta()) == wait.length
    names = legs or {}
    return [
        (
            names[share.party.key].receiver.name.split()[0]
            if share.party.holder == Holder.RECEIVER and names
            else share.party.note or str(share.party.holder),
            share.length / HOUR,
        )
        for share in wait.shares
    ]


def own(row, now):
    row.refresh_from_db()
    waits = waits_of(row, now=now)
    return told(waits.own, waits.legs)


def chain(row, now):
    row.refresh_from_db()
    waits = waits_of(row, now=now)
    return told(waits.chain, waits.legs)


def first_name(world, row):
    return world.receiver_of(row).name.split()[0]


def reached(row, world, at):
    log_touch(row, kind="call", occurred_at=at, text="Spoke", by=world.receiver_of(row), now=at)


def test_wait_of_a_draft_has_not_begun(world):
    waits = waits_of(world.draft(), now=NOW)
    assert (waits.own, waits.chain) == (None, None)


def test_wait_of_two_legs_a_pause_and_a_night(world):
    row = world.submitted()
    one = first_name(world, row)
    reject_handoff(row, reason="conflict", by=world.receiver_of(row), now=NOW + HOUR)
    two = first_name(world, row)
    pause_clocks(row, kind="contact", reason="Buyer is away", by=world.manager, now=NOW + 2 * HOUR)
    resume_clocks(row, kind="contact", by=world.manager, now=NOW + 4 * HOUR)
    assert own(row, NOW + 4 * HOUR) == [(one, 1), (two, 1), ("Buyer is away", 2)]
    reached(row, world, NOW + DAY)
    # Contact ends the wait; what comes later is nobody's.
    expected = [(one, 1), (two, 5), ("Buyer is away", 2), ("closed", 16)]
    assert own(row, NOW + 5 * DAY) == expected
    assert waits_of(row, now=NOW + 5 * DAY).own.ended_by == "contact"


def test_wait_open_time_is_what_the_clock_counts(world):
    """Two truths, one arithmetic: what is neither closed nor paused is what the clock ran."""
    row = world.submitted()
    until = NOW + DAY + HOUR
    extend_clock(
        row, kind="contact", until=until, reason="At a fair", by=world.manager, now=NOW + HOUR
    )
    now = NOW + DAY + 3 * HOUR + timedelta(seconds=1, microseconds=7)
    row.refresh_from_db()
    wait = waits_of(row, now=now).own
    clock = Clock.objects.get(kind="contact")
    pace = pace_of(clock.target, clock.calendar_version).held(
        holds_of(clock), since=clock.started_at
    )
    held = (Holder.PAUSE, Holder.CLOSED)
    ran = sum((each.length for each in wait.shares if each.party.holder not in held), timedelta())
    assert (
        ran == pace.left(clock.started_at, now) == 3 * HOUR + timedelta(seconds=1, microseconds=7)
    )


def test_wait_with_nobody_eligible_is_holding(world):
    world.pool.members.update(is_active=False)
    row = world.submitted()
    reassign_handoff(
        row, to=world.ae, reason="manager", note="Nobody else", by=world.manager, now=NOW + 2 * HOUR
    )
    assert own(row, NOW + 3 * HOUR) == [("holding", 2), (world.ae.name.split()[0], 1)]


def test_wait_after_a_rejection_is_the_submitters_until_the_fix(world):
    row = world.submitted()
    who = first_name(world, row)
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=NOW + HOUR)
    assert own(row, NOW + 3 * HOUR) == [(who, 1), ("submitter", 2)]
    fix = start_fix(row, by=world.sdr, now=NOW + 2 * HOUR)
    assert waits_of(row, now=NOW + 3 * HOUR).chain is None
    again = submit_handoff(fix, by=world.sdr, now=NOW + 4 * HOUR)
    # The first handoff's wait has ended, the second one's has its own start, the chain's goes on.
    assert own(row, NOW + 5 * HOUR) == [(who, 1), ("submitter", 3)]
    assert own(again, NOW + 5 * HOUR) == [(first_name(world, again), 1)]
    assert chain(again, NOW + 5 * HOUR) == chain(row, NOW + 5 * HOUR)
    assert chain(again, NOW + 5 * HOUR) == [(who, 1), ("submitter", 3), (who, 1)]


def test_wait_of_a_returned_chain_goes_on_while_the_next_draft_is_written(world):
    row = world.submitted()
    who = first_name(world, row)
    draft = return_handoff(row, note="Call first", by=world.receiver_of(row), now=NOW + HOUR)
    waits = waits_of(draft, now=NOW + 2 * HOUR)
    assert waits.own is None
    assert waits.chain.ended_by == ""
    assert chain(draft, NOW + 2 * HOUR) == [(who, 1), ("submitter", 1)]
    withdraw_handoff(draft, by=world.sdr, now=NOW + 3 * HOUR)
    assert chain(row, NOW + 9 * HOUR) == [(who, 1), ("submitter", 2)]


def test_wait_while_a_rejection_was_contested_and_overturned_is_a_pause(world):
    row = world.submitted()
    who = first_name(world, row)
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=NOW + HOUR)
    contest_rejection(row, note="They have", by=world.sdr, now=NOW + 2 * HOUR)
    rule_on_contest(row, is_upheld=False, by=world.manager, now=NOW + 4 * HOUR)
    expected = [(who, 2), ("Closed by a rejection that was overturned", 3)]
    assert own(row, NOW + 5 * HOUR) == expected


def test_wait_that_was_overturned_with_its_receiver_gone_goes_to_the_next_one(world):
    row = world.submitted()
    receiver, who = world.receiver_of(row), first_name(world, row)
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW + HOUR)
    contest_rejection(row, note="They have", by=world.sdr, now=NOW + 2 * HOUR)
    type(receiver).objects.filter(pk=receiver.pk).update(is_active=False)
    rule_on_contest(row, is_upheld=False, by=world.manager, now=NOW + 4 * HOUR)
    expected = [
        (who, 1),
        ("Closed by a rejection that was overturned", 3),
        (first_name(world, row), 1),
    ]
    assert own(row, NOW + 5 * HOUR) == expected


def test_wait_of_a_chain_ends_with_its_first_contact_whatever_follows(world):
    row = world.submitted()
    who, receiver = first_name(world, row), world.receiver_of(row)
    reached(row, world, NOW + HOUR)
    draft = return_handoff(row, note="Not yet", by=receiver, now=NOW + 2 * HOUR)
    again = submit_handoff(draft, by=world.sdr, now=NOW + 3 * HOUR)
    assert chain(again, NOW + 5 * HOUR) == [(who, 1)]
    assert waits_of(again, now=NOW + 5 * HOUR).chain.ended_by == "contact"
    assert own(again, NOW + 5 * HOUR) == [(first_name(world, again), 2)]


def test_wait_that_was_overturned_without_a_contact_clock_is_the_submitters_side(world):
    only_accept()
    row = world.submitted()
    who = first_name(world, row)
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=NOW + HOUR)
    contest_rejection(row, note="They have", by=world.sdr, now=NOW + 2 * HOUR)
    rule_on_contest(row, is_upheld=False, by=world.manager, now=NOW + 4 * HOUR)
    assert own(row, NOW + 5 * HOUR) == [(who, 2), ("submitter", 3)]


def test_wait_of_a_held_survivor_is_held_though_somebody_has_its_duplicate(world):
    old = world.submitted()
    one = first_name(world, old)
    world.pool.members.update(is_active=False)
    new = world.submitted(now=NOW + 2 * HOUR)
    merge_duplicate(old, into=new, by=world.manager, now=NOW + 4 * HOUR)
    assert own(new, NOW + 5 * HOUR) == [(one, 2), ("holding", 3)]


def test_wait_of_a_survivor_begins_with_its_duplicate(world):
    old, new = world.submitted(), world.submitted(now=NOW + 3 * HOUR)
    one, two = first_name(world, old), first_name(world, new)
    merge_duplicate(old, into=new, by=world.manager, now=NOW + 4 * HOUR)
    assert own(new, NOW + 5 * HOUR) == [(one, 3), (two, 2)]


def test_wait_of_a_clock_around_the_clock_has_no_closed_hours(world):
    publish_policy(
        key="inbound",
        name="Inbound",
        position=50,
        conditions={},
        is_default=True,
        targets=[TargetSpec("contact", 5, ELAPSED_MINUTES, ())],
        by_id=None,
        now=NOW,
    )
    row = world.submitted()
    wait = waits_of(row, now=NOW + DAY).own
    assert (wait.hours, told(wait)) == ("", [("receiver", 24)])


def test_wait_without_a_contact_clock_goes_by_the_organisations_hours(world):
    only_accept()
    row = world.submitted()
    wait = waits_of(row, now=NOW + DAY).own
    assert told(wait) == [("receiver", 8), ("closed", 16)]


def test_wait_that_a_live_transfer_ended_at_submission_is_nothing(world):
    row = world.submitted()
    Handoff.objects.filter(pk=row.pk).update(first_contact_at=row.submitted_at)
    assert own(row, NOW + HOUR) == []


def cost(read):
    with CaptureQueriesContext(connection) as seen:
        read()
    return len(seen)


def test_waits_take_as_many_queries_for_a_long_chain_as_for_one_leg(world):
    row = world.submitted()
    one = cost(lambda: waits_of(row, now=NOW))
    assert one == 4
    again = row
    for n in range(1, 4):
        reject_handoff(again, reason="no_budget", by=world.receiver_of(again), now=NOW + n * HOUR)
        again = submit_handoff(
            start_fix(again, by=world.sdr, now=NOW + n * HOUR), by=world.sdr, now=NOW + n * HOUR
        )
    assert cost(lambda: waits_of(again, now=NOW + 5 * HOUR)) == one


def test_waits_in_many_take_as_many_queries_as_in_one(world):
    rows = [world.submitted()]
    one = cost(lambda: waits_in(rows, now=NOW + HOUR))
    for _ in range(4):
        world.submitted()
    rows = list(Handoff.objects.all())
    assert cost(lambda: waits_in(rows, now=NOW + HOUR)) == one
    assert len(waits_in(rows, now=NOW + HOUR)) == 5
    assert Leg.objects.count() == 5
