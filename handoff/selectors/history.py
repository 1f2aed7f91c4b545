"""What happened to one handoff, one sentence per event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from handoff.choices import EventKind
from handoff.models import Event, Handoff, Leg
from handoff.rules.form import Form
from handoff.selectors.event_words import LATE, WRITERS, Told
from handoff.selectors.story import clock_time

_PEOPLE = ("receiver", "told", "owner", "to", "from", "cover", "successor")


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event: ``head`` says what changed, ``rest`` goes on in the same sentence.

    ``group`` is what it belongs to where the page shows a part only: clocks, touches or neither.
    """

    at: datetime
    when: str
    icon: str
    head: str
    rest: str
    group: str = ""
    is_late: bool = False


_CLOCKS = frozenset(
    {
        EventKind.REMINDED,
        EventKind.BREACHED,
        EventKind.ALERTED,
        EventKind.POSTED,
        EventKind.UNSTAFFED,
        EventKind.STEP_SUPERSEDED,
        EventKind.STEP_RETRIED,
        EventKind.EXTENDED,
        EventKind.PAUSED,
        EventKind.RESUMED,
        EventKind.ACKNOWLEDGED,
        EventKind.RETARGETED,
        EventKind.RETIMED,
    }
)
_TOUCHES = frozenset({EventKind.TOUCHED, EventKind.NEXT_STEP_DATED})


def event_lines(
    row: Handoff, form: Form, legs: Sequence[Leg], *, now: datetime, most: int | None = None
) -> tuple[EventLine, ...]:
    """The events of the handoff, newest first, no more than ``most``, in two queries."""
    log = Event.objects.filter(handoff_id=row.pk).select_related("by").order_by("-seq")
    events = list(log[:most])
    people = User.objects.in_bulk(_people(events))
    by_id = {leg.pk: leg for leg in legs}
    return tuple(_line(Told(event, row, form, people, by_id, now)) for event in events)


def _people(events: Sequence[Event]) -> set[int]:
    named = {event.data.get(key) for event in events for key in _PEOPLE}
    skipped = {skip["user"] for event in events for skip in event.data.get("exclusions", ())}
    return {pk for pk in named | skipped if isinstance(pk, int)}


def _line(told: Told) -> EventLine:
    kind = EventKind(told.event.kind)
    icon, write = WRITERS[kind]
    head, rest = write(told)
    return EventLine(
        at=told.event.at,
        when=clock_time(told.event.at, now=told.now),
        icon=icon,
        head=head,
        rest=rest,
        group="clocks" if kind in _CLOCKS else "touches" if kind in _TOUCHES else "",
        is_late=kind in LATE,
    )
