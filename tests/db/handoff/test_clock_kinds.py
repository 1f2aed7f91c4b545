"""The clocks of each receiver's own contact, of booking and of the second meeting."""

from datetime import timedelta

import pytest

from accounts.services import change_team
from handoff.choices import EventKind, LegEnd
from handoff.models import Handoff, HandoffClock
from handoff.selectors.late import late_clocks, late_kinds
from handoff.selectors.verify import findings
from handoff.services import (
    accept_handoff,
    apply_escalations,
    contest_rejection,
    drop_meeting,
    extend_clock,
    log_touch,
    merge_duplicate,
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    resume_clocks,
    rule_on_contest,
)
from handoff.services.retiming import retime_clocks
from notify.models import Message
from sla.impact import open_clock_ids
from sla.models import Clock
from sla.rules.errors import ClockNotPausable
from sla.rules.retiming import Scope
from sla.rules.targets import TargetSpec
from sla.selectors import explain_clock
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world
from tests.factories.sla import publish_one

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=3, preset="temperatures")


def clock(row, kind):
    """The handoff's current clock of the kind; None where there is none."""
    return Clock.objects.filter(
        handoff_clock__handoff=row, handoff_clock__is_current=True, kind=kind
    ).first()


def accepted(world, at=NOW):
    row = world.submitted(now=at)
    return accept_handoff(row, by=world.receiver_of(row), now=at)


def given_to_another(world, row, at):
    other = next(one for one in world.aes if one != Handoff.objects.get(pk=row.pk).owner)
    reassign_handoff(row, to=other, reason="manager", note="Knows them", by=world.manager, now=at)
    return other


def run_until(at):
    while fire_due_steps(at):
        pass
    while apply_escalations(at):
        pass


def missed(row):
    """The kinds of all contact clocks, of any time that are missed, and of their events."""
    kinds = ["contact", "contact_leg"]
    clocks = Clock.objects.filter(handoff_clock__handoff=row, breached_at__isnull=False)
    told = row.events.filter(kind=EventKind.BREACHED, data__clock_kind__in=kinds)
    return (
        sorted(clocks.filter(kind__in=kinds).values_list("kind", flat=True)),
        sorted(told.values_list("data__clock_kind", flat=True)),
    )


NOTHING_MISSED = ([], [])


def paused(world, row, at):
    """The buyer's clock, and with it the receiver's own, is paused at that time."""
    pause_clocks(row, kind="contact", reason="Travels", by=world.manager, now=at)


# -- own contact


def test_own_contact_of_the_first_receiver_is_due_with_the_buyers_and_has_no_ladder(world):
    row = world.submitted()
    own, buyers = clock(row, "contact_leg"), clock(row, "contact")
    assert (own.due_at, own.has_ladder) == (buyers.due_at, False)
    assert [action for _, _, action in own.schedule] == ["breach"]
    assert own.handoff_clock.leg.receiver == world.receiver_of(row)


def test_own_contact_of_a_later_receiver_has_a_quarter_of_the_target_at_least(world):
    # A warm lead has one working day of 8 hours: 10:00 to 10:00 UTC, hours 8 to 16 UTC.
    row = accepted(world)
    due = clock(row, "contact").due_at
    given_to_another(world, row, due - HOUR)
    own = clock(row, "contact_leg")
    assert own.due_at == due + HOUR
    assert [action for _, _, action in own.schedule] == ["breach", "reassign"]
    assert clock(row, "contact").due_at == due


def test_own_contact_early_enough_is_due_with_the_buyers(world):
    row = accepted(world)
    given_to_another(world, row, NOW + HOUR)
    assert clock(row, "contact_leg").due_at == clock(row, "contact").due_at


def test_own_contact_is_met_by_its_own_receiver_and_by_nobody_else(world):
    row = accepted(world)
    log_touch(row, kind="call", occurred_at=NOW + MINUTE, by=world.manager, now=NOW + MINUTE)
    assert clock(row, "contact").state == "met"
    assert clock(row, "contact_leg").state == "running"
    receiver = world.receiver_of(row)
    log_touch(row, kind="call", occurred_at=NOW + HOUR, by=receiver, now=NOW + HOUR)
    assert (clock(row, "contact_leg").state, clock(row, "contact_leg").met_at) == (
        "met",
        NOW + HOUR,
    )


def test_touch_of_an_ended_leg_meets_the_buyers_clock_and_not_the_next_ones_own(world):
    row = accepted(world)
    before = world.receiver_of(row)
    given_to_another(world, row, NOW + HOUR)
    log_touch(row, kind="call", occurred_at=NOW + MINUTE, by=before, now=NOW + 2 * HOUR)
    assert clock(row, "contact").state == "met"
    assert clock(row, "contact_leg").state == "running"


def test_own_contact_missed_by_a_later_receiver_passes_an_accepted_lead_on(world):
    row = accepted(world)
    second = given_to_another(world, row, NOW + HOUR)
    accept_handoff(row, by=second, now=NOW + HOUR)
    at = clock(row, "contact_leg").due_at + MINUTE
    # The accept clock of nobody is due before: both have accepted.
    run_until(at)
    row.refresh_from_db()
    leg = row.legs.get(receiver=second, ended_at__isnull=False)
    assert (row.status, leg.ended_as) == ("pending", LegEnd.TIMED_OUT)
    event = row.events.get(kind=EventKind.TIMED_OUT)
    assert event.data["clock_kind"] == "contact_leg"
    assert clock(row, "booking").state == "cancelled"
    assert clock(row, "contact").state == "running"
    assert list(findings(at)) == []


def test_own_contact_missed_after_the_buyer_was_contacted_leaves_the_lead(world):
    row = accepted(world)
    second = given_to_another(world, row, NOW + HOUR)
    accept_handoff(row, by=second, now=NOW + HOUR)
    own = clock(row, "contact_leg")
    log_touch(row, kind="call", occurred_at=NOW + HOUR, by=world.manager, now=NOW + HOUR)
    run_until(own.due_at + MINUTE)
    row.refresh_from_db()
    assert (row.status, row.owner) == ("accepted", second)
    assert Clock.objects.get(pk=own.pk).breached_at == own.due_at


def test_own_contact_without_a_ladder_is_not_listed_as_late_beside_the_buyers(world):
    row = accepted(world)
    at = clock(row, "contact").due_at + MINUTE
    run_until(at)
    kinds = set(late_clocks(world.manager, now=at).values_list("kind", flat=True))
    assert "contact" in kinds
    assert "contact_leg" not in kinds
    assert "contact_leg" not in late_kinds(row, now=at)


def test_more_time_for_the_buyers_clock_moves_the_own_contact_too(world):
    row = accepted(world)
    extend_clock(
        row, kind="contact", until=NOW + 2 * HOUR, reason="Travels", by=world.manager, now=NOW
    )
    assert clock(row, "contact_leg").due_at == clock(row, "contact").due_at
    assert HandoffClock.objects.filter(handoff=row, kind="contact_leg").count() == 2


def test_own_contact_pauses_and_goes_on_with_the_buyers_clock(world):
    row = accepted(world)
    paused(world, row, NOW + HOUR)
    own = clock(row, "contact_leg")
    assert own.state == "paused"
    at = own.due_at + DAY
    run_until(at)
    resume_clocks(row, kind="contact", by=world.manager, now=at)
    run_until(at)
    after = clock(row, "contact_leg")
    assert (after.state, after.due_at) == ("running", clock(row, "contact").due_at)
    assert after.due_at > at
    assert missed(row) == NOTHING_MISSED


def test_own_contact_missed_after_a_pause_is_one_miss_and_passes_the_lead_on(world):
    row = accepted(world)
    second = given_to_another(world, row, NOW + HOUR)
    accept_handoff(row, by=second, now=NOW + HOUR)
    paused(world, row, NOW + HOUR)
    at = clock(row, "contact").due_at + DAY
    resume_clocks(row, kind="contact", by=world.manager, now=at)
    due = clock(row, "contact_leg").due_at
    run_until(due + MINUTE)
    assert row.legs.get(receiver=second, ended_at__isnull=False).ended_as == LegEnd.TIMED_OUT
    assert missed(row) == (["contact", "contact_leg"], ["contact", "contact_leg"])
    assert list(findings(due + MINUTE)) == []


def test_own_contact_met_while_paused_is_in_time_however_long_the_pause(world):
    row = accepted(world)
    paused(world, row, NOW + HOUR)
    at = clock(row, "contact").due_at + DAY
    log_touch(row, kind="call", occurred_at=at, by=world.receiver_of(row), now=at)
    run_until(at)
    own = clock(row, "contact_leg")
    assert (own.state, own.met_at) == ("met", at)
    assert own.due_at > at
    assert missed(row) == NOTHING_MISSED


def test_own_contact_of_a_leg_that_ends_while_paused_is_not_missed(world):
    row = accepted(world)
    paused(world, row, NOW + HOUR)
    at = clock(row, "contact").due_at + DAY
    given_to_another(world, row, at)
    run_until(at)
    assert missed(row) == NOTHING_MISSED


def promising(contact):
    """From now on first contact is due after so many minutes around the clock."""
    targets = [TargetSpec("contact", contact, "elapsed_minutes", ())]
    targets.append(TargetSpec("contact_leg", 60, "working_minutes", ()))
    publish_one(*targets, now=NOW)


def test_own_contact_paused_in_closed_hours_of_the_receiver_is_not_missed(db):
    # The buyer's time counts around the clock, and the receiver's hours are over.
    world = make_world(receivers=3)
    promising(720)
    row = accepted(world)
    due = clock(row, "contact_leg").due_at
    assert due == NOW + 12 * HOUR
    paused(world, row, due - HOUR)
    at = due + HOUR
    given_to_another(world, row, at)
    run_until(at)
    assert missed(row) == NOTHING_MISSED


def test_own_contact_met_before_it_was_paused_is_judged_by_its_own_due_time(world):
    row = accepted(world)
    due = clock(row, "contact_leg").due_at
    paused(world, row, due - MINUTE)
    called, at = due - 2 * MINUTE, due + HOUR
    log_touch(row, kind="call", occurred_at=called, by=world.receiver_of(row), now=at)
    own = clock(row, "contact_leg")
    assert (own.state, own.met_at, own.due_at) == ("met", called, due)
    assert missed(row) == NOTHING_MISSED


def test_own_contact_missed_before_the_pause_stays_missed_where_it_was(world):
    row = accepted(world)
    due = clock(row, "contact_leg").due_at
    paused(world, row, due + MINUTE)
    at = due + DAY
    resume_clocks(row, kind="contact", by=world.manager, now=at)
    run_until(at)
    own = clock(row, "contact_leg")
    assert (own.due_at, own.breached_at) == (due, due)
    assert missed(row) == (["contact", "contact_leg"], ["contact", "contact_leg"])


def test_own_contact_merged_while_paused_is_not_missed(world):
    row = accepted(world)
    later = accepted(world, at=NOW + HOUR)
    paused(world, later, NOW + 2 * HOUR)
    at = clock(later, "contact").due_at + DAY
    merge_duplicate(row, into=later, by=world.manager, now=at)
    run_until(at)
    assert clock(later, "contact_leg").state == "paused"
    resume_clocks(later, kind="contact", by=world.manager, now=at + HOUR)
    run_until(at + HOUR)
    own = clock(later, "contact_leg")
    assert (own.state, own.due_at) == ("running", clock(later, "contact").due_at)
    assert missed(later) == NOTHING_MISSED
    assert list(findings(at + HOUR)) == []


def test_own_contact_missed_stays_missed_when_the_buyers_clock_gets_more_time(world):
    row = accepted(world)
    own = clock(row, "contact_leg")
    at = own.due_at + MINUTE
    run_until(at)
    extend_clock(row, kind="contact", until=at + HOUR, reason="Travels", by=world.manager, now=at)
    after = clock(row, "contact_leg")
    assert (after.pk, after.breached_at, after.due_at) == (own.pk, own.due_at, own.due_at)


def test_own_contact_says_why_it_is_due_when_it_is(world):
    row = world.submitted()
    (rule, *_) = explain_clock(clock(row, "contact_leg")).rules
    assert rule.startswith("It is due with the buyer's first contact, or a quarter of 1 working")


def test_own_contact_retimed_while_paused_is_not_missed(db):
    world = make_world(receivers=3)
    promising(720)
    row = accepted(world)
    paused(world, row, NOW + HOUR)
    promising(840)
    at = NOW + DAY
    assert len(retime_clocks(open_clock_ids(), Scope(), world.admin, at)) == 2
    run_until(at)
    assert clock(row, "contact_leg").state == "paused"
    assert missed(row) == NOTHING_MISSED
    resume_clocks(row, kind="contact", by=world.manager, now=at)
    run_until(at)
    own = clock(row, "contact_leg")
    assert (own.state, own.due_at) == ("running", at + 13 * HOUR)
    assert missed(row) == NOTHING_MISSED
    assert list(findings(at)) == []


def test_own_contact_of_a_leg_given_while_paused_stands_still_with_the_buyers(world):
    row = accepted(world)
    paused(world, row, NOW + HOUR)
    second = given_to_another(world, row, NOW + 2 * HOUR)
    accept_handoff(row, by=second, now=NOW + 2 * HOUR)
    own = clock(row, "contact_leg")
    pause = own.pauses.get()
    assert (own.state, pause.starts_at, pause.ends_at) == ("paused", NOW + 2 * HOUR, None)
    assert (pause.reason, pause.made_by) == ("Travels", world.manager.pk)
    at = NOW + 4 * DAY
    run_until(at)
    row.refresh_from_db()
    assert (row.owner, missed(row)) == (second, NOTHING_MISSED)
    resume_clocks(row, kind="contact", by=world.manager, now=at)
    run_until(at)
    own = clock(row, "contact_leg")
    assert (own.state, own.due_at) == ("running", clock(row, "contact").due_at)
    assert missed(row) == NOTHING_MISSED
    assert list(findings(at)) == []


def test_own_contact_given_while_paused_has_a_quarter_of_the_target_after_the_pause(world):
    row = accepted(world)
    due = clock(row, "contact").due_at
    paused(world, row, due - 10 * MINUTE)
    given_to_another(world, row, due - 5 * MINUTE)
    resume_clocks(row, kind="contact", by=world.manager, now=due + DAY)
    assert clock(row, "contact").due_at == due + DAY + 10 * MINUTE
    assert clock(row, "contact_leg").due_at == due + DAY + 2 * HOUR


def test_own_contact_asked_for_more_time_names_the_buyers_clock(world):
    row = accepted(world)
    about = {"kind": "contact_leg", "reason": "Travels", "by": world.manager, "now": NOW}
    with pytest.raises(ClockNotPausable, match="give that clock more time"):
        extend_clock(row, until=NOW + HOUR, **about)
    with pytest.raises(ClockNotPausable, match="pause that clock"):
        pause_clocks(row, **about)


# -- booking


def test_booking_starts_at_acceptance_and_is_met_by_a_booked_meeting(world):
    row = accepted(world)
    assert clock(row, "booking").due_at == NOW + 3 * DAY
    receiver = world.receiver_of(row)
    at = NOW + HOUR
    log_touch(row, kind="meeting_booked", occurred_at=at, meeting_at=NOW + DAY, by=receiver, now=at)
    assert (clock(row, "booking").state, clock(row, "booking").met_at) == ("met", at)


def test_booking_missed_tells_the_senior_receiver_and_else_the_manager(world):
    first, second = accepted(world), accepted(world)
    senior = world.aes[2]
    told = set()
    for row in (first, second):
        at = clock(row, "booking").due_at + MINUTE
        log_touch(row, kind="call", occurred_at=NOW, by=world.receiver_of(row), now=NOW)
    run_until(at)
    about = Message.objects.filter(kind="late")
    told = {message.recipient for message in about if message.payload["handoff"] == first.pk}
    assert world.manager in told
    change_team(team=world.team, name=world.team.name, senior=senior, by=world.admin, now=at)
    third = accepted(world, at=at)
    if world.receiver_of(third) == senior:
        third = accepted(world, at=at)
    log_touch(third, kind="call", occurred_at=at, by=world.receiver_of(third), now=at)
    booking = clock(third, "booking")
    run_until(booking.due_at + MINUTE)
    alert = third.events.get(kind=EventKind.ALERTED, data__clock=booking.pk)
    assert (alert.data["told"], alert.data["also_told"]) == (senior.pk, [])


def test_booking_does_not_start_where_a_meeting_is_booked_already(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    log_touch(
        row, kind="meeting_booked", occurred_at=NOW, meeting_at=NOW + DAY, by=receiver, now=NOW
    )
    row.refresh_from_db()
    assert row.status == "accepted"
    assert clock(row, "booking") is None


def test_booking_does_not_start_where_a_meeting_was_booked_without_its_time(world):
    row = world.submitted()
    log_touch(row, kind="meeting_booked", occurred_at=NOW, by=world.receiver_of(row), now=NOW)
    row.refresh_from_db()
    assert row.status == "accepted"
    assert clock(row, "booking") is None
    assert list(findings(NOW)) == []


def test_booking_starts_where_the_meeting_fell_through_before_acceptance(world):
    row = world.submitted()
    receiver, manager = world.receiver_of(row), world.manager
    log_touch(
        row, kind="meeting_booked", occurred_at=NOW, meeting_at=NOW + DAY, by=manager, now=NOW
    )
    drop_meeting(row, meeting_id=row.meetings.get().pk, state="called_off", by=receiver, now=NOW)
    accept_handoff(row, by=receiver, now=NOW)
    assert clock(row, "booking").state == "running"


# -- second meeting


def test_second_meeting_starts_at_submission_and_stops_with_the_second_one_held(world):
    row = accepted(world)
    receiver = world.receiver_of(row)
    assert clock(row, "second_meeting").started_at == NOW
    for days in (1, 3):
        at = NOW + days * DAY
        assert clock(row, "second_meeting").state == "running"
        log_touch(row, kind="meeting_held", occurred_at=at, by=receiver, now=at)
    assert (clock(row, "second_meeting").state, clock(row, "second_meeting").met_at) == ("met", at)


def test_second_meeting_told_twice_is_one_meeting(world):
    row = accepted(world)
    receiver = world.receiver_of(row)
    for hours in (1, 2):
        at = NOW + hours * HOUR
        log_touch(row, kind="meeting_held", occurred_at=at, by=receiver, now=at)
    assert row.meetings.count() == 1
    assert clock(row, "second_meeting").state == "running"


def test_second_meeting_runs_through_a_change_of_receiver(world):
    row = accepted(world)
    before = clock(row, "second_meeting")
    given_to_another(world, row, NOW + HOUR)
    assert (clock(row, "second_meeting").pk, clock(row, "second_meeting").state) == (
        before.pk,
        "running",
    )


def test_overturned_rejection_lets_the_buyers_and_the_own_contact_run_on(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    before = {kind: clock(row, kind) for kind in ("contact", "contact_leg", "second_meeting")}
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW)
    contest_rejection(row, note="There is one.", by=world.sdr, now=NOW)
    at = NOW + 2 * DAY
    rule_on_contest(row, is_upheld=False, by=world.manager, now=at)
    after = {kind: clock(row, kind) for kind in before}
    assert {one.state for one in after.values()} == {"running"}
    assert after["second_meeting"].pk == before["second_meeting"].pk
    assert after["contact"].pk == before["contact"].pk
    assert after["contact_leg"].due_at == after["contact"].due_at > at
    run_until(at)
    assert missed(row) == NOTHING_MISSED
    assert list(findings(at)) == []
