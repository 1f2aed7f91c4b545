"""What was answered is kept, whatever is killed meanwhile.

Kill -9 loses no page that the system has taken over; only a power cut would try the disk.
"""

import os
import random
import signal
import threading
import time
import uuid

import pytest
from django.db import connection

from handoff.models import Handoff
from tests.factories.handoff import answers, make_world, only_accept
from tests.support.box import wait_until_caught_up
from tests.support.hours import work_always
from tests.support.processes import Running, child_environment, get, running
from tests.support.servers import free_port, wait_for
from tests.support.visitor import NotAnswered, Visitor, with_real_password

pytestmark = [pytest.mark.races, pytest.mark.timeout(800), pytest.mark.django_db(transaction=True)]

CLIENTS = 4
EACH = 25
SUBMITS = CLIENTS * EACH
# So many answers between two kills: else nothing would ever be up.
BETWEEN_KILLS = 6
KILLS_OF_A_PROGRAM = 2
PATIENCE_SECONDS = 300
CAUGHT_UP_SECONDS = 120


class Clients:
    """Hand off again and again until each form has its answer, in threads."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.answered: list[int] = []
        self.unanswered = 0
        self.deadline = time.monotonic() + PATIENCE_SECONDS
        self.threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _work(self) -> None:
        for _ in range(EACH):
            form, key = answers(), uuid.uuid4()
            while time.monotonic() < self.deadline:
                try:
                    self.answered.append(self.visitor.hand_off(form, key=key))
                    break
                except NotAnswered:
                    self.unanswered += 1
                    # A person tries again; the key makes it the same form.
                    time.sleep(0.1)

    @property
    def are_working(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)


class Killer:
    """Kills one thing at random each time that some answers have come since the last."""

    def __init__(self, machine: "Machine") -> None:
        self.machine = machine
        self.killed: list[str] = []
        self.choices = ["web worker", "web worker", "connections", "web", "worker", "beat"]

    def strike(self) -> None:
        name = random.choice(self.choices)
        if name == "connections":
            self._end_connections()
        else:
            pids = self._pids(name)
            if not pids:
                return
            os.kill(random.choice(pids), signal.SIGKILL)
        self.killed.append(name)
        # The supervisor waits longer each time; a web worker is back at once.
        if name != "web worker" and self.killed.count(name) == KILLS_OF_A_PROGRAM:
            self.choices.remove(name)

    def _pids(self, name: str) -> list[int]:
        if name == "worker":
            return self.machine.run.pids(" worker ")[:1]
        if name == "beat":
            return self.machine.run.pids(" beat ")
        web = sorted(self.machine.run.pids("gunicorn"))
        return web[:1] if name == "web" else web[1:]

    def _end_connections(self) -> None:
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


class Machine:
    """`runall` in one data folder, which may be killed as a whole and started again."""

    def __init__(self, run: Running, chosen: dict[str, str]) -> None:
        self.run = run
        self.chosen = chosen
        self.crashes = 0

    def crash_and_start(self) -> None:
        self.crashes += 1
        self.run.kill_all()
        environment = child_environment(DATA_DIR=str(self.run.data_dir), **self.chosen)
        self.run = Running("runall", environment=environment)


def is_up(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/healthz/")[0] == 200


@pytest.mark.fault(
    "P1",
    "web, worker, beat and broker killed under submits",
    held="every answered submit is there",
)
def test_every_answered_submit_is_kept_while_programs_are_killed(transactional_db, settings):
    world = make_world(preset="inbound", receivers=3)
    only_accept()
    work_always()
    with_real_password(world.sdr, settings)
    port = free_port()
    chosen = {"PORT": str(port), "WEB_WORKERS": "2", "TASK_WORKERS": "1", "TIME_SCALE": "0.3"}
    with running("runall", **chosen) as first:
        machine = Machine(first, chosen)
        wait_for(lambda: is_up(port), 120, "the web does not answer")
        visitor = Visitor(port)
        visitor.sign_in(world.sdr.email)
        clients = Clients(visitor)
        try:
            killed = kill_while_working(clients, machine)
            assert_kept(clients)
            assert killed
            assert clients.unanswered > 0
            wait_until_caught_up(CAUGHT_UP_SECONDS)
        finally:
            clients.deadline = 0
            clients.join()
            machine.run.kill_all()


def kill_while_working(clients: Clients, machine: Machine) -> list[str]:
    """Something every few answers, and once, in the middle, everything."""
    killer = Killer(machine)
    next_kill = BETWEEN_KILLS
    while clients.are_working:
        if len(clients.answered) >= next_kill:
            killer.strike()
            next_kill += BETWEEN_KILLS
        if len(clients.answered) >= SUBMITS // 2 and not machine.crashes:
            machine.crash_and_start()
        clients.threads[0].join(0.05)
    clients.join()
    return killer.killed


def assert_kept(clients: Clients) -> None:
    assert len(clients.answered) == len(set(clients.answered)) == SUBMITS
    kept = Handoff.objects.filter(submitted_at__isnull=False, status="pending")
    assert set(kept.values_list("pk", flat=True)) == set(clients.answered)
    # A form sent again after a lost answer made no second one.
    assert Handoff.objects.count() == SUBMITS
