"""Whether a touch may be logged and counts, told before it is saved and asked again when it is."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import organisation, zone_for
from core.errors import FieldProblem
from handoff.choices import Direction, TouchKind, Verdict
from handoff.models import Handoff, HandoffClock, Leg, Touch
from handoff.rules import touches
from handoff.rules.transitions import TOUCHABLE
from handoff.rules.values import has_forbidden_characters
from handoff.selectors.access import relations_of
from handoff.selectors.story import clock_time
from sla.choices import ClockKind
from worktime.models import CalendarVersion
from worktime.selectors import rules_calendar

LOGGED_BY_HAND = tuple(kind for kind in TouchKind if kind != TouchKind.CONVERTED)
"""The kinds that a person chooses from; a conversion counts as contact by itself."""


@dataclass(frozen=True, slots=True)
class TouchPreview:
    """What would become of a touch. ``words`` say why; with ``problems`` it cannot be logged."""

    verdict: str
    counts: bool
    words: str
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A touch as it would be stored; ``leg`` is the receiver's time that it belongs to."""

    problems: tuple[FieldProblem, ...]
    verdict: Verdict
    fingerprint: str
    direction: Direction
    leg: Leg | None
    words: int


def preview_touch(
    handoff: Handoff,
    *,
    kind: str,
    occurred_at: datetime,
    text: str = "",
    is_automated: bool = False,
    by: User,
    now: datetime,
) -> TouchPreview:
    """What would become of the touch if it was logged now. Writes nothing."""
    found = assess_touch(
        handoff,
        kind=kind,
        occurred_at=occurred_at,
        text=text,
        direction=None,
        is_automated=is_automated,
        by=by,
        now=now,
    )
    problems = (*_not_open(handoff, by), *found.problems)
    if problems:
        return TouchPreview("", False, problems[0].message, problems)
    counts = found.verdict == Verdict.MEANINGFUL
    words = touches.words_of_verdict(found.verdict, kind=kind, words=found.words)
    if counts:
        words += _effect(handoff, found.leg, occurred_at=occurred_at, by=by)
    return TouchPreview(found.verdict.value, counts, words)


def words_of_touch(touch: Touch) -> str:
    """The verdict on a touch that is saved, in plain words."""
    words = touches.count_words(touch.text)
    return touches.words_of_verdict(touch.verdict, kind=touch.kind, words=words, is_saved=True)


def assess_touch(
    row: Handoff,
    *,
    kind: str,
    occurred_at: datetime,
    text: str,
    direction: str | None,
    is_automated: bool,
    by: User,
    now: datetime,
) -> Assessment:
    """Judge a touch on the handoff as it is; every problem names its field and the fix."""
    way = direction or touches.direction_of(kind)
    problems = [*_kind_problems(kind, way), *_text_problems(text)]
    relations = relations_of(row, by)
    leg = None
    if found := _time_problem(row, occurred_at, now=now, zone=zone_for(by)):
        problems.append(found)
    else:
        leg = _leg_at(row, occurred_at, by=by, relations=relations)
        if leg is None and Relation.TEAM not in relations:
            problems.append(_not_theirs(row, by, now=now))
    if problems:
        return Assessment(tuple(problems), Verdict.TOO_SHORT, "", Direction.OUTBOUND, leg, words=0)
    is_written = kind in touches.WRITTEN
    digest = touches.fingerprint(text, names=_names(row)) if is_written else ""
    said = touches.count_words(text)
    verdict = touches.judge(
        kind,
        words=said,
        is_automated=is_automated,
        is_repeated=bool(digest) and _is_repeated(digest, by),
        is_too_old=Relation.TEAM not in relations and _is_too_old(row, occurred_at, now=now),
    )
    return Assessment((), Verdict(verdict), digest, Direction(way), leg, words=said)


def contact_hours(row: Handoff) -> CalendarVersion | None:
    """The calendar of the buyer's clock; without such a clock the organisation's."""
    link = (
        HandoffClock.objects.filter(handoff_id=row.pk, kind=ClockKind.CONTACT, is_current=True)
        .select_related("clock__calendar_version")
        .first()
    )
    if link is not None:
        return link.clock.calendar_version
    return organisation().calendar.current_version


def _not_open(row: Handoff, by: User) -> tuple[FieldProblem, ...]:
    if row.status not in TOUCHABLE:
        message = "Touches are logged while a handoff is held, pending or accepted."
        return (FieldProblem("kind", "not_open", message),)
    if not allows(by.roles, Action.HANDOFF_TOUCH, relations_of(row, by)):
        message = "You can read this handoff, but its receivers and their managers log touches."
        return (FieldProblem("kind", "not_permitted", message),)
    return ()


def _kind_problems(kind: str, direction: str) -> list[FieldProblem]:
    if kind not in LOGGED_BY_HAND:
        names = ", ".join(LOGGED_BY_HAND)
        return [FieldProblem("kind", "invalid_choice", f"Choose one of: {names}.")]
    if direction not in Direction.values:
        names = ", ".join(Direction.values)
        return [FieldProblem("direction", "invalid_choice", f"Choose one of: {names}.")]
    if kind in touches.WRITTEN and direction == Direction.INBOUND:
        message = "A mail or message from the buyer is a reply: choose \u201cReply received\u201d."
        return [FieldProblem("kind", "is_reply", message)]
    if kind == TouchKind.REPLY and direction == Direction.OUTBOUND:
        message = "A reply comes from the buyer: choose \u201cE-mail sent\u201d for your own."
        return [FieldProblem("kind", "not_reply", message)]
    return []


def _text_problems(text: str) -> list[FieldProblem]:
    if has_forbidden_characters(text):
        message = "The text has characters that are not text. Type or paste it again."
        return [FieldProblem("text", "invalid_characters", message)]
    if len(text) > touches.MAX_TEXT:
        message = (
            f"The text has {len(text):,} characters; {touches.MAX_TEXT:,} fit. "
            "Leave out what it quotes."
        )
        return [FieldProblem("text", "too_long", message)]
    return []


def _time_problem(
    row: Handoff, occurred_at: datetime, *, now: datetime, zone: ZoneInfo
) -> FieldProblem | None:
    if timezone.is_naive(occurred_at):
        return FieldProblem("occurred_at", "no_zone", "Give the time with its zone.")
    if occurred_at > now:
        message = "That is in the future. Log a touch once it has happened."
        return FieldProblem("occurred_at", "in_future", message)
    if row.submitted_at is None or occurred_at < row.submitted_at:
        since = row.submitted_at or now
        message = (
            f"This lead was handed off {clock_time(since, now=now, zone=zone)}. "
            "Enter a time after that."
        )
        return FieldProblem("occurred_at", "before_handoff", message)
    return None


def _leg_at(
    row: Handoff, occurred_at: datetime, *, by: User, relations: frozenset[Relation]
) -> Leg | None:
    """The leg that went on then: the person's own; for a manager whoever's it was."""
    legs = [
        leg
        for leg in Leg.objects.filter(handoff_id=row.pk).select_related("receiver", "turn")
        if leg.assigned_at <= occurred_at and (leg.ended_at is None or occurred_at <= leg.ended_at)
    ]
    own = [leg for leg in legs if leg.receiver_id == by.pk]
    if own:
        return own[-1]
    return legs[-1] if legs and Relation.TEAM in relations else None


def _not_theirs(row: Handoff, by: User, *, now: datetime) -> FieldProblem:
    own = Leg.objects.filter(handoff_id=row.pk, receiver=by).order_by("-pk").first()
    if own is None:
        message = "You have not had this lead. Its receiver or their manager logs the touch."
    else:
        zone = zone_for(by)
        since = clock_time(own.assigned_at, now=now, zone=zone)
        until = f" to {clock_time(own.ended_at, now=now, zone=zone)}" if own.ended_at else ""
        span = f"from {since}{until}" if until else f"since {since}"
        message = f"You have had this lead {span}. Enter a time of yours, or ask your manager."
    return FieldProblem("occurred_at", "not_yours_then", message)


def _names(row: Handoff) -> tuple[str, ...]:
    lead = row.lead
    return (lead.first_name, lead.last_name, lead.name, lead.company.name)


def _is_repeated(digest: str, by: User) -> bool:
    return Touch.objects.filter(actor=by, fingerprint=digest).exists()


def _is_too_old(row: Handoff, occurred_at: datetime, *, now: datetime) -> bool:
    if now <= occurred_at + touches.LATE_LOG:
        return False
    version = contact_hours(row)
    if version is None:
        return True
    return now > touches.may_log_until(rules_calendar(version), occurred_at)


def _effect(row: Handoff, leg: Leg | None, *, occurred_at: datetime, by: User) -> str:
    """What else a touch that counts does."""
    said = ""
    if leg is not None and will_accept(row, leg, by=by):
        said += " It also accepts the lead."
    if row.first_contact_at is None:
        said += " It is the first contact."
        link = (
            HandoffClock.objects.filter(handoff_id=row.pk, kind=ClockKind.CONTACT, is_current=True)
            .select_related("clock")
            .first()
        )
        if link is not None and link.clock.breached_at and occurred_at <= link.clock.due_at:
            said += " It will be shown as logged late."
    return said


def will_accept(row: Handoff, leg: Leg, *, by: User) -> bool:
    """Whether a touch of this leg that counts accepts the handoff: by its live receiver only."""
    return row.status == "pending" and leg.ended_at is None and leg.receiver_id == by.pk
