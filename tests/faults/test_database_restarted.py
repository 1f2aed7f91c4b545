"""PostgreSQL falls over in the middle of changes and comes back: each is there whole, or not."""

import threading
import time
import uuid

import psycopg
import pytest

from accounts.choices import Role
from handoff.management.story.cast import PASSWORD, PEOPLE
from tests.factories.handoff import answers
from tests.support import recovery
from tests.support.box import CLOCK, box
from tests.support.processes import manage
from tests.support.servers import wait_for
from tests.support.visitor import NotAnswered, Visitor

# A server that is the test's own: nobody else's may be stopped.
pytestmark = [pytest.mark.deep, pytest.mark.postgresql, pytest.mark.timeout(600)]

PEOPLE_AT_ONCE = 4
BETWEEN_FALLS = 6
FALLS = 3
SDR = next(person.email for person in PEOPLE if person.role is Role.SDR)
UP = 120


class Submitters:
    """People who hand leads off one after the other, each form until it has its answer."""

    def __init__(self, visitor):
        self.visitor = visitor
        self.answered, self.refusals = [], []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.work) for _ in range(PEOPLE_AT_ONCE)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while not self.is_over.is_set():
            form, key = answers(), uuid.uuid4()
            while not self.is_over.is_set():
                try:
                    self.answered.append(self.visitor.hand_off(form, key=key))
                    break
                except NotAnswered as error:
                    self.refusals.append(str(error))
                    self.is_over.wait(0.05)

    def wait_for_more(self, count):
        wanted = len(self.answered) + count
        wait_for(lambda: len(self.answered) >= wanted, UP, "nobody can hand off")

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(UP)


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault(
    "F9",
    "database killed three times in the middle of changes",
    held="every answered submit is there, none half; 503 meanwhile",
)
def test_what_was_answered_outlives_a_database_that_falls_over(own_postgresql):
    url = own_postgresql.url
    for words in (("migrate", "--verbosity", "0"), ("demo", "--weeks", "1")):
        done = manage(url, *words)
        assert done.returncode == 0, done.stderr
    with box(DATABASE_URL=url, TIME_SCALE="1") as machine:
        machine.start("web")
        machine.start(CLOCK)
        visitor = Visitor(machine.port)
        wait_for(visitor.is_answered, UP, "the web does not answer")
        visitor.sign_in(SDR, password=PASSWORD)
        people = Submitters(visitor)
        try:
            for _ in range(FALLS):
                people.wait_for_more(BETWEEN_FALLS)
                own_postgresql.fall_over()
                refused = len(people.refusals)
                wait_for(lambda seen=refused: len(people.refusals) > seen, UP, "nobody noticed")
                own_postgresql.start()
                began = time.monotonic()
                people.wait_for_more(1)
                recovery.note(time.monotonic() - began)
        finally:
            people.end()
        assert {words.split()[0] for words in people.refusals} <= {"503", "Remote", "[Errno"}
        assert any(words.startswith("503") for words in people.refusals)
        with psycopg.connect(url) as connection:
            kept = connection.execute(
                "SELECT count(*) FROM handoff_handoff h WHERE id = ANY(%s) AND submitted_at"
                " IS NOT NULL AND (status = 'holding') <> EXISTS (SELECT FROM handoff_leg"
                " WHERE handoff_id = h.id AND ended_at IS NULL)",
                [people.answered],
            ).fetchone()
        # Each has a receiver, or waits in its pool where all of them are full.
        assert kept == (len(set(people.answered)),) == (len(people.answered),)
        said = manage(url, "verify")
        assert said.returncode == 0, said.stdout + said.stderr


def all_connections(url):
    """Idle ones, until the server has none left for anybody."""
    taken = []
    while True:
        try:
            taken.append(psycopg.connect(url))
        except psycopg.OperationalError:
            return taken


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault(
    "F10",
    "no connection left at the database",
    held="503 in words; all goes on once there are some",
)
def test_programs_go_on_once_the_server_has_a_connection_for_them(own_postgresql):
    url = own_postgresql.url
    for words in (("migrate", "--verbosity", "0"), ("demo", "--weeks", "1")):
        done = manage(url, *words)
        assert done.returncode == 0, done.stderr
    taken = all_connections(url)
    try:
        with box(DATABASE_URL=url, TIME_SCALE="1") as machine:
            machine.start("web")
            machine.start(CLOCK)
            visitor = Visitor(machine.port)
            wait_for(visitor.is_answered, UP, "the web does not answer")
            assert visitor.ask("GET", "/readyz/")[0] == 503
            # The form itself asks the database for nothing.
            assert visitor.ask("GET", "/login/")[0] == 200
            assert visitor.send("/login/", {"username": SDR, "password": PASSWORD})[0] == 503
            machine.wait_until_said(CLOCK, "loop failed")
            while taken:
                taken.pop().close()
            freed = time.monotonic()
            visitor.sign_in(SDR, password=PASSWORD)
            handed_off = visitor.hand_off(answers())
            with psycopg.connect(url) as connection:
                connection.autocommit = True
                ticks = "SELECT count(*) FROM core_heartbeat"
                wait_for(lambda: connection.execute(ticks).fetchone() != (0,), UP, "nothing ticks")
                found = connection.execute(
                    "SELECT submitted_at IS NOT NULL FROM handoff_handoff WHERE id = %s",
                    [handed_off],
                ).fetchone()
            recovery.note(time.monotonic() - freed)
            assert found == (True,)
            assert all(program.poll() is None for program in machine.running.values())
    finally:
        for one in taken:
            one.close()
