"""The buyer's wait as the page of a handoff says it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from handoff.models import Handoff
from handoff.selectors.wait_lines import wait_lines
from handoff.services import (
    extend_clock,
    log_touch,
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    start_fix,
    submit_handoff,
)
from routing.models import Member
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(preset="temperatures")


def told(lines):
    return [(line.who, line.what, line.words) for line in lines.lines]


def again(world, row, *, now):
    """Rejected, and handed off once more a second after; to somebody else than the first time."""
    receiver = world.receiver_of(row)
    reject_handoff(row, reason="no_budget", by=receiver, now=now)
    fix = start_fix(row, by=world.sdr, now=now)
    Member.objects.filter(user=receiver).update(is_active=False)
    return submit_handoff(fix, by=world.sdr, now=now + timedelta(seconds=1))


def test_wait_lines_name_who_had_it_and_add_up_to_the_second(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    pause_clocks(row, kind="contact", reason="At a fair", by=world.manager, now=NOW + HOUR)
    now = NOW + 23 * HOUR + timedelta(minutes=1, milliseconds=5_600)
    (own,) = wait_lines(row, world.manager, now=now)
    assert told(own) == [
        (receiver.name, "since Tue 10:00", "1 h"),
        ("Paused", "At a fair", "6 h 1 min 5 s"),
        ("Closed hours", "nights, weekends and holidays", "16 h"),
    ]
    assert (own.words, own.span) == (
        "23 h 1 min 5 s",
        "Since Tue 10:00, and the buyer still waits",
    )
    assert own.hours == "Closed hours are those of the calendar \u201cOffice hours\u201d."
    assert sum(line.seconds for line in own.lines) == own.seconds
    assert sum(line.width for line in own.lines) == pytest.approx(100, abs=0.01)


def test_wait_lines_tell_a_short_share_from_none(world):
    row = world.submitted()
    now = NOW + HOUR
    log_touch(row, kind="call", occurred_at=now, text="Hi", by=world.receiver_of(row), now=now)
    (own,) = wait_lines(row, world.sdr, now=NOW + 9 * HOUR)
    assert own.span == "From 10:00 to the first contact, 11:00"
    assert [line.percent for line in own.lines] == ["100 %"]


def test_wait_lines_of_a_chain_keep_the_names_of_handoffs_that_the_reader_may_not_open(world):
    row = world.submitted()
    first = world.receiver_of(row)
    half = NOW + HOUR / 2
    extend_clock(row, kind="contact", until=NOW + HOUR, reason="Ill", by=world.manager, now=half)
    second = again(world, row, now=NOW + 2 * HOUR)
    # The first one was somebody else's.
    Handoff.objects.filter(pk=row.pk).update(submitted_by=world.manager)
    receiver = User.objects.get(pk=world.receiver_of(second).pk)
    assert receiver != first
    own, chain = wait_lines(second, receiver, now=NOW + 3 * HOUR)
    assert [line.who for line in own.lines] == [receiver.name]
    assert [(line.who, line.what.split(" ")[0]) for line in chain.lines] == [
        ("A receiver", "10:00"),
        ("Paused", ""),
        ("The submitter", "answers"),
        (receiver.name, "since"),
    ]
    _, seen = wait_lines(second, world.manager, now=NOW + 3 * HOUR)
    assert [(line.who, line.what.split(" ")[0]) for line in seen.lines[:3]] == [
        (first.name, "10:00"),
        ("Paused", "Ill"),
        (world.manager.name, "answers"),
    ]
    assert [line.words for line in seen.lines] == [line.words for line in chain.lines]


def test_detail_draws_the_wait_of_the_handoff_and_of_its_chain(world, client, time_machine):
    second = again(world, world.submitted(), now=NOW + HOUR)
    time_machine.move_to(NOW + 2 * HOUR, tick=False)
    client.force_login(world.manager)
    page = client.get(reverse("handoff:detail", args=[second.pk])).content.decode()
    section = re.search(r'aria-labelledby="wait-title".*?</section>', page, re.DOTALL)[0]
    for words in ("This handoff", "The whole chain", "59 min 59 s", "2 h", world.sdr.name):
        assert words in section
    assert "style=" not in section


def test_detail_of_a_draft_has_no_wait(world, client):
    client.force_login(world.sdr)
    page = client.get(reverse("handoff:detail", args=[world.draft().pk])).content.decode()
    assert "wait-title" not in page


def test_detail_asks_as_much_for_a_handoff_with_a_long_wait(world, client, time_machine):
    row = world.submitted()
    address = reverse("handoff:detail", args=[row.pk])

    def cost():
        client.force_login(world.manager)
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    one = cost()
    for n in range(1, 5):
        to = next(ae for ae in world.aes if ae != world.receiver_of(row))
        now = NOW + n * HOUR
        reassign_handoff(row, to=to, reason="manager", note="Go", by=world.manager, now=now)
    time_machine.move_to(NOW + 500 * HOUR, tick=False)
    assert cost() <= one + 2
