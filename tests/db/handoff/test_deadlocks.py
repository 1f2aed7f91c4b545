"""A request that meets another transaction head on gets through all the same."""

import threading
import time

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse

from handoff.choices import Status
from handoff.models import Handoff
from sla.models import Clock
from tests.factories.handoff import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
MOST_SECONDS = 20
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def cross(clock_id, handoff_id, ready, failed):
    """Lock clock and handoff the wrong way round, the second when a request waits for the first."""
    try:
        with transaction.atomic():
            Clock.objects.select_for_update(of=("self",)).get(pk=clock_id)
            ready.set()
            end = time.monotonic() + MOST_SECONDS
            while not is_waited_for() and time.monotonic() < end:
                time.sleep(0.01)
            Handoff.objects.select_for_update(of=("self",)).get(pk=handoff_id)
    except OperationalError as error:
        failed.append(error)
        ready.set()
    finally:
        connection.close()


def is_waited_for():
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


def test_accept_that_runs_into_a_deadlock_is_tried_again(client, caplog):
    world = make_world()
    row = world.submitted()
    clock = Clock.objects.get(kind="accept", handoff_clock__handoff=row)
    ready, failed = threading.Event(), []
    other = threading.Thread(target=cross, args=(clock.pk, row.pk, ready, failed))
    other.start()
    assert ready.wait(MOST_SECONDS)
    client.force_login(row.owner)
    answer = client.post(reverse("handoff:accept", args=[row.pk]), {"version": row.version})
    other.join(MOST_SECONDS)
    assert failed == []
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
    assert "transaction tried again" in caplog.text
    assert row.events.filter(kind="accepted").count() == 1
