"""A calendar as people write it: one line per weekday, one line per special date."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django import forms

from worktime.models import CalendarVersion
from worktime.rules.calendar import WEEKDAYS
from worktime.rules.timetable import monday_of

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEARLY = re.compile(r"\d{2}-\d{2}")
CLOSED = "closed"
# Years that a calendar is looked at in.
EARLIEST, LATEST = 2000, 2100
_EXAMPLE = "09:00-12:30, 13:30-18:00"


class HoursForm(forms.Form):
    """The hours of a calendar's next version. Texts become the JSON form; the rules judge it."""

    zone = forms.CharField(
        label="Time zone",
        max_length=100,
        help_text="Such as Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    mon = forms.CharField(label="Monday", required=False, help_text=f"Such as {_EXAMPLE}.")
    tue = forms.CharField(label="Tuesday", required=False)
    wed = forms.CharField(label="Wednesday", required=False)
    thu = forms.CharField(label="Thursday", required=False)
    fri = forms.CharField(label="Friday", required=False)
    sat = forms.CharField(label="Saturday", required=False)
    sun = forms.CharField(label="Sunday", required=False, help_text="Empty: closed.")
    country = forms.CharField(
        label="Public holidays of",
        max_length=2,
        required=False,
        help_text="Two letters of the country, such as DE; empty: none.",
    )
    region = forms.CharField(
        label="Region", max_length=20, required=False, help_text="Such as SN for Saxony."
    )
    holidays = forms.CharField(
        label="Own closed days",
        required=False,
        widget=forms.Textarea,
        help_text="One per line: 2026-12-31 Year's end, or 12-24 Christmas Eve for every year.",
    )
    breaks = forms.CharField(
        label="Closed for some hours",
        required=False,
        widget=forms.Textarea,
        help_text="One per line: 2026-11-20 14:00-18:00 Team day.",
    )
    shifts = forms.CharField(
        label="Other hours on a date",
        required=False,
        widget=forms.Textarea,
        help_text="One per line: 2026-11-21 10:00-14:00 Trade fair.",
    )

    def week(self) -> list[forms.BoundField]:
        """The fields of the weekdays."""
        return [self[day] for day in WEEKDAYS]

    def clean(self) -> dict[str, Any]:
        """Put the JSON form of the hours beside the texts, as `data`."""
        cleaned = super().clean() or {}
        cleaned["data"] = {
            "zone": cleaned.get("zone", ""),
            "windows": [
                {"day": day, **hours}
                for day in WEEKDAYS
                for hours in self._hours(day, cleaned.get(day, ""))
            ],
            "holidays": [self._holiday(line) for line in _lines(cleaned, "holidays")],
            "breaks": [
                {"date": date, **hours, "name": name}
                for date, spans, name in self._dated(cleaned, "breaks")
                for hours in self._hours("breaks", spans)
            ],
            "shifts": [
                {"date": date, "windows": list(self._hours("shifts", spans)), "name": name}
                for date, spans, name in self._dated(cleaned, "shifts")
            ],
        }
        return cleaned

    def _hours(self, field: str, text: str) -> Iterator[dict[str, str]]:
        for span in text.replace(";", ",").split(","):
            start, dash, end = (part.strip() for part in span.replace("–", "-").partition("-"))
            if span.strip() in {"", CLOSED}:
                continue
            if not (start and dash and end):
                self.add_error(field, f"Write hours such as {_EXAMPLE}, not '{span.strip()}'.")
                return
            yield {"start": start, "end": end}

    def _holiday(self, line: str) -> dict[str, str]:
        date, _, name = line.partition(" ")
        kind = "yearly" if _YEARLY.fullmatch(date) else "date"
        return {kind: date, **({"name": name.strip()} if name.strip() else {})}

    def _dated(self, cleaned: Mapping[str, Any], field: str) -> Iterator[tuple[str, str, str]]:
        for line in _lines(cleaned, field):
            date, hours, name = [*line.split(maxsplit=2), "", ""][:3]
            yield date, hours, name


class NewCalendarForm(HoursForm):
    name = forms.CharField(label="Name", max_length=100)
    field_order = ["name"]


class FromForm(forms.Form):
    """From which day on the two weeks of a calendar are drawn."""

    since = forms.DateField(required=False)

    def first(self) -> date | None:
        """The Monday of that day's week; None where nothing, or nothing sensible, is asked."""
        day = self.cleaned_data.get("since") if self.is_valid() else None
        is_near = day is not None and EARLIEST <= day.year <= LATEST
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
        if found is None or found.tzinfo or not EARLIEST <= found.year <= LATEST:
            raise forms.ValidationError("Enter a date and a time, such as 2026-11-17 16:30.")
        return found

    def start_in(self, zone: str) -> datetime:
        start: datetime = self.cleaned_data["starts"]
        return start.replace(tzinfo=zoneinfo.ZoneInfo(zone))


def as_texts(version: CalendarVersion) -> dict[str, Any]:
    """The version's hours as `HoursForm` shows them for editing."""
    data = version.data
    texts: dict[str, Any] = {
        day: ", ".join(_span(entry) for entry in data["windows"] if entry["day"] == day)
        for day in WEEKDAYS
    }
    return {
        **texts,
        "zone": version.zone,
        "country": version.holiday_country,
        "region": version.holiday_region,
        "holidays": "\n".join(
            f"{entry.get('date') or entry['yearly']} {entry.get('name', '')}".strip()
            for entry in data["holidays"]
        ),
        "breaks": "\n".join(
            f"{entry['date']} {_span(entry)} {entry.get('name', '')}".strip()
            for entry in data["breaks"]
        ),
        "shifts": "\n".join(
            f"{entry['date']} {_spans(entry['windows'])} {entry.get('name', '')}".strip()
            for entry in data["shifts"]
        ),
    }


def _spans(entries: Iterable[Mapping[str, str]]) -> str:
    return ",".join(_span(entry) for entry in entries) or CLOSED


def _span(entry: Mapping[str, str]) -> str:
    return f"{entry['start']}-{entry['end']}"


def _lines(cleaned: Mapping[str, Any], field: str) -> list[str]:
    return [line.strip() for line in cleaned.get(field, "").splitlines() if line.strip()]
