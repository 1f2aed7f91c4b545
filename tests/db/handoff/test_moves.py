"""Changes of receiver: by the ladder where nobody acts, by a manager's choice."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from accounts.models import Organisation, User
from accounts.services import add_time_off
from core.errors import NotPermitted
from handoff.choices import ClosedAs, EventKind, LegEnd, Status, TransferReason
from handoff.errors import HandoffNotOpen, ReassignmentRefused, StaleVersion
from handoff.models import Event, Handoff
from handoff.selectors.holding import is_exhausted
from handoff.selectors.reassign import candidates_for
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    apply_escalations,
    drain_holding,
    log_touch,
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    withdraw_handoff,
)
from notify.models import Message
from routing.choices import TurnKind
from routing.models import Load, Pool
from routing.services import add_member, set_backup, set_capacity
from sla.choices import ClockKind, EscalationState
from sla.models import Clock, Escalation
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

# Claims are transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=3)


def sweep(now):
    fire_due_steps(now)
    while apply_escalations(now):
        pass


def clock_of(row, kind):
    return Clock.objects.get(handoff_clock__handoff=row, kind=kind, handoff_clock__is_current=True)


def due(row, kind=ClockKind.ACCEPT):
    return clock_of(row, kind).due_at


def live(row):
    return row.legs.get(ended_at=None)


def time_out(row):
    """Let the live leg run out; the instant at which it was passed on."""
    late = due(row) + SECOND
    sweep(late)
    row.refresh_from_db()
    return late


def kinds_told(user):
    return set(Message.objects.filter(recipient=user).values_list("kind", flat=True))


def test_time_out_gives_it_to_the_next_and_the_turn_stays_spent(world):
    row = world.submitted()
    first = live(row)
    late = time_out(row)
    first.refresh_from_db()
    assert (first.ended_as, first.ended_at) == (LegEnd.TIMED_OUT, late)
    assert row.status == Status.PENDING
    second = live(row)
    assert second.receiver != first.receiver
    assert second.turn.kind == TurnKind.ROTATION
    assert not hasattr(first.turn, "credit_note")
    assert Load.objects.get(user=first.receiver).open_count == 0
    assert Load.objects.get(user=second.receiver).open_count == 1
    transfer = row.transfers.last()
    assert (transfer.reason, transfer.to_user) == (TransferReason.SLA_BREACH, row.owner)
    assert clock_of(row, ClockKind.ACCEPT).started_at == late
    assert clock_of(row, ClockKind.CONTACT).started_at == NOW
    event = row.events.get(kind=EventKind.TIMED_OUT)
    assert event.escalation.step.action == "reassign"
    assert "taken_over" in kinds_told(first.receiver)
    assert "moved" in kinds_told(world.sdr)


def test_time_out_goes_to_the_backup_first(world):
    row = world.submitted()
    first = live(row).receiver
    backup = world.pool.members.exclude(user=first).order_by("-pk").first()
    set_backup(member=world.pool.members.get(user=first), backup=backup, by=None, now=NOW)
    time_out(row)
    assert (live(row).receiver, live(row).turn.kind) == (backup.user, TurnKind.BACKUP)


def test_time_out_with_the_backup_away_takes_the_normal_pick(world):
    row = world.submitted()
    first = live(row).receiver
    backup = world.pool.members.exclude(user=first).order_by("-pk").first()
    set_backup(member=world.pool.members.get(user=first), backup=backup, by=None, now=NOW)
    add_time_off(user=backup.user, starts_at=NOW, ends_at=NOW + 48 * HOUR, by=world.admin, now=NOW)
    time_out(row)
    assert live(row).receiver not in (first, backup.user)
    assert live(row).turn.kind == TurnKind.ROTATION


def test_time_out_of_a_decided_or_withdrawn_handoff_is_superseded(world):
    accepted, rejected, withdrawn = (world.submitted() for _ in range(3))
    # Decided after due and before the ladder came to it.
    late = due(accepted) + SECOND
    accept_handoff(accepted, by=live(accepted).receiver, now=late)
    reject_handoff(rejected, reason="no_budget", by=live(rejected).receiver, now=late)
    withdraw_handoff(withdrawn, by=world.sdr, now=late)
    sweep(late + SECOND)
    moves = Escalation.objects.filter(step__action="reassign")
    assert set(moves.values_list("state", flat=True)) == {EscalationState.SUPERSEDED}
    assert moves.count() == 3
    assert not Event.objects.filter(kind=EventKind.TIMED_OUT).exists()


def test_time_out_of_all_is_held_until_a_person_decides(world):
    row = world.submitted()
    for _ in range(3):
        time_out(row)
    assert row.status == Status.HOLDING
    assert row.owner == world.manager
    assert is_exhausted(row)
    assert row.events.filter(kind=EventKind.HELD).last().data["is_exhausted"]
    assert "exhausted" in kinds_told(world.manager)
    assert drain_holding(NOW + 100 * HOUR) == 0
    # Nobody queues behind it.
    assert world.submitted(now=NOW + 100 * HOUR).status == Status.PENDING


def test_time_out_of_two_with_nobody_else_in_the_pool_is_exhausted(transactional_db):
    world = make_world(receivers=2)
    row = world.submitted()
    for _ in range(2):
        time_out(row)
    assert (row.status, is_exhausted(row)) == (Status.HOLDING, True)


def test_time_out_with_the_others_full_is_held_and_drained_later(world):
    row = world.submitted()
    first = live(row).receiver
    others = [ae for ae in world.aes if ae != first]
    for ae in others:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    late = time_out(row)
    assert (row.status, is_exhausted(row)) == (Status.HOLDING, False)
    assert drain_holding(late) == 0
    set_capacity(user=others[0], capacity=1, by=world.admin, now=NOW)
    assert drain_holding(late) == 1
    row.refresh_from_db()
    assert row.owner == others[0]


def test_contact_ladder_returns_it_and_opens_the_next_draft(world):
    row = world.submitted()
    accept_handoff(row, by=live(row).receiver, now=NOW)
    late = due(row, ClockKind.CONTACT) + timedelta(days=9)
    sweep(late)
    row.refresh_from_db()
    assert (row.status, row.closed_as) == (Status.CLOSED, ClosedAs.RETURNED)
    assert row.events.get(kind=EventKind.RETURNED).escalation.step.action == "return_to_submitter"
    draft = Handoff.objects.get(previous=row)
    assert (draft.status, draft.owner) == (Status.DRAFT, world.sdr)


def test_contact_ladder_after_a_touch_is_superseded(world):
    row = world.submitted()
    receiver = live(row).receiver
    accept_handoff(row, by=receiver, now=NOW)
    last = due(row, ClockKind.CONTACT) + timedelta(days=9)
    fire_due_steps(last)
    log_touch(row, kind="call", occurred_at=last, by=receiver, now=last)
    sweep(last)
    move = Escalation.objects.get(step__action="return_to_submitter")
    assert move.state == EscalationState.SUPERSEDED
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED


def test_late_sweep_moves_a_handoff_once_and_counts_anew(world):
    row = world.submitted()
    late = due(row, ClockKind.CONTACT) + timedelta(days=9)
    sweep(late)
    row.refresh_from_db()
    assert row.status == Status.PENDING
    waiting = Escalation.objects.get(step__action="return_to_submitter")
    assert (waiting.state, waiting.attempts) == (EscalationState.PENDING, 0)
    assert waiting.not_before > late
    accept_handoff(row, by=row.owner, now=late)
    sweep(waiting.not_before - SECOND)
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
    sweep(waiting.not_before)
    row.refresh_from_db()
    assert row.closed_as == ClosedAs.RETURNED


def test_move_waits_while_it_is_acknowledged_or_paused(world):
    row = world.submitted()
    accept_handoff(row, by=live(row).receiver, now=NOW)
    late = due(row, ClockKind.CONTACT) + timedelta(days=9)
    fire_due_steps(late)
    made = acknowledge_late(row, kind="contact", by=world.manager, now=late)
    sweep(late)
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
    pause_clocks(row, kind="contact", reason="Buyer on leave", by=world.manager, now=late)
    sweep(made.until)
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
    move = Escalation.objects.get(step__action="return_to_submitter")
    assert (move.state, move.attempts) == (EscalationState.PENDING, 0)


def test_move_of_a_clock_that_began_at_night_waits_for_the_first_to_open(transactional_db):
    world = make_world(preset="inbound")
    night = NOW.replace(hour=2)
    row = world.submitted(now=night)
    sweep(night + HOUR)
    row.refresh_from_db()
    first = live(row)
    assert first.assigned_at == night
    move = Escalation.objects.get(step__action="reassign")
    sweep(move.not_before)
    first.refresh_from_db()
    assert first.ended_as == LegEnd.TIMED_OUT


def reassign(world, row, to, **changes):
    given = {"reason": "manager", "note": "Knows the buyer", "by": world.manager, "now": NOW + HOUR}
    return reassign_handoff(row, to=to, **(given | changes))


def test_reassign_starts_anew_with_whom_the_manager_chose(world):
    row = world.submitted()
    first = live(row)
    accept_handoff(row, by=first.receiver, now=NOW)
    row.refresh_from_db()
    to = next(ae for ae in world.aes if ae != first.receiver)
    set_capacity(user=to, capacity=0, by=world.admin, now=NOW)
    row = reassign(world, row, to, reason="territory", version=row.version)
    first.refresh_from_db()
    assert first.ended_as == LegEnd.REASSIGNED
    assert (row.status, row.owner, row.freeze_until) == (Status.PENDING, to, None)
    second = live(row)
    assert (second.turn.kind, second.turn.rule) == (TurnKind.MANUAL, None)
    assert Load.objects.get(user=to).open_count == 1
    assert Load.objects.get(user=first.receiver).open_count == 0
    transfer = row.transfers.last()
    assert (transfer.reason, transfer.note) == ("territory", "Knows the buyer")
    event = row.events.get(kind=EventKind.REASSIGNED)
    assert event.data["over_capacity"] is True
    accept_handoff(row, by=to, now=NOW + 2 * HOUR)
    row.refresh_from_db()
    assert row.freeze_until > NOW + timedelta(days=29)


def test_reassign_to_somebody_outside_the_pool_is_a_turn_without_a_member(world):
    row = world.submitted()
    outsider = world.person("Out Sider", Role.AE)
    reassign(world, row, outsider)
    assert live(row).turn.member is None
    assert Load.objects.get(user=outsider).open_count == 1
    # Nobody stands in for who is no member: the rule's own pool goes on.
    time_out(row)
    assert row.status == Status.PENDING


def test_reassign_costs_a_turn_where_the_pool_says_so(world):
    Pool.objects.update(manual_costs_turn=True)
    row = world.submitted()
    to = next(ae for ae in world.aes if ae != row.owner)
    reassign(world, row, to)
    turn = live(row).turn
    assert turn.credit_after < turn.credit_before


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"note": " "}, ("note", "required")),
        ({"note": "a\0b"}, ("note", "invalid_characters")),
        ({"reason": "sla_breach"}, ("reason", "invalid_choice")),
    ],
)
def test_reassign_without_reason_or_note_is_refused(world, changes, problem):
    row = world.submitted()
    to = next(ae for ae in world.aes if ae != row.owner)
    with pytest.raises(ReassignmentRefused) as refused:
        reassign(world, row, to, **changes)
    assert [(one.field, one.code) for one in refused.value.problems] == [problem]
    assert row.legs.count() == 1


def test_reassign_to_who_cannot_have_it_is_refused(world):
    row = world.submitted()
    gone = next(ae for ae in world.aes if ae != row.owner)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    for to, code in ((row.owner, "has_it"), (world.sdr, "not_a_receiver"), (gone, "inactive")):
        with pytest.raises(ReassignmentRefused) as refused:
            reassign(world, row, to)
        assert refused.value.problems[0].code == code


def test_reassign_by_the_receiver_or_of_what_is_over_is_refused(world):
    row = world.submitted()
    to = next(ae for ae in world.aes if ae != row.owner)
    with pytest.raises(NotPermitted):
        reassign(world, row, to, by=row.owner)
    with pytest.raises(StaleVersion):
        reassign(world, row, to, version=row.version - 1)
    withdraw_handoff(row, by=world.sdr, now=NOW)
    with pytest.raises(HandoffNotOpen):
        reassign(world, row, to)


def test_reassign_of_a_held_one_by_its_owner_is_permitted_whatever_the_team(transactional_db):
    world = make_world(capacity=0)
    fallback = world.person("Fay Back", Role.MANAGER, team=False)
    Organisation.objects.update(fallback_manager=fallback)
    User.objects.filter(pk=world.manager.pk).update(is_active=False)
    row = world.submitted()
    assert row.owner == fallback
    row = reassign(world, row, world.ae, by=fallback)
    assert (row.status, row.owner) == (Status.PENDING, world.ae)
    assert row.events.get(kind=EventKind.REASSIGNED).data["over_capacity"] is True


def test_candidates_say_who_is_free_and_who_is_not(world, django_assert_num_queries):
    row = world.submitted()
    others = [ae for ae in world.aes if ae != row.owner]
    add_time_off(user=others[0], starts_at=NOW, ends_at=NOW + 48 * HOUR, by=world.admin, now=NOW)
    outsider = world.person("Out Sider", Role.AE)
    found = candidates_for(row, now=NOW)
    assert [one.user for one in found] == [others[1], others[0], outsider]
    assert [one.in_pool for one in found] == [True, True, False]
    assert found[0].words == ""
    assert found[1].words.startswith("away until")
    assert found[2].words == "not in the pool"
    for n in range(5):
        more = world.person(f"More {n}", Role.AE)
        add_member(pool=world.pool, user=more, by=world.admin, now=NOW)
    row = Handoff.objects.select_related("type").get(pk=row.pk)
    with django_assert_num_queries(1):
        assert len(candidates_for(row, now=NOW)) == 8
