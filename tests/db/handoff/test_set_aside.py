"""A step that was set aside is tried again by an admin, and the handoff's log says who did it."""

from datetime import timedelta

import pytest

from core.errors import NotPermitted, NotVisible
from handoff.models import Event
from handoff.selectors.verify import findings
from handoff.services import apply_escalations, retry_step
from notify.models import Message
from notify.registry import SETTLED, refresh_many
from sla.models import Escalation
from sla.rules.retries import MOST_ATTEMPTS
from sla.services import StepNotSetAside, claim_escalations, fail_escalation, fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def row(world):
    return world.submitted()


def set_aside(now):
    """The first step that came due fails until it is given up; returns it and when."""
    fire_due_steps(now)
    first = Escalation.objects.earliest("at")
    Escalation.objects.exclude(pk=first.pk).update(not_before=now + timedelta(days=99))
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(hours=1)
        (claimed,) = claim_escalations(now=now, limit=1)
        fail_escalation(escalation=claimed, error="disk full", now=now)
    first.refresh_from_db()
    assert first.state == "quarantined"
    return first, now


@pytest.fixture
def aside(row):
    return set_aside(row.next_due_at - MINUTE)


def test_retry_puts_it_back_at_once_with_all_attempts_and_its_last_error(world, aside):
    step, now = aside
    retry_step(escalation_id=step.pk, by=world.admin, now=now + MINUTE)
    step.refresh_from_db()
    assert (step.state, step.attempts, step.not_before) == ("pending", 0, now + MINUTE)
    assert (step.handled_at, step.lease_until, step.last_error) == (None, None, "disk full")


def test_retry_is_acted_on_and_both_stand_in_the_log(world, row, aside):
    step, now = aside
    retry_step(escalation_id=step.pk, by=world.admin, now=now)
    assert apply_escalations(now + MINUTE) == 1
    step.refresh_from_db()
    assert step.state in {"handled", "superseded"}
    again = Event.objects.get(handoff=row, kind="step_retried")
    assert (again.by, again.at, again.data["tried_again"]) == (world.admin, now, step.pk)
    assert Event.objects.get(escalation=step).seq > again.seq
    # As of a time at which nothing more was due.
    assert list(findings(row.next_due_at - MINUTE)) == []


def test_notice_of_it_is_settled_once_it_is_tried_again(world, aside):
    step, now = aside
    notice = Message.objects.get(kind="sla.set_aside", channel="inbox")
    assert refresh_many([notice], now)[notice.pk].path == "/health/"
    retry_step(escalation_id=step.pk, by=world.admin, now=now)
    assert refresh_many([notice], now)[notice.pk] == SETTLED


def test_retry_twice_is_refused_the_second_time_and_logged_once(world, aside):
    step, now = aside
    retry_step(escalation_id=step.pk, by=world.admin, now=now)
    with pytest.raises(StepNotSetAside):
        retry_step(escalation_id=step.pk, by=world.admin, now=now)
    assert Event.objects.filter(kind="step_retried").count() == 1


def test_retry_of_what_was_not_set_aside_is_refused(world, row):
    fire_due_steps(row.next_due_at - MINUTE)
    step = Escalation.objects.earliest("at")
    with pytest.raises(StepNotSetAside):
        retry_step(escalation_id=step.pk, by=world.admin, now=NOW)
    assert not Event.objects.filter(kind="step_retried").exists()


@pytest.mark.parametrize("who", ["sdr", "ae", "manager"])
def test_retry_by_somebody_else_than_an_admin_is_refused(world, aside, who):
    step, now = aside
    with pytest.raises(NotPermitted):
        retry_step(escalation_id=step.pk, by=getattr(world, who), now=now)
    step.refresh_from_db()
    assert step.state == "quarantined"


@pytest.mark.parametrize("pk", [0, 2**63])
def test_retry_of_no_step_is_not_found(world, pk):
    with pytest.raises(NotVisible):
        retry_step(escalation_id=pk, by=world.admin, now=NOW)


def test_retried_step_that_is_set_aside_again_is_told_again(world, aside):
    step, now = aside
    told = Message.objects.filter(kind="sla.set_aside", channel="inbox")
    assert told.count() == 1
    retry_step(escalation_id=step.pk, by=world.admin, now=now)
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(hours=1)
        (claimed,) = claim_escalations(now=now, limit=1)
        fail_escalation(escalation=claimed, error="disk full", now=now)
    assert told.count() == 2
