"""The week that is reviewed, in the organisation's zone."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.selectors import UTC, known_zone, organisation
from review.rules.errors import WeekNotBegun
from review.rules.weeks import TREND_WEEKS, Week, WeekRow


@dataclass(frozen=True, slots=True)
class WeekFrame:
    """A week that has begun, in the organisation's zone, and what lies beside it."""

    week: Week
    zone: ZoneInfo
    current: Week

    @property
    def is_running(self) -> bool:
        return self.week == self.current

    @property
    def previous(self) -> Week:
        return self.week.shifted(-1)

    @property
    def next(self) -> Week | None:
        return None if self.is_running else self.week.shifted(1)

    @property
    def row(self) -> WeekRow:
        return WeekRow.of([self.week], self.zone)

    @property
    def pair(self) -> WeekRow:
        """The week before and this one."""
        return WeekRow.of([self.previous, self.week], self.zone)

    @property
    def trend(self) -> WeekRow:
        return WeekRow.of(self.week.up_to_here(TREND_WEEKS), self.zone)


def week_frame(label: str | None, *, now: datetime) -> WeekFrame:
    """The week of that label, or the running one where there is none.

    Raises:
        WeekUnknown: the label names no week.
        WeekNotBegun: the week lies ahead.
        NoOrganisation: there is no zone to count in yet.
    """
    zone = known_zone(organisation().zone) or UTC
    current = Week.containing(now, zone)
    week = current if label is None else Week.parse(label)
    if week > current:
        raise WeekNotBegun(
            f"{week.title} has not begun. It is now week {current.number} of {current.year}."
        )
    return WeekFrame(week, zone, current)
