"""The forms of the page that tries the routing: shape only."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms

from core.fields import LocalDateTimeField
from handoff.choices import Temperature
from handoff.models import HandoffType

LONGEST = 200
MOST_SIZE = 10**9
MOST_SCORE = 10**6
# Nobody's hours are known much further ahead.
FARTHEST = timedelta(days=366)


class MomentForm(forms.Form):
    """When the lead would be handed off; empty for now."""

    at = LocalDateTimeField(
        label="When", required=False, help_text="A time to come, in your zone; empty: now."
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and not self.now <= at <= self.now + FARTHEST:
            raise forms.ValidationError(
                "Choose a time to come, within a year, or leave it empty for now."
            )
        return at


def _text(label: str, help_text: str = "", *, listed_in: str = "") -> forms.CharField:
    attributes = {"autocomplete": "off"} | ({"list": f"known-{listed_in}"} if listed_in else {})
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs=attributes),
    )


class FactsForm(MomentForm):
    """What is known of a lead that is typed in: all that rules can ask about."""

    type = forms.ChoiceField(label="Type of handoff")
    temperature = forms.ChoiceField(
        label="Temperature", choices=Temperature.choices, required=False, initial=Temperature.WARM
    )
    source = _text("Source", listed_in="source")
    score = forms.IntegerField(
        label="Score", required=False, min_value=-MOST_SCORE, max_value=MOST_SCORE
    )
    company = _text("Company", "A known one: whoever looks after it may go first.")
    country = _text("Country", listed_in="country")
    size = forms.IntegerField(
        label="Size", required=False, min_value=0, max_value=MOST_SIZE, help_text="Employees."
    )
    industry = _text("Industry", listed_in="industry")
    segment = _text("Segment", listed_in="segment")
    product = _text("Product", listed_in="product")
    language = _text("Language", listed_in="language")
    field_order = ["type", "temperature", "at"]

    def __init__(self, *args: Any, types: Sequence[HandoffType], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.key, one.name) for one in types]

    def facts(self) -> Mapping[str, Any]:
        """The facts by the names that rules use; what was left empty is not known."""
        given = {**self.cleaned_data}
        for name in ("at", "company"):
            given.pop(name)
        given["temperature"] = given["temperature"] or Temperature.WARM.value
        return given
