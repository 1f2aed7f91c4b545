"""Form fields that every app shares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

# Near the ends of what a date can be, other zones and sums have no date any more.
FIRST_YEAR, LAST_YEAR = 2000, 2100


class LocalDateTimeField(forms.DateTimeField):
    """A date and time in the reader's zone, as browsers write it.

    Where clocks are put back the wall shows an hour twice, and the first of the two is meant.
    Where they are put forward it shows an hour never, and such a time moves forward by it.
    Years from FIRST_YEAR to LAST_YEAR are taken.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
    default_error_messages = {
        "invalid": "Enter a date and a time, such as 2027-02-26 09:00.",
        "far": f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.",
    }

    def to_python(self, value: Any) -> datetime | None:
        try:
            found = super().to_python(value)
        except forms.ValidationError as error:
            # Django refuses these hours, and for their length nobody could say when something was.
            if error.code != "ambiguous_timezone" or error.params is None:
                raise
            wall: datetime = error.params["datetime"]
            self._refuse_far(wall)
            return wall.replace(tzinfo=timezone.get_current_timezone(), fold=0).astimezone(UTC)
        if found is not None:
            self._refuse_far(found)
        return found

    def _refuse_far(self, at: datetime) -> None:
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise forms.ValidationError(self.error_messages["far"], code="far")
