"""The arithmetic of working time: pure, exact to the microsecond, and never a clock read."""

from core.errors import FieldProblem
from worktime.rules.arithmetic import (
    add,
    add_working_days,
    between,
    between_delta,
    elapsed_add,
    into_open_day,
    is_open,
    next_close,
    next_open,
    open_date,
    prev_close,
    subtract,
)
from worktime.rules.calendar import Break, Calendar, Holiday, Hours, Shift, Window
from worktime.rules.errors import (
    CalendarInvalid,
    DurationInvalid,
    InstantNaive,
    InstantOutOfRange,
    NeverCloses,
    NoOpenTime,
    SpanReversed,
    ZoneUnknown,
)
from worktime.rules.explain import Span, Why, explain
from worktime.rules.presets import preset_calendars
from worktime.rules.reading import read_open_calendar
from worktime.rules.words import duration_words, exact_words, working_days_words

__all__ = [
    "Break",
    "Calendar",
    "CalendarInvalid",
    "DurationInvalid",
    "FieldProblem",
    "Holiday",
    "Hours",
    "InstantNaive",
    "InstantOutOfRange",
    "NeverCloses",
    "NoOpenTime",
    "Shift",
    "Span",
    "SpanReversed",
    "Why",
    "Window",
    "ZoneUnknown",
    "add",
    "add_working_days",
    "between",
    "between_delta",
    "duration_words",
    "elapsed_add",
    "exact_words",
    "explain",
    "into_open_day",
    "is_open",
    "next_close",
    "next_open",
    "open_date",
    "preset_calendars",
    "prev_close",
    "read_open_calendar",
    "subtract",
    "working_days_words",
]
