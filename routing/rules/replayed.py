"""The moving parts of a replay: pools whose credits change, people's counts, hours as they pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from routing.rules.eligibility import BUSY, Code, Excluded
from routing.rules.past import Place, PoolSetting, Setting, Start
from routing.rules.rotation import Pick
from worktime.rules import Calendar, NeverCloses, NoOpenTime, is_open, next_close, next_open

NEVER = datetime.max.replace(tzinfo=UTC)
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Counts:
    """What a person got on a day and in a week, which begins on a Monday."""

    day: date = date.min
    on_day: int = 0
    week: date = date.min
    in_week: int = 0

    def of(self, today: date) -> tuple[int, int]:
        """How many on this day and how many in its week."""
        monday = today - timedelta(days=today.weekday())
        on_day = self.on_day if self.day == today else 0
        return on_day, self.in_week if self.week == monday else 0

    def add(self, today: date) -> None:
        self.on_day, self.in_week = (count + 1 for count in self.of(today))
        self.day, self.week = today, today - timedelta(days=today.weekday())


@dataclass(slots=True)
class Chair:
    """One membership with its credit; `out` is why nobody is picked from it, the lead aside."""

    place: Place
    credit: int = 0
    last_picked: int = 0
    last_present: int = 0
    out: Excluded | None = None


@dataclass(slots=True)
class Table:
    """A pool with its chairs by member id; `last_round` is the last turn with anybody present."""

    setting: PoolSetting
    chairs: list[Chair]
    sequence: int = 0
    last_round: int = 0

    def begin(self, start: Start) -> None:
        """Stand where the rotation stood; everybody counts as having been there."""
        self.sequence = self.last_round = start.sequence
        for one in self.chairs:
            one.credit = start.credits.get(one.place.user_id, 0)
            one.last_picked = start.last_picked.get(one.place.user_id, 0)
            one.last_present = start.sequence

    def settle(self, choice: Pick, lacking: Collection[int]) -> None:
        """What a turn does to credits and to who counts as present, as when it is written.

        `lacking` are the members who could not do what the lead asked for.
        """
        self.sequence += 1
        seats = {seat.member_id: seat for seat in choice.candidates}
        for one in self.chairs:
            seat = seats.get(one.place.member_id)
            if seat is not None:
                one.credit = seat.credit + (seat.weight if choice.is_paid else 0)
                one.last_present = self.sequence
            elif one.last_present >= self.last_round and _stays(one, lacking):
                one.last_present = self.sequence
            if one.place.member_id == choice.seat.member_id:
                one.credit, one.last_picked = choice.credit_after, self.sequence
        self.last_round = self.sequence


def _stays(one: Chair, lacking: Collection[int]) -> bool:
    """Whether who is no candidate was there all the same: busy, or not for this lead."""
    if one.place.member_id in lacking:
        return one.out is None or one.out.code not in (Code.INACTIVE, Code.NO_WEIGHT)
    return one.out is None or one.out.code in BUSY


@dataclass(slots=True)
class Hours:
    """A calendar that is asked again and again in the order of time."""

    calendar: Calendar
    _is_open: bool = False
    _until: datetime = EVER

    def is_open(self, at: datetime) -> bool:
        if at >= self._until:
            self._is_open = is_open(self.calendar, at)
            self._until = self._change(at)
        return self._is_open

    def next_open(self, at: datetime) -> datetime:
        """The first open instant from then on; NEVER where there is none."""
        try:
            return next_open(self.calendar, at)
        except NoOpenTime:
            return NEVER

    def _change(self, at: datetime) -> datetime:
        if not self._is_open:
            return self.next_open(at)
        try:
            return next_close(self.calendar, at)
        except NeverCloses:
            return NEVER


def table_of(setting: PoolSetting) -> Table:
    """The pool as if it had never picked anybody."""
    return Table(setting, [Chair(one) for one in setting.places])


def bounds_of(setting: Setting) -> list[tuple[datetime, int]]:
    """When somebody goes away or comes back within the weeks, in the order of time."""
    return sorted(
        (moment, user_id)
        for user_id, person in setting.people.items()
        for span in person.away
        for moment in span
        if setting.since < moment < setting.until
    )
