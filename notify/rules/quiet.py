"""Quiet hours: a daily span of wall time, in which e-mail and Slack keep still.

A wall time inside a spring gap moves forward by the gap, and an ambiguous one is its first
occurrence: both are what `fold=0` means, as in the arithmetic of working time.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# The span that a moment lies in may have begun the day before, and a zone may skip a date.
DAYS_BACK = 2


def quiet_until(moment: datetime, starts: time, ends: time, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet span that the moment lies in, in UTC; None where it is not quiet.

    A span holds from its start up to, but not including, its end. An end before the start lies
    on the next day; equal ones leave no span.
    """
    if starts == ends:
        return None
    end = _end_of_span(moment, starts, ends, zone)
    # Around a clock change the end of one day's span can lie inside the next day's.
    while end is not None and (later := _end_of_span(end, starts, ends, zone)) is not None:
        end = later
    return end


def _end_of_span(moment: datetime, starts: time, ends: time, zone: ZoneInfo) -> datetime | None:
    today = moment.astimezone(zone).date()
    for back in range(DAYS_BACK + 1):
        day = today - back * DAY
        last_day = day if ends > starts else day + DAY
        begin = datetime.combine(day, starts, zone).astimezone(UTC)
        end = datetime.combine(last_day, ends, zone).astimezone(UTC)
        if begin <= moment < end:
            return end
    return None
