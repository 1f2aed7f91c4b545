"""The days that a page of figures tells of, whole ones in one zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.errors import FieldProblem, Refused

WEEK = timedelta(weeks=1)
USUAL_WEEKS = 4
LONGEST = timedelta(days=366)
# Outside these years an instant of the day may not be a datetime.
FIRST_YEAR, LAST_YEAR = 1970, 9998


class PeriodRefused(Refused):
    """The days cannot be shown; each problem names the field."""

    code = "period_refused"
    status = 422
    title = "These days cannot be shown"


@dataclass(frozen=True, slots=True)
class Period:
    """From the beginning of `first` to the end of `last`."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def of_weeks(cls, weeks: int, *, now: datetime, zone: tzinfo) -> Period:
        """So many times seven days, today the last of them."""
        today = now.astimezone(zone).date()
        return cls(today - weeks * WEEK + timedelta(days=1), today, zone)

    @classmethod
    def parse(cls, first: str, last: str, *, now: datetime, zone: tzinfo) -> Period:
        """The days as typed; without a last one until today, without a first one four weeks.

        Raises:
            PeriodRefused: a text is no day, the days are the wrong way round, or too many.
        """
        begin, end = _day(first), _day(last)
        problems = [
            FieldProblem(name, "day_unknown", f"{label} is not a day. Write it as 2026-11-30.")
            for name, label, text, day in (
                ("from", "From", first, begin),
                ("to", "To", last, end),
            )
            if text and day is None
        ]
        if problems:
            raise PeriodRefused(problems=problems)
        until = end or now.astimezone(zone).date()
        found = cls(begin or until - USUAL_WEEKS * WEEK + timedelta(days=1), until, zone)
        found._check()
        return found

    def _check(self) -> None:
        if self.first > self.last:
            message = "From lies after To. Change one of them."
            raise PeriodRefused(problems=[FieldProblem("from", "days_reversed", message)])
        if self.last - self.first >= LONGEST:
            message = f"Choose {LONGEST.days} days at most: the figures are counted anew each time."
            raise PeriodRefused(problems=[FieldProblem("to", "too_long", message)])

    @property
    def start(self) -> datetime:
        return _first_instant(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after the last day."""
        return _first_instant(self.last + timedelta(days=1), self.zone)

    @property
    def ends_of_weeks(self) -> list[tuple[date, datetime]]:
        """The last day of each seven, counted back from the last one, and the instant after it."""
        days = (self.last - self.first).days
        lasts = [self.last - n * WEEK for n in range(days // WEEK.days, -1, -1)]
        return [(day, _first_instant(day + timedelta(days=1), self.zone)) for day in lasts]

    @property
    def words(self) -> str:
        """As in "26 Oct to 22 Nov 2026"."""
        start = f"{self.first.day} {self.first:%b}"
        if self.first.year != self.last.year:
            start += f" {self.first.year}"
        return f"{start} to {self.last.day} {self.last:%b} {self.last.year}"


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _first_instant(day: date, zone: tzinfo) -> datetime:
    # An absent midnight is read by the offset before the gap, which is the end of the gap; of a
    # midnight that comes twice, fold 0 is the first.
    return datetime.combine(day, time(), zone).astimezone(UTC)
