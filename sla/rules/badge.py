"""What a clock looks like to a reader at one instant: its badge, its bar, its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sla.rules import pauses, transitions
from sla.rules.pace import Hold, Pace
from sla.rules.schedule import Rung, soon_at
from sla.rules.targets import ALERT_MANAGER, ELAPSED_MINUTES, REMIND
from sla.rules.wording import amount_words, instant_words, spoken, target_words

ON_TRACK = "on_track"
SOON = "soon"
OVERDUE = "overdue"
UNSTAFFED = "unstaffed"
PAUSED = "paused"
MET = "met"
MET_LATE = "met_late"
MISSED = "missed"
CANCELLED = "cancelled"

STEP_WORDS = {REMIND: "a reminder goes out", ALERT_MANAGER: "the manager is alerted"}


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """A clock as it is stored. `holds` are its pauses, also one without an end."""

    name: str
    state: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    cancelled_at: datetime | None
    breached_at: datetime | None
    is_unstaffed: bool
    amount: int
    rungs: Sequence[Rung]
    fired: int
    holds: Sequence[Hold]


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock in words. `percent` is the elapsed part of the target, 0 to 100."""

    state: str
    text: str
    label: str
    percent: int
    due_at: datetime
    due: str
    target: str
    next_step: str

    @property
    def is_open(self) -> bool:
        return self.state in (ON_TRACK, SOON, OVERDUE, UNSTAFFED, PAUSED)


def badge_state(facts: ClockFacts, pace: Pace, now: datetime) -> str:
    """One of the nine states; late is what comes after due, exactly at due is in time."""
    if facts.state == transitions.MET:
        return MET_LATE if transitions.is_late(facts.due_at, facts.met_at or now) else MET
    if facts.state == transitions.CANCELLED:
        return MISSED if facts.breached_at else CANCELLED
    if facts.state == transitions.PAUSED or pauses.current(facts.holds, now):
        return PAUSED
    if transitions.is_late(facts.due_at, now):
        return OVERDUE
    if facts.is_unstaffed:
        return UNSTAFFED
    length = pace.length(facts.started_at, facts.amount)
    return SOON if now >= soon_at(facts.rungs, pace, facts.due_at, length) else ON_TRACK


def describe(facts: ClockFacts, pace: Pace, *, now: datetime, zone: tzinfo) -> ClockView:
    """The view at `now` for a reader in `zone`. `pace` must hold the closed pauses."""
    state = badge_state(facts, pace, now)
    text = _text(facts, pace, state, now, zone)
    return ClockView(
        state=state,
        text=text,
        label=_label(facts, pace, state, text, now, zone),
        percent=_percent(facts, pace, now),
        due_at=facts.due_at,
        due=instant_words(facts.due_at, now=now, zone=zone),
        target=target_words(facts.amount, pace.unit),
        next_step=_next_step(facts, now, zone),
    )


def _text(facts: ClockFacts, pace: Pace, state: str, now: datetime, zone: tzinfo) -> str:
    """As short as a badge."""
    amount = _amount(facts, pace, state, now)
    missed = _clock(facts.due_at, now, zone)
    return {
        ON_TRACK: f"{amount} left",
        SOON: f"{amount} left",
        OVERDUE: f"{amount} late",
        MET: f"Met, {amount} early" if facts.met_at != facts.due_at else "Met just in time",
        MET_LATE: f"Met, {amount} late",
        MISSED: f"Missed {missed}" if " " in missed else f"Missed at {missed}",
        PAUSED: _paused_text(facts, now, zone),
        UNSTAFFED: "Unstaffed",
        CANCELLED: "Cancelled",
    }[state]


def _label(
    facts: ClockFacts, pace: Pace, state: str, text: str, now: datetime, zone: tzinfo
) -> str:
    """The whole sentence, which stands alone where the badge's words need their surroundings."""
    due = instant_words(facts.due_at, now=now, zone=zone)
    amount = spoken(_amount(facts, pace, state, now))
    # A working day says itself what time it is.
    if pace.unit != ELAPSED_MINUTES and "working" not in amount:
        amount += " of working time"
    name, inner = facts.name, spoken(text[0].lower() + text[1:])
    unstaffed = "; nobody was at work when it started" if facts.is_unstaffed else ""
    return {
        ON_TRACK: f"{name} is due {due}, {amount} left.",
        SOON: f"{name} is due {due}, {amount} left.",
        OVERDUE: f"{name} was due {due}, {amount} late{unstaffed}.",
        MET: f"{name} was due {due}: {inner}.",
        MET_LATE: f"{name} was due {due}: {inner}.",
        MISSED: f"{name} was due {due} and was missed.",
        PAUSED: f"{name} is {inner}.",
        UNSTAFFED: f"{name} is due {due}{unstaffed}.",
        CANCELLED: f"{name} was due {due} and was cancelled before that.",
    }[state]


def _amount(facts: ClockFacts, pace: Pace, state: str, now: datetime) -> str:
    """The time between due and the instant that decides; empty where the badge says none."""
    if state in (ON_TRACK, SOON, OVERDUE):
        return amount_words(pace, now, facts.due_at)
    if state in (MET, MET_LATE):
        return amount_words(pace, facts.met_at or now, facts.due_at)
    return ""


def _paused_text(facts: ClockFacts, now: datetime, zone: tzinfo) -> str:
    hold = pauses.current(facts.holds, now)
    if hold is None or hold.ends_at == pauses.OPEN_END:
        return "Paused"
    return f"Paused until {_clock(hold.ends_at, now, zone)}"


def _clock(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """As short as a badge: today's instants by the clock alone."""
    return instant_words(instant, now=now, zone=zone).removeprefix("today ")


def _percent(facts: ClockFacts, pace: Pace, now: datetime) -> int:
    stopped = facts.met_at or facts.cancelled_at or now
    length = pace.left(facts.started_at, facts.due_at)
    if stopped >= facts.due_at or not length:
        return 100 if stopped >= facts.due_at else 0
    gone = pace.left(facts.started_at, max(stopped, facts.started_at))
    return min(100, max(0, int(gone / length * 100)))


def _next_step(facts: ClockFacts, now: datetime, zone: tzinfo) -> str:
    """What happens next when nobody acts; empty when nothing more is to come."""
    if facts.state != transitions.RUNNING:
        return ""
    for rung in facts.rungs[facts.fired :]:
        if rung.action in STEP_WORDS:
            when = instant_words(rung.at, now=now, zone=zone)
            return f"{when[0].upper()}{when[1:]} {STEP_WORDS[rung.action]}."
    return ""
