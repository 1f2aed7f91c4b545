"""A contested rejection: what is locked, who rules, and what a ruling brings back."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from accounts.services import set_membership
from core.errors import NotPermitted, NotVisible
from handoff.errors import (
    ContestRefused,
    HandoffNotRejected,
    NothingContested,
    RejectionContested,
    StaleVersion,
)
from handoff.models import Contest, Handoff, HandoffClock
from handoff.services import (
    concede_handoff,
    contest_rejection,
    convert_handoff,
    log_touch,
    reject_handoff,
    rule_on_contest,
    start_fix,
    submit_handoff,
)
from notify.models import Message
from notify.registry import refresh
from review.selectors.sources import decided_legs
from routing.models import CreditNote, Load
from sla.models import Clock
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
RULED = NOW + 2 * HOUR


@pytest.fixture
def world(db):
    return make_world(preset="temperatures")


def rejected(world, *, at=NOW):
    handoff = world.submitted()
    return reject_handoff(
        handoff, reason="no_budget", note="No money", by=world.receiver_of(handoff), now=at
    )


def contested(world, *, at=LATER):
    handoff = rejected(world)
    contest_rejection(handoff, note="They have 40,000 EUR", by=world.sdr, now=at)
    handoff.refresh_from_db()
    return handoff


def rule(handoff, world, *, is_upheld, by=None, now=RULED, **rest):
    return rule_on_contest(handoff, is_upheld=is_upheld, by=by or world.manager, now=now, **rest)


def clock_of(handoff, kind):
    return HandoffClock.objects.get(handoff=handoff, kind=kind, is_current=True).clock


def told(kind, to):
    return Message.objects.filter(kind=kind, recipient=to).exists()


def text_of(kind, to, now=RULED):
    return refresh(Message.objects.filter(kind=kind, recipient=to).first(), now)


def test_contest_meets_the_submitters_clock_and_asks_the_manager(world):
    handoff = contested(world)
    contest = Contest.objects.get()
    assert (handoff.status, handoff.owner) == ("rejected", world.sdr)
    assert (contest.leg, contest.by, contest.note) == (
        handoff.legs.get(),
        world.sdr,
        "They have 40,000 EUR",
    )
    assert clock_of(handoff, "hand_off").state == "met"
    assert handoff.next_due_at is None
    assert handoff.events.last().kind == "contested"
    text = text_of("contested", world.manager)
    assert "rejected it, no budget" in text.body
    assert "They have 40,000 EUR" in text.body


def test_contest_locks_fix_and_concede_and_a_begun_fix_waits(world):
    handoff = rejected(world)
    draft = start_fix(handoff, by=world.sdr, now=NOW)
    contest_rejection(handoff, note="Not so", by=world.sdr, now=LATER)
    for act in (
        lambda: start_fix(handoff, by=world.sdr, now=LATER),
        lambda: concede_handoff(handoff, by=world.sdr, now=LATER),
        lambda: submit_handoff(draft, by=world.sdr, now=LATER),
        lambda: contest_rejection(handoff, note="Again", by=world.sdr, now=LATER),
    ):
        with pytest.raises(RejectionContested) as locked:
            act()
        assert "Sam Okafor contested" in str(locked.value)
    draft.refresh_from_db()
    handoff.refresh_from_db()
    assert (draft.status, handoff.status) == ("draft", "rejected")


@pytest.mark.parametrize("note", ["", " ", "\x00", "a" * 2_001])
def test_contest_without_a_readable_note_is_refused(world, note):
    handoff = rejected(world)
    with pytest.raises(ContestRefused) as refused:
        contest_rejection(handoff, note=note, by=world.sdr, now=NOW)
    assert refused.value.problems[0].field == "note"
    assert not Contest.objects.exists()


def test_contest_of_a_pending_handoff_or_by_another_is_refused(world):
    with pytest.raises(HandoffNotRejected):
        contest_rejection(world.submitted(), note="No", by=world.sdr, now=NOW)
    handoff = rejected(world)
    with pytest.raises(NotPermitted):
        contest_rejection(handoff, note="No", by=handoff.legs.get().receiver, now=NOW)
    with pytest.raises(NotVisible):
        contest_rejection(handoff, note="No", by=world.person("Ed", Role.SDR), now=NOW)


# The ruling


def test_overturned_reopens_the_same_leg_as_accepted_from_the_ruling(world):
    handoff = rule(contested(world), world, is_upheld=False, note="They do")
    leg = handoff.legs.get()
    receiver = leg.receiver
    assert (handoff.status, handoff.reason, handoff.owner) == ("accepted", "", receiver)
    assert (leg.ended_at, leg.ended_as) == (None, "")
    assert (leg.accepted_at, leg.decided_at) == (RULED, NOW)
    assert handoff.freeze_until == RULED + timedelta(days=30)
    assert (handoff.first_accepted_at, handoff.accept_seconds) == (RULED, 7200)
    assert handoff.last_transfer.reason == "overturned"
    contest = Contest.objects.get()
    assert (contest.ruled_by, contest.is_upheld, contest.ruling) == (
        world.manager,
        False,
        "They do",
    )
    # What the receiver said when they rejected it stays readable.
    assert (leg.reason, leg.note) == ("no_budget", "No money")
    assert clock_of(handoff, "next_step").started_at == RULED


def test_overturned_turn_stays_spent_and_nothing_is_carried_twice(world):
    handoff = rule(contested(world), world, is_upheld=False)
    receiver = handoff.legs.get().receiver
    assert not CreditNote.objects.exists()
    assert Load.objects.get(user=receiver).open_count == 1
    convert_handoff(handoff, by=receiver, now=RULED)
    assert Load.objects.get(user=receiver).open_count == 0


def test_overturned_clocks_run_on_with_the_closed_time_as_a_pause(world):
    handoff = contested(world)
    before = clock_of(handoff, "contact")
    assert before.state == "cancelled"
    handoff = rule(handoff, world, is_upheld=False)
    clock = clock_of(handoff, "contact")
    assert (clock.pk, clock.state, clock.cancelled_at) == (before.pk, "running", None)
    assert [(pause.starts_at, pause.ends_at) for pause in clock.pauses.all()] == [(NOW, RULED)]
    # Due in a working day: the pause of two hours moves it by two hours.
    assert clock.due_at == before.due_at + 2 * HOUR
    assert clock_of(handoff, "accept").state == "met"
    assert handoff.next_due_at == clock.due_at


def test_overturned_leaves_met_as_met_and_breached_as_breached(world):
    handoff = world.submitted()
    first = world.receiver_of(handoff)
    reject_handoff(handoff, reason="conflict", by=first, now=LATER)
    log_touch(handoff, kind="call", occurred_at=NOW, by=first, now=LATER)
    reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=RULED)
    contest_rejection(handoff, note="No", by=world.sdr, now=RULED)
    handoff = rule(handoff, world, is_upheld=False)
    assert clock_of(handoff, "contact").met_at == NOW

    handoff = world.submitted()
    due = clock_of(handoff, "contact").due_at
    reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=due + HOUR)
    contest_rejection(handoff, note="No", by=world.sdr, now=due + HOUR)
    handoff = rule(handoff, world, is_upheld=False, now=due + 2 * HOUR)
    clock = clock_of(handoff, "contact")
    assert (clock.state, clock.breached_at, clock.due_at) == ("running", due, due)


def test_overturned_discards_the_fix_that_waited(world):
    handoff = rejected(world)
    draft = start_fix(handoff, by=world.sdr, now=NOW)
    contest_rejection(handoff, note="No", by=world.sdr, now=LATER)
    rule(handoff, world, is_upheld=False)
    draft.refresh_from_db()
    assert (draft.status, draft.closed_as) == ("closed", "withdrawn")


def test_overturned_for_a_receiver_who_left_goes_to_somebody_else(world):
    handoff = contested(world)
    gone = handoff.legs.get().receiver
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    handoff = rule(handoff, world, is_upheld=False)
    old, new = handoff.legs.order_by("pk")
    assert (handoff.status, handoff.reason, handoff.owner) == ("pending", "", new.receiver)
    assert new.receiver != gone
    assert old.ended_as == "rejected"
    assert handoff.transfers.last().reason == "overturned"
    assert clock_of(handoff, "contact").state == "running"
    assert not CreditNote.objects.exists()
    # The old rejection is settled: handed back, it is not fixed for the one who left.
    handoff = reject_handoff(handoff, reason="no_budget", by=new.receiver, now=RULED)
    fixed = submit_handoff(start_fix(handoff, by=world.sdr, now=RULED), by=world.sdr, now=RULED)
    assert world.receiver_of(fixed) == new.receiver


def test_upheld_stays_rejected_and_the_submitters_clock_starts_again(world):
    handoff = rule(contested(world), world, is_upheld=True, note="No budget is no budget")
    clock = clock_of(handoff, "hand_off")
    assert (handoff.status, handoff.owner) == ("rejected", world.sdr)
    assert (clock.state, clock.started_at) == ("running", RULED)
    assert handoff.next_due_at == clock.due_at
    assert CreditNote.objects.get().turn == handoff.legs.get().turn
    with pytest.raises(RejectionContested) as final:
        contest_rejection(handoff, note="Again", by=world.sdr, now=RULED)
    assert "Helen Brandt upheld this rejection" in str(final.value)
    concede_handoff(handoff, by=world.sdr, now=RULED)
    assert CreditNote.objects.count() == 1


def test_upheld_fix_goes_back_to_the_same_receiver(world):
    handoff = rule(contested(world), world, is_upheld=True)
    receiver = handoff.legs.get().receiver
    fixed = submit_handoff(start_fix(handoff, by=world.sdr, now=RULED), by=world.sdr, now=RULED)
    assert world.receiver_of(fixed) == receiver


def manages(world, person):
    """The person as somebody who manages the team as well."""
    person.groups.add(world.manager.groups.get())
    set_membership(team=world.team, user=person, is_manager=True, by=world.admin, now=NOW)
    return type(person).objects.get(pk=person.pk)


@pytest.mark.parametrize("side", ["submitter", "receiver"])
def test_nobody_rules_on_their_own(world, side):
    handoff = contested(world)
    receiver = handoff.legs.get().receiver
    own = manages(world, world.sdr if side == "submitter" else receiver)
    with pytest.raises(NotPermitted) as refused:
        rule(handoff, world, is_upheld=side == "receiver", by=own)
    assert "Nobody rules on their own" in str(refused.value)
    assert rule(handoff, world, is_upheld=False).status == "accepted"


def test_contest_asks_an_admin_where_every_manager_is_a_party(world):
    handoff = rejected(world)
    leg = handoff.legs.get()
    type(leg).objects.filter(pk=leg.pk).update(receiver=world.manager)
    contest_rejection(handoff, note="No", by=world.sdr, now=LATER)
    assert told("contested", world.admin)
    assert not told("contested", world.manager)


def test_ruling_by_those_who_may_not_or_twice_is_refused(world):
    handoff = contested(world)
    with pytest.raises(NotPermitted):
        rule(handoff, world, is_upheld=False, by=world.sdr)
    with pytest.raises(StaleVersion):
        rule(handoff, world, is_upheld=False, version=handoff.version - 1)
    rule(handoff, world, is_upheld=True)
    with pytest.raises(NothingContested) as lost:
        rule(handoff, world, is_upheld=False, by=world.admin)
    assert "Helen Brandt upheld the rejection" in str(lost.value)


def test_ruling_where_nothing_is_contested_is_refused(world):
    with pytest.raises(NothingContested):
        rule(rejected(world), world, is_upheld=True)
    with pytest.raises(HandoffNotRejected):
        rule(world.submitted(), world, is_upheld=True)


def test_ruling_is_told_to_both_sides(world):
    handoff = rule(contested(world), world, is_upheld=False, note="They do")
    receiver = handoff.legs.get().receiver
    assert "Helen Brandt has ruled. \u201cThey do\u201d" in text_of("overturned", world.sdr).body
    assert "yours again" in text_of("overturned", receiver).body
    assert text_of("contested", world.manager).subject.endswith("settled")

    handoff = rule(contested(world), world, is_upheld=True)
    assert "fix it or concede" in text_of("upheld", world.sdr).body
    assert told("upheld", handoff.legs.get().receiver)


# What the review makes of it


def test_overturned_leg_counts_once_in_the_week_of_its_first_decision(world):
    handoff = contested(world)
    week, next_week = NOW - timedelta(days=1), NOW + timedelta(days=6)
    late = NOW + timedelta(days=8)
    rule(handoff, world, is_upheld=False, now=late)

    def outcomes(start, end):
        return list(decided_legs(world.admin, start, end, late).values_list("outcome", "dated_at"))

    assert outcomes(week, next_week) == [("accepted", NOW)]
    assert outcomes(next_week, late + HOUR) == []


def test_accepted_leg_that_was_overturned_may_end_again(world):
    handoff = rule(contested(world), world, is_upheld=False)
    handoff = convert_handoff(handoff, by=handoff.legs.get().receiver, now=RULED + HOUR)
    leg = handoff.legs.get()
    assert (leg.ended_as, leg.reason, leg.note) == ("closed", "no_budget", "No money")


def test_steps_that_passed_while_rejected_do_not_fire_after_the_ruling(world):
    handoff = contested(world)
    long_after = NOW + timedelta(days=20)
    handoff = rule(handoff, world, is_upheld=False, now=long_after)
    while fire_due_steps(long_after + timedelta(seconds=1)):
        pass
    clock = Clock.objects.get(pk=clock_of(handoff, "contact").pk)
    assert (clock.breached_at, clock.escalations.count()) == (None, 0)
    assert Handoff.objects.get(pk=handoff.pk).next_due_at == clock.due_at
