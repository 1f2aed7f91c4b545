"""No room on the disk: writes are refused in words, pages are read, and nothing is left half."""

import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from accounts.choices import Role
from core.loops import database_now
from handoff.management.story.cast import PASSWORD, PEOPLE
from handoff.models import Handoff
from tests.factories.handoff import answers, make_world, only_accept
from tests.support import recovery
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.disk import database_on, small_disk
from tests.support.hours import work_always
from tests.support.processes import manage
from tests.support.servers import wait_for
from tests.support.visitor import NotAnswered, Visitor, with_real_password

pytestmark = [
    pytest.mark.deep,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TARGET = timedelta(minutes=5)
UP = 120
HEALED = 60
# So many writes may find room in what the files have already.
MOST_WRITES = 500
MORE_ROOM = 96 * 1024 * 1024
SDR = next(person.email for person in PEOPLE if person.role is Role.SDR)
FULL = "The disk that holds the database is full."


@pytest.fixture
def world(transactional_db, settings):
    made = make_world(preset="inbound")
    only_accept()
    work_always()
    with_real_password(made.sdr, settings)
    return made


def hand_off_until_refused(visitor):
    """The handoffs that were promised before one was refused, and the refusal."""
    promised = []
    for _ in range(MOST_WRITES):
        try:
            promised.append(visitor.hand_off(answers()))
        except NotAnswered as refusal:
            return promised, str(refusal)
    raise AssertionError("nothing was refused")


@pytest.mark.sqlite
@pytest.mark.fault(
    "F16",
    "no room on the disk",
    held="503 in words, pages are read, nothing half",
)
def test_full_disk_refuses_writes_in_words_and_leaves_nothing_half(world):
    with small_disk() as disk, database_on(disk.folder) as file, box() as machine:
        machine.start("web")
        visitor = Visitor(machine.port)
        wait_for(visitor.is_answered, UP, "the web does not answer")
        visitor.sign_in(world.sdr.email)
        late = world.submitted(now=database_now() - TARGET)
        # No other program has the database open: what a reader needs, the web must have kept.
        connection.close()

        disk.fill()
        promised, refusal = hand_off_until_refused(visitor)
        assert refusal.startswith("503")
        assert FULL in visitor.read.decode()
        for path in ("/handoffs/", f"/handoffs/{late.pk}/", "/inbox/"):
            for _ in range(5):
                assert visitor.ask("GET", path)[0] == 200, (path, visitor.read)
        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "loop failed")
        assert disk.is_full

        disk.free()
        healed_at = time.monotonic()
        promised.append(visitor.hand_off(answers()))
        wait_for(lambda: late.events.filter(kind="breached").exists(), HEALED, "no breach")
        wait_until_caught_up()
        recovery.note(time.monotonic() - healed_at)
        with closing(sqlite3.connect(file)) as looking:
            assert looking.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        kept = Handoff.objects.exclude(pk=late.pk)
        assert set(kept.values_list("pk", flat=True)) == set(promised)


@pytest.mark.postgresql
@pytest.mark.fault(
    "F16",
    "no room on the disk",
    held="503 in words, pages are read, nothing half",
)
def test_full_disk_of_a_server_refuses_writes_in_words_and_leaves_nothing_half(own_postgresql):
    # Of the tables alone: without room for its log the server ends, which is F9 and F10.
    with small_disk(MORE_ROOM) as disk:
        url = own_postgresql.create_database_on(disk.folder)
        for words in (("migrate", "--verbosity", "0"), ("demo", "--weeks", "1")):
            done = manage(url, *words)
            assert done.returncode == 0, done.stderr
        with box(DATABASE_URL=url, TIME_SCALE="1") as machine:
            machine.start("web")
            visitor = Visitor(machine.port)
            wait_for(visitor.is_answered, UP, "the web does not answer")
            visitor.sign_in(SDR, password=PASSWORD)

            disk.fill()
            promised, refusal = hand_off_until_refused(visitor)
            assert refusal.startswith("503")
            assert FULL in visitor.read.decode()
            for path in ("/handoffs/", "/inbox/"):
                for _ in range(5):
                    assert visitor.ask("GET", path)[0] == 200, (path, visitor.read)
            assert disk.is_full

            disk.free()
            healed_at = time.monotonic()
            promised.append(visitor.hand_off(answers()))
            recovery.note(time.monotonic() - healed_at)
        said = manage(url, "verify")
        assert said.returncode == 0, said.stdout + said.stderr
        with psycopg.connect(url) as looking:
            kept = looking.execute(
                "SELECT count(*) FROM handoff_handoff WHERE id = ANY(%s)"
                " AND submitted_at IS NOT NULL",
                [promised],
            ).fetchone()
        assert kept == (len(promised),)
