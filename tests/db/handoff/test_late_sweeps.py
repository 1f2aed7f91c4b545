"""What one late sweep does at once: each person hears once, and one bad step stops no other."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from handoff.choices import EventKind
from handoff.models import Event
from handoff.services import acknowledge_late, apply_escalations, escalate, telling
from handoff.texts import refresh
from notify.choices import Channel
from notify.models import Message
from sla.choices import ClockKind, EscalationState
from sla.models import Clock, Escalation
from sla.rules.targets import ALERT_MANAGER, REMIND, WORKING_MINUTES, StepSpec, TargetSpec
from sla.services import fire_due_steps, publish_policy
from tests.factories.handoff import NOW, make_world

# Claims are transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
LADDER = (
    StepSpec(-50, REMIND, ("receiver",)),
    StepSpec(-25, REMIND, ("receiver",)),
    StepSpec(0, ALERT_MANAGER, ("receiver", "manager")),
    StepSpec(50, ALERT_MANAGER, ("manager",)),
)


@pytest.fixture
def world(transactional_db):
    world = make_world(receivers=3)
    publish_policy(
        key="strict",
        name="Strict",
        position=1,
        conditions={"all": [{"field": "type", "op": "eq", "value": "qualified_lead"}]},
        is_default=False,
        targets=(TargetSpec("accept", 60, WORKING_MINUTES, LADDER),),
        by_id=None,
        now=NOW,
    )
    return world


def sweep(now):
    fire_due_steps(now)
    while apply_escalations(now):
        pass


def told(user, kinds=("remind", "late")):
    return list(
        Message.objects.filter(recipient=user, kind__in=kinds, channel=Channel.INBOX).order_by("id")
    )


def test_late_sweep_tells_each_person_once_of_all_that_passed(world):
    row = world.submitted()
    receiver = row.owner
    late = NOW + 2 * HOUR
    sweep(late)
    (message,) = told(receiver)
    assert message.kind == "late"
    assert Escalation.objects.exclude(state=EscalationState.HANDLED).count() == 0
    text = refresh(message, late)
    assert "Told at once: the reminder of 11:30, reminder of 11:45 and alert of 12:00." in text.body
    (message,) = told(world.manager)
    text = refresh(message, late)
    assert "the alert of 12:00 and alert of 12:30." in text.body
    kinds = list(row.events.filter(escalation__isnull=False).values_list("kind", flat=True))
    assert kinds == [
        EventKind.REMINDED,
        EventKind.REMINDED,
        EventKind.BREACHED,
        EventKind.ALERTED,
        EventKind.ALERTED,
    ]


def test_steps_in_time_are_told_one_by_one(world):
    row = world.submitted()
    for minutes in (31, 46, 61, 91):
        sweep(NOW + timedelta(minutes=minutes))
    assert [message.kind for message in told(row.owner)] == ["remind", "remind", "late"]
    assert len(told(world.manager)) == 2
    assert all("steps" not in message.payload for message in told(world.manager))


def test_late_sweep_of_many_clocks_tells_once_of_each(world, monkeypatch):
    rows = [world.submitted() for _ in range(3)]
    monkeypatch.setattr("handoff.services.escalate.BATCH", 2)
    sweep(NOW + 2 * HOUR)
    assert len(told(world.manager)) == len(rows)
    assert sum(len(told(receiver)) for receiver in world.aes) == len(rows)


def test_late_sweep_with_a_bad_step_does_the_others(world, monkeypatch):
    row = world.submitted()
    late = NOW + 2 * HOUR
    fire_due_steps(late)
    first = Escalation.objects.order_by("pk").first()
    # Its event is there already, which no step may have twice.
    Event.objects.create(
        handoff=row, seq=99, kind=EventKind.REMINDED, at=NOW, escalation=first, data={}
    )
    while apply_escalations(late):
        pass
    states = dict(Escalation.objects.values_list("pk", "state"))
    assert states.pop(first.pk) == EscalationState.PENDING
    assert set(states.values()) == {EscalationState.HANDLED}
    first.refresh_from_db()
    assert first.last_error
    assert len(told(world.manager)) == 2


def test_late_sweep_leaves_what_was_acknowledged_meanwhile(world):
    row = world.submitted()
    fire_due_steps(NOW + HOUR + timedelta(minutes=1))
    acknowledge_late(row, kind="accept", by=world.manager, now=NOW + HOUR + timedelta(minutes=1))
    sweep(NOW + 2 * HOUR)
    assert told(world.manager) == []
    assert Clock.objects.get(kind=ClockKind.ACCEPT).breached_at


def stepping(row):
    """The steps of the handoff that wait to be acted on."""
    return Escalation.objects.filter(
        clock__handoff_clock__handoff=row, state=EscalationState.PENDING
    )


def test_step_that_somebody_else_has_finished_meanwhile_undoes_the_batch(world, monkeypatch):
    rows = [world.submitted() for _ in range(2)]
    late = NOW + 2 * HOUR
    fire_due_steps(late)
    taken = stepping(rows[0]).order_by("pk").first()
    read = telling._read

    def overtaken(steps, **words):
        batch = read(steps, **words)
        # As a worker would whose lease ran out, after everything was read.
        Escalation.objects.filter(pk=taken.pk).update(
            state=EscalationState.HANDLED, handled_at=late
        )
        monkeypatch.setattr(telling, "_read", read)
        return batch

    monkeypatch.setattr(telling, "_read", overtaken)
    steps = list(Escalation.objects.select_related("step").order_by("pk"))
    with pytest.raises(telling.Overtaken), transaction.atomic():
        telling.act_on_all(steps, {}, now=late)
    assert not Event.objects.filter(escalation__isnull=False).exists()
    assert stepping(rows[1]).count() == len(LADDER) + 1


@pytest.mark.postgresql
def test_handoff_that_somebody_else_holds_keeps_no_other_waiting(world, monkeypatch):
    """It is left out of the batch and acted on alone, once it is free."""
    rows = [world.submitted() for _ in range(3)]
    late = NOW + 2 * HOUR
    fire_due_steps(late)
    seen = []
    apart = escalate._try_apart

    def try_apart(passed, *, now):
        # The others are done by now, though this one is still held.
        seen.extend(step.clock_id for step in passed)
        assert not stepping(rows[1]).exists()
        assert not stepping(rows[2]).exists()
        holder.rollback()
        apart(passed, now=now)

    monkeypatch.setattr(escalate, "_try_apart", try_apart)
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT id FROM handoff_handoff WHERE id = %s FOR UPDATE", [rows[0].pk])
        while apply_escalations(late):
            pass
    finally:
        holder.close()
    mine = Clock.objects.filter(handoff_clock__handoff=rows[0], kind=ClockKind.ACCEPT)
    assert set(seen) == set(mine.values_list("pk", flat=True))
    assert not stepping(rows[0]).exists()
