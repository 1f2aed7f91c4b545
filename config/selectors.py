"""How the product itself runs, as an admin reads it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.selectors import unknown_zones
from config.dead_man import FINDING as DEAD_MAN
from core.backlog import Backlog, backlog
from core.findings import CLOCK_JUMPED, findings
from core.models import Finding
from core.selectors import LoopState, loop_states
from core.standstill import Standstill, standstill_in
from notify.models import Message
from notify.waiting import messages_overdue, messages_waiting
from sla.impact import teams_not_told
from sla.notices import ATTENTION, CLOCKS_BEHIND
from sla.waiting import clocks_behind, steps_set_aside, steps_waiting
from worktime.rules.words import duration_words
from worktime.selectors import CalendarProblem, calendar_problems

MOST_LISTED = 25
# A step that waits for longer than this is not being worked on.
STEPS_LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class LoopLine:
    """One loop in words; `look` names the badge of its state, `error` is one line."""

    loop: LoopState
    period: str
    age: str
    look: str
    state: str
    error: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """What waits, in words; `is_late` where nobody seems to work on it."""

    title: str
    about: str
    count: str
    age: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Jump:
    """How the time of day moved by itself, the last time."""

    by: str
    is_forward: bool
    at: datetime
    worker: str


@dataclass(frozen=True, slots=True)
class Switch:
    """The dead man's switch, and what came of the last try to reach it; no `at`: none was made."""

    at: datetime | None = None
    age: str = ""
    origin: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What was set aside: the newest of it, and how much in all, in words and as a number."""

    rows: list[Any]
    all: Backlog


@dataclass(frozen=True, slots=True)
class Mending:
    """What is chosen and cannot be followed until somebody mends it: meanwhile unknown zones go on
    in UTC, and a post for a team without a channel goes nowhere.
    """

    calendars: list[CalendarProblem]
    zones: list[str]
    teams_not_told: list[str]
    """Teams whose channel ladders post to, and which have none."""

    @property
    def count(self) -> int:
        return len(self.calendars) + len(self.zones) + len(self.teams_not_told)


@dataclass(frozen=True, slots=True)
class Health:
    """The whole page; `attention` is how many things on it want an admin."""

    loops: list[LoopLine]
    waiting: list[WaitingLine]
    steps: GivenUp
    messages: GivenUp
    jump: Jump | None
    standstill: Standstill | None
    are_moves_held: bool
    switch: Switch | None
    mending: Mending
    attention: int


def health_of(now: datetime) -> Health:
    """How all stands at `now`, in the same number of queries whatever there is."""
    loops = [_loop_line(state) for state in loop_states(now)]
    found = findings()
    behind = clocks_behind(now)
    steps = _given_up(
        steps_set_aside().select_related("step", "clock__handoff_clock__handoff__lead__company")
    )
    messages = _given_up(
        Message.objects.dead().select_related("recipient", "team").order_by("-not_before")
    )
    stood = standstill_in(found)
    are_moves_held = stood is not None and stood.holds(now)
    late = sum(line.loop.is_stale for line in loops) + bool(behind.count)
    mending = Mending(calendar_problems(today=now.date()), unknown_zones(), teams_not_told())
    return Health(
        loops=loops,
        waiting=_waiting(behind, now),
        steps=steps,
        messages=messages,
        jump=_jump(found.get(CLOCK_JUMPED)),
        standstill=stood,
        are_moves_held=are_moves_held,
        switch=_switch(found.get(DEAD_MAN), now) if settings.DEAD_MAN_URL else None,
        mending=mending,
        attention=late + are_moves_held + steps.all.count + messages.all.count + mending.count,
    )


def wanting_attention() -> int:
    """How many things want an admin, as the last look at the clocks has counted them; one query.

    Loops that stand still are not among them: nobody counts for them.
    """
    found = findings()
    counts: dict[str, int] = found[ATTENTION].data if ATTENTION in found else {}
    behind = CLOCKS_BEHIND in found and found[CLOCKS_BEHIND].data["is_open"]
    return sum(counts.values()) + bool(behind)


def _given_up(rows: QuerySet[Any]) -> GivenUp:
    return GivenUp(list(rows[:MOST_LISTED]), backlog(rows, "not_before"))


def _loop_line(state: LoopState) -> LoopLine:
    if state.age_seconds is None:
        look, said = "unstaffed", "Never ran"
    elif state.is_stale:
        look, said = "overdue", "Late"
    else:
        look, said = "on_track", "On time"
    return LoopLine(
        loop=state,
        period=duration_words(state.every.total_seconds()),
        age="" if state.age_seconds is None else _ago(state.age_seconds),
        look=look,
        state=said,
        error=state.last_error.partition("\n")[0],
    )


def _waiting(behind: Backlog, now: datetime) -> list[WaitingLine]:
    steps = steps_waiting(now)
    overdue = messages_overdue(now)
    are_steps_late = steps.oldest is not None and now - steps.oldest > STEPS_LATE
    limit = duration_words(settings.RECONCILE_SECONDS)
    return [
        _line(
            "Clocks behind", f"past their next step by more than {limit}", behind, now, late=True
        ),
        _line("Steps of ladders", "due, and not acted on yet", steps, now, late=are_steps_late),
        _line("Messages", "to be sent, now or later", messages_waiting(), now, late=False),
        _line("Messages overdue", "could have been sent, and were not", overdue, now, late=True),
    ]


def _line(title: str, about: str, waits: Backlog, now: datetime, *, late: bool) -> WaitingLine:
    age = "" if waits.oldest is None else duration_words((now - waits.oldest).total_seconds())
    is_future = waits.oldest is not None and waits.oldest > now
    return WaitingLine(
        title=title,
        about=about,
        count=waits.said,
        age="" if is_future else age,
        is_late=late and waits.count > 0,
    )


def _jump(found: Finding | None) -> Jump | None:
    if found is None:
        return None
    seconds = found.data["seconds"]
    return Jump(duration_words(seconds), seconds > 0, found.at, found.data["worker"])


def _switch(found: Finding | None, now: datetime) -> Switch:
    if found is None:
        return Switch()
    age = _ago((now - found.at).total_seconds())
    return Switch(found.at, age, found.data["origin"], found.data["reason"])


def _ago(seconds: float) -> str:
    return f"{duration_words(seconds)} ago" if seconds >= 1 else "just now"
