"""Whatever is planted in the tables behind the services' back is found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from core import triggers
from core.loops import database_now
from handoff.management.commands.verify import one_moment
from handoff.models import Event, Handoff, HandoffClock
from handoff.selectors.verify import findings
from handoff.services import (
    accept_handoff,
    extend_clock,
    log_touch,
    pause_clocks,
    reject_handoff,
    return_handoff,
)
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def ids(db):
    """A handoff in several states, with nothing wrong, by names for the statements below."""
    world = make_world(preset="temperatures")
    rows = {name: world.submitted() for name in ("pending", "accepted", "reached", "rejected")}
    late, paused, returned = world.submitted(), world.submitted(), world.submitted()
    for name in ("accepted", "reached"):
        accept_handoff(rows[name], by=rows[name].owner, now=NOW)
    reached = rows["reached"]
    log_touch(reached, kind="call", occurred_at=NOW, by=world.receiver_of(reached), now=NOW)
    reject_handoff(rows["rejected"], reason="no_budget", by=rows["rejected"].owner, now=NOW)
    pause_clocks(paused, kind="contact", reason="On a trip.", by=world.manager, now=NOW)
    until = NOW + HOUR
    extend_clock(late, kind="contact", until=until, reason="Trip.", by=world.manager, now=NOW)
    draft = return_handoff(returned, note="Left.", by=returned.owner, now=NOW)
    gone = world.person("Gone Person", "ae")
    rows |= {"late": late, "paused": paused, "returned": returned, "draft": draft, "gone": gone}
    assert list(findings(NOW)) == []
    return {name: row.pk for name, row in rows.items()} | {
        f"{name}_{link.kind}": link.clock_id
        for name, row in rows.items()
        if name != "gone"
        for link in HandoffClock.objects.filter(handoff=row, is_current=True)
    }


def sql(moment):
    return moment.strftime("'%Y-%m-%d %H:%M:%S+00:00'")


LATER = sql(NOW + 2 * HOUR)
STOP = f"state = 'cancelled', cancelled_at = {sql(NOW)}"
PLANTED = [
    ("owners", "UPDATE accounts_user SET is_active = false WHERE id = (SELECT owner_id FROM "
               "handoff_handoff WHERE id = {pending})"),
    ("owners", "UPDATE handoff_handoff SET owner_id = {gone} WHERE id = {accepted}"),
    ("legs", "UPDATE handoff_handoff SET owner_id = {gone} WHERE id = {accepted}"),
    ("legs", f"UPDATE handoff_leg SET ended_at = {LATER}, ended_as = 'closed' "
             "WHERE handoff_id = {pending}"),
    ("legs", "UPDATE handoff_leg SET ended_at = NULL, ended_as = '' WHERE handoff_id = {rejected}"),
    ("legs", f"UPDATE handoff_leg SET accepted_at = {LATER} WHERE handoff_id = {{pending}}"),
    ("legs", "UPDATE handoff_leg SET accepted_at = NULL WHERE handoff_id = {accepted}"),
    ("ledgers", "UPDATE handoff_leg SET receiver_id = {gone} WHERE handoff_id = {pending}"),
    ("ledgers", "UPDATE routing_load SET open_count = open_count + 1"),
    ("ledgers", f"UPDATE handoff_leg SET contacted_at = {LATER} WHERE handoff_id = {{pending}}"),
    ("ledgers", "UPDATE routing_pool SET sequence = sequence + 1"),
    ("counts", "UPDATE routing_load SET day_count = day_count + 1"),
    ("counts", "UPDATE routing_load SET week_count = week_count + 1"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{pending_accept}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{pending_contact}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{accepted_next_step}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{pending_contact_leg}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{accepted_booking}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{pending_second_meeting}}"),
    ("clocks", f"UPDATE sla_clock SET {STOP} WHERE id = {{rejected_hand_off}}"),
    ("clocks", "UPDATE sla_clock SET state = 'running', cancelled_at = NULL "
               "WHERE id = {rejected_contact}"),
    ("clocks", "UPDATE handoff_handoffclock SET is_current = false "
               "WHERE clock_id = {pending_contact}"),
    ("clocks", "DELETE FROM handoff_handoffclock WHERE clock_id = {pending_contact}"),
    ("pauses", "UPDATE sla_clock SET state = 'running' WHERE id = {paused_contact}"),
    ("pauses", "UPDATE sla_clock SET state = 'paused' WHERE id = {pending_contact}"),
    ("pauses", "INSERT INTO sla_pause (clock_id, starts_at, ends_at, reason) "
               f"SELECT clock_id, starts_at, {LATER}, 'twice' FROM sla_pause "
               "WHERE clock_id = {late_contact}"),
    ("pauses", "UPDATE sla_clock SET next_step_at = NULL WHERE id = {pending_contact}"),
    ("breaches", f"UPDATE sla_clock SET breached_at = {LATER}, detected_at = {LATER} "
                 "WHERE id = {pending_contact}"),
    ("breaches", "UPDATE sla_clock SET met_at = '2027-01-01 00:00:00+00:00' "
                 "WHERE id = {reached_contact}"),
    ("steps", "UPDATE sla_clock SET fired = fired + 1 WHERE id = {pending_contact}"),
    ("due times", "UPDATE handoff_handoff SET next_due_at = NULL WHERE id = {pending}"),
    ("due times", "UPDATE sla_clock SET due_at = '2027-01-01 00:00:00+00:00' "
                  "WHERE id = {pending_accept}"),
    ("events", "UPDATE handoff_handoff SET temperature = 'hot' WHERE id = {draft}"),
    ("events", "UPDATE handoff_handoff SET version = version + 1 WHERE id = {pending}"),
    ("events", "DELETE FROM handoff_event WHERE handoff_id = {pending} AND seq = 2"),
    ("events", "DELETE FROM handoff_event WHERE handoff_id = {accepted} AND kind = 'accepted'"),
    ("events", "DELETE FROM handoff_event WHERE handoff_id = {draft}"),
    ("contacts", "DELETE FROM handoff_touch WHERE handoff_id = {reached}"),
    ("contacts", "UPDATE handoff_handoff SET first_contact_at = NULL, contact_seconds = NULL "
                 "WHERE id = {reached}"),
    ("waits", f"UPDATE sla_clock SET started_at = {sql(NOW + timedelta(seconds=1))} "
              "WHERE id = {pending_contact}"),
    ("drafts", "UPDATE handoff_leg SET handoff_id = {draft} WHERE handoff_id = {returned}"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "statement"), PLANTED)
def test_what_is_planted_is_found(ids, check, statement):
    with triggers.suspended(), connection.cursor() as cursor:
        cursor.execute(statement.format(**ids))
        assert cursor.rowcount >= 1
    assert check in {found.check for found in findings(NOW)}


WAITS = [
    # Two receivers at once, from the second one's assignment on.
    f"UPDATE handoff_leg SET ended_at = {LATER} WHERE ended_as = 'conflict'",
    # Paused twice at once: the clock takes the same hour off two times.
    "INSERT INTO sla_pause (clock_id, starts_at, ends_at, reason) "
    f"SELECT clock_id, starts_at, {LATER}, 'twice' FROM sla_pause",
]


@pytest.mark.parametrize("statement", WAITS)
def test_wait_whose_parts_disagree_is_found(db, statement):
    world = make_world(preset="temperatures")
    row = world.submitted()
    reject_handoff(row, reason="conflict", by=row.owner, now=NOW + HOUR / 2)
    until, after = NOW + HOUR, NOW + 2 * HOUR
    extend_clock(
        row, kind="contact", until=until, reason="Trip.", by=world.manager, now=NOW + HOUR / 2
    )
    assert [found for found in findings(after) if found.check == "waits"] == []
    with triggers.suspended(), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1
    found = [found.text for found in findings(after) if found.check == "waits"]
    assert len(found) == 1
    assert f"handoff {row.pk}" in found[0]


def test_clock_that_no_sweep_has_seen_and_work_left_undone_are_found(ids):
    at = NOW + timedelta(days=9)
    assert {found.check for found in findings(at)} == {"breaches"}
    while fire_due_steps(at):
        pass
    assert list(findings(at)) == []
    assert {found.check for found in findings(at, moving=False)} == {"caught up"}


def test_what_is_written_meanwhile_is_no_finding(transactional_db):
    world = make_world()
    row = world.submitted()
    with one_moment():
        assert list(findings(NOW)) == []
        before = Event.objects.count()
        with ThreadPoolExecutor(1) as other:
            other.submit(_accept_and_close, row, row.owner).result()
        assert Event.objects.count() == before
        assert Handoff.objects.get(pk=row.pk).status == "pending"
        assert list(findings(NOW)) == []
    assert Handoff.objects.get(pk=row.pk).status == "accepted"
    while fire_due_steps(database_now()):
        pass
    call_command("verify", stdout=StringIO())


def _accept_and_close(row, by):
    try:
        accept_handoff(row, by=by, now=NOW)
    finally:
        connection.close()
