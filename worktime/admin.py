"""Calendars: two weeks as they will be, and new versions."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from core.admin import ConfigAdmin, Dialog, add_problems, register
from core.errors import DomainError, FieldProblem
from core.words import counted, listed
from worktime import rules, services, uses
from worktime.forms import (
    FromForm,
    HoursForm,
    NameForm,
    NewCalendarForm,
    TryForm,
    as_texts,
    placed,
    shortened,
)
from worktime.models import Calendar, CalendarVersion
from worktime.rules.calendar import WEEKDAYS
from worktime.rules.coming import Coming, coming
from worktime.rules.judging import DAY_NAMES
from worktime.rules.public_holidays import country_names, region_names
from worktime.rules.texts import Texts, differences
from worktime.rules.timetable import DRAWN_DAYS, Timetable, monday_of, timetable
from worktime.rules.zones import zone_names
from worktime.selectors import calendar_problem, rules_calendar

NAMED = {rules.Why.HOLIDAY, rules.Why.BREAK}
HOUR = timedelta(hours=1)
MOST_COUNTED = 400
MOST_COMING = 8
MOST_DIFFERENCES = 8
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
    with fields_named(values["read"]):
        calendar = services.create_calendar(
            name=values["name"], **_said(values), by=request.user.pk, now=timezone.now()
        )
    return f"{calendar} is added. Nobody follows it before it is chosen for somebody."


def publish(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    kept = uses.running(row.pk)
    with fields_named(values["read"]):
        version = services.publish_calendar_version(
            row,
            **_said(values),
            by=request.user.pk,
            now=timezone.now(),
            since=values["since"],
        )
    return f"{row} has version {version.n}. {followers_words(row)} {kept_words(kept)}"


def _said(values: dict[str, Any]) -> dict[str, Any]:
    read: Texts = values["read"]
    return {"data": read.data, "country": values["country"], "region": values["region"]}


def rename(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    before = row.name
    services.rename_calendar(row, name=values["name"])
    return f"{before} is called {row} now, wherever it is chosen."


def followers_words(calendar: Calendar) -> str:
    """Whose new clocks a new version changes."""
    who = uses.followers(calendar.pk)
    if not who:
        return "Nobody follows it yet."
    return f"From now on it holds for new clocks and reminders of {listed(who)}."


def kept_words(running: int) -> str:
    if running == 0:
        return "No clock runs by it now."
    keep = "keeps the version it" if running == 1 else "keep the version they"
    return f"{counted(running, 'running clock')} {keep} started with."


@contextmanager
def fields_named(read: Texts) -> Iterator[None]:
    """Turn paths into the JSON form, such as `windows[3].start`, into fields of the form."""
    try:
        yield
    except DomainError as error:
        codes = {problem.message: problem.code for problem in error.problems}
        error.problems = tuple(
            FieldProblem(name, codes.get(said, error.code), said)
            for name, said in shortened(placed(read, error.problems))
        )
        raise


def retire(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    services.retire_calendar(row, by=request.user.pk, now=timezone.now())
    keep = uses.followers(row.pk)
    return f"{row} is offered no longer. {f'Still kept by {listed(keep)}.' if keep else ''}".strip()


def offer(request: HttpRequest, row: Calendar, values: dict[str, Any]) -> str:
    services.offer_calendar(row)
    return f"{row} can be chosen and changed again."


def edit_context(request: HttpRequest, row: Calendar | None, form: HoursForm) -> dict[str, Any]:
    """The hours drawn as they would be saved, and what saving them will do."""
    version = None if row is None else row.current_version
    last = 0 if version is None else version.n
    is_stale = form.is_bound and form.cleaned_data.get("since") not in {None, last}
    drafted = drafted_version(form, version, is_stale=is_stale)
    country = form["country"].value() or ""
    return {
        **drawn_hours(drafted),
        "zones": zone_names(),
        "regions": {} if form["country"].errors else region_names(country),
        "last_n": last,
        "next_n": last + 1,
        "is_stale": is_stale,
        "changes": changes_words(version, drafted) if form.is_bound else [],
        "problem": "" if row is None else problem_words(row),
        "told": "" if row is None else f"{followers_words(row)} {kept_words(uses.running(row.pk))}",
    }


def drafted_version(
    form: HoursForm, unchanged: CalendarVersion | None, *, is_stale: bool
) -> CalendarVersion | None:
    """The version that the form says; None, and the reason in the form, where it cannot be.

    Refused as a whole because somebody else was faster, it is still drawn.
    """
    if not form.is_bound:
        return unchanged
    if form.errors and not (is_stale and form.errors.keys() == {NON_FIELD_ERRORS}):
        return None
    try:
        with fields_named(form.cleaned_data["read"]):
            return services.draft_version(**_said(form.cleaned_data), by=None, now=timezone.now())
    except DomainError as error:
        if not form.errors:
            add_problems(form, error)
        return None


def drawn_hours(version: CalendarVersion | None) -> dict[str, Any]:
    """Two weeks by the version, and what comes after them; nothing where there is none."""
    if version is None:
        return {"timetable": None, "later": []}
    calendar = rules_calendar(version)
    drawn: Timetable = timetable(calendar, first=monday_of(timezone.localdate()))
    after = drawn.last + timedelta(days=1)
    return {"timetable": drawn, "later": coming(calendar, first=after, most=MOST_COMING)}


def changes_words(before: CalendarVersion | None, after: CalendarVersion | None) -> list[str]:
    """What the later version says otherwise, as a person would write it."""
    if before is None or after is None:
        return []
    told = differences(as_texts(before), as_texts(after))
    return [*told[:MOST_DIFFERENCES], *_more(len(told) - MOST_DIFFERENCES)]


def _more(count: int) -> list[str]:
    return [f"and {counted(count, 'more change')}"] if count > 0 else []


def problem_words(row: Calendar) -> str:
    """What an admin has to mend about the calendar."""
    found = calendar_problem(row, today=timezone.localdate())
    return "" if found is None else found.message


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
            "rename",
            "Rename",
            rename,
            NameForm,
            arguments=lambda request, row: {"initial": {"name": row.name}},
        ),
        Dialog(
            "retire",
            "Retire",
            retire,
            is_danger=True,
            is_shown=lambda row: row is not None and not row.is_retired,
            consequence="It can no longer be chosen or changed. Whoever has it keeps it.",
        ),
        Dialog(
            "offer",
            "Offer again",
            offer,
            is_main=True,
            is_shown=lambda row: row is not None and row.is_retired,
            consequence="It can be chosen and changed again.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("current_version")

    def zone(self, row: Calendar) -> str:
        if row.current_version is None:
            return ""
        zone = row.current_version.zone
        is_known = rules_calendar(row.current_version).zone == zone
        return zone if is_known else f"{zone}: unknown, read in UTC"

    def version(self, row: Calendar) -> str:
        return str(row.current_version.n) if row.current_version else "none"

    def row_context(self, request: HttpRequest, row: Calendar) -> dict[str, Any]:
        asked = FromForm(request.GET)
        version = _version(row, asked.asked("version"))
        if version is None:
            return {}
        today = timezone.localdate()
        calendar = rules_calendar(version)
        first = asked.first() or monday_of(today)
        tried = tried_deadline(calendar, TryForm(request.GET if "amount" in request.GET else None))
        return {
            "version": version,
            "is_current": version.pk == row.current_version_id,
            "timetable": timetable(calendar, first=first, counted=tried.counted, due=tried.due),
            "tried": tried,
            "first": first,
            "before": first - timedelta(days=DRAWN_DAYS),
            "after": first + timedelta(days=DRAWN_DAYS),
            "week": week_lines(version),
            "coming": coming_days(calendar, today),
            "place": place_words(version),
            "problem": problem_words(row),
            "versions": told_versions(row),
            "followers": uses.followers(row.pk),
            "running": uses.running(row.pk),
        }


def _version(row: Calendar, n: int | None) -> CalendarVersion | None:
    """The version asked for, else the current one."""
    return (row.versions.filter(n=n).first() if n else None) or row.current_version


def coming_days(calendar: rules.Calendar, today: date) -> list[Coming]:
    return coming(calendar, first=today, most=MOST_COMING)


def place_words(version: CalendarVersion) -> str:
    """Whose public holidays the version has, as in "Germany, Sachsen"."""
    country, region = version.holiday_country, version.holiday_region
    names = (country_names().get(country, country), region_names(country).get(region, region))
    return ", ".join(name for name in names if name)


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """A version, who made it, and what it changed."""

    row: CalendarVersion
    by: str
    changes: list[str]


def told_versions(row: Calendar) -> list[ToldVersion]:
    """The newest versions; users stand above this app and are only asked for their names."""
    rows = list(row.versions.order_by("-n")[: LATEST_VERSIONS + 1])
    people = get_user_model()._default_manager.in_bulk({one.made_by for one in rows} - {None})
    return [
        ToldVersion(one, str(people.get(one.made_by, "")), changes_words(before, one))
        for one, before in zip(rows, [*rows[1:], None], strict=True)
    ][:LATEST_VERSIONS]
