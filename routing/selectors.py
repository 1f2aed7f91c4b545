"""Reads of the router: who is eligible, which rule holds, why a turn went as it did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils.dateparse import parse_datetime

from accounts.models import TimeOff, User
from routing.choices import Exclusion, RuleSetState, TurnKind
from routing.models import Member, Pool, Rule, Turn
from routing.rules import Excluded, Seat, Standing, excluded, pick
from routing.rules.conditions import holds

BOARD_DAYS = 30


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """One member of a pool at one instant; `excluded` is None for a candidate.

    `has_returned` says that the member was away in the pool's last round.
    """

    member_id: int
    user_id: int
    credit: int
    last_picked: int
    has_returned: bool
    has_load: bool
    standing: Standing
    excluded: Excluded | None

    def to_seat(self) -> Seat:
        return Seat(
            member_id=self.member_id,
            user_id=self.user_id,
            weight=self.standing.weight,
            credit=self.credit,
            last_picked=self.last_picked,
            has_returned=self.has_returned,
        )


def member_standings(pool_id: int, *, now: datetime) -> list[MemberStanding]:
    """Every member of the pool by member id, in one query whatever their number."""
    return standings_by_pool([pool_id], now=now).get(pool_id, [])


def standings_by_pool(
    pool_ids: Collection[int], *, now: datetime
) -> dict[int, list[MemberStanding]]:
    """The same for several pools, in one query; a pool without members is left out."""
    away = TimeOff.objects.covering(now).filter(user=OuterRef("user")).order_by("-ends_at")
    rows = Member.objects.filter(pool__in=pool_ids).order_by("pk")
    # Plain values: making three model objects for each member would cost more than the pick.
    values = rows.annotate(away_until=Subquery(away.values("ends_at")[:1])).values_list(
        "pk",
        "pool_id",
        "user_id",
        "credit",
        "last_picked_sequence",
        "last_present_sequence",
        "weight",
        "is_active",
        "user__is_active",
        "user__paused_at",
        "user__paused_until",
        "user__load__open_count",
        "user__load__capacity",
        "away_until",
        named=True,
    )
    found: dict[int, list[Any]] = {}
    for row in values:
        found.setdefault(row.pool_id, []).append(row)
    return {pool_id: _standings(members, now) for pool_id, members in found.items()}


def _standings(rows: Sequence[Any], now: datetime) -> list[MemberStanding]:
    last_round = max(row.last_present_sequence for row in rows)
    return [_member_standing(row, last_round, now) for row in rows]


def _member_standing(row: Any, last_round: int, now: datetime) -> MemberStanding:
    standing = Standing(
        is_active=row.is_active and row.user__is_active,
        paused_at=row.user__paused_at,
        paused_until=row.user__paused_until,
        away_until=row.away_until,
        weight=row.weight,
        open_count=row.user__load__open_count or 0,
        capacity=row.user__load__capacity,
    )
    return MemberStanding(
        member_id=row.pk,
        user_id=row.user_id,
        credit=row.credit,
        last_picked=row.last_picked_sequence,
        has_returned=row.last_present_sequence < last_round,
        has_load=row.user__load__open_count is not None,
        standing=standing,
        excluded=excluded(standing, now),
    )


def weight_of_active(pool_id: int) -> int:
    """W of a pool's active members, away or not."""
    active = Member.objects.filter(pool=pool_id, is_active=True, user__is_active=True)
    total: int = active.aggregate(total=Sum("weight"))["total"] or 0
    return total


def published_rules() -> list[Rule]:
    """The rules in force, in their order."""
    rules = Rule.objects.filter(ruleset__state=RuleSetState.PUBLISHED).order_by("position")
    return list(rules.select_related("pool", "ruleset"))


def match_rule(facts: Mapping[str, Any]) -> Rule | None:
    """The first rule in force that holds for the facts; None only where none was published."""
    return next((rule for rule in published_rules() if holds(rule.conditions, facts)), None)


@dataclass(frozen=True, slots=True)
class Skip:
    """One member whom a turn passed over, and why."""

    user: User
    code: str
    sentence: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TurnExplanation:
    """Why a receiver was picked, in sentences for any reader; `rule` is empty without one."""

    turn: Turn
    headline: str
    rule: str
    candidates: tuple[User, ...]
    skipped: tuple[Skip, ...]
    is_given_back: bool


def explain_turn(turn: Turn) -> TurnExplanation:
    """Read the ledger's entry back as sentences, in a constant number of queries."""
    seated = [user_id for user_id, _, _ in turn.candidates]
    wanted = {*seated, turn.user_id, *(entry["user"] for entry in turn.exclusions)}
    people = User.objects.in_bulk(wanted)
    return TurnExplanation(
        turn=turn,
        headline=_headline(turn, people[turn.user_id]),
        rule=_rule_sentence(turn.rule),
        candidates=tuple(people[user_id] for user_id in seated),
        skipped=tuple(_skip(entry, people[entry["user"]]) for entry in turn.exclusions),
        is_given_back=hasattr(turn, "credit_note"),
    )


def _headline(turn: Turn, user: User) -> str:
    told = {
        TurnKind.RETURNING: f"Back to {user}, who sent it back.",
        TurnKind.INTRODUCED: f"{user} was introduced to the buyer live.",
        TurnKind.BACKUP: f"{user} stands in for who had it before.",
        TurnKind.COVER: f"{user} covers for somebody who is away.",
        TurnKind.MANUAL: f"A manager chose {user}.",
    }
    if turn.kind in told:
        return told[TurnKind(turn.kind)]
    count = len(turn.candidates)
    place = "The only one free" if count == 1 else f"Next of {count}"
    if turn.kind == TurnKind.DRAINED:
        return f"{place} in {turn.pool}, after it had waited for somebody to be free."
    return f"{place} in {turn.pool}."


def _rule_sentence(rule: Rule | None) -> str:
    if rule is None:
        return ""
    return f"Rule {rule.position} of version {rule.ruleset.n}: {rule.name}."


def _skip(entry: Mapping[str, Any], user: User) -> Skip:
    return Skip(
        user=user,
        code=entry["code"],
        sentence=f"{user} was skipped: {_reason(entry)}.",
        until=parse_datetime(entry["until"]) if "until" in entry else None,
    )


def _reason(entry: Mapping[str, Any]) -> str:
    reason = str(Exclusion(entry["code"]).label)
    if "capacity" in entry:
        return f"{reason}, {entry['open']} of {entry['capacity']} open"
    return reason


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One member as the pool's page shows them.

    `turns` counts those of the last days that were not given back. `code` and `reason` are empty
    for a member who can be picked.
    """

    member: Member
    credit: int
    open_count: int
    capacity: int | None
    turns: int
    is_next: bool
    code: str
    reason: str
    until: datetime | None


def pool_board(pool: Pool, now: datetime) -> list[BoardLine]:
    """The pool's members with what decides the next pick, in a constant number of queries."""
    standings = member_standings(pool.pk, now=now)
    members = Member.objects.filter(pool=pool).select_related("user", "backup__user").in_bulk()
    since = now - timedelta(days=BOARD_DAYS)
    kept = Turn.objects.filter(pool=pool, at__gt=since, credit_note__isnull=True)
    turns = dict(
        kept.filter(member__isnull=False)
        .values("member")
        .annotate(n=Count("pk"))
        .values_list("member", "n")
    )
    next_up = _next_up(standings)
    return [
        _board_line(one, members[one.member_id], turns.get(one.member_id, 0), next_up)
        for one in standings
    ]


def _next_up(standings: list[MemberStanding]) -> int | None:
    choice = pick(one.to_seat() for one in standings if one.excluded is None)
    return choice.seat.member_id if choice else None


def _board_line(one: MemberStanding, member: Member, turns: int, next_up: int | None) -> BoardLine:
    return BoardLine(
        member=member,
        credit=one.credit,
        open_count=one.standing.open_count,
        capacity=one.standing.capacity,
        turns=turns,
        is_next=one.member_id == next_up,
        code=one.excluded.code if one.excluded else "",
        reason=str(Exclusion(one.excluded.code).label) if one.excluded else "",
        until=one.excluded.until if one.excluded else None,
    )
