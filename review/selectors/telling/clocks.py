"""Clocks in words."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from review.selectors.lateness import lateness, stopped_at
from review.selectors.telling.shape import Telling, last_receiver, moment, with_last_receiver
from sla.choices import ClockKind, ClockState
from sla.models import Clock
from sla.selectors import pace_of
from worktime.rules import duration_words

_VERBS = {ClockKind.ACCEPT: ("decided", "stopped without a decision", "no decision yet")}
_OTHERS = ("met", "stopped unmet", "not met yet")


def _join(clocks: QuerySet[Any]) -> QuerySet[Any]:
    link = "handoff_clock__handoff"
    joined = clocks.select_related(
        f"{link}__lead__company",
        f"{link}__submitted_by",
        "handoff_clock__leg__receiver",
        "target",
        "calendar_version",
    )
    return with_last_receiver(joined, "handoff_clock__handoff")


def _receiver(clock: Any) -> str:
    leg = clock.handoff_clock.leg
    return str(leg.receiver) if leg else last_receiver(clock)


def _words(clock: Clock, zone: ZoneInfo) -> str:
    met, stopped, waiting = _VERBS.get(ClockKind(clock.kind), _OTHERS)
    due = moment(clock.due_at, zone)
    stop = stopped_at(clock)
    if stop is None:
        ending = waiting
    else:
        ending = f"{met if clock.state == ClockState.MET else stopped} {moment(stop, zone)}"
        if stop > clock.due_at:
            pace = pace_of(clock.target, clock.calendar_version)
            ending += f", {duration_words(lateness(pace, clock, stop))} late"
        elif clock.state == ClockState.MET and clock.detected_at is not None:
            ending += f", logged after the miss was written down {moment(clock.detected_at, zone)}"
    start = "Nobody of the pool was at work when it started. " if clock.is_unstaffed else ""
    return f"{start}Due {due}; {ending}."


CLOCKS = Telling(
    join=_join,
    handoff=lambda clock: clock.handoff_clock.handoff,
    receiver=_receiver,
    why=_words,
)
