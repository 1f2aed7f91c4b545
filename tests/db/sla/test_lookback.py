"""What a draft would have made of the last four weeks, read from clocks that have run."""

from datetime import timedelta

import pytest
from django.db import connection

from handoff.models import Company, HandoffClock
from handoff.selectors.facts import facts_by_clock, facts_of
from handoff.services import accept_handoff, reject_handoff, withdraw_handoff
from handoff.services.retiming import retime_clocks
from sla import lookback
from sla.impact import open_clock_ids
from sla.lookback import look_back_at_draft, look_back_at_set
from sla.models import Clock
from sla.rules.presets import PRESETS, PolicySpec
from sla.rules.retiming import Scope
from sla.rules.targets import TargetSpec
from tests.factories.handoff import NOW, make_world
from tests.factories.sla import make_always_open, publish_one

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
HOT = {"all": [{"field": "temperature", "op": "eq", "value": "hot"}]}


@pytest.fixture
def world(db):
    return make_world()


def draft(minutes=30, *, key="standard", conditions=None, position=100, kind="accept"):
    conditions = conditions or {}
    return PolicySpec(
        key=key,
        name=key,
        position=position,
        targets=(TargetSpec(kind, minutes, "elapsed_minutes"),),
        conditions=conditions,
        is_default=not conditions,
    )


def accepted(world, after, **changes):
    handoff = world.submitted(**changes)
    accept_handoff(handoff, by=world.receiver_of(handoff), now=NOW + after)
    return handoff


def look(spec=None, *, now=NOW + 2 * HOUR, calendar=None):
    return look_back_at_draft(spec or draft(), calendar=calendar, now=now)


def row(found, kind="accept"):
    return next(one.tally for one in found.rows if one.tally.kind == kind)


def test_lookback_counts_what_was_missed_and_what_would_have_been(world):
    accepted(world, HOUR / 4)
    accepted(world, HOUR)
    world.submitted()
    found = look()
    # Within half an hour: the one after an hour, and the one that still waits.
    assert (row(found).count, row(found).was_missed, row(found).would_miss) == (3, 0, 2)
    assert (found.read, found.is_cut, [one.name for one in found.rows]) == (3, False, ["Accept"])


def test_lookback_leaves_out_what_another_policy_would_take(world):
    publish_one(
        TargetSpec("accept", 5, "elapsed_minutes"), key="hot", position=10, conditions=HOT, now=NOW
    )
    world.submitted(temperature="hot")
    world.submitted()
    assert row(look()).count == 1
    assert row(look(draft(key="hot", conditions=HOT, position=10))).count == 1
    # Behind the one that takes them, another for hot leads gets none.
    assert look(draft(key="later", conditions=HOT, position=20)).count == 0


def test_lookback_counts_what_stopped_otherwise_apart(world):
    handoff = world.submitted()
    withdraw_handoff(handoff, by=world.sdr, now=NOW + HOUR)
    late = world.submitted()
    withdraw_handoff(late, by=world.sdr, now=NOW + 30 * HOUR)
    found = row(look(now=NOW + 31 * HOUR))
    assert (found.count, found.cancelled, found.cancelled_late) == (0, 2, 1)


def test_lookback_reads_clocks_of_the_last_four_weeks_only(world):
    world.submitted(now=NOW - timedelta(days=28))
    world.submitted(now=NOW - timedelta(days=28) + HOUR)
    assert row(look(now=NOW + HOUR / 2)).count == 1


def test_lookback_counts_a_clock_that_was_replaced_once(world):

    world.submitted()
    publish_one(TargetSpec("accept", 300, "working_minutes"), now=NOW)
    retime_clocks(open_clock_ids(), Scope(), world.admin, NOW)
    assert row(look()).count == 1


def test_lookback_reads_the_newest_and_says_so_where_there_are_more(world, monkeypatch):
    monkeypatch.setattr(lookback, "MOST_CLOCKS", 2)
    for n in range(3):
        world.submitted(now=NOW - n * HOUR)
    found = look()
    assert (found.read, found.is_cut, found.since) == (2, True, NOW - HOUR)


def test_lookback_at_a_set_judges_by_the_whole_set(world):
    world.submitted(temperature="hot")
    reject_handoff(
        handoff := world.submitted(),
        reason="no_budget",
        by=world.receiver_of(handoff),
        now=NOW + 2 * HOUR,
    )
    found = look_back_at_set(PRESETS["temperatures"], now=NOW + 2 * HOUR)
    # Hot within 1 h: missed by now. Warm within 4 h: decided in time.
    assert (row(found).count, row(found).would_miss) == (2, 1)
    # Both waited for their first contact; a hand-off clock has never run here.
    assert row(found, "contact").count == 1
    assert row(found, "hand_off").count == 0


def test_lookback_counts_the_buyers_clock_in_the_calendar_of_the_draft(world):
    # A day's work, from Tuesday 11:00 in Berlin: on Wednesday by office hours, else tonight.
    spec = PolicySpec(
        key="standard",
        name="Standard",
        position=100,
        targets=tuple(TargetSpec(kind, 480, "working_minutes") for kind in ("accept", "contact")),
        is_default=True,
    )
    world.submitted()
    always = make_always_open().calendar
    tonight = NOW + 9 * HOUR
    assert row(look(spec, now=tonight), "contact").would_miss == 0
    found = look(spec, now=tonight, calendar=always)
    assert row(found, "contact").would_miss == 1
    assert row(found, "accept").would_miss == 0


def test_lookback_takes_as_many_queries_for_one_as_for_many(world, django_assert_num_queries):
    world.submitted()
    with django_assert_num_queries(6):
        look()
    for _ in range(5):
        accepted(world, HOUR)
    with django_assert_num_queries(6):
        look()


def test_lookback_finds_the_newest_clocks_by_their_index(world):
    world.submitted()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sla_clock; SET LOCAL enable_seqscan = off")
    plan = lookback.newest_clocks(["accept", "contact"], since=NOW)[:10].explain()
    assert "sla_clock_started" in plan


def test_lookback_writes_nothing(world):
    world.submitted()
    before = list(Clock.objects.values())
    look()
    assert list(Clock.objects.values()) == before


def test_facts_of_many_are_those_of_each(world):
    handoff = world.submitted(temperature="cool", company__size=12)
    Company.objects.update(country="DE", industry="Mining")
    links = HandoffClock.objects.filter(handoff=handoff)
    found = facts_by_clock([link.clock_id for link in links])
    handoff = type(handoff).objects.get(pk=handoff.pk)
    assert found == {link.clock_id: facts_of(handoff) for link in links}
    assert found[links[0].clock_id]["size"] == 12
