"""Calendars: two weeks as they will be, and new versions."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from core.admin import ConfigAdmin, Dialog, add_problems, register
from core.errors import DomainError, FieldProblem
from core.words import counted
from worktime import rules, services, uses
from worktime.forms import DAY_NAMES, FromForm, HoursForm, NewCalendarForm, TryForm, as_texts
from worktime.models import Calendar, CalendarVersion
from worktime.rules.calendar import WEEKDAYS
from worktime.rules.timetable import DRAWN_DAYS, Timetable, monday_of, timetable
from worktime.rules.zones import zone_names
from worktime.selectors import rules_calendar

NAMED = {rules.Why.HOLIDAY, rules.Why.BREAK}
HOUR = timedelta(hours=1)
MOST_COUNTED = 400
MOST_HOLIDAYS = 6
LATEST_VERSIONS = 25


@dataclass(frozen=True, slots=True)
class Tried:
    """A deadline tried out on a calendar; `words` tell it, or why there is none."""

    form: TryForm
    words: str = ""
    due: datetime | None = None
    counted: tuple[tuple[datetime, datetime], ...] = ()


def tried_deadline(calendar: rules.Calendar, form: TryForm) -> Tried:
    """When a target would fall due that starts and lasts as the form says."""
    if not form.is_bound or not form.is_valid():
        return Tried(form)
    start, amount = form.start_in(calendar.zone), form.cleaned_data["amount"]
    try:
        if form.cleaned_data["unit"] == "days":
            due = rules.add_working_days(calendar, rules.into_open_day(calendar, start), amount)
        else:
            due = rules.add(calendar, start, amount * HOUR.total_seconds())
        spans = rules.explain(calendar, start, due)
    except DomainError as error:
        return Tried(form, error.message)
    zone = zoneinfo.ZoneInfo(calendar.zone)
    counted = tuple((span.start, span.end) for span in spans if span.counted)
    return Tried(form, _due_words(due.astimezone(zone), spans), due, counted[:MOST_COUNTED])


def _due_words(due: datetime, spans: list[rules.Span]) -> str:
    named = {span.note for span in spans if not span.counted and span.why in NAMED and span.note}
    skipped = f" Skipped beside the nights: {', '.join(sorted(named))}." if named else ""
    return f"Due {due:%a} {due.day} {due:%b %Y, %H:%M}.{skipped}"


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
    return f"{calendar} is added. Nobody follows it before it is chosen for somebody."


def publish(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    kept = uses.running(row.pk)
    with fields_named():
        version = services.publish_calendar_version(
            row,
            data=values["data"],
            country=values["country"],
            region=values["region"],
            by=request.user.pk,
            now=timezone.now(),
        )
    return f"{row} has version {version.n}. {followers_words(row)} {kept_words(kept)}"


def followers_words(calendar: Calendar) -> str:
    """Whose new clocks a new version changes."""
    followers = uses.followers(calendar.pk)
    if not followers:
        return "Nobody follows it yet."
    *most, last = followers
    who = f"{', '.join(most)} and {last}" if most else last
    return f"From now on it holds for new clocks and reminders of {who}."


def kept_words(running: int) -> str:
    if running == 0:
        return "No clock runs by it now."
    keep = "keeps the version it" if running == 1 else "keep the version they"
    return f"{counted(running, 'running clock')} {keep} started with."


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
    return f"{row} is offered no longer. {followers_words(row)}"


def edit_context(request: HttpRequest, row: Calendar | None, form: HoursForm) -> dict[str, Any]:
    """The hours drawn as they would be saved, and what saving them will do."""
    return {
        "timetable": drawn_hours(form, row),
        "zones": zone_names(),
        "next_n": 1 if row is None else row.versions.count() + 1,
        "told": "" if row is None else f"{followers_words(row)} {kept_words(uses.running(row.pk))}",
    }


def drawn_hours(form: HoursForm, row: Calendar | None) -> Timetable | None:
    """Two weeks by what the form says now; None where it cannot be drawn."""
    first = monday_of(timezone.localdate())
    if not form.is_bound:
        version = None if row is None else row.current_version
        return None if version is None else timetable(rules_calendar(version), first=first)
    if form.errors:
        return None
    values = form.cleaned_data
    try:
        with fields_named():
            version = services.draft_version(
                values["data"],
                country=values["country"],
                region=values["region"],
                by=None,
                now=timezone.now(),
            )
    except DomainError as error:
        add_problems(form, error)
        return None
    return timetable(rules_calendar(version), first=first)


@register(Calendar)
class CalendarAdmin(ConfigAdmin):
    list_title = "Calendars"
    list_display = ["name", "zone", "version", "is_retired"]
    list_filter = ["is_retired"]
    search_fields = ["name"]
    row_template = "worktime/calendar.html"
    dialogs = [
        Dialog(
            "new",
            "Add a calendar",
            add_calendar,
            NewCalendarForm,
            of_list=True,
            is_main=True,
            is_page=True,
            template="worktime/edit.html",
            more=edit_context,
        ),
        Dialog(
            "edit",
            "Change the hours",
            publish,
            HoursForm,
            is_main=True,
            is_page=True,
            template="worktime/edit.html",
            more=edit_context,
            arguments=lambda request, row: {"initial": as_texts(row.current_version)},
            is_shown=lambda row: row is not None and not row.is_retired,
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
        calendar = rules_calendar(version)
        first = FromForm(request.GET).first() or monday_of(today)
        tried = tried_deadline(calendar, TryForm(request.GET if "amount" in request.GET else None))
        return {
            "version": version,
            "timetable": timetable(calendar, first=first, counted=tried.counted, due=tried.due),
            "tried": tried,
            "first": first,
            "before": first - timedelta(days=DRAWN_DAYS),
            "after": first + timedelta(days=DRAWN_DAYS),
            "week": week_lines(version),
            "holidays": coming_holidays(version, today),
            "versions": row.versions.order_by("-n")[:LATEST_VERSIONS],
            "followers": uses.followers(row.pk),
            "running": uses.running(row.pk),
        }


def coming_holidays(version: CalendarVersion, today: date) -> list[tuple[date, str]]:
    """The next public holidays with their names."""
    names = {entry["date"]: entry.get("name", "") for entry in version.public_holidays}
    coming = sorted(day for day in names if day >= today.isoformat())
    return [(date.fromisoformat(day), names[day]) for day in coming[:MOST_HOLIDAYS]]
