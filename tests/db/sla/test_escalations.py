"""What the sweep leaves to do is leased, tried a few times and done once."""

from datetime import timedelta

import pytest

from sla.models import Escalation
from sla.services import (
    claim_escalations,
    fail_escalation,
    finish_escalation,
    fire_due_steps,
)
from tests.factories.sla import HOUR, START, make_clock, make_clocks

pytestmark = pytest.mark.django_db

NOW = START + 5 * HOUR
SECOND = timedelta(seconds=1)


@pytest.fixture
def lease(settings):
    settings.LEASE_SECONDS = 60
    return timedelta(seconds=60)


@pytest.fixture
def waiting(lease):
    """Three escalations of one clock, an hour after it was due."""
    make_clock()
    fire_due_steps(NOW)


def claim(now=NOW, limit=100):
    return claim_escalations(now=now, limit=limit)


def test_claim_leases_in_the_order_in_which_they_came_due(waiting, lease):
    claimed = claim()
    assert [each.step.action for each in claimed] == ["remind", "breach", "alert_manager"]
    assert {(each.attempts, each.lease_until) for each in claimed} == {(1, NOW + lease)}


def test_claim_leaves_what_somebody_else_has_leased(waiting, lease):
    claim()
    assert claim(NOW + lease) == []


def test_claim_after_the_lease_takes_them_again_one_by_one(waiting, lease):
    claim()
    later = NOW + lease + SECOND
    again = [claim(later), claim(later), claim(later)]
    assert [[each.attempts for each in one] for one in again] == [[2], [2], [2]]
    assert claim(later) == []


def test_claim_takes_the_untried_together_up_to_one_that_was_tried(waiting, lease):
    first, second, third = Escalation.objects.order_by("not_before", "pk")
    Escalation.objects.filter(pk=third.pk).update(attempts=1)
    assert [[each.pk for each in claim()] for _ in range(2)] == [[first.pk, second.pk], [third.pk]]


def test_claim_takes_up_to_the_limit_and_the_rest_of_their_clocks(lease):
    make_clocks(3)
    fire_due_steps(NOW)
    assert [len(claim(limit=2)) for _ in range(3)] == [6, 3, 0]


def test_claim_waits_for_not_before(waiting):
    Escalation.objects.update(not_before=NOW + HOUR)
    assert claim() == []
    assert len(claim(NOW + HOUR)) == 3


def test_claim_reads_steps_without_more_queries(waiting, django_assert_num_queries):
    claimed = claim()
    with django_assert_num_queries(0):
        assert all(each.step.action for each in claimed)


def test_claim_takes_as_many_queries_for_three_as_for_thirty(lease, django_assert_max_num_queries):
    make_clocks(10)
    fire_due_steps(NOW)
    with django_assert_max_num_queries(6):
        assert len(claim()) == 30


def test_claim_that_killed_its_worker_five_times_is_set_aside_alone(waiting, lease):
    """Whoever handles the second of them dies; the others get through."""
    killer = claim()[1].pk
    deaths, now = 1, NOW
    while Escalation.objects.filter(state="pending").exists():
        now += lease + SECOND
        while claimed := claim(now):
            if killer in [each.pk for each in claimed]:
                deaths += 1
                break
            assert finish_escalation(escalation=claimed[0], now=now)
        assert deaths < 10
    states = dict(Escalation.objects.values_list("pk", "state"))
    assert states.pop(killer) == "quarantined"
    assert set(states.values()) == {"handled"}
    assert deaths == 5


@pytest.mark.parametrize(("superseded", "state"), [(False, "handled"), (True, "superseded")])
def test_finish_marks_it_once(waiting, superseded, state):
    escalation = claim()[0]
    assert finish_escalation(escalation=escalation, now=NOW, superseded=superseded)
    assert not finish_escalation(escalation=escalation, now=NOW + HOUR)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.handled_at) == (state, NOW)
    assert escalation.lease_until is None


def test_finish_by_a_slow_worker_counts_and_the_second_one_is_told(waiting, lease):
    slow = claim()[0]
    second = claim(NOW + lease + SECOND)[0]
    assert slow.pk == second.pk
    assert finish_escalation(escalation=slow, now=NOW + 2 * lease)
    assert not finish_escalation(escalation=second, now=NOW + 2 * lease)


def test_fail_tries_again_later_and_longer_each_time(waiting):
    now, waits = NOW, []
    for _ in range(4):
        escalation = claim(now)[0]
        assert fail_escalation(escalation=escalation, error="no manager", now=now)
        escalation.refresh_from_db()
        waits.append((escalation.not_before - now).total_seconds())
        now = escalation.not_before
        Escalation.objects.exclude(pk=escalation.pk).update(not_before=now + HOUR)
    assert waits == [5, 20, 80, 320]
    assert (escalation.state, escalation.last_error) == ("pending", "no manager")


def test_fail_for_the_fifth_time_sets_it_aside(waiting):
    escalation = claim()[0]
    Escalation.objects.filter(pk=escalation.pk).update(attempts=5)
    escalation.refresh_from_db()
    assert fail_escalation(escalation=escalation, error="x" * 900, now=NOW)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.handled_at) == ("quarantined", NOW)
    assert len(escalation.last_error) == 500


def test_fail_after_somebody_else_took_over_changes_nothing(waiting, lease):
    slow = claim()[0]
    claim(NOW + lease + SECOND)
    assert not fail_escalation(escalation=slow, error="late", now=NOW + 2 * lease)
    slow.refresh_from_db()
    assert slow.last_error == ""
    assert slow.lease_until is not None


def test_fail_of_one_lets_the_others_go_on(waiting):
    first, *others = claim()
    fail_escalation(escalation=first, error="boom", now=NOW)
    assert all(finish_escalation(escalation=each, now=NOW) for each in others)
