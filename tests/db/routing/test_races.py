"""Several processes pick at once, each with a connection of its own."""

import random
from collections import Counter

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from routing.choices import Strategy, TurnKind
from routing.models import Load, Pool, Turn
from routing.services import (
    InvalidPool,
    RulesChanged,
    create_pool,
    open_draw,
    publish_rule_set,
    release,
    take_turn,
)
from tests.factories.accounts import NOW, make_user
from tests.factories.routing import make_people, make_pool, members, take
from tests.support.race import race
from tests.support.servers import wait_for

PROCESSES = 8
PICKS = 40
# Twenty interpreters on two busy cores take a while to start.
START_SECONDS = 200

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.races,
    pytest.mark.timeout(300),
]


def pick_many(racer, pool_id, count):
    """How many turns this process got."""
    pool = Pool.objects.get(pk=pool_id)
    racer.line_up(START_SECONDS)
    return sum(take(pool) is not None for _ in range(count))


def pick_one_of_each(racer, pool_ids, seed):
    """One pick from every pool, in an order of its own, and the slot is free again at once."""
    pools = [Pool.objects.get(pk=pk) for pk in pool_ids]
    order = random.Random(seed)
    racer.line_up(START_SECONDS)
    taken = 0
    for _ in range(PICKS):
        turn = take(order.choice(pools))
        if turn is not None:
            taken += 1
            release(turn=turn, now=NOW)
    return taken


def pick_after_everybody_has_looked(racer, pool_id):
    """Draw from a pool of one's own, see the one free slot, and only then go for it.

    SQLite has one writer, who has to be done before the next one looks.
    """
    has_one_writer = connection.vendor == "sqlite"
    if has_one_writer:
        racer.line_up(START_SECONDS)
    with transaction.atomic():
        draw = open_draw(pool_id=pool_id, now=NOW)
        if not has_one_writer:
            racer.line_up(START_SECONDS)
        return take_turn(draw, kind=TurnKind.ROTATION, rule=None) is not None


def lose_a_slot(racer, pool_id):
    """Go for a slot that is being filled; the transaction stays open until the other has looked."""
    with transaction.atomic():
        draw = open_draw(pool_id=pool_id, now=NOW)
        racer.line_up(START_SECONDS)
        turn = take_turn(draw, kind=TurnKind.ROTATION, rule=None)
        racer.line_up(START_SECONDS)
        racer.line_up(START_SECONDS)
    return turn.user_id


def fill_a_slot_and_look(racer, user_id):
    """Fill the slot while the other waits for it; then tell whether its Load is free to lock."""
    with transaction.atomic():
        Load.objects.filter(user=user_id).update(open_count=1)
        racer.line_up(START_SECONDS)
        wait_for(somebody_waits, 30, "the other process did not wait for the slot")
    racer.line_up(START_SECONDS)
    try:
        with transaction.atomic():
            Load.objects.select_for_update(nowait=True).get(user=user_id)
            is_free = True
    except OperationalError:
        is_free = False
    racer.line_up(START_SECONDS)
    return is_free


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def act(racer, name, *arguments):
    """The part of that name, for processes that do different things."""
    return globals()[name](racer, *arguments)


def publish_once(racer, pool_id, name):
    pool = Pool.objects.get(pk=pool_id)
    racer.line_up(START_SECONDS)
    try:
        rules = [{"name": name, "conditions": {}, "pool": pool}]
        return publish_rule_set(rules=rules, by=None, now=NOW).n
    except RulesChanged:
        return None


def in_order(pool):
    return list(Turn.objects.filter(pool=pool).order_by("sequence"))


def test_eight_processes_pick_from_five_equals_without_gap_repeat_or_favour():
    pool = make_pool([1] * 5)
    got = race(pick_many, [(pool.pk, PICKS)] * PROCESSES)
    assert sum(got) == PROCESSES * PICKS
    turns = in_order(pool)
    assert [turn.sequence for turn in turns] == [*range(1, PROCESSES * PICKS + 1)]
    counts = Counter(dict.fromkeys([member.user_id for member in members(pool)], 0))
    for turn in turns:
        counts[turn.user_id] += 1
        assert max(counts.values()) - min(counts.values()) <= 1
    assert sum(member.credit for member in members(pool)) == 0
    assert set(Load.objects.values_list("open_count", flat=True)) == {PROCESSES * PICKS // 5}


def test_processes_pick_by_weight_exactly_as_one_would():
    weights = [5, 1, 1, 3]
    together, alone = make_pool(weights), make_pool(weights)
    race(pick_many, [(together.pk, PICKS)] * 3)
    for _ in range(3 * PICKS):
        take(alone)

    def sequence(pool):
        users = [member.user_id for member in members(pool)]
        return [users.index(turn.user_id) for turn in in_order(pool)]

    assert sequence(together) == sequence(alone)


@pytest.mark.parametrize("limit", ["capacity", "day_limit", "week_limit"])
def test_twenty_contend_for_one_persons_last_slot_and_one_wins(limit):
    people = make_people(1)
    pools = [make_pool([1], people=people) for _ in range(20)]
    # What was got on another day counts no more.
    Load.objects.update(
        **{limit: 1}, day="2026-11-01", day_count=9, week="2026-10-26", week_count=9
    )
    assert race(pick_after_everybody_has_looked, [(pool.pk,) for pool in pools]).count(True) == 1
    load = Load.objects.get()
    assert (load.open_count, load.day_count, load.week_count) == (1, 1, 1)
    assert Turn.objects.count() == 1


def test_eight_processes_give_to_the_fewest_open_without_gap_and_within_one():
    pool = make_pool([1] * 5)
    Pool.objects.filter(pk=pool.pk).update(strategy=Strategy.LEAST_LOADED)
    got = race(pick_many, [(pool.pk, PICKS)] * PROCESSES)
    assert sum(got) == PROCESSES * PICKS
    turns = in_order(pool)
    assert [turn.sequence for turn in turns] == [*range(1, PROCESSES * PICKS + 1)]
    counts = Counter(dict.fromkeys([member.user_id for member in members(pool)], 0))
    for turn in turns:
        counts[turn.user_id] += 1
        assert max(counts.values()) - min(counts.values()) <= 1
    assert {member.credit for member in members(pool)} == {0}


def test_eight_processes_never_exceed_the_limits_of_a_day_over_two_pools():
    people = make_people(3)
    pools = [make_pool([1, 1, 1], people=order) for order in (people, people[::-1])]
    Load.objects.update(day_limit=20, week_limit=25)
    got = race(pick_many, [(pools[n % 2].pk, PICKS) for n in range(PROCESSES)])
    assert sum(got) == Turn.objects.count() == 3 * 20
    assert set(Load.objects.values_list("day_count", "week_count", "open_count")) == {(20, 20, 20)}


def test_pools_that_share_people_and_slots_never_exceed_them_or_block_each_other():
    people = make_people(3)
    pools = [make_pool([1, 1, 1], people=order, capacity=2) for order in (people, people[::-1])]
    arguments = [([pool.pk for pool in pools], seed) for seed in range(PROCESSES)]
    taken = race(pick_one_of_each, arguments)
    assert sum(taken) == Turn.objects.count() > 0
    assert set(Load.objects.values_list("open_count", flat=True)) == {0}


@pytest.mark.postgresql
def test_who_lost_a_slot_lets_go_of_it_at_once():
    """Else two who each lost one and go on to the other's would wait for one another."""
    pool = make_pool([1, 1], capacity=1)
    first, second = (member.user_id for member in members(pool))
    parts = [("lose_a_slot", pool.pk), ("fill_a_slot_and_look", first)]
    assert race(act, parts) == [second, True]


def test_four_publish_at_once_and_one_set_is_in_force():
    pool = make_pool()
    numbers = race(publish_once, [(pool.pk, f"by {n}") for n in range(4)])
    published = sorted(number for number in numbers if number)
    assert published == [*range(1, len(published) + 1)]
    in_force = pool.rules.get(ruleset__state="published")
    assert in_force.ruleset.n == published[-1]


def make_pools(racer, manager_id, names):
    """How many of the pools this process made."""
    manager = User.objects.get(pk=manager_id)
    made = 0
    for name in names:
        racer.line_up(START_SECONDS)
        try:
            create_pool(name=name, manager=manager, by=None, now=NOW)
        except InvalidPool:
            continue
        made += 1
    return made


def test_pool_made_by_several_at_once_is_made_once():
    names = [f"Pool of round {n}" for n in range(10)]
    assert sum(race(make_pools, [(make_user().pk, names)] * 4)) == len(names)
    assert Pool.objects.filter(name__in=names).count() == len(names)
