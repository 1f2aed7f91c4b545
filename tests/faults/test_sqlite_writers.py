"""Many writers and a long reader at one SQLite file: no page hears of a lock."""

import threading

import pytest

from core.loops import database_now
from handoff.models import Event, Handoff
from tests.factories.handoff import answers, make_world, only_accept
from tests.support import handoff_racers
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.race import race
from tests.support.servers import wait_for
from tests.support.visitor import Visitor, with_real_password

pytestmark = [
    pytest.mark.deep,
    pytest.mark.sqlite,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

UP = 120
WRITERS = 8
EACH = 8


class Race(threading.Thread):
    """The writers and the reader, beside the test."""

    def __init__(self, arguments):
        super().__init__()
        self.arguments = arguments
        self.results = None

    def run(self):
        self.results = race(handoff_racers.write_or_read, self.arguments)


@pytest.mark.fault(
    "F18",
    "eight processes write, one reads long",
    held="no page hears of a lock",
)
def test_writers_and_a_long_reader_are_not_noticed_by_who_works_with_the_pages(
    transactional_db, settings
):
    world = make_world(preset="inbound", receivers=3)
    only_accept()
    work_always()
    with_real_password(world.sdr, settings)
    now = database_now()
    writers = [("write", world.sdr.pk, EACH, f"w{n}x", now) for n in range(WRITERS)]
    with box() as machine:
        machine.start("web")
        machine.start(CLOCK)
        visitor = Visitor(machine.port)
        wait_for(visitor.is_answered, UP, "the web does not answer")
        visitor.sign_in(world.sdr.email)
        others = Race([*writers, ("read", world.sdr.pk, 0, "", now)])
        others.start()
        handed_off = []
        while others.is_alive():
            handed_off.append(visitor.hand_off(answers()))
            assert visitor.ask("GET", "/handoffs/")[0] == 200
        others.join()
        assert others.results is not None, "the writers failed"
        wait_until_caught_up()
        for label in ("web", CLOCK):
            assert "locked" not in machine.said(label)
    *written, (before, after) = others.results
    # The reader saw one moment all the while, and others wrote in it.
    assert before == after < Event.objects.count() - WRITERS * EACH
    made = {pk for pks in written for pk in pks} | set(handed_off)
    assert set(Handoff.objects.filter(status="pending").values_list("pk", flat=True)) == made
    assert handed_off
