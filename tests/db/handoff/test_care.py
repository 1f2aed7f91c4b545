"""More time, pauses and acknowledgements, as managers give them."""

from datetime import timedelta

import pytest

from core.errors import NotPermitted, NotVisible
from handoff.choices import EventKind
from handoff.errors import CareRefused, HandoffNotOpen, NoSuchClock, StaleVersion
from handoff.models import Handoff
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    extend_clock,
    pause_clocks,
    resume_clocks,
    withdraw_handoff,
)
from sla.models import Clock, Escalation, Pause
from sla.rules.errors import ClockNotLate
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def row(world):
    """Accepted, so that only the buyer's clock runs: due at this time tomorrow."""
    made = world.submitted()
    return accept_handoff(made, by=made.owner, now=NOW)


def contact(row):
    return Clock.objects.get(handoff_clock__handoff=row, kind="contact")


def problems(refused):
    return [(one.field, one.code) for one in refused.value.problems]


def extend(world, row, **changes):
    given = {"kind": "contact", "until": NOW + 2 * HOUR, "reason": "Buyer asked", "now": NOW}
    return extend_clock(row, **({"by": world.manager} | given | changes))


def test_extend_moves_due_and_what_the_handoff_shows(world, row):
    before = contact(row).due_at
    extend(world, row, version=row.version)
    clock = contact(row)
    assert (clock.state, clock.due_at) == ("running", before + 2 * HOUR)
    row.refresh_from_db()
    assert row.next_due_at == clock.due_at
    event = row.events.get(kind=EventKind.EXTENDED)
    assert event.data["clock_kind"] == "contact"
    assert Pause.objects.get().reason == "Buyer asked"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "accept"}, ("kind", "not_pausable")),
        ({"kind": "nothing"}, ("kind", "invalid_choice")),
        ({"reason": " "}, ("reason", "required")),
        ({"reason": "a\0"}, ("reason", "invalid_characters")),
        ({"reason": "a" * 201}, ("reason", "too_long")),
        ({"until": NOW}, ("until", "not_ahead")),
        ({"until": NOW + timedelta(days=400)}, ("until", "out_of_range")),
    ],
)
def test_extend_as_it_cannot_be_is_refused_by_field(world, row, changes, problem):
    with pytest.raises(CareRefused) as refused:
        extend(world, row, **changes)
    assert problems(refused) == [problem]
    assert not Pause.objects.exists()


def test_extend_of_a_clock_that_does_not_run_is_a_conflict(world, row):
    with pytest.raises(NoSuchClock):
        extend(world, row, kind="next_step")
    with pytest.raises(StaleVersion):
        extend(world, row, version=row.version - 1)
    pending = world.submitted()
    withdraw_handoff(pending, by=world.sdr, now=NOW)
    with pytest.raises(HandoffNotOpen):
        extend(world, pending)


def test_care_by_who_may_not_is_refused(world, row):
    with pytest.raises(NotPermitted):
        extend(world, row, by=row.owner)
    stranger = next(ae for ae in world.aes if ae != row.owner)
    with pytest.raises(NotVisible):
        acknowledge_late(row, kind="contact", by=stranger, now=NOW)


def test_pause_takes_the_due_time_away_until_it_is_resumed(world, row):
    before = contact(row).due_at
    pause_clocks(row, kind="contact", reason="Buyer on leave", by=world.manager, now=NOW)
    row.refresh_from_db()
    assert (contact(row).state, row.next_due_at) == ("paused", None)
    again = pause_clocks(row, kind="contact", reason="Again", by=world.manager, now=NOW + HOUR)
    assert again.version == row.version
    with pytest.raises(CareRefused) as refused:
        extend(world, row, now=NOW + HOUR)
    assert problems(refused) == [("kind", "paused")]
    resume_clocks(row, kind="contact", by=world.manager, now=NOW + 3 * HOUR)
    row.refresh_from_db()
    assert row.next_due_at == contact(row).due_at == before + 3 * HOUR
    kinds = list(row.events.order_by("seq").values_list("kind", flat=True))
    assert kinds[-2:] == [EventKind.PAUSED, EventKind.RESUMED]
    version = row.version
    assert resume_clocks(row, kind="contact", by=world.manager, now=NOW + 4 * HOUR)
    assert Handoff.objects.get(pk=row.pk).version == version


def test_extend_after_a_breach_holds_what_waits_and_keeps_the_breach(world, row):
    late = contact(row).due_at + timedelta(minutes=1)
    extend(world, row, now=late, until=late + HOUR)
    clock = contact(row)
    assert clock.breached_at == clock.due_at
    alert = Escalation.objects.get(clock=clock, step__action="alert_manager")
    assert alert.not_before == late + HOUR


def test_acknowledge_late_leaves_who_and_until_when(world, row):
    with pytest.raises(ClockNotLate):
        acknowledge_late(row, kind="contact", by=world.manager, now=NOW)
    late = contact(row).due_at + timedelta(minutes=1)
    made = acknowledge_late(row, kind="contact", note="I call", by=world.manager, now=late)
    assert (made.by_id, made.note) == (world.manager.pk, "I call")
    event = row.events.get(kind=EventKind.ACKNOWLEDGED)
    assert event.data["until"] == made.until.isoformat()
    with pytest.raises(CareRefused) as refused:
        acknowledge_late(row, kind="contact", note="a\0", by=world.manager, now=late)
    assert problems(refused) == [("note", "invalid_characters")]
