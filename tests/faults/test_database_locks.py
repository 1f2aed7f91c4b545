"""A PostgreSQL that makes wait, or ends a transaction for another: an answer each time, no hang."""

import contextlib
import threading
from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest

from core.loops import database_now
from handoff.models import Event, Handoff
from sla.models import Clock, Escalation
from tests.factories.handoff import answers, make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.processes import database_url
from tests.support.servers import wait_for
from tests.support.visitor import NotAnswered, Visitor, with_real_password

pytestmark = [
    pytest.mark.deep,
    pytest.mark.postgresql,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TARGET = timedelta(minutes=5)
UP = 120
HEALED = 60
# Four breaches beside the one that is locked.
OTHERS = 4
BUSY = "Handoff cannot reach its database just now."
# In production five seconds and fifteen.
LIMITS = {
    "waits for a lock": "-c lock_timeout=500ms -c statement_timeout=15s",
    "takes too long": "-c lock_timeout=15s -c statement_timeout=500ms",
}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


@pytest.fixture
def world(transactional_db, settings):
    made = make_world(preset="inbound", receivers=1)
    only_accept()
    work_always()
    for user in (made.sdr, made.ae):
        with_real_password(user, settings)
    return made


@contextlib.contextmanager
def holding(*statements):
    """Another program's transaction that has done these and does not end."""
    with psycopg.connect(database_url()) as other, other.transaction(force_rollback=True):
        for statement, *values in statements:
            other.execute(statement, values)
        yield other


def signed_in(machine, user):
    visitor = Visitor(machine.port)
    wait_for(visitor.is_answered, UP, "the web does not answer")
    visitor.sign_in(user.email)
    return visitor


def accept(visitor, row):
    return visitor.send(f"/handoffs/{row.pk}/accept/", {"version": row.version})[0]


def due_now(world):
    return world.submitted(now=database_now() - TARGET)


def breached():
    return Clock.objects.filter(breached_at__isnull=False).count()


def events():
    return Event.objects.filter(kind="breached").count()


@pytest.mark.parametrize("limits", LIMITS.values(), ids=list(LIMITS))
@pytest.mark.fault(
    "F11",
    "rows and tables locked",
    held="503 in words; the others go on, the rest is caught up",
)
def test_lock_that_is_held_long_ends_in_words_and_the_sweep_goes_on(world, limits):
    with box(DATABASE_URL=f"{database_url()}&options={quote(limits)}") as machine:
        machine.start("web")
        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        sdr, ae = (signed_in(machine, user) for user in (world.sdr, world.ae))
        row = world.submitted(now=database_now())
        clock = Clock.objects.get(kind="accept", handoff_clock__handoff=row)

        one_row = [
            ("SELECT 1 FROM handoff_handoff WHERE id = %s FOR UPDATE", row.pk),
            ("SELECT 1 FROM sla_clock WHERE id = %s FOR UPDATE", clock.pk),
        ]
        with holding(*one_row):
            assert accept(ae, row) == 503
            assert BUSY in ae.read.decode()
            for _ in range(OTHERS):
                due_now(world)
            wait_for(lambda: breached() == OTHERS, HEALED, "the others are held up")
            wait_for(lambda: events() == OTHERS, HEALED, "the others are not acted on")

        with holding(("LOCK TABLE handoff_handoff, sla_clock IN ACCESS EXCLUSIVE MODE",)):
            with pytest.raises(NotAnswered, match="503"):
                sdr.hand_off(answers())
            assert BUSY in sdr.read.decode()
            assert sdr.ask("GET", "/handoffs/")[0] == 503
            machine.wait_until_said(CLOCK, "loop failed")

        late = due_now(world)
        wait_for(lambda: breached() == OTHERS + 1, HEALED, "what came due is not found")
        assert sdr.ask("GET", "/handoffs/")[0] == 200
        assert accept(ae, row) == 302
        wait_until_caught_up()
    assert Handoff.objects.get(pk=row.pk).status == "accepted"
    assert Event.objects.filter(kind="breached", handoff=late).count() == 1
    assert not Escalation.objects.filter(state="quarantined").exists()


def meet_head_on(other, handoff_id, collisions):
    """Want the handoff while somebody who has it waits for the clock, as often as that."""
    with psycopg.connect(database_url(), autocommit=True) as looking:

        def is_waited_for():
            (count,) = looking.execute(WAITING, [other.info.backend_pid]).fetchone()
            return count > 0

        for _ in range(collisions):
            wait_for(is_waited_for, HEALED, "nobody waits for the clock")
            # Released again by the savepoint, and the clock is not.
            with other.transaction(force_rollback=True):
                other.execute(
                    "SELECT 1 FROM handoff_handoff WHERE id = %s FOR UPDATE", [handoff_id]
                )


@pytest.mark.fault(
    "F12",
    "deadlock, again and again",
    held="tried three times more, then 503 in words",
)
def test_deadlocks_without_end_are_given_up_after_three_more_tries(world):
    with box() as machine:
        machine.start("web")
        ae = signed_in(machine, world.ae)
        row = world.submitted(now=database_now())
        clock = Clock.objects.get(kind="accept", handoff_clock__handoff=row)
        with holding(("SELECT 1 FROM sla_clock WHERE id = %s FOR UPDATE", clock.pk)) as other:
            thread = threading.Thread(target=meet_head_on, args=(other, row.pk, 4))
            thread.start()
            assert accept(ae, row) == 503
            assert BUSY in ae.read.decode()
            thread.join(HEALED)
        assert machine.said("web").count("transaction tried again") == 3
        row.refresh_from_db()
        assert row.status == "pending"
        assert accept(ae, row) == 302
        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        wait_until_caught_up()
    assert row.events.filter(kind="accepted").count() == 1
