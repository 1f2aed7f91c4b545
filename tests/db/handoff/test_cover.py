"""Cover: a buyer whose contact falls due in somebody's time off hears from somebody else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import add_time_off, pause_user
from handoff.choices import EventKind, LegEnd, Status, TransferReason
from handoff.selectors.absence import left_alone
from handoff.services import accept_handoff, apply_cover, log_touch, reassign_handoff
from notify.models import Message
from routing.choices import TurnKind
from routing.models import Load
from routing.services import set_backup, set_capacity
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def world(db):
    return make_world(receivers=3)


def live(row):
    return row.legs.get(ended_at=None)


def away(world, user, *, starts_at=NOW + HOUR, days=7):
    return add_time_off(
        user=user, starts_at=starts_at, ends_at=starts_at + days * DAY, by=world.admin, now=NOW
    )


def with_backup(world, user):
    backup = world.pool.members.exclude(user=user).order_by("-pk").first()
    set_backup(member=world.pool.members.get(user=user), backup=backup, by=None, now=NOW)
    return backup.user


@pytest.mark.parametrize("is_accepted", [True, False])
def test_cover_passes_a_lead_to_the_backup_when_time_off_starts(world, is_accepted):
    row = world.submitted()
    first = live(row)
    backup = with_backup(world, first.receiver)
    if is_accepted:
        accept_handoff(row, by=first.receiver, now=NOW)
    row.refresh_from_db()
    frozen = row.freeze_until
    span = away(world, first.receiver)
    assert apply_cover(span.starts_at - timedelta(seconds=1)) == 0
    assert apply_cover(span.starts_at) == 1
    row.refresh_from_db()
    first.refresh_from_db()
    assert (first.ended_as, row.status, row.owner) == (LegEnd.COVERED, Status.PENDING, backup)
    assert live(row).turn.kind == TurnKind.COVER
    assert row.transfers.last().reason == TransferReason.COVER
    assert row.freeze_until == frozen
    accept_handoff(row, by=backup, now=span.starts_at + HOUR)
    row.refresh_from_db()
    assert row.freeze_until == (frozen or span.starts_at + HOUR + 30 * DAY)
    assert row.events.get(kind=EventKind.COVERED).data["time_off"] == span.pk
    assert Load.objects.get(user=first.receiver).open_count == 0
    assert Load.objects.get(user=backup).open_count == 1
    assert apply_cover(span.starts_at + HOUR) == 0


def test_cover_without_a_backup_takes_the_normal_pick(world):
    row = world.submitted()
    first = live(row).receiver
    away(world, first)
    assert apply_cover(NOW + HOUR) == 1
    assert live(row).receiver != first
    assert live(row).turn.kind == TurnKind.ROTATION


@pytest.mark.parametrize("obstacle", ["full", "away", "paused"])
def test_cover_with_a_backup_who_is_not_eligible_takes_the_normal_pick(world, obstacle):
    row = world.submitted()
    first = live(row).receiver
    backup = with_backup(world, first)
    if obstacle == "full":
        set_capacity(user=backup, capacity=0, by=world.admin, now=NOW)
    elif obstacle == "away":
        away(world, backup)
    else:
        pause_user(user=backup, by=world.admin, now=NOW)
    away(world, first)
    assert apply_cover(NOW + HOUR) == 1
    (third,) = set(world.aes) - {first, backup}
    assert live(row).receiver == third
    assert live(row).turn.kind == TurnKind.ROTATION


def test_cover_leaves_what_can_wait(world):
    short = world.submitted()
    contacted = world.submitted()
    for row in (short, contacted):
        accept_handoff(row, by=live(row).receiver, now=NOW)
    log_touch(contacted, kind="call", occurred_at=NOW, by=live(contacted).receiver, now=NOW)
    # Back before the contact of the one is due; the other has had its contact.
    away(world, live(short).receiver, days=0.1)
    away(world, live(contacted).receiver)
    assert apply_cover(NOW + HOUR) == 0
    assert short.legs.count() == contacted.legs.count() == 1


def test_cover_with_nobody_changes_nothing_to_find_that_out(world):
    row = world.submitted()
    away(world, live(row).receiver)
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    apply_cover(NOW + HOUR)
    with CaptureQueriesContext(connection) as asked:
        assert apply_cover(NOW + HOUR) == 0
    assert not [one["sql"] for one in asked if one["sql"].startswith("UPDATE")]


def test_cover_with_nobody_tells_the_manager_once_and_goes_on_trying(world):
    row = world.submitted()
    first = live(row).receiver
    others = [ae for ae in world.aes if ae != first]
    for ae in others:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    away(world, first)
    for minute in range(3):
        assert apply_cover(NOW + HOUR + timedelta(minutes=minute)) == 0
    told = Message.objects.filter(kind="uncovered", channel="inbox")
    assert [one.recipient for one in told] == [world.manager]
    assert live(row).receiver == first
    assert live(row).clocks.get(is_current=True).clock.state == "running"
    set_capacity(user=others[0], capacity=1, by=world.admin, now=NOW)
    assert apply_cover(NOW + 2 * HOUR) == 1
    assert live(row).receiver == others[0]


def test_cover_leaves_what_a_manager_gave_to_who_is_away(world):
    row = world.submitted()
    to = next(ae for ae in world.aes if ae != live(row).receiver)
    away(world, to, starts_at=NOW)
    reassign_handoff(
        row, to=to, reason="manager", note="Back for this", by=world.manager, now=NOW + HOUR
    )
    assert apply_cover(NOW + HOUR) == 0


def test_cover_reads_batch_by_batch(world, monkeypatch):
    monkeypatch.setattr("handoff.services.cover.BATCH", 1)
    rows = [world.submitted() for _ in range(6)]
    gone = world.aes[0]
    away(world, gone)
    mine = [row.pk for row in rows if live(row).receiver == gone]
    assert left_alone(now=NOW + HOUR, after=0, limit=9) == mine
    assert apply_cover(NOW + HOUR) == len(mine) == 2
