"""The touches of a handoff as they read: what was done when, and whether it counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from handoff.choices import Direction, TouchKind, Verdict
from handoff.models import Handoff, HandoffClock, Touch
from handoff.selectors.story import clock_time
from sla.choices import ClockKind

_ICONS = {
    TouchKind.CALL: "call",
    TouchKind.EMAIL: "mail",
    TouchKind.MESSAGE: "chat",
    TouchKind.REPLY: "reply",
    TouchKind.MEETING_BOOKED: "event",
    TouchKind.MEETING_HELD: "groups",
    TouchKind.CONVERTED: "trending_up",
}
_VERDICTS = {
    Verdict.MEANINGFUL: "Counts",
    Verdict.TOO_SHORT: "Does not count: too short",
    Verdict.TEMPLATED: "Does not count: same text as another mail",
    Verdict.AUTOMATED: "Does not count: sent automatically",
    Verdict.TOO_OLD: "Does not count: logged too late",
}


@dataclass(frozen=True, slots=True)
class TouchLine:
    """One touch. ``logged`` says when it was written down, where that was after the due time."""

    icon: str
    what: str
    by: str
    at: datetime
    when: str
    verdict: str
    counts: bool
    logged: str
    text: str


def touches_of(row: Handoff) -> list[Touch]:
    """The touches of the handoff with who made them, newest first, in one query."""
    touches = Touch.objects.filter(handoff_id=row.pk).select_related("actor")
    return list(touches.order_by("-occurred_at", "-pk"))


def touch_lines(
    touches: Iterable[Touch], links: Iterable[HandoffClock], *, now: datetime
) -> tuple[TouchLine, ...]:
    """These touches as they read, without a query; ``links`` are the handoff's clocks."""
    contact = (one for one in links if one.is_current and one.kind == ClockKind.CONTACT)
    due = next((link.clock.due_at for link in contact), None)
    return tuple(_line(touch, due=due, now=now) for touch in touches)


def _line(touch: Touch, *, due: datetime | None, now: datetime) -> TouchLine:
    kind = TouchKind(touch.kind)
    counts = touch.verdict == Verdict.MEANINGFUL
    is_late = counts and due is not None and touch.occurred_at <= due < touch.logged_at
    inbound = touch.direction == Direction.INBOUND
    is_turned = inbound and kind in {TouchKind.CALL, TouchKind.EMAIL, TouchKind.MESSAGE}
    return TouchLine(
        icon=_ICONS[kind],
        what=f"{kind.label}, from the buyer" if is_turned else str(kind.label),
        by=touch.actor.name,
        at=touch.occurred_at,
        when=clock_time(touch.occurred_at, now=now),
        verdict=_VERDICTS[Verdict(touch.verdict)],
        counts=counts,
        logged=f"Logged late, {clock_time(touch.logged_at, now=now)}" if is_late else "",
        text=touch.text,
    )


def last_touches(handoffs: Sequence[Handoff]) -> dict[int, Touch]:
    """The last touch of each by the handoff's id, in two queries."""
    latest = Touch.objects.filter(handoff=models.OuterRef("pk")).order_by("-occurred_at", "-pk")
    found = Handoff.objects.filter(pk__in=[handoff.pk for handoff in handoffs]).values_list(
        models.Subquery(latest.values("pk")[:1]), flat=True
    )
    ids: Iterable[int] = [pk for pk in found if pk is not None]
    touches = Touch.objects.filter(pk__in=ids).select_related("actor")
    return {touch.handoff_id: touch for touch in touches}
