"""What one late sweep does at once: each person hears once, and one bad step stops no other."""

from datetime import timedelta

import pytest

from handoff.choices import EventKind
from handoff.models import Event
from handoff.services import acknowledge_late, apply_escalations
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
