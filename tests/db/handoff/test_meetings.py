from datetime import datetime, timedelta

import pytest

from handoff.models import Handoff, HandoffType
from handoff.services import (
    accept_handoff,
    create_draft,
    reassign_handoff,
    remind_of_meetings,
    save_draft,
    submit_handoff,
)
from notify.models import Message
from sla.models import Clock
from sla.rules.errors import ClockNotPausable
from sla.services import pause_clock
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world():
    world = make_world(preset="temperatures")
    HandoffType.objects.filter(key="meeting_set").update(is_active=True)
    world.type = HandoffType.objects.get(key="meeting_set")
    return world


def meeting(at: datetime, **changes):
    basics = answers(**changes)
    kept = {k: v for k, v in basics.items() if k.startswith(("company", "contact"))}
    return kept | {
        "meeting_at": f"{at:%Y-%m-%dT%H:%M}[UTC]",
        "meeting_type": "Phone",
        "attendees": "Ana and her deputy",
        "topics": "Proof of delivery",
        "pains": ["Paper job sheets"],
    }


def draft(world, at, now=NOW):
    return create_draft(type=world.type, answers=meeting(at), by=world.sdr, now=now)


def hand_off_clock(row):
    return Clock.objects.get(handoff_clock__handoff=row, handoff_clock__is_current=True)


def test_meeting_draft_is_due_a_day_before_the_meeting(world):
    row = draft(world, NOW + 5 * DAY)
    clock = hand_off_clock(row)
    assert (clock.kind, clock.due_at) == ("hand_off", NOW + 4 * DAY)
    assert Handoff.objects.get(pk=row.pk).next_due_at == NOW + 4 * DAY


def test_meeting_within_a_day_leaves_a_quarter_of_an_hour(world):
    clock = hand_off_clock(draft(world, NOW + timedelta(hours=5)))
    assert clock.due_at == NOW + timedelta(minutes=15)


def test_moving_the_meeting_times_the_clock_anew_from_the_same_start(world):
    row = draft(world, NOW + 5 * DAY)
    first = hand_off_clock(row)
    later = NOW + timedelta(hours=1)
    save_draft(row, answers=row.answers | meeting(NOW + 8 * DAY), by=world.sdr, now=later)
    clock = hand_off_clock(row)
    assert clock.due_at == NOW + 7 * DAY
    assert (clock.replaces_id, clock.started_at) == (first.pk, first.started_at)
    first.refresh_from_db()
    assert (first.state, first.breached_at) == ("cancelled", None)
    assert Handoff.objects.get(pk=row.pk).next_due_at == clock.due_at


def test_pausing_a_clock_with_an_agreed_time_is_refused(world):
    clock = hand_off_clock(draft(world, NOW + 5 * DAY))
    with pytest.raises(ClockNotPausable, match="move the meeting"):
        pause_clock(clock=clock, starts_at=NOW, reason="Wait", by_id=None, now=NOW)


def told(row):
    return list(
        Message.objects.filter(kind="meeting", channel="inbox").values_list("recipient", flat=True)
    )


def test_receiver_is_reminded_once_within_a_day(world):
    row = draft(world, NOW + 3 * DAY)
    submit_handoff(row, by=world.sdr, now=NOW)
    receiver = world.receiver_of(row)
    accept_handoff(row, by=receiver, now=NOW + timedelta(minutes=5))
    assert remind_of_meetings(NOW + DAY) == 0
    soon = NOW + 2 * DAY + timedelta(minutes=1)
    assert remind_of_meetings(soon) == 1
    assert remind_of_meetings(soon) == 0
    assert told(row) == [receiver.pk]


def test_reminder_that_fails_does_not_keep_the_next_ones_waiting(world):
    rows = [draft(world, NOW + 3 * DAY + timedelta(minutes=n)) for n in range(2)]
    for row in rows:
        submit_handoff(row, by=world.sdr, now=NOW)
    bad, good = rows
    receiver = world.receiver_of(good)
    bad.legs.update(ended_at=NOW, ended_as="reassigned")
    soon = NOW + 2 * DAY + timedelta(hours=1)
    assert remind_of_meetings(soon) == 1
    assert told(good) == [receiver.pk]


def test_next_receiver_is_reminded_too(world):
    row = draft(world, NOW + 3 * DAY)
    submit_handoff(row, by=world.sdr, now=NOW)
    soon = NOW + 2 * DAY + timedelta(minutes=1)
    remind_of_meetings(soon)
    other = next(ae for ae in world.aes if ae != world.receiver_of(row))
    fresh = Handoff.objects.get(pk=row.pk)
    reassign_handoff(fresh, to=other, reason="manager", note="Closer", by=world.manager, now=soon)
    remind_of_meetings(soon + timedelta(hours=2))
    assert told(row)[-1] == other.pk
