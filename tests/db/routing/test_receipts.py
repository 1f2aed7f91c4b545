"""The fairness receipt against a second count of the same ledger, and who may see what of it."""

import random
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import Role
from routing.choices import Strategy
from routing.models import Member, Pool, Turn
from routing.rules.period import Period
from routing.rules.receipt import Counts
from routing.selectors.receipts import (
    ledger_lines,
    person_in_sight,
    person_receipt,
    pool_receipt,
    pools_in_sight,
)
from routing.services import give_back
from tests.factories.accounts import NOW, make_team, make_user
from tests.factories.routing import make_people, make_pool, members, take

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
PERIOD = Period.of_weeks(4, now=NOW, zone=BERLIN)


@pytest.fixture
def admin():
    return make_user(roles=[Role.ADMIN])


def row(pool, user, candidates=(), *, n, exclusions=(), kind="rotation", **fields):
    """A turn as the ledger holds it, `n` hours before now."""
    held = {user_id: credit for user_id, _, credit in candidates}
    total = sum(weight for _, weight, _ in candidates)
    weights = {user_id: weight for user_id, weight, _ in candidates}
    before = held.get(user.pk, 0)
    values = {
        "sequence": Turn.objects.filter(pool=pool).count() + 1,
        "at": NOW - n * HOUR,
        "member": Member.objects.filter(pool=pool, user=user).first(),
        "candidates": [list(one) for one in candidates],
        "exclusions": list(exclusions),
        "credit_before": before,
        "credit_after": before + weights.get(user.pk, 0) - total,
    }
    return Turn.objects.create(pool=pool, user=user, kind=kind, **(values | fields))


def a_life(pool, *, turns, seed):
    """A history with people who come and go, some of it before the period and some given back."""
    chance = random.Random(seed)
    people = [member.user for member in members(pool)]
    stranger = make_people(1)[0]
    for n in reversed(range(turns)):
        hours = n * chance.choice([1, 3]) + (900 if chance.random() < 0.2 else 0)
        if chance.random() < 0.1:
            row(pool, chance.choice([*people, stranger]), n=hours, kind="manual")
            continue
        there = chance.sample(people, chance.randint(1, len(people)))
        candidates = [(user.pk, chance.randint(1, 5), chance.randint(-9, 9)) for user in there]
        skipped = [{"user": user.pk, "code": "paused"} for user in people if user not in there]
        turn = row(pool, chance.choice(there), candidates, n=hours, exclusions=skipped)
        if chance.random() < 0.2:
            give_back(turn=turn, reason="fixed", now=turn.at + HOUR)


def slowly(pool, user, period):
    """The same figures, one row after the other and by fractions."""
    received = expected = given_back = outside = rounds = skipped = others = 0
    for turn in Turn.objects.filter(pool=pool):
        if not period.start <= turn.at < period.end:
            continue
        weights = {user_id: weight for user_id, weight, _ in turn.candidates}
        own = turn.user_id == user.pk
        skipped += any(one["user"] == user.pk for one in turn.exclusions) and not own
        others += not own and user.pk in weights
        if hasattr(turn, "credit_note"):
            given_back += own
        elif not weights:
            outside += own
        elif user.pk in weights:
            rounds += 1
            received += own
            expected += Fraction(weights[user.pk], sum(weights.values()))
    return received, float(expected), given_back, outside, rounds, skipped, others


@pytest.mark.parametrize("seed", range(3))
def test_receipts_say_what_a_slow_count_of_the_ledger_says(admin, seed):
    pool = make_pool((1, 2, 3, 1))
    a_life(pool, turns=80, seed=seed)

    whole = {line.user: line.share for line in pool_receipt(admin, pool, PERIOD).lines}

    assert sum(share.rounds for share in whole.values())
    for user, share in whole.items():
        found = slowly(pool, user, PERIOD)
        own = person_receipt(user, pool, PERIOD)
        assert own.line.share == share
        assert (
            share.received,
            pytest.approx(share.expected),
            share.given_back,
            share.outside,
            share.rounds,
            own.count(Counts.SKIPPED),
            own.count(Counts.OTHERS),
        ) == found
        assert own.count() == sum(own.count(one) for one in Counts)
        assert sum(own.kinds.values()) == share.received
        assert sum(own.skips.values()) == own.count(Counts.SKIPPED)
        assert own.sums[-1].received == share.received


def test_receipt_of_real_picks_is_exact_after_full_cycles(admin):
    pool = make_pool((5, 1, 1))
    for _ in range(14):
        take(pool)

    found = pool_receipt(admin, pool, PERIOD)

    got = {line.user: line.share for line in found.lines}
    by_member = [got[member.user] for member in members(pool)]
    assert [share.received for share in by_member] == [10, 2, 2]
    assert [share.expected for share in by_member] == [10, 2, 2]
    assert (found.counted, found.given_back, found.outside) == (14, 0, 0)


def test_receipt_of_other_days_or_another_pool_counts_nothing(admin):
    pool, other = make_pool(), make_pool()
    take(pool, now=PERIOD.start - HOUR)
    take(pool, now=PERIOD.end)

    for each in (pool, other):
        found = pool_receipt(admin, each, PERIOD)
        assert found.counted == 0
        assert len(found.lines) == 3


def test_receipt_counts_the_first_instant_and_not_the_one_after_the_last(admin):
    pool = make_pool()
    take(pool, now=PERIOD.start)
    take(pool, now=PERIOD.end - timedelta(microseconds=1))
    take(pool, now=PERIOD.end)

    assert pool_receipt(admin, pool, PERIOD).counted == 2


@pytest.mark.parametrize("sizes", [(1, 50, 500)])
def test_receipts_need_as_many_queries_for_1_turn_as_for_50_and_500(admin, sizes):
    pool = make_pool()
    user, found = members(pool)[0].user, []
    # What the person is who reads is known from the start of a page.
    assert admin.is_admin
    for size in sizes:
        last = pool.turns.count()
        Turn.objects.bulk_create(
            Turn(
                pool=pool,
                sequence=n + 1,
                at=NOW - n * timedelta(minutes=1),
                user=user,
                kind="rotation",
                candidates=[[user.pk, 1, 0]],
                exclusions=[],
                credit_before=0,
                credit_after=0,
            )
            for n in range(last, size)
        )
        with CaptureQueriesContext(connection) as seen:
            pool_receipt(admin, pool, PERIOD)
            receipt = person_receipt(user, pool, PERIOD)
            ledger_lines(receipt, receipt.turn_ids()[:25], names=True)
        found.append(len(seen))
        assert receipt.count() == size

    assert len(set(found)) == 1


# The ledger


def test_ledger_tells_of_each_turn_newest_first_with_credits_before_and_after():
    pool = make_pool((2, 1))
    first, second = (member.user for member in members(pool))
    row(pool, first, [(first.pk, 2, 0), (second.pk, 1, 0)], n=4)
    row(pool, first, [(first.pk, 2, -1), (second.pk, 1, 1)], n=3, kind="backup")
    away = {"user": second.pk, "code": "at_capacity", "open": 3, "capacity": 3}
    row(pool, first, [(first.pk, 2, -2)], n=2, exclusions=[away])
    row(pool, second, n=1, kind="manual")
    receipt = person_receipt(second, pool, PERIOD)

    lines = ledger_lines(receipt, receipt.turn_ids(), names=True)

    assert [line.counts for line in lines] == [
        Counts.OUTSIDE,
        Counts.SKIPPED,
        Counts.OTHERS,
        Counts.OTHERS,
    ]
    assert [line.why for line in lines] == [
        "A manager chose",
        "at capacity, 3 of 3 open",
        f"{first} was picked",
        f"{first} was picked",
    ]
    assert [(line.before, line.after) for line in lines] == [(0, 0), (None, None), (1, 2), (0, 1)]
    assert [line.part for line in lines] == ["", "", "1 of 3", "1 of 3"]


def test_ledger_names_nobody_to_whom_may_not_know():
    pool = make_pool((1, 1))
    first, second = (member.user for member in members(pool))
    row(pool, first, [(first.pk, 1, 0), (second.pk, 1, 0)], n=1)
    receipt = person_receipt(second, pool, PERIOD)

    (line,) = ledger_lines(receipt, receipt.turn_ids(), names=False)

    assert line.why == "A colleague was picked"


def test_ledger_shows_what_was_given_back_and_why():
    pool = make_pool((1, 1))
    turn = take(pool)
    note = give_back(turn=turn, reason="upheld", now=NOW + HOUR)
    receipt = person_receipt(turn.user, pool, PERIOD)

    (line,) = ledger_lines(receipt, receipt.turn_ids(), names=True)

    assert line.counts is Counts.GIVEN_BACK
    assert (line.given_back_at, line.amount) == (NOW + HOUR, note.amount)
    assert line.given_back_why == "the rejection was upheld"
    assert (line.before, line.after) == (0, -1)


def test_ledger_where_the_fewest_open_leads_decide_moves_no_credit():
    pool = make_pool((1, 1))
    first, second = (member.user for member in members(pool))
    row(
        pool,
        first,
        [(first.pk, 1, 4), (second.pk, 1, 3)],
        n=1,
        strategy=Strategy.LEAST_LOADED,
        credit_after=4,
    )
    receipt = person_receipt(second, pool, PERIOD)

    (line,) = ledger_lines(receipt, receipt.turn_ids(), names=True)

    assert receipt.by_load
    assert (line.before, line.after) == (3, 3)


# Who sees what


@pytest.fixture
def sides():
    """Two pools with two people each; the manager's team has the first one of either."""
    people = [make_user() for _ in range(4)]
    pools = [make_pool((1, 1), people=people[:2]), make_pool((1, 1), people=people[2:])]
    manager = make_user(roles=[Role.MANAGER])
    make_team(managers=[manager], people=[people[0], people[2]])
    Pool.objects.filter(pk=pools[0].pk).update(manager=manager)
    for pool in pools:
        pool.refresh_from_db()
        take(pool)
        take(pool)
    return people, pools, manager


def seen(reader, pool):
    return {line.user for line in pool_receipt(reader, pool, PERIOD).lines}


def test_manager_sees_all_of_an_own_pool_and_their_people_in_another(sides):
    people, pools, manager = sides

    assert pools_in_sight(manager) == sorted(pools, key=lambda pool: pool.name)
    assert seen(manager, pools[0]) == {people[0], people[1]}
    assert seen(manager, pools[1]) == {people[2]}
    assert not pool_receipt(manager, pools[1], PERIOD).is_whole


def test_manager_reads_a_colleague_of_an_own_pool_in_that_pool_only(sides):
    people, pools, manager = sides
    Member.objects.create(pool=pools[1], user=people[1])

    assert person_in_sight(manager, people[1].pk)
    assert pools_in_sight(manager, of=people[1]) == [pools[0]]
    assert pools_in_sight(manager, of=people[2]) == [pools[1]]
    assert not person_in_sight(manager, people[3].pk)


def test_receiver_sees_the_own_share_only(sides):
    people, pools, _ = sides

    assert pools_in_sight(people[0]) == [pools[0]]
    assert person_in_sight(people[0], people[0].pk)
    assert not person_in_sight(people[0], people[1].pk)
    assert seen(people[0], pools[0]) == {people[0]}


def test_admin_sees_everybody(sides, admin):
    people, pools, _ = sides

    assert set(pools_in_sight(admin)) >= set(pools)
    assert all(person_in_sight(admin, one.pk) for one in people)
    assert seen(admin, pools[1]) == {people[2], people[3]}
