"""Admins hear of a step that was set aside."""

from datetime import timedelta

import pytest

from handoff.services import apply_escalations
from notify.models import Message
from notify.registry import refresh_many
from sla.models import Escalation
from sla.rules.retries import MOST_ATTEMPTS
from sla.services import claim_escalations, fail_escalation, fire_due_steps
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db


def test_step_that_fails_every_time_is_told_to_the_admins_once():
    world = make_world()
    due = world.submitted().next_due_at
    now = due + timedelta(minutes=1)
    fire_due_steps(now)
    # What failed before is claimed alone, so three steps take three times as long.
    for _ in range(4 * MOST_ATTEMPTS):
        now += timedelta(hours=1)
        for escalation in claim_escalations(now=now, limit=10):
            fail_escalation(escalation=escalation, error="disk full", now=now)
    told = Message.objects.filter(kind="sla.set_aside")
    assert {message.recipient for message in told} == {world.admin}
    assert told.count() == 2 * Escalation.objects.filter(state="quarantined").count()
    text = refresh_many([told.filter(channel="inbox").latest("pk")], now)
    (said,) = text.values()
    assert said.subject.startswith("A step could not be taken: ")
    assert "The last error: disk full" in said.body
    assert apply_escalations(now) == 0
