"""Questions to a calendar. Instants go in aware, in any zone, and come out in UTC.

Open time is half-open, [open, close), and elapsed: a window open across a clock change counts
what really passed. Lengths are seconds, or a timedelta; microseconds are kept. A date and time
without a zone raises InstantNaive, and a calendar that never opens again raises NoOpenTime.
"""

from datetime import date, datetime, timedelta

from worktime.rules import zones
from worktime.rules.calendar import Calendar
from worktime.rules.zones import duration_us, instant_us, moment_of


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """True from the instant of opening up to, and not at, the close."""
    return calendar.timeline.is_open(instant_us(moment))


def next_open(calendar: Calendar, moment: datetime) -> datetime:
    """The earliest open instant at or after the moment."""
    return moment_of(calendar.timeline.next_open(instant_us(moment)))


def prev_close(calendar: Calendar, moment: datetime) -> datetime:
    """The latest instant at or before the moment with open time just before it."""
    return moment_of(_prev_close(calendar, instant_us(moment)))


def next_close(calendar: Calendar, moment: datetime) -> datetime:
    """The first close after the moment; raises NeverCloses for a calendar that has none."""
    return moment_of(calendar.timeline.next_close(instant_us(moment)))


def add(calendar: Calendar, start: datetime, seconds: float | timedelta) -> datetime:
    """The instant by which that much open time has passed; a negative length subtracts.

    It may be a close. Adding nothing while closed gives the next open.
    """
    instant, length = instant_us(start), duration_us(seconds)
    if length < 0:
        return _subtracted(calendar, instant, -length)
    if length == 0:
        return moment_of(calendar.timeline.next_open(instant))
    # Open time is never longer than elapsed time, so this refuses what cannot be reached.
    moment_of(instant + length)
    year, done = calendar.timeline.open_before(instant)
    return moment_of(calendar.timeline.reach_open(year, done + length))


def subtract(calendar: Calendar, start: datetime, seconds: float | timedelta) -> datetime:
    """The instant since which that much open time has passed; a negative length adds.

    It may be an opening. Subtracting nothing while closed gives the previous close.
    """
    length = duration_us(seconds)
    if length < 0:
        return add(calendar, start, zones.MICROSECOND * -length)
    return _subtracted(calendar, instant_us(start), length)


def between(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Seconds of open time from start to end; negative when the end lies before the start."""
    return between_delta(calendar, start, end).total_seconds()


def between_delta(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Open time from start to end, exact to the microsecond; signed like `between`."""
    first, last = instant_us(start), instant_us(end)
    if last < first:
        return -between_delta(calendar, end, start)
    line = calendar.timeline
    year, done = line.open_before(first)
    last_year, last_done = line.open_before(last)
    whole = (line.year(each) for each in range(year, last_year))
    total = sum(sheet.open.before(sheet.end) for sheet in whole)
    return timedelta(microseconds=total + last_done - done)


def add_working_days(calendar: Calendar, start: datetime, n: int) -> datetime:
    """The same wall time n open days later, or earlier where n is negative.

    An open day is a date on which hours start; time after midnight in an overnight window still
    belongs to the day before. Where the wall time is closed, the answer is the next open
    instant, at the latest the end of that day's last window. No days are like adding nothing.
    """
    line, instant = calendar.timeline, instant_us(start)
    if n == 0:
        return moment_of(line.next_open(instant))
    day = _working_date(calendar, instant)
    wall = start.astimezone(line.zone).replace(tzinfo=None, fold=0)
    target = line.open_day(day, n)
    landing = zones.wall_us(line.zone, target, wall - datetime.fromordinal(day))
    if line.is_open(landing):
        return moment_of(landing)
    last_close = line.own_spans(target)[-1][1]
    return moment_of(last_close if landing >= last_close else line.next_open(landing))


def elapsed_add(start: datetime, seconds: float | timedelta) -> datetime:
    """The instant that many real seconds later, around the clock."""
    return moment_of(instant_us(start) + duration_us(seconds))


def open_date(calendar: Calendar, moment: datetime) -> date:
    """The date in the calendar's zone that the moment belongs to, overnight windows included."""
    return date.fromordinal(_working_date(calendar, instant_us(moment)))


def into_open_day(calendar: Calendar, moment: datetime) -> datetime:
    """The moment itself on a date on which hours start; on any other, the next opening."""
    instant = instant_us(moment)
    if calendar.timeline.own_spans(_working_date(calendar, instant)):
        return moment_of(instant)
    return moment_of(calendar.timeline.next_open(instant))


def _prev_close(calendar: Calendar, instant: int) -> int:
    year, done = calendar.timeline.open_before(instant)
    return calendar.timeline.reach_open(year, done)


def _subtracted(calendar: Calendar, instant: int, length: int) -> datetime:
    line = calendar.timeline
    if length == 0:
        return moment_of(instant if line.is_open(instant) else _prev_close(calendar, instant))
    moment_of(instant - length)
    year, done = line.open_before(instant)
    # The latest instant before which `length` is still to pass: an opening, not the close
    # before it. Hence one microsecond further and back.
    return moment_of(line.reach_open(year, done - length + 1) - 1)


def _working_date(calendar: Calendar, instant: int) -> int:
    line = calendar.timeline
    today = moment_of(instant).astimezone(line.zone).toordinal()
    for day in (today, today - 1):
        if any(start <= instant < end for start, end in line.own_spans(day)):
            return day
    return today
