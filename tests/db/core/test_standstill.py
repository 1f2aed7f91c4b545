"""Nothing ticked for long: what ladders would take from people waits, until somebody has looked."""

from datetime import timedelta

import pytest
from django.urls import reverse

from core import loops
from core.errors import NotPermitted
from core.loops import Loop, Outcome, tick
from core.models import Heartbeat
from core.standstill import last_standstill, note_standstill, release
from handoff.choices import EventKind, Status
from handoff.services import apply_escalations, release_moves
from handoff.services.standstill import NothingHeld
from sla.choices import EscalationState
from sla.models import Clock, Escalation
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db(transaction=True)
GAP = timedelta(seconds=900)
SECOND = timedelta(seconds=1)


def beat(at):
    Heartbeat.objects.update_or_create(loop="some.loop", defaults={"at": at, "worker": "w"})


def sweep(now):
    fire_due_steps(now)
    while apply_escalations(now):
        pass


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=2)


@pytest.fixture
def stopped(world):
    """A lead whose receiver was to lose it while nothing ticked; the instant of the start."""
    row = world.submitted()
    beat(NOW)
    start = Clock.objects.get(kind="accept", handoff_clock__handoff=row).due_at + GAP
    note_standstill(start)
    sweep(start)
    return row, start


def test_note_standstill_of_an_installation_that_never_ticked_is_none(db):
    assert note_standstill(NOW) is None
    assert last_standstill() is None


def test_note_standstill_of_a_short_gap_is_none(db):
    beat(NOW)
    assert note_standstill(NOW + GAP) is None


def test_note_standstill_of_a_time_before_the_last_tick_is_none(db):
    beat(NOW)
    assert note_standstill(NOW - 2 * GAP) is None


def test_note_standstill_keeps_from_when_until_when(db):
    beat(NOW)
    until = NOW + GAP + SECOND
    assert note_standstill(until) == last_standstill()
    found = last_standstill()
    assert (found.since, found.until, found.held_until) == (NOW, until, until + GAP)
    assert found.holds(until)
    assert found.holds(until + GAP - SECOND)
    assert not found.holds(until + GAP)


def test_standstill_that_only_a_clock_set_on_has_made_holds_nothing_when_it_is_set_back(db):
    """Else every move would wait until the time to which the clock was set has come."""
    beat(NOW)
    found = note_standstill(NOW + timedelta(days=1))
    assert not found.holds(NOW + SECOND)
    # Loops side by side read the time a little apart.
    assert found.holds(found.until - SECOND)


def test_tick_notes_a_standstill_before_it_works(db, monkeypatch):
    beat(NOW)
    monkeypatch.setattr(loops, "database_now", lambda using="default": NOW + 2 * GAP)
    seen = []

    def run(now):
        seen.append(last_standstill().holds(now))
        return 0

    assert tick(Loop("test.standstill", timedelta(seconds=1), run)).outcome is Outcome.DONE
    assert seen == [True]


def test_moves_after_a_standstill_wait_and_breaches_and_alerts_do_not(stopped, world):
    row, start = stopped
    row.refresh_from_db()
    assert row.status == Status.PENDING
    kinds = set(row.events.filter(escalation__isnull=False).values_list("kind", flat=True))
    assert {EventKind.BREACHED, EventKind.ALERTED} <= kinds
    move = Escalation.objects.get(step__action="reassign")
    assert (move.state, move.not_before, move.attempts) == (
        EscalationState.PENDING,
        start + GAP,
        0,
    )
    had_it = row.owner
    sweep(start + GAP)
    row.refresh_from_db()
    assert row.owner != had_it


def test_release_moves_lets_them_go_on_at_once_and_keeps_who(stopped, world):
    row, start = stopped
    had_it = row.owner
    later = start + 10 * SECOND
    with pytest.raises(NotPermitted):
        release_moves(by=world.manager, now=later)
    release_moves(by=world.admin, now=later)
    sweep(later)
    row.refresh_from_db()
    assert row.owner != had_it
    found = last_standstill()
    assert (found.released_at, found.released_by) == (later, world.admin.pk)
    with pytest.raises(NothingHeld):
        release_moves(by=world.admin, now=later)


def test_release_after_the_hold_is_over_changes_nothing(stopped, world):
    _, start = stopped
    assert release(by_id=world.admin.pk, now=start + GAP) is None
    assert last_standstill().released_at is None


def test_health_page_offers_to_let_moves_go_on(stopped, world, client, time_machine):
    _, start = stopped
    time_machine.move_to(start + SECOND, tick=False)
    client.force_login(world.admin)
    assert "Let leads be moved now" in client.get(reverse("health")).content.decode()
    client.force_login(world.manager)
    assert "Handoff stood still from" in client.get(reverse("handoff:late")).content.decode()
    client.force_login(world.admin)
    assert client.post(reverse("health_release")).url == reverse("health")
    shown = client.get(reverse("health")).content.decode()
    assert "Let leads be moved now" not in shown
    assert "Moves were let go on at" in shown
