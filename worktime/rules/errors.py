"""How working time says no. Every class is one cause, with a stable code."""

from collections.abc import Sequence

from core.errors import FieldProblem, Refused


class CalendarInvalid(Refused):
    """A calendar's data cannot be read; `problems` names every place, what is wrong and the fix.

    A problem's field is a path such as `windows[2].start`.
    """

    code = "calendar_invalid"
    title = "This calendar is not complete"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), problems=problems)


class ZoneUnknown(Refused):
    """No time zone of that name is installed."""

    code = "zone_unknown"
    title = "This time zone is unknown"


class InstantNaive(Refused):
    """A date and time without a zone names no instant."""

    code = "instant_naive"
    title = "Give the time zone with the date and time"


class InstantOutOfRange(Refused):
    """The instant, or the answer, lies outside the years that can be computed with."""

    code = "instant_out_of_range"
    title = "This date is too far away: give one between the years 3 and 9997"


class DurationInvalid(Refused):
    """The length is not a finite number."""

    code = "duration_invalid"
    title = "Give the length as a number of seconds"


class NoOpenTime(Refused):
    """The calendar never opens in the direction that was searched."""

    code = "no_open_time"
    title = "This calendar has no open time there: add hours to it, or choose another one"


class NeverCloses(Refused):
    """The calendar is open without an end, so it has no next close."""

    code = "never_closes"
    title = "This calendar is always open, so it has no closing time"


class SpanReversed(Refused):
    """A span to explain ends before it starts."""

    code = "span_reversed"
    title = "The end lies before the start: exchange them"
