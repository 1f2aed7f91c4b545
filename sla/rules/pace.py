"""How a clock's time passes: working time of a calendar, or every second, less its pauses.

Instants are aware and come out in UTC; lengths are exact to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sla.rules.targets import ELAPSED_MINUTES, WORKING_DAYS
from worktime.rules import (
    Calendar,
    add,
    add_working_days,
    between_delta,
    elapsed_add,
    into_open_day,
    subtract,
)

NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Hold:
    """A span that does not count, from `starts_at` up to `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """Counts the time of one target. `holds` must be disjoint."""

    calendar: Calendar
    unit: str
    holds: tuple[Hold, ...] = ()

    def held(self, holds: Iterable[Hold], *, since: datetime) -> Pace:
        """The same pace with what of these holds lies after the clock's start, in order."""
        after = (Hold(max(hold.starts_at, since), hold.ends_at) for hold in holds)
        kept = (hold for hold in after if hold.starts_at < hold.ends_at)
        return replace(self, holds=tuple(sorted(kept, key=lambda hold: hold.starts_at)))

    def promised(self, start: datetime, amount: int) -> datetime:
        """Where `amount` of the unit ends after `start`, were there no holds."""
        if self.unit == WORKING_DAYS:
            return self.days_later(start, amount)
        return self._add(start, timedelta(minutes=amount))

    def days_later(self, start: datetime, days: int) -> datetime:
        """The same wall time so many working days later.

        From a weekend or holiday the days count from the next opening. Its own wall time could
        land on an opening, with no working time between start and due.
        """
        return add_working_days(self.calendar, into_open_day(self.calendar, start), days)

    def due(self, start: datetime, amount: int) -> datetime:
        """Where `amount` of the unit ends; a hold that begins before then moves it on.

        A hold moves it by the time that would have counted inside the hold, so a pause over a
        closed night costs and gives nothing.
        """
        return self._past_holds(self.promised(start, amount), self.holds)

    def length(self, start: datetime, amount: int) -> timedelta:
        """The target's length, which percentages are taken of.

        Working time from start to due for a length in days; minutes are their own length.
        """
        if self.unit != WORKING_DAYS:
            return timedelta(minutes=amount)
        return self.counted(start, self.promised(start, amount))

    def later(self, due: datetime, length: timedelta) -> datetime:
        """The instant by which `length` has passed since `due`, holds after due left out."""
        return self._past_holds(self._add(due, length), self._after(due))

    def earlier(self, due: datetime, length: timedelta) -> datetime:
        """The instant after which `length` is left until `due`, holds before due left out."""
        instant = self._subtract(due, length)
        for hold in reversed(self.holds):
            if hold.starts_at < due and hold.ends_at > instant:
                span = self.counted(hold.starts_at, min(hold.ends_at, due))
                instant = self._subtract(instant, span)
        return instant

    def left(self, start: datetime, end: datetime) -> timedelta:
        """The time that counts from start to end, holds left out; signed."""
        if end < start:
            return -self.left(end, start)
        held = (
            self.counted(max(hold.starts_at, start), min(hold.ends_at, end))
            for hold in self.holds
            if hold.starts_at < end and hold.ends_at > start
        )
        return self.counted(start, end) - sum(held, NOTHING)

    def counted(self, start: datetime, end: datetime) -> timedelta:
        """The time that counts from start to end as if there were no holds; signed."""
        if self.unit == ELAPSED_MINUTES:
            # Two instants of one zone subtract as walls do, clock changes left out.
            return end.astimezone(UTC) - start.astimezone(UTC)
        return between_delta(self.calendar, start, end)

    def _past_holds(self, instant: datetime, holds: Sequence[Hold]) -> datetime:
        for hold in holds:
            if hold.starts_at < instant:
                instant = self._add(instant, self.counted(hold.starts_at, hold.ends_at))
        return instant

    def _after(self, due: datetime) -> tuple[Hold, ...]:
        return tuple(
            Hold(max(hold.starts_at, due), hold.ends_at)
            for hold in self.holds
            if hold.ends_at > due
        )

    def _add(self, instant: datetime, length: timedelta) -> datetime:
        # Adding nothing would move a closed instant to the next open one.
        if not length:
            return instant
        if self.unit == ELAPSED_MINUTES:
            return elapsed_add(instant, length)
        return add(self.calendar, instant, length)

    def _subtract(self, instant: datetime, length: timedelta) -> datetime:
        if not length:
            return instant
        if self.unit == ELAPSED_MINUTES:
            return elapsed_add(instant, -length)
        return subtract(self.calendar, instant, length)
