"""A second, slow way to the same answers: every minute of a stretch of real time, one by one.

It shares nothing with the engine. Wall times become instants by looking up when the wall first
showed them, and the size of a gap is seen as the jump between two neighbouring minutes.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

MINUTE = timedelta(minutes=1)


# Minutes looked at on both sides: windows reach in from the day before, and the largest gap, a
# day left out, moves them by one more.
MARGIN = 3 * 1440


@lru_cache(maxsize=64)
def wall_clock(zone, start, days):
    """What the wall shows minute by minute, and the first minute of each wall time."""
    moment = (start - MINUTE * MARGIN).replace(tzinfo=zone)
    shown, first_seen = [], {}
    for index in range(2 * MARGIN + days * 1440):
        # In this form the fields are UTC and the zone only says what to turn them into.
        wall = zone.fromutc(moment).replace(tzinfo=None, fold=0)
        shown.append(wall)
        first_seen.setdefault(wall, index)
        moment += MINUTE
    missing = {}
    for before, after in pairwise(shown):
        gap = after - before - MINUTE
        wall = before + MINUTE
        while wall < after:
            missing[wall] = first_seen.get(wall + gap)
            wall += MINUTE
    return shown, {**missing, **first_seen}


class Oracle:
    """Knows which minutes are open from `start` for `days` days; answers are minute indices."""

    def __init__(self, calendar, zone, start, days):
        self.start = start.astimezone(UTC)
        self.count = days * 1440
        wall, self._index = wall_clock(zone, self.start, days)
        minutes = [False] * len(wall)
        dates = sorted({shown.date() for shown in wall})
        for day in dates:
            self._paint(minutes, day, self._hours(calendar, day), True)
        for pause in calendar.breaks:
            if pause.date in dates:
                self._paint(minutes, pause.date, [(pause.start, pause.end)], False)
        self.open = minutes[MARGIN : MARGIN + self.count]

    def _hours(self, calendar, day):
        for holiday in calendar.holidays:
            if day in {holiday.date} or (day.month, day.day) == holiday.yearly:
                return []
        for shift in calendar.shifts:
            if shift.date == day:
                return [(each.start, each.end) for each in shift.windows]
        return [
            (each.start, each.end) for each in calendar.windows if each.weekday == day.weekday()
        ]

    def _paint(self, minutes, day, spans, value):
        midnight = datetime.fromordinal(day.toordinal())
        for start, end in spans:
            overnight = 1440 if end <= start else 0
            first = self._index.get(midnight + MINUTE * start)
            last = self._index.get(midnight + MINUTE * (end + overnight))
            if first is None or last is None:
                continue
            for index in range(first, last):
                minutes[index] = value

    def at(self, index):
        return self.start + MINUTE * index

    def between(self, first, last):
        return 60 * sum(self.open[first:last])

    def add(self, index, minutes):
        """Where `minutes` of open time have passed; None beyond the known stretch."""
        if minutes == 0:
            return self.next_open(index)
        for each in range(index, self.count):
            minutes -= self.open[each]
            if minutes == 0:
                return each + 1
        return None

    def subtract(self, index, minutes):
        if minutes == 0:
            return index if self.open[index] else self.prev_close(index)
        for each in range(index - 1, -1, -1):
            minutes -= self.open[each]
            if minutes == 0:
                return each
        return None

    def next_open(self, index):
        return next((each for each in range(index, self.count) if self.open[each]), None)

    def prev_close(self, index):
        return next((each for each in range(index, 0, -1) if self.open[each - 1]), None)

    def next_close(self, index):
        return next(
            (
                each
                for each in range(index + 1, self.count)
                if self.open[each - 1] and not self.open[each]
            ),
            None,
        )
