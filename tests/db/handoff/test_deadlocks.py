"""A request that meets another transaction head on gets through all the same."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse

from handoff.choices import Status
from handoff.models import Handoff
from sla.models import Clock
from tests.factories.handoff import make_world
from tests.support.servers import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
MOST_SECONDS = 100
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def cross(clock_id, handoff_id, has_clock, is_met, failed):
    """Lock clock and handoff the wrong way round; who meets it there is the one to give way."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                # The server ends the transaction of who first looks for a deadlock and finds it.
                cursor.execute(f"SET LOCAL deadlock_timeout = '{MOST_SECONDS}s'")
            Clock.objects.select_for_update(of=("self",)).get(pk=clock_id)
            has_clock.set()
            is_met.wait(MOST_SECONDS)
            Handoff.objects.select_for_update(of=("self",)).get(pk=handoff_id)
    except OperationalError as error:
        failed.append(error)
    finally:
        has_clock.set()
        connection.close()


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


def test_accept_that_runs_into_a_deadlock_is_tried_again(client, caplog):
    world = make_world()
    row = world.submitted()
    clock = Clock.objects.get(kind="accept", handoff_clock__handoff=row)
    has_clock, is_met, failed = threading.Event(), threading.Event(), []
    other = threading.Thread(target=cross, args=(clock.pk, row.pk, has_clock, is_met, failed))
    other.start()
    assert has_clock.wait(MOST_SECONDS)
    client.force_login(row.owner)

    def meet(execute, sql, params, many, context):
        """Before the request goes for the clock, let the other wait for its handoff."""
        if sql.startswith('UPDATE "sla_clock"') and not is_met.is_set():
            is_met.set()
            wait_for(somebody_waits, MOST_SECONDS, "the other does not wait for the handoff")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meet):
        answer = client.post(reverse("handoff:accept", args=[row.pk]), {"version": row.version})
    other.join(MOST_SECONDS)
    assert failed == []
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
    assert "transaction tried again" in caplog.text
    assert row.events.filter(kind="accepted").count() == 1
