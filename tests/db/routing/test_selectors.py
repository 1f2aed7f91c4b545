"""The router's reads: turns in sentences, the pool's board, who may see which turn."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import Role
from accounts.models import TimeOff, User
from routing.choices import TurnKind
from routing.models import Load, Pool, Turn
from routing.selectors import explain_turn, pool_board
from routing.services import give_back, publish_rule_set
from tests.factories.accounts import NOW, make_team, make_user
from tests.factories.routing import make_pool, members, picks, take

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def named_pool(*names, weights=None, **options):
    pool = make_pool(weights or [1] * len(names), **options)
    Pool.objects.filter(pk=pool.pk).update(name="DACH mid-market")
    for member, name in zip(members(pool), names, strict=True):
        User.objects.filter(pk=member.user_id).update(name=name)
    pool.refresh_from_db()
    return pool


def test_explain_turn_tells_place_rule_and_candidates():
    pool = named_pool("Priya Nair", "Tom Okafor")
    publish_rule_set(
        rules=[{"name": "Everything", "conditions": {}, "pool": pool}], by=None, now=NOW
    )
    turn = take(pool, rule=pool.rules.get())
    told = explain_turn(turn)
    assert told.headline == "Next of 2 in DACH mid-market."
    assert told.rule == "Rule 1 of version 1: Everything."
    assert [user.name for user in told.candidates] == ["Priya Nair", "Tom Okafor"]
    assert (told.skipped, told.is_given_back) == ((), False)


def test_explain_turn_says_why_each_other_was_skipped():
    pool = named_pool("Priya Nair", "Daniel Weiss", "Maya Lind", "Sofia Marques")
    _, daniel, maya, sofia = members(pool)
    Load.objects.filter(user=daniel.user_id).update(open_count=12, capacity=12)
    TimeOff.objects.create(user=maya.user, starts_at=NOW, ends_at=NOW + HOUR)
    turn = take(pool, barred={sofia.user_id: "conflict"})
    turn.refresh_from_db()
    told = explain_turn(turn)
    assert told.headline == "The only one free in DACH mid-market."
    assert [(skip.user, skip.code, skip.sentence, skip.until) for skip in told.skipped] == [
        (
            daniel.user,
            "at_capacity",
            "Daniel Weiss was skipped: at capacity, 12 of 12 open.",
            None,
        ),
        (maya.user, "time_off", "Maya Lind was skipped: away.", NOW + HOUR),
        (
            sofia.user,
            "conflict",
            "Sofia Marques was skipped: declared a conflict on this lead.",
            None,
        ),
    ]


def test_explain_turn_tells_the_other_kinds():
    pool = named_pool("Priya Nair", "Tom Okafor")
    priya = members(pool)[0].user_id
    told = {
        TurnKind.RETURNING: "Back to Priya Nair, who sent it back.",
        TurnKind.INTRODUCED: "Priya Nair was introduced to the buyer live.",
        TurnKind.OWNER: "Priya Nair looks after the company.",
        TurnKind.EARLIER: "Priya Nair had an earlier handoff of this lead.",
    }
    for kind, headline in told.items():
        assert explain_turn(take(pool, firsts=((priya, kind),))).headline == headline
    drained = explain_turn(take(pool, kind=TurnKind.DRAINED))
    assert drained.headline == (
        "Next of 2 in DACH mid-market, after it had waited for somebody to be free."
    )
    assert drained.rule == ""


def test_explain_turn_that_was_given_back_says_so():
    turn = take(make_pool())
    give_back(turn=turn, reason="fixed", now=NOW)
    assert explain_turn(Turn.objects.get()).is_given_back


def test_pool_board_shows_what_decides_the_next_pick():
    pool = named_pool("Priya Nair", "Tom Okafor", "Maya Lind", capacity=5)
    maya = members(pool)[2].user
    TimeOff.objects.create(user=maya, starts_at=NOW, ends_at=NOW + HOUR)
    returned = take(pool)
    give_back(turn=returned, reason="fixed", now=NOW)
    picks(pool, 2)
    priya, tom, away = pool_board(pool, NOW)
    assert [line.member.user.name for line in (priya, tom)] == ["Priya Nair", "Tom Okafor"]
    assert [(line.turns, line.open_count, line.capacity) for line in (priya, tom, away)] == [
        (1, 2, 5),
        (1, 1, 5),
        (0, 0, 5),
    ]
    assert (priya.code, priya.reason, priya.until) == ("", "", None)
    assert (away.code, away.reason, away.until) == ("time_off", "away", NOW + HOUR)
    assert [line.is_next for line in (priya, tom, away)].count(True) == 1
    following = take(pool)
    assert next(line for line in (priya, tom) if line.is_next).member.pk == following.member_id


def test_pool_board_old_turns_leave_the_count():
    pool = make_pool([1])
    take(pool, now=NOW - timedelta(days=31))
    assert pool_board(pool, NOW)[0].turns == 0


def test_pool_board_of_an_empty_pool_is_empty():
    assert pool_board(make_pool([]), NOW) == []


def query_count(call):
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def test_reads_cost_as_many_queries_for_three_members_as_for_thirty():
    small, large = make_pool([1] * 3), make_pool([1] * 30)
    turns = [Turn.objects.get(pk=take(pool).pk) for pool in (small, large)]
    assert query_count(lambda: pool_board(small, NOW)) == query_count(
        lambda: pool_board(large, NOW)
    )
    first, second = (query_count(lambda turn=turn: explain_turn(turn)) for turn in turns)
    assert first == second


def test_turns_for_user_are_own_the_pools_the_teams_or_all():
    ours, theirs = make_pool([1]), make_pool([1])
    picks(ours, 1)
    picks(theirs, 1)
    receiver, colleague = members(ours)[0].user, members(theirs)[0].user
    of_pool, of_team, stranger = (make_user(roles=[Role.MANAGER]) for _ in range(3))
    Pool.objects.filter(pk=ours.pk).update(manager=of_pool)
    make_team(managers=[of_team], people=[receiver])

    def pools(user):
        return list(Turn.objects.for_user(user).order_by("pk").values_list("pool", flat=True))

    assert pools(receiver) == pools(of_pool) == pools(of_team) == [ours.pk]
    assert pools(colleague) == [theirs.pk]
    assert pools(stranger) == pools(make_user()) == []
    assert pools(make_user(roles=[Role.ADMIN])) == [ours.pk, theirs.pk]
