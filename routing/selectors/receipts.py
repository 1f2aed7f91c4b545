"""Reads for the fairness receipt: what people got of a pool's turns in some days, and why.

The candidates of a turn are JSON, so the turns of the days are read once and counted in Python:
the cost is that of the days, whatever came before them. They are added up as they come, and no
more than a portion of them is held at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import User
from routing.choices import Exclusion, Strategy, TurnKind
from routing.models import Member, Pool, Turn
from routing.rules.period import Period
from routing.rules.receipt import (
    Counts,
    Round,
    Share,
    Spread,
    Steps,
    Sum,
    Tally,
    spread_of_others,
)
from routing.selectors.reasons import excluded_from, reason_words

CHUNK = 500
ALARM_PERCENT, ALARM_TURNS = 25, 20


def person_in_sight(reader: User, pk: int) -> User | None:
    """The person, when the reader may see their share: own, that of the people whom the reader
    manages, and of everybody who was in a pool that they manage; an admin sees all.

    One query whoever it is, so that nobody can tell a hidden person from an absent one.
    """
    people = User.objects.for_user(reader)
    if reader.is_manager and not reader.is_admin:
        here = {"user": models.OuterRef("pk"), "pool__manager": reader}
        was_in = models.Exists(Member.objects.filter(**here)) | models.Exists(
            Turn.objects.filter(**here)
        )
        people = User.objects.filter(models.Q(pk__in=people.values("pk")) | was_in)
    found: User | None = people.filter(pk=pk).first()
    return found


def _was_in(person: User) -> models.Q:
    """Pools in which the person is or was a member, or got a lead without being one."""
    here = models.OuterRef("pk")
    return models.Q(
        models.Exists(Member.objects.filter(pool=here, user=person))
        | models.Exists(Turn.objects.filter(pool=here, user=person))
    )


def pools_in_sight(reader: User, *, of: User | None = None) -> list[Pool]:
    """The pools whose shares the reader may see, by name; with `of` those the person was in.

    For a manager: the pools that they manage, and those that their people are in.
    """
    pools = Pool.objects.order_by("name", "pk")
    if of is not None:
        pools = pools.filter(_was_in(of))
    if reader.is_admin:
        return list(pools)
    people = User.objects.for_user(reader)
    if of is not None:
        # A colleague of a pool that they manage is theirs in that pool only.
        is_theirs = people.filter(pk=of.pk).exists()
        return list(pools if is_theirs else pools.filter(manager=reader))
    members = Member.objects.filter(pool=models.OuterRef("pk"), user__in=people)
    managed = models.Q(manager=reader) if reader.is_manager else models.Q()
    return list(pools.filter(models.Q(models.Exists(members)) | managed))


def people_in_sight(reader: User, pool: Pool) -> frozenset[int] | None:
    """Whose shares of the pool the reader may see; None for everybody's."""
    if reader.is_admin or (reader.is_manager and pool.manager_id == reader.pk):
        return None
    return frozenset(User.objects.for_user(reader).order_by().values_list("pk", flat=True))


def _turns(pool: Pool, period: Period) -> models.QuerySet[Turn]:
    return Turn.objects.filter(pool=pool, at__gte=period.start, at__lt=period.end)


@dataclass(slots=True)
class _Read:
    """The turns of the days as they add up, and the ways in which they were picked."""

    tally: Tally
    strategies: set[str]


def _read(pool: Pool, period: Period) -> _Read:
    found = _Read(Tally(), set())
    rows = _turns(pool, period).order_by("sequence")
    columns = ("at", "user_id", "candidates", "strategy", "credit_note__pk")
    for at, user_id, candidates, strategy, note in rows.values_list(*columns).iterator(CHUNK):
        found.tally.add(_round(at, user_id, candidates, note))
        found.strategies.add(strategy)
    return found


def _round(at: datetime, user_id: int, candidates: Sequence[Any], note: int | None) -> Round:
    weights = {candidate: weight for candidate, weight, _ in candidates}
    return Round(at, user_id, weights, is_given_back=note is not None)


@dataclass(frozen=True, slots=True)
class ShareLine:
    """One person's share of a pool."""

    user: User
    share: Share

    @property
    def is_far(self) -> bool:
        """Whether it is further from what was expected than a pool should be."""
        share = self.share
        is_off = abs(share.difference) * 100 > ALARM_PERCENT * share.expected
        return share.rounds >= ALARM_TURNS and is_off and not share.is_within_one


@dataclass(frozen=True, slots=True)
class PoolReceipt:
    """What the people in sight got of a pool in some days; the counts are of all of its turns."""

    pool: Pool
    period: Period
    lines: tuple[ShareLine, ...]
    counted: int
    given_back: int
    outside: int
    strategies: frozenset[str]
    is_whole: bool

    @property
    def by_load(self) -> bool:
        return Strategy.LEAST_LOADED in self.strategies


def pool_receipt(reader: User, pool: Pool, period: Period) -> PoolReceipt:
    """The shares of the people in the reader's sight, by name, in a constant number of queries.

    Active members who had no part in any turn have a line too.
    """
    read = _read(pool, period)
    found, turns = read.tally.shares(), read.tally.turns
    members = Member.objects.filter(pool=pool, is_active=True).order_by()
    people = set(found) | set(members.values_list("user", flat=True))
    seen = people_in_sight(reader, pool)
    shown = people if seen is None else people & seen
    users = User.objects.filter(pk__in=shown).order_by("name", "pk")
    return PoolReceipt(
        pool=pool,
        period=period,
        lines=tuple(ShareLine(user, found.get(user.pk, _nothing(user.pk))) for user in users),
        counted=turns[Counts.RECEIVED],
        given_back=turns[Counts.GIVEN_BACK],
        outside=turns[Counts.OUTSIDE],
        strategies=frozenset(read.strategies),
        is_whole=shown == people,
    )


def _nothing(user_id: int) -> Share:
    return Share(user_id, received=0, expected=0.0, rounds=0, given_back=0, outside=0)


@dataclass(frozen=True, slots=True)
class PersonReceipt:
    """One person's share of a pool in some days, and what it is made of.

    `kinds` counts the received turns by their kind, `skips` the skipped ones by code. `ledger`
    holds the ids of the turns with how each counts, newest first. `others` is None where it would
    tell on one person. `sums` stand at the end of each of the period's weeks.
    """

    line: ShareLine
    pool: Pool
    period: Period
    turns: int
    kinds: Mapping[str, int]
    skips: Mapping[str, int]
    ledger: tuple[tuple[int, Counts], ...]
    others: Spread | None
    other_people: int
    sums: tuple[Sum, ...]
    strategies: frozenset[str]

    @property
    def by_load(self) -> bool:
        return Strategy.LEAST_LOADED in self.strategies

    def count(self, counts: Counts | None = None) -> int:
        """How many turns of the ledger count so; without one, all."""
        return sum(counts in (None, each) for _, each in self.ledger)

    def turn_ids(self, counts: Counts | None = None) -> list[int]:
        return [pk for pk, each in self.ledger if counts in (None, each)]


def person_receipt(person: User, pool: Pool, period: Period) -> PersonReceipt:
    """The caller has found that the reader may see this person's share of this pool."""
    tally, steps = Tally(), Steps(person.pk, [end for _, end in period.ends_of_weeks])
    strategies: set[str] = set()
    kinds: Counter[str] = Counter()
    skips: Counter[str] = Counter()
    ledger: list[tuple[int, Counts]] = []
    columns = (
        "pk", "at", "user_id", "kind", "strategy", "candidates", "exclusions", "credit_note__pk",
    )  # fmt: skip
    rows = _turns(pool, period).order_by("sequence").values_list(*columns, named=True)
    for row in rows.iterator(CHUNK):
        one = _round(row.at, row.user_id, row.candidates, row.credit_note__pk)
        tally.add(one)
        steps.add(one)
        strategies.add(row.strategy)
        skip = _skip_of(row.exclusions, person.pk)
        counts = _counts_for(one, person.pk, is_skipped=skip is not None)
        if counts is None:
            continue
        ledger.append((row.pk, counts))
        if counts is Counts.RECEIVED:
            kinds[row.kind] += 1
        elif counts is Counts.SKIPPED and skip is not None:
            skips[skip["code"]] += 1
    found = tally.shares()
    share = found.get(person.pk, _nothing(person.pk))
    return PersonReceipt(
        line=ShareLine(person, share),
        pool=pool,
        period=period,
        turns=tally.turns[Counts.RECEIVED],
        kinds=kinds,
        skips=skips,
        ledger=tuple(reversed(ledger)),
        others=spread_of_others(found.values(), person.pk),
        other_people=sum(one.user_id != person.pk and one.rounds > 0 for one in found.values()),
        sums=tuple(steps.sums()),
        strategies=frozenset(strategies),
    )


def _skip_of(exclusions: Iterable[Mapping[str, Any]], user_id: int) -> Mapping[str, Any] | None:
    return next((entry for entry in exclusions if entry["user"] == user_id), None)


def _counts_for(one: Round, user_id: int, *, is_skipped: bool) -> Counts | None:
    """How a turn counts for this person; None where they had no part in it."""
    if one.user_id == user_id:
        return one.counts
    if user_id in one.weights:
        return Counts.OTHERS
    return Counts.SKIPPED if is_skipped else None


COUNTS_WORDS = {
    Counts.RECEIVED: "received",
    Counts.OTHERS: "somebody else",
    Counts.SKIPPED: "skipped",
    Counts.OUTSIDE: "outside the rotation",
    Counts.GIVEN_BACK: "given back",
}
NOTE_WORDS = {
    "fixed": "the submitter fixed it",
    "conceded": "the submitter conceded",
    "upheld": "the rejection was upheld",
    "conflict": "a conflict was declared",
    "timed_out": "its time ran out",
}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One turn as it touched one person; credits are None where it did not move theirs."""

    turn: Turn
    counts: Counts
    words: str
    why: str
    part: str
    before: int | None
    after: int | None
    given_back_at: datetime | None
    given_back_why: str
    amount: int | None


def ledger_lines(
    receipt: PersonReceipt, turn_ids: Sequence[int], *, names: bool
) -> list[LedgerLine]:
    """The turns of the receipt in words, in the given order, in one query.

    `names` says whether the reader may know who else was picked.
    """
    counts = dict(receipt.ledger)
    found = Turn.objects.select_related("user", "credit_note").in_bulk(turn_ids)
    user_id = receipt.line.user.pk
    return [_line(found[pk], user_id, counts[pk], names) for pk in turn_ids if pk in found]


def all_ledger_lines(receipt: PersonReceipt, *, names: bool) -> Iterator[list[LedgerLine]]:
    """The whole ledger, newest first, in portions."""
    ids = receipt.turn_ids()
    for start in range(0, len(ids), CHUNK):
        yield ledger_lines(receipt, ids[start : start + CHUNK], names=names)


def _line(turn: Turn, user_id: int, counts: Counts, names: bool) -> LedgerLine:
    note = getattr(turn, "credit_note", None) if turn.user_id == user_id else None
    before, after = _credits(turn, user_id)
    return LedgerLine(
        turn=turn,
        counts=counts,
        words=COUNTS_WORDS[counts],
        why=_why(turn, user_id, counts, names),
        part=_part(turn, user_id),
        before=before,
        after=after,
        given_back_at=note.at if note else None,
        given_back_why=NOTE_WORDS.get(note.reason, note.reason.replace("_", " ")) if note else "",
        amount=note.amount if note else None,
    )


def _credits(turn: Turn, user_id: int) -> tuple[int | None, int | None]:
    if turn.user_id == user_id and turn.member_id is not None:
        return turn.credit_before, turn.credit_after
    # Where the fewest open leads decide, nobody gains or pays.
    gains = turn.strategy == Strategy.WEIGHTED_ROUND_ROBIN
    for candidate, weight, credit in turn.candidates:
        if candidate == user_id:
            return credit, credit + (weight if gains else 0)
    return None, None


def _part(turn: Turn, user_id: int) -> str:
    weights = {candidate: weight for candidate, weight, _ in turn.candidates}
    return f"{weights[user_id]} of {sum(weights.values())}" if user_id in weights else ""


def _why(turn: Turn, user_id: int, counts: Counts, names: bool) -> str:
    if counts is Counts.SKIPPED:
        entry = _skip_of(turn.exclusions, user_id)
        return reason_words(excluded_from(entry)) if entry else ""
    if counts is Counts.OTHERS:
        who = str(turn.user) if names else "A colleague"
        given_back = ", who gave it back" if hasattr(turn, "credit_note") else ""
        return f"{who} was picked{given_back}"
    kind = str(TurnKind(turn.kind).label)
    if turn.kind != TurnKind.ROTATION:
        return kind
    if len(turn.candidates) == 1:
        return "The only one free"
    least = turn.strategy == Strategy.LEAST_LOADED
    return f"Fewest open leads of {len(turn.candidates)}" if least else kind


def skip_label(code: str) -> str:
    """What a code of the skips says; a code that is not known any more stands for itself."""
    return str(Exclusion(code).label) if code in Exclusion.values else code.replace("_", " ")


def kind_label(kind: str) -> str:
    return str(TurnKind(kind).label) if kind in TurnKind.values else kind.replace("_", " ")
