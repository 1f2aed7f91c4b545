"""Meetings that are planned, moved, missed, held, and introductions before the handoff."""

from datetime import timedelta

import pytest
from django.urls import reverse

from handoff.choices import EventKind
from handoff.errors import MeetingRefused, NoSuchMeeting, TouchRefused
from handoff.models import Handoff, Meeting
from handoff.selectors.verify import findings
from handoff.services import (
    accept_handoff,
    drop_meeting,
    hold_meeting,
    introduce_live,
    log_touch,
    move_meeting,
    submit_handoff,
    take_back_introduction,
)
from routing.models import Load, Turn
from routing.services import set_capacity
from sla.models import Clock
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world():
    return make_world(receivers=3, preset="temperatures")


@pytest.fixture
def row(world):
    row = world.submitted()
    return accept_handoff(row, by=world.receiver_of(row), now=NOW)


@pytest.fixture
def booked(world, row):
    log_touch(
        row,
        kind="meeting_booked",
        occurred_at=NOW,
        meeting_at=NOW + DAY,
        by=world.receiver_of(row),
        now=NOW,
    )
    return row.meetings.get()


def test_booked_meeting_is_kept_once_with_its_receiver(world, row, booked):
    assert (booked.state, booked.starts_at) == ("booked", NOW + DAY)
    assert booked.receiver == world.receiver_of(row)
    touched = row.events.get(kind=EventKind.TOUCHED)
    assert touched.data["meeting"] == booked.pk
    log_touch(
        row,
        kind="meeting_booked",
        occurred_at=NOW,
        meeting_at=NOW + DAY,
        by=world.receiver_of(row),
        now=NOW + MINUTE,
    )
    assert row.meetings.count() == 1


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW, "in_past"),
        (NOW + 367 * DAY, "too_far"),
        ((NOW + DAY).replace(tzinfo=None), "no_zone"),
    ],
)
def test_meeting_is_not_booked_for_a_time_that_cannot_be(world, row, at, code):
    with pytest.raises(TouchRefused) as refusal:
        log_touch(
            row,
            kind="meeting_booked",
            occurred_at=NOW,
            meeting_at=at,
            by=world.receiver_of(row),
            now=NOW,
        )
    assert [(one.field, one.code) for one in refusal.value.problems] == [("meeting_at", code)]
    assert not Meeting.objects.exists()


def test_held_meeting_is_the_planned_one_though_it_began_late(world, row, booked):
    at = NOW + DAY + HOUR
    log_touch(row, kind="meeting_held", occurred_at=at, by=world.receiver_of(row), now=at)
    booked.refresh_from_db()
    assert (booked.state, booked.starts_at, booked.settled_at) == ("held", at, at)
    assert row.meetings.count() == 1


def test_planned_meeting_is_told_held_once_and_not_long_before_its_time(world, row, booked):
    receiver = world.receiver_of(row)
    said = {"meeting_id": booked.pk, "by": receiver}
    with pytest.raises(MeetingRefused) as refusal:
        hold_meeting(row, **said, now=NOW + HOUR)
    assert [(one.field, one.code) for one in refusal.value.problems] == [("outcome", "not_begun")]
    hold_meeting(row, **said, now=NOW + DAY + HOUR)
    booked.refresh_from_db()
    assert (booked.state, booked.starts_at) == ("held", NOW + DAY)
    with pytest.raises(NoSuchMeeting):
        hold_meeting(row, **said, now=NOW + DAY + HOUR)
    assert row.touches.filter(kind="meeting_held").count() == 1


@pytest.fixture
def booked_later(world, row, booked):
    """A second one, four hours after the first."""
    log_touch(
        row,
        kind="meeting_booked",
        occurred_at=NOW,
        meeting_at=NOW + DAY + 4 * HOUR,
        by=world.receiver_of(row),
        now=NOW,
    )
    return row.meetings.get(starts_at=NOW + DAY + 4 * HOUR)


def test_meeting_told_held_before_its_time_is_the_one_that_was_named(
    world, row, booked, booked_later
):
    at = NOW + DAY - HOUR
    hold_meeting(row, meeting_id=booked_later.pk, by=world.receiver_of(row), now=at)
    booked.refresh_from_db()
    booked_later.refresh_from_db()
    assert (booked.state, booked.starts_at) == ("booked", NOW + DAY)
    assert (booked_later.state, booked_later.starts_at) == ("held", at)


def test_meeting_held_near_one_that_was_held_is_the_one_still_planned(
    world, row, booked, booked_later
):
    receiver = world.receiver_of(row)
    hold_meeting(row, meeting_id=booked.pk, by=receiver, now=NOW + DAY)
    # The same one again, then another one, begun early.
    for at in (NOW + DAY, NOW + DAY + HOUR):
        log_touch(row, kind="meeting_held", occurred_at=at, by=receiver, now=NOW + DAY + HOUR)
    assert list(row.meetings.values_list("pk", "state", "starts_at")) == [
        (booked.pk, "held", NOW + DAY),
        (booked_later.pk, "held", NOW + DAY + HOUR),
    ]


def test_meeting_moved_is_planned_for_the_new_time(world, row, booked):
    to = NOW + 2 * DAY
    move_meeting(row, meeting_id=booked.pk, to=to, by=world.sdr, now=NOW + HOUR)
    booked.refresh_from_db()
    assert booked.starts_at == to
    event = row.events.get(kind=EventKind.MEETING_MOVED)
    assert (event.data["at"], event.by) == (to.isoformat(), world.sdr)
    with pytest.raises(MeetingRefused) as refusal:
        move_meeting(row, meeting_id=booked.pk, to=to, by=world.sdr, now=NOW + HOUR)
    assert refusal.value.problems[0].code == "taken"


def test_meeting_called_off_is_settled_and_cannot_be_settled_again(world, row, booked):
    drop_meeting(
        row, meeting_id=booked.pk, state="called_off", note="Ill", by=world.sdr, now=NOW + HOUR
    )
    booked.refresh_from_db()
    assert (booked.state, booked.note, booked.settled_by) == ("called_off", "Ill", world.sdr)
    with pytest.raises(NoSuchMeeting):
        move_meeting(row, meeting_id=booked.pk, to=NOW + DAY, by=world.sdr, now=NOW + HOUR)


@pytest.mark.parametrize(
    ("state", "after", "code"),
    [("missed", HOUR, "not_begun"), ("held", HOUR, "invalid_choice"), ("", HOUR, "invalid_choice")],
)
def test_meeting_does_not_end_as_it_cannot(world, row, booked, state, after, code):
    with pytest.raises(MeetingRefused) as refusal:
        drop_meeting(row, meeting_id=booked.pk, state=state, by=world.sdr, now=NOW + after)
    assert refusal.value.problems[0].code == code
    booked.refresh_from_db()
    assert booked.state == "booked"


def test_meeting_of_another_handoff_is_none_of_this_one(world, row, booked):
    other = world.submitted()
    with pytest.raises(NoSuchMeeting):
        drop_meeting(other, meeting_id=booked.pk, state="called_off", by=world.manager, now=NOW)


def test_page_shows_meetings_and_what_became_of_them_is_told_there(world, row, booked, client):
    client.force_login(world.receiver_of(row))
    page = client.get(reverse("handoff:detail", args=[row.pk])).content.decode()
    address = reverse("handoff:meeting", args=[row.pk, booked.pk])
    assert address in page
    row.refresh_from_db()
    refused = client.post(address, {"version": row.version, "outcome": "moved"})
    assert refused.status_code == 422
    assert "Enter the new day and time." in refused.content.decode()
    done = client.post(address, {"version": row.version, "outcome": "called_off", "note": "Ill"})
    assert done.status_code == 302
    booked.refresh_from_db()
    assert booked.state == "called_off"


def test_submitter_tells_of_a_meeting_but_not_that_it_was_held(world, row, booked, client):
    client.force_login(world.sdr)
    address = reverse("handoff:meeting", args=[row.pk, booked.pk])
    page = client.get(address).content.decode()
    assert "It is called off" in page
    assert "It was held" not in page
    row.refresh_from_db()
    refused = client.post(address, {"version": row.version, "outcome": "held"})
    assert refused.status_code == 422
    booked.refresh_from_db()
    assert booked.state == "booked"


# -- introduced live


def test_introduced_receiver_gets_the_lead_and_the_buyer_is_contacted_at_once(world):
    row = world.draft()
    who = world.aes[2]
    introduce_live(row, receiver=who, at=NOW - HOUR, by=world.sdr, now=NOW)
    submit_handoff(row, by=world.sdr, now=NOW + HOUR)
    row = Handoff.objects.get(pk=row.pk)
    assert row.owner == who
    assert Turn.objects.get(leg__handoff=row).kind == "introduced"
    assert (row.first_contact_at, row.contact_seconds) == (NOW + HOUR, 0)
    kinds = Clock.objects.filter(handoff_clock__handoff=row, state="met")
    met = {one.kind: one.met_at for one in kinds}
    assert met["contact"] == met["contact_leg"] == NOW + HOUR
    # They have still to accept it: the submitter says that they met, not that they take it.
    assert row.status == "pending"
    assert Load.objects.get(user=who).open_count == 0
    assert list(findings(NOW + HOUR)) == []


def test_meeting_held_on_the_day_of_the_introduction_is_one_of_its_own(world):
    row = world.draft()
    introduce_live(row, receiver=world.aes[2], at=NOW - HOUR, by=world.sdr, now=NOW)
    submit_handoff(row, by=world.sdr, now=NOW)
    at = NOW + 2 * HOUR
    log_touch(row, kind="meeting_held", occurred_at=at, by=world.aes[2], now=at)
    assert list(row.meetings.values_list("kind", "state", "starts_at")) == [
        ("intro_call", "held", NOW - HOUR),
        ("meeting", "held", at),
    ]


def test_introduced_receiver_who_is_not_eligible_is_passed_over_and_nothing_is_met(world):
    row = world.draft()
    who = world.aes[2]
    set_capacity(user=who, capacity=0, by=world.admin, now=NOW)
    introduce_live(row, receiver=who, at=NOW - HOUR, by=world.sdr, now=NOW)
    submit_handoff(row, by=world.sdr, now=NOW)
    row = Handoff.objects.get(pk=row.pk)
    assert row.owner in world.aes[:2]
    assert Turn.objects.get(leg__handoff=row).kind == "rotation"
    assert row.first_contact_at is None


def test_introduction_taken_back_changes_nothing_at_submission(world):
    row = world.draft()
    introduce_live(row, receiver=world.aes[2], at=NOW, by=world.sdr, now=NOW)
    take_back_introduction(row, by=world.sdr, now=NOW)
    submit_handoff(row, by=world.sdr, now=NOW)
    row = Handoff.objects.get(pk=row.pk)
    assert Turn.objects.get(leg__handoff=row).kind == "rotation"
    assert row.first_contact_at is None


def test_introduction_said_again_is_corrected(world):
    row = world.draft()
    introduce_live(row, receiver=world.aes[2], at=NOW - HOUR, by=world.sdr, now=NOW)
    introduce_live(row, receiver=world.aes[1], at=NOW, by=world.sdr, now=NOW)
    meeting = row.meetings.get()
    assert (meeting.receiver, meeting.starts_at) == (world.aes[1], NOW)


@pytest.mark.parametrize(
    ("who", "at", "field", "code"),
    [
        ("sdr", NOW, "receiver", "not_a_receiver"),
        ("ae", NOW + MINUTE, "at", "in_future"),
        ("ae", NOW - 31 * DAY, "at", "too_old"),
        ("ae", NOW.replace(tzinfo=None), "at", "no_zone"),
    ],
)
def test_introduction_that_cannot_be_is_refused(world, who, at, field, code):
    row = world.draft()
    with pytest.raises(MeetingRefused) as refusal:
        introduce_live(row, receiver=getattr(world, who), at=at, by=world.sdr, now=NOW)
    assert [(one.field, one.code) for one in refusal.value.problems] == [(field, code)]
    assert not Meeting.objects.exists()


def test_introduction_page_keeps_who_it_was(world, client):
    row = world.draft()
    client.force_login(world.sdr)
    address = reverse("handoff:introduce", args=[row.pk])
    assert "Nobody" in client.get(address).content.decode()
    row.refresh_from_db()
    said = {"version": row.version, "receiver": world.aes[1].pk, "at": ""}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert "Say when they met." in refused.content.decode()
    done = client.post(address, {**said, "at": "2026-11-17T09:00"})
    assert done.status_code == 302
    assert row.meetings.get().receiver == world.aes[1]
