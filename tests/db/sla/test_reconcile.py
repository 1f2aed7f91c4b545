"""Somebody looks whether the sweep keeps up, and says so once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.findings import findings
from notify.models import Message
from notify.registry import refresh_many
from notify.waiting import messages_overdue, messages_waiting
from sla.models import Clock, Escalation
from sla.notices import ATTENTION, CLOCKS_BEHIND
from sla.services import fire_due_steps, reconcile
from sla.waiting import clocks_behind, steps_set_aside, steps_waiting
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def step_at(world):
    """When the first step of the one clock is due."""
    world.submitted()
    return Clock.objects.get(kind="accept").next_step_at


def told():
    return Message.objects.filter(kind=CLOCKS_BEHIND, channel="inbox")


def said(now):
    return refresh_many([told().latest("pk")], now)[told().latest("pk").pk]


def test_reconcile_while_clocks_keep_up_tells_nobody(step_at):
    assert reconcile(step_at + MINUTE) == 0
    assert not told().exists()
    assert CLOCKS_BEHIND not in findings()


def test_reconcile_of_a_clock_behind_tells_each_admin_once_by_inbox_and_mail(
    world, step_at, caplog
):
    now = step_at + 2 * MINUTE
    assert [reconcile(now + n * MINUTE) for n in range(3)] == [0, 0, 0]
    messages = Message.objects.filter(kind=CLOCKS_BEHIND)
    assert {one.recipient for one in messages} == {world.admin}
    assert sorted(messages.values_list("channel", flat=True)) == ["email", "inbox"]
    assert caplog.text.count("clocks are behind") == 1
    assert findings()[CLOCKS_BEHIND].data["count"] == 1
    text = said(now)
    assert text.subject == "Clocks are running late"
    assert "1 clock had a step to take that nobody took, the oldest for 2 min." in text.body
    assert text.path == "/health/"


def test_reconcile_after_they_caught_up_tells_of_the_next_time(step_at):
    now = step_at + 2 * MINUTE
    reconcile(now)
    while fire_due_steps(now):
        pass
    reconcile(now + MINUTE)
    assert not findings()[CLOCKS_BEHIND].data["is_open"]
    assert said(now).subject == "Clocks were running late"
    later = Clock.objects.exclude(next_step_at=None).latest("next_step_at").next_step_at
    reconcile(later + 2 * MINUTE)
    assert told().count() == 2
    assert said(later).subject == "Clocks are running late"


def test_reconcile_counts_what_was_set_aside_and_writes_only_what_changed(step_at):
    fire_due_steps(step_at + MINUTE)
    reconcile(step_at)
    first = findings()[ATTENTION]
    assert first.data == {"steps": 0, "messages": 0, "settings": 0}
    reconcile(step_at + MINUTE)
    assert findings()[ATTENTION].at == first.at
    Escalation.objects.update(state="quarantined", handled_at=step_at)
    reconcile(step_at + MINUTE)
    assert findings()[ATTENTION].data["steps"] == Escalation.objects.count() > 0


def test_what_waits_is_counted_in_one_query_each(step_at, django_assert_num_queries):
    now = step_at + 2 * MINUTE
    with django_assert_num_queries(1):
        behind = clocks_behind(now)
    assert (behind.count, behind.oldest) == (1, step_at)
    fire_due_steps(now)
    with django_assert_num_queries(1):
        waits = steps_waiting(now)
    assert (waits.count, waits.oldest) == (1, Escalation.objects.get().not_before)
    assert clocks_behind(now).said == "0"
    assert not steps_set_aside().exists()


def test_what_waits_is_counted_up_to_a_bound(step_at, monkeypatch):
    monkeypatch.setattr("core.backlog.MOST_COUNTED", 1)
    now = step_at + timedelta(days=9)
    while fire_due_steps(now):
        pass
    assert Escalation.objects.count() > 2
    waits = steps_waiting(now)
    assert (waits.count, waits.said) == (2, "more than 1")
    assert waits.oldest == Escalation.objects.earliest("not_before").not_before


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("count", "index"),
    [
        (lambda: steps_waiting(NOW), "sla_escalation_waiting"),
        (messages_waiting, "notify_message_due"),
        (lambda: messages_overdue(NOW), "notify_message_due"),
    ],
)
def test_what_waits_is_found_through_its_index(count, index):
    """However long the history: it is asked for once a minute, and by every look at the page."""
    with CaptureQueriesContext(connection) as queries:
        count()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = str(cursor.fetchall())
    assert f"INDEX {index}" in plan
