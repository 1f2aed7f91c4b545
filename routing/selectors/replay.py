"""What a replay reads of the router: a rule set's rules, and the pools and people of now.

Absences are those that are known: time off, and pauses as people's history tells them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery

from accounts.models import TimeOff, User
from accounts.selectors import calendars_of, zone_of_team
from routing.models import ImpactReview, Member, Pool, Rule, Skill, Turn
from routing.rules.past import Person, Place, PoolSetting, RuleLine, Setting, Start
from worktime.rules import Calendar
from worktime.selectors import rules_calendar

NEVER = datetime.max.replace(tzinfo=UTC)
# Who had no turn among so many before the weeks comes first among equals.
TURNS_BACK = 1_000
# A person without published hours is never at work.
_NO_HOURS, _NO_VERSION = Calendar(zone="UTC"), 0

Span = tuple[datetime, datetime]


def setting_of(review: ImpactReview, *, since: datetime) -> Setting:
    """Everything that the review's leads are replayed with, in a constant number of queries."""
    rules = Rule.objects.filter(ruleset=review.ruleset_id).order_by("position")
    members: list[Any] = list(
        Member.objects.order_by("pk").values_list(
            "pk", "pool_id", "user_id", "weight", "is_active", "user__is_active", named=True
        )
    )
    people, calendars = _people({row.user_id for row in members}, since, review.until)
    places: dict[int, list[Place]] = {}
    for row in members:
        is_active = row.is_active and row.user__is_active
        place = Place(row.pk, row.user_id, row.weight, is_active=is_active)
        places.setdefault(row.pool_id, []).append(place)
    return Setting(
        since=since,
        until=review.until,
        zone=zone_of_team(None),
        rules=tuple(_line(rule) for rule in rules),
        pools=tuple(
            PoolSetting(
                pool_id=pool.pk,
                places=tuple(places.get(pool.pk, ())),
                strategy=pool.strategy,
                hours=pool.hours,
                skills=tuple(pool.skills),
            )
            for pool in Pool.objects.order_by("pk")
        ),
        people=people,
        calendars=calendars,
    )


def digest_of(setting: Setting) -> str:
    """A text that is equal for equal settings, calendars by their published version."""
    people = [
        (one, sorted(one.skills))
        for one in sorted(setting.people.values(), key=lambda one: one.user_id)
    ]
    told = [
        [(one.rule_id, one.pool_id, one.owner_first, one.earlier_first) for one in setting.rules],
        setting.pools,
        [
            (
                one.user_id,
                one.capacity,
                one.day_limit,
                one.week_limit,
                skills,
                [[moment.isoformat() for moment in span] for span in one.away],
                one.calendar_id,
            )
            for one, skills in people
        ],
        str(setting.zone),
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def starts_of(first_turns: Mapping[int, int]) -> list[Start]:
    """Where pools stood before these turns, numbers by the pool's id, in two queries.

    Credits are those of its candidates, or where it was given without any, as by hand, of the
    next turn that has some; whoever was none begins with 0.
    """
    if not first_turns:
        return []
    firsts, before = Q(), Q()
    for pool_id, number in first_turns.items():
        firsts |= Q(pool=pool_id, sequence=number)
        before |= Q(pool=pool_id, sequence__lt=number, sequence__gte=number - TURNS_BACK)
    picked: dict[int, dict[int, int]] = {}
    rows = Turn.objects.filter(before).order_by().values_list("pool_id", "user_id")
    for pool_id, user_id, last in rows.annotate(last=Max("sequence")):
        picked.setdefault(pool_id, {})[user_id] = last
    with_some = Turn.objects.exclude(candidates=[]).filter(
        pool=OuterRef("pool"), sequence__gte=OuterRef("sequence")
    )
    first = Subquery(with_some.order_by("sequence").values("candidates")[:1])
    return [
        Start(
            pool_id=pool_id,
            sequence=number - 1,
            credits={user_id: credit for user_id, _, credit in candidates or ()},
            last_picked=picked.get(pool_id, {}),
        )
        for pool_id, number, candidates in Turn.objects.filter(firsts).values_list(
            "pool_id", "sequence", first
        )
    ]


def _line(rule: Rule) -> RuleLine:
    return RuleLine(
        rule_id=rule.pk,
        conditions=rule.conditions,
        pool_id=rule.pool_id,
        owner_first=rule.owner_first,
        earlier_first=rule.earlier_first,
    )


def _people(
    user_ids: Collection[int], since: datetime, until: datetime
) -> tuple[dict[int, Person], dict[int, Calendar]]:
    """The people by id, and their hours by the version of the calendar."""
    rows = (
        User.objects.filter(pk__in=user_ids)
        .order_by()
        .values_list(
            "pk",
            "calendar_id",
            "load__capacity",
            "load__day_limit",
            "load__week_limit",
            named=True,
        )
    )
    found = list(rows)
    hours = calendars_of({row.pk: row.calendar_id for row in found}) if found else {}
    versions = {calendar.pk: calendar.current_version for calendar in hours.values()}
    calendars = {
        _NO_VERSION if version is None else version.pk: (
            _NO_HOURS if version is None else rules_calendar(version)
        )
        for version in versions.values()
    }
    skills: dict[int, set[tuple[str, str]]] = {}
    for user_id, kind, value in Skill.objects.filter(user__in=user_ids).values_list(
        "user_id", "kind", "value"
    ):
        skills.setdefault(user_id, set()).add((kind, value))
    away = _absences(user_ids, since, until)
    people = {}
    for row in found:
        version = versions[hours[row.pk].pk]
        people[row.pk] = Person(
            user_id=row.pk,
            capacity=row.load__capacity,
            day_limit=row.load__day_limit,
            week_limit=row.load__week_limit,
            skills=frozenset(skills.get(row.pk, ())),
            away=tuple(sorted(away.get(row.pk, ()))),
            calendar_id=_NO_VERSION if version is None else version.pk,
        )
    return people, calendars


def _absences(user_ids: Collection[int], since: datetime, until: datetime) -> dict[int, set[Span]]:
    """Time off and pauses within the weeks, by user id; a pause without an end lasts for ever."""
    found: dict[int, set[Span]] = {}
    off = TimeOff.objects.filter(user__in=user_ids, ends_at__gt=since, starts_at__lt=until)
    for user_id, start, end in off.order_by().values_list("user_id", "starts_at", "ends_at"):
        found.setdefault(user_id, set()).add((start, end))
    for user_id, span in _pauses(user_ids, since):
        if span[1] > since and span[0] < until:
            found.setdefault(user_id, set()).add(span)
    return found


def _pauses(user_ids: Collection[int], since: datetime) -> Iterator[tuple[int, Span]]:
    paused = User.objects.filter(pk__in=user_ids, paused_at__isnull=False)
    for user_id, start, end in paused.order_by().values_list("pk", "paused_at", "paused_until"):
        yield user_id, (start, end or NEVER)
    # What holds when the weeks begin is told by the last row before them.
    before = User.history.filter(id=OuterRef("pk"), history_date__lt=since)
    last = before.order_by("-history_date", "-history_id").values("history_id")[:1]
    lasts = User.objects.filter(pk__in=user_ids).order_by().values(last=Subquery(last))
    past = User.history.filter(
        Q(history_date__gte=since) | Q(history_id__in=lasts), id__in=user_ids
    ).order_by("id", "history_date", "history_id")
    rows = past.values_list("id", "history_date", "paused_at", "paused_until", named=True)
    for row, after in pairwise([*rows]):
        # What stands last is what holds now; what changed nothing goes on in the next row.
        if row.paused_at is None or row.id != after.id or row.paused_at == after.paused_at:
            continue
        end = min(row.paused_until or NEVER, after.history_date)
        if end > row.paused_at:
            yield row.id, (row.paused_at, end)
