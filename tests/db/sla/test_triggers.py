"""What the tables refuse whoever writes to them."""

import pytest
from django.db import IntegrityError, connection, transaction

from sla.models import Clock, PolicyVersion, Step, Target
from sla.services import fire_due_steps, install_preset
from tests.factories.sla import HOUR, START, make_clock

pytestmark = pytest.mark.django_db

DUE = START + 4 * HOUR


def refused(action):
    with pytest.raises(IntegrityError), transaction.atomic():
        action()


@pytest.fixture
def breached():
    clock = make_clock()
    fire_due_steps(DUE + HOUR)
    return Clock.objects.filter(pk=clock.pk)


def test_breach_is_never_erased_or_moved(breached):
    refused(lambda: breached.update(breached_at=None, detected_at=None))
    refused(lambda: breached.update(breached_at=DUE + HOUR))
    assert breached.get().breached_at == DUE


def test_clock_and_escalation_are_never_deleted(breached):
    refused(lambda: execute("DELETE FROM sla_escalation"))
    refused(lambda: execute("DELETE FROM sla_clock"))


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("change", [{"started_at": START - HOUR}, {"kind": "contact"}])
def test_clock_keeps_what_it_started_with(breached, change):
    refused(lambda: breached.update(**change))


def test_published_policy_does_not_change_and_is_never_deleted():
    install_preset(name="standard", by_id=None, now=START)
    version = PolicyVersion.objects.filter(state="published")
    refused(lambda: version.update(position=7))
    refused(lambda: version.update(is_default=False))
    refused(lambda: version.update(conditions={"all": []}))
    refused(lambda: execute("DELETE FROM sla_policyversion"))
    assert version.update(state="retired") == 1


def test_targets_and_steps_do_not_change():
    install_preset(name="standard", by_id=None, now=START)
    refused(lambda: Target.objects.update(amount=1))
    refused(lambda: Step.objects.filter(action="remind").update(offset_percent=-50))
    refused(lambda: execute("DELETE FROM sla_step"))
    refused(lambda: execute("DELETE FROM sla_target"))
