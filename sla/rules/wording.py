"""Clocks in plain words, in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from core import sentences
from sla.rules.pace import Pace
from sla.rules.targets import ELAPSED_MINUTES, WORKING_DAYS
from worktime.rules import duration_words, working_days_words

LONGEST_IN_HOURS = timedelta(hours=8)
DAY = timedelta(days=1)
WEEK_DAYS = 7
MOST_DAYS = 400


def amount_words(pace: Pace, start: datetime, end: datetime) -> str:
    """The time that counts between two instants: hours and minutes below 8 h, then days.

    The days are working days, or whole days for a target that runs around the clock.
    """
    if end < start:
        start, end = end, start
    length = pace.left(start, end)
    if length < timedelta(minutes=1):
        return "under 1 min"
    if length >= LONGEST_IN_HOURS:
        days = _whole_days(pace, start, end, length)
        if days:
            return days
    return duration_words(length.total_seconds())


def _whole_days(pace: Pace, start: datetime, end: datetime, length: timedelta) -> str:
    if pace.unit == ELAPSED_MINUTES:
        days = length // DAY
        return f"{days} day{'s' if days > 1 else ''}" if days else ""
    count = _working_days(pace, start, end)
    return working_days_words(count) if count else ""


def _working_days(pace: Pace, start: datetime, end: datetime) -> int:
    """How many whole working days fit between the two, the holds taken off at the end."""
    counted_end = replace(pace, holds=()).later(start, pace.left(start, end)) if pace.holds else end
    low, high = 0, MOST_DAYS
    while low < high:
        middle = (low + high + 1) // 2
        if pace.days_later(start, middle) <= counted_end:
            low = middle
        else:
            high = middle - 1
    return low


def target_words(amount: int, unit: str) -> str:
    """A target as a promise: "4 h of working time", "1 working day", "5 min around the clock"."""
    if unit == WORKING_DAYS:
        return working_days_words(amount)
    words = duration_words(amount * 60)
    return f"{words} around the clock" if unit == ELAPSED_MINUTES else f"{words} of working time"


def instant_words(instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """ "today 11:50", "Mon 10:30" within a week, then "Mon 30 Nov 10:30" with the year if other."""
    there, here = instant.astimezone(zone), now.astimezone(zone)
    distance = abs((there.date() - here.date()).days)
    clock = f"{there:%H:%M}"
    if distance == 0:
        return f"today {clock}"
    if distance < WEEK_DAYS:
        return f"{there:%a} {clock}"
    year = f" {there:%Y}" if there.year != here.year else ""
    return f"{there:%a} {there.day} {there:%b}{year} {clock}"


def conditions_words(conditions: Mapping[str, Any]) -> str:
    """Which handoffs a policy is for, as in "temperature is hot and size is 200 or more"."""
    return sentences.conditions_words(conditions, nothing="everything else")


UNITS = {"h": ("hour", "hours"), "min": ("minute", "minutes")}


def spoken(words: str) -> str:
    """Short units written out, for a screen reader."""
    parts = words.split()
    for index, part in enumerate(parts):
        if part in UNITS:
            one, many = UNITS[part]
            parts[index] = one if parts[index - 1] == "1" else many
    return " ".join(parts)
