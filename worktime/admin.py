"""Calendars: two weeks as they will be, and new versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from core.admin import ConfigAdmin, Dialog, register
from core.errors import DomainError, FieldProblem
from worktime import services
from worktime.forms import DAY_NAMES, HoursForm, NewCalendarForm, as_texts
from worktime.models import Calendar, CalendarVersion
from worktime.rules import duration_words
from worktime.rules.calendar import WEEKDAYS, clock_text
from worktime.rules.intervals import clipped, length, merged, without
from worktime.rules.plan import DAY_MINUTES, Plan
from worktime.selectors import rules_calendar

DRAWN_DAYS = 14
# The drawing begins and ends here, or earlier and later where there are open hours.
USUAL_START, USUAL_END = 6 * 60, 20 * 60
HOUR = 60
GRID_HOURS = 2


@dataclass(frozen=True, slots=True)
class DrawnSpan:
    """Hours on the drawing; `x` and `width` are percents of its width."""

    x: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class DrawnDay:
    day: date
    spans: tuple[DrawnSpan, ...]
    open_words: str
    note: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """Two weeks of a calendar's hours as they will be, drawn to scale."""

    days: tuple[DrawnDay, ...]
    hours: tuple[DrawnSpan, ...]


def timetable(version: CalendarVersion, *, first: date) -> Timetable:
    plan = Plan(rules_calendar(version))
    days = [first + timedelta(days=n) for n in range(DRAWN_DAYS)]
    opened = {day: _open_on(plan, day.toordinal()) for day in days}
    edges = [edge for spans in opened.values() for span in spans for edge in span]
    start = min([USUAL_START, *edges]) // HOUR * HOUR
    end = max([USUAL_END, *edges])
    width = end - start

    def drawn(low: int, high: int, words: str) -> DrawnSpan:
        return DrawnSpan(
            x=round((low - start) * 100 / width, 3),
            width=round((high - low) * 100 / width, 3),
            words=words,
        )

    return Timetable(
        days=tuple(
            DrawnDay(
                day=day,
                spans=tuple(
                    drawn(low, high, f"{clock_text(low)}–{clock_text(high)}") for low, high in spans
                ),
                open_words=duration_words(length(spans) * 60) if spans else "closed",
                note=", ".join(_notes(plan, day.toordinal())),
            )
            for day, spans in opened.items()
        ),
        hours=tuple(
            drawn(minute, minute, clock_text(minute))
            for minute in range(start, end + 1, GRID_HOURS * HOUR)
        ),
    )


def _open_on(plan: Plan, ordinal: int) -> tuple[tuple[int, int], ...]:
    """Open minutes of the date on the wall; what runs past midnight belongs to the next date."""
    night = [(low - DAY_MINUTES, high - DAY_MINUTES) for low, high in plan.hours(ordinal - 1)]
    spans = merged([*plan.hours(ordinal), *night])
    return clipped(without(spans, merged(plan.breaks(ordinal))), 0, DAY_MINUTES)


def _notes(plan: Plan, ordinal: int) -> Iterator[str]:
    holiday = plan.holiday(ordinal)
    if holiday is not None:
        yield f"Holiday: {holiday}" if holiday else "Holiday"
    yield from (f"Break: {name or 'closed'}" for name in plan.breaks(ordinal).values())
    shift = plan.shift_name(ordinal)
    if shift:
        yield f"Shift: {shift}"


def week_lines(version: CalendarVersion) -> list[tuple[str, str]]:
    """Each weekday with its hours in words."""
    texts = as_texts(version)
    return [
        (name, texts[day].replace("-", "–") or "closed")
        for day, name in zip(WEEKDAYS, DAY_NAMES, strict=True)
    ]


def add_calendar(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    with fields_named():
        calendar = services.create_calendar(
            name=values["name"],
            data=values["data"],
            country=values["country"],
            region=values["region"],
            by=request.user.pk,
            now=timezone.now(),
        )
    return f"{calendar} is added."


def publish(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    with fields_named():
        version = services.publish_calendar_version(
            row,
            data=values["data"],
            country=values["country"],
            region=values["region"],
            by=request.user.pk,
            now=timezone.now(),
        )
    return f"{row} has version {version.n} now. Clocks that run keep the one they started with."


@contextmanager
def fields_named() -> Iterator[None]:
    """Turn paths into the JSON form, such as `windows[3].start`, into fields of the form."""
    try:
        yield
    except DomainError as error:
        error.problems = tuple(
            FieldProblem(_field(problem.field), problem.code, problem.message)
            for problem in error.problems
        )
        raise


def _field(path: str) -> str:
    name = path.partition("[")[0].partition(".")[0]
    return {"windows": "mon", "holiday_country": "country"}.get(name, name)


def retire(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    services.retire_calendar(row, by=request.user.pk, now=timezone.now())
    return f"{row} is offered no longer. Whoever has it keeps it."


@register(Calendar)
class CalendarAdmin(ConfigAdmin):
    list_title = "Calendars"
    list_display = ["name", "zone", "version", "is_retired"]
    list_filter = ["is_retired"]
    search_fields = ["name"]
    row_template = "worktime/calendar.html"
    dialogs = [
        Dialog("new", "Add a calendar", add_calendar, NewCalendarForm, of_list=True, is_main=True),
        Dialog(
            "edit",
            "Save as a new version",
            publish,
            HoursForm,
            title="Change the hours",
            is_main=True,
            is_wide=True,
            arguments=lambda request, row: {"initial": as_texts(row.current_version)},
            is_shown=lambda row: row is not None and not row.is_retired,
            consequence="New clocks use the new version; running clocks keep theirs.",
        ),
        Dialog(
            "retire",
            "Retire",
            retire,
            is_danger=True,
            is_shown=lambda row: row is not None and not row.is_retired,
            consequence="It can no longer be chosen. Whoever has it keeps it.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("current_version")

    def zone(self, row: Calendar) -> str:
        return row.current_version.zone if row.current_version else ""

    def version(self, row: Calendar) -> str:
        return str(row.current_version.n) if row.current_version else "none"

    def row_context(self, request: HttpRequest, row: Calendar) -> dict[str, Any]:
        version = row.current_version
        if version is None:
            return {}
        today = timezone.localdate()
        monday = today - timedelta(days=today.weekday())
        coming = sorted(
            entry["date"] for entry in version.public_holidays if entry["date"] >= today.isoformat()
        )
        names = {entry["date"]: entry.get("name", "") for entry in version.public_holidays}
        return {
            "version": version,
            "timetable": timetable(version, first=monday),
            "week": week_lines(version),
            "holidays": [(date.fromisoformat(day), names[day]) for day in coming[:6]],
            "versions": row.versions.order_by("-n"),
        }
