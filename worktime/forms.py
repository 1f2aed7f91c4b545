"""The forms of a calendar: its hours as texts, and what it is looked at with."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from core.errors import FieldProblem
from worktime import models
from worktime.models import CalendarVersion
from worktime.rules import Calendar, CalendarInvalid
from worktime.rules.calendar import WEEKDAYS
from worktime.rules.judging import FIRST_YEAR, LAST_YEAR, MOST_ENTRIES, refuse_slips
from worktime.rules.public_holidays import country_names, region_code
from worktime.rules.texts import EXAMPLE, Texts, read_texts, written
from worktime.rules.timetable import monday_of

LONGEST_NUMBER = 2_000_000_000
LONGEST_HOURS = 300
LONGEST_LIST = 120_000
MOST_TOLD = 5
"""Of a long list that is wrong from end to end the first lines say what to do."""


def _hours(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        help_text=help_text,
        validators=[MaxLengthValidator(LONGEST_HOURS)],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _list(label: str, help_text: str) -> forms.CharField:
    """Without a length that the browser would cut a pasted list at."""
    longest = f"Keep it to {MOST_ENTRIES} lines."
    return forms.CharField(
        label=label,
        required=False,
        help_text=help_text,
        validators=[MaxLengthValidator(LONGEST_LIST, longest)],
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HoursForm(forms.Form):
    """The hours of a calendar's next version. Texts become the JSON form; the rules judge it.

    `since` is the number of the version that the texts were made from.
    """

    zone = forms.CharField(
        label="Time zone",
        max_length=100,
        help_text="Such as Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    mon = _hours("Monday", f"Such as {EXAMPLE}.")
    tue = _hours("Tuesday")
    wed = _hours("Wednesday")
    thu = _hours("Thursday")
    fri = _hours("Friday")
    sat = _hours("Saturday")
    sun = _hours("Sunday", "Empty: closed.")
    country = forms.ChoiceField(
        label="Public holidays of",
        required=False,
        error_messages={"invalid_choice": "Choose a country from the list."},
    )
    region = forms.CharField(
        label="Region",
        max_length=60,
        required=False,
        help_text="Empty: those of the whole country.",
        widget=forms.TextInput(attrs={"list": "regions", "autocomplete": "off"}),
    )
    holidays = _list(
        "Own closed days",
        "One per line: 2026-12-31 Year's end, or 12-24 Christmas Eve for every year.",
    )
    breaks = _list("Closed for some hours", "One per line: 2026-11-20 14:00-18:00 Team day.")
    shifts = _list(
        "Other hours on a date",
        "One per line: 2026-11-21 10:00-14:00 Trade fair, or 2026-11-23 closed.",
    )
    since = forms.IntegerField(
        min_value=0, max_value=LONGEST_NUMBER, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = country_names()
        # A version may hold a code that has another one by now.
        kept = self.initial.get("country", "")
        extra = {kept: kept} if kept and kept not in known else {}
        country = self.fields["country"]
        if isinstance(country, forms.ChoiceField):
            country.choices = [("", "None"), *known.items(), *extra.items()]

    def week(self) -> list[forms.BoundField]:
        """The fields of the weekdays."""
        return [self[day] for day in WEEKDAYS]

    def clean(self) -> dict[str, Any]:
        """Put what the texts say beside them, as `read`, and what is wrong with it to its field."""
        cleaned = super().clean() or {}
        read = read_texts(cleaned)
        cleaned["read"] = read
        problems = read.problems or [*_judged(read), *_region(cleaned)]
        # A text that could not be taken at all says so, and nothing else.
        unread = set(self.errors)
        for name, message in shortened(problems):
            if name not in unread:
                self.add_error(name if name in self.fields else None, message)
        return cleaned


def _judged(read: Texts) -> list[tuple[str, str]]:
    try:
        refuse_slips(Calendar.from_data(read.data))
    except CalendarInvalid as error:
        return placed(read, error.problems)
    return []


def _region(cleaned: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        region_code(cleaned.get("country", ""), cleaned.get("region", ""))
    except CalendarInvalid as error:
        return [(problem.field, problem.message) for problem in error.problems]
    return []


def placed(read: Texts, problems: Iterable[FieldProblem]) -> list[tuple[str, str]]:
    """Each problem with the JSON form as the text that it comes from, and the words with its line.

    That nothing is ever open belongs to no text of its own.
    """
    found = [(*read.place(problem.field), problem.message) for problem in problems]
    return [("" if name == "windows" else name, lead + said) for name, lead, said in found]


def shortened(problems: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first few of each text, then how many more there are."""
    by_name: dict[str, list[str]] = {}
    for name, message in problems:
        by_name.setdefault(name, []).append(message)
    return [
        (name, message)
        for name, messages in by_name.items()
        for message in [*messages[:MOST_TOLD], *_rest(len(messages) - MOST_TOLD)]
    ]


def _rest(count: int) -> list[str]:
    return [f"{count} more of its entries cannot be kept either."] if count > 0 else []


class KeepsCalendar(forms.Form):
    """A form with a ``calendar`` to choose, where a retired one stays with whoever has it.

    Changing something else must not drop it, and nobody else is offered it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(self.initial.get("calendar"))

    def offer(self, own: Any) -> None:
        """Let the retired calendar be chosen again by who has it."""
        field = self.fields["calendar"]
        if isinstance(field, forms.ModelChoiceField) and getattr(own, "is_retired", False):
            rows = models.Calendar.objects
            field.queryset = rows.offered() | rows.filter(pk=own.pk)


class NewCalendarForm(HoursForm):
    name = forms.CharField(label="Name", max_length=100)
    field_order = ["name"]


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)


class FromForm(forms.Form):
    """From which day on the two weeks of a calendar are drawn, and of which version."""

    since = forms.DateField(required=False)
    version = forms.IntegerField(min_value=1, max_value=LONGEST_NUMBER, required=False)

    def asked(self, name: str) -> Any:
        """The answer to one of them; None where there is none, whatever the others say."""
        return None if name in self.errors else self.cleaned_data.get(name)

    def first(self) -> date | None:
        """The Monday of that day's week; None where nothing, or nothing sensible, is asked."""
        day = self.asked("since")
        is_near = day is not None and FIRST_YEAR <= day.year <= LAST_YEAR
        return monday_of(day) if day is not None and is_near else None


class TryForm(forms.Form):
    """A target to try a calendar with; the start is on the wall of the calendar's zone."""

    starts = forms.CharField(
        label="Starts", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    amount = forms.IntegerField(label="Target", min_value=1, max_value=2_000)
    unit = forms.ChoiceField(
        label="Unit", choices=[("hours", "working hours"), ("days", "working days")]
    )

    def clean_starts(self) -> datetime:
        try:
            found = datetime.fromisoformat(self.cleaned_data["starts"])
        except ValueError:
            found = None
        if found is None or found.tzinfo or not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError("Enter a date and a time, such as 2026-11-17 16:30.")
        return found

    def start_in(self, zone: str) -> datetime:
        start: datetime = self.cleaned_data["starts"]
        return start.replace(tzinfo=zoneinfo.ZoneInfo(zone))


def as_texts(version: CalendarVersion) -> dict[str, str]:
    """The version's hours as `HoursForm` shows them for editing."""
    return written(version.data, version.zone, version.holiday_country, version.holiday_region)
