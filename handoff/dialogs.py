"""The forms of what receivers and submitters do with a handoff: shape only; services decide."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from core.admin import add_problems
from core.errors import DomainError
from core.fields import LocalDateTimeField
from handoff.choices import DealOutcome, Direction, DisqualifyReason, MeetingState, TouchKind
from handoff.forms import ActForm
from handoff.models import Handoff
from handoff.rules.kinds import CURRENCIES
from handoff.selectors.touches import LOGGED_BY_HAND

MOST_DIGITS = 20
HELD, MOVED = MeetingState.HELD.value, "moved"
OUTCOMES = [
    (HELD, "It was held"),
    (MeetingState.MISSED.value, "It did not take place"),
    (MeetingState.CALLED_OFF.value, "It is called off"),
    (MOVED, "It is moved"),
]
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
LARGEST_KEY = 2**63 - 1


class LifeForm(ActForm):
    """A form about one handoff that shows what a service refused beside what it names."""

    def refuse(self, error: DomainError) -> "LifeForm":
        """The same form with what the service refused; a name that it has not goes on top."""
        self.full_clean()
        add_problems(self, error)
        return self


class _AsTyped(forms.CharField):
    """Text as it was typed; the services read it, so that every surface refuses the same.

    ``need`` is what the page says about it, for the form itself requires nothing.
    """

    def __init__(self, need: str = "optional", **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        self.need = need

    def run_validators(self, value: object) -> None:
        """Nothing here: characters that are not text are refused by name further in."""


def _note(label: str, hint: str = "", need: str = "optional") -> _AsTyped:
    return _AsTyped(need, label=label, help_text=hint, widget=forms.Textarea(attrs={"rows": 3}))


def _choice(label: str, choices: Sequence[tuple[str, Any]], missing: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


class TouchForm(LifeForm):
    """A contact with the buyer; until its time is changed, as of when the form was opened."""

    kind = _choice(
        "What was it?",
        [(kind.value, kind.label) for kind in LOGGED_BY_HAND],
        "Choose what it was.",
    )
    direction = forms.ChoiceField(
        label="Who began it?",
        required=False,
        choices=[("", "As usual for its kind"), *Direction.choices],
        error_messages={"invalid_choice": "Choose who began it from the list."},
    )
    occurred_at = LocalDateTimeField(
        label="When",
        error_messages={
            "required": "Say when it was.",
            "invalid": "Enter a day and time, such as 2026-11-30 14:05.",
        },
    )
    opened_at = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    meeting_at = LocalDateTimeField(
        label="When is the meeting?",
        required=False,
        error_messages={"invalid": "Enter a day and time, such as 2026-11-30 14:05."},
    )
    text = _note("Text of the mail, or notes", "A mail counts by what it says: paste all of it.")
    is_automated = forms.BooleanField(
        label="It was sent automatically, by a sequence or a tool", required=False
    )

    @classmethod
    def begin(cls, row: Handoff, *, now: datetime, kind: str = "") -> "TouchForm":
        return cls(
            initial={
                "version": row.version,
                "kind": kind if kind in LOGGED_BY_HAND else TouchKind.CALL,
                "occurred_at": now,
                "opened_at": now.isoformat(),
            }
        )

    def clean(self) -> dict[str, Any]:
        """The minute in which the form was opened means the instant at which it was."""
        values = super().clean() or self.cleaned_data
        at, opened = values.get("occurred_at"), _instant(values.get("opened_at"))
        if at is not None and opened is not None and opened.replace(second=0, microsecond=0) == at:
            values["occurred_at"] = opened
        if values.get("kind") == TouchKind.MEETING_BOOKED and "meeting_at" in values:
            if values["meeting_at"] is None:
                self.add_error("meeting_at", "Enter the day and time of the meeting.")
        else:
            values["meeting_at"] = None
        return values


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
        return None if timezone.is_naive(found) else found
    except (ValueError, OverflowError):
        return None


class MeetingForm(LifeForm):
    """What became of a planned meeting; who logs touches may say that it was held."""

    outcome = _choice(
        "What became of it?",
        OUTCOMES,
        "Choose what became of it.",
    )
    meeting_at = LocalDateTimeField(
        label="New day and time",
        required=False,
        error_messages={"invalid": "Enter a day and time, such as 2026-11-30 14:05."},
    )
    note = _note("Note", "Who did not come, or why it was called off.")

    def __init__(self, *args: Any, may_hold: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        if isinstance(field, forms.ChoiceField) and not may_hold:
            field.choices = [one for one in OUTCOMES if one[0] != HELD]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        is_open = "meeting_at" in values and values["meeting_at"] is None
        if values.get("outcome") == MOVED and is_open:
            self.add_error("meeting_at", "Enter the new day and time.")
        return values


class IntroductionForm(LifeForm):
    """Which receiver has met the buyer, live; `people` are those who may receive the lead."""

    receiver = forms.TypedChoiceField(
        label="Who was introduced?",
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "Choose somebody from the list."},
    )
    at = LocalDateTimeField(
        label="When",
        required=False,
        error_messages={"invalid": "Enter a day and time, such as 2026-11-30 14:05."},
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["receiver"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Nobody"), *((str(user.pk), user.name) for user in people)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("receiver") is not None and "at" in values and values["at"] is None:
            self.add_error("at", "Say when they met.")
        return values


class NextStepForm(LifeForm):
    """What comes next with the buyer, and when."""

    step = _AsTyped(
        "required",
        label="What comes next?",
        help_text="Such as: demo with the COO.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    at = LocalDateTimeField(
        label="When",
        error_messages={
            "required": "Give the day and time of the step.",
            "invalid": "Enter a day and time, such as 2026-11-30 14:05.",
        },
    )


class _WorthForm(LifeForm):
    value = _AsTyped(
        label="Value",
        help_text="Leave it empty where nobody knows yet.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "decimal", "placeholder": "40000"}
        ),
    )
    currency = forms.ChoiceField(
        label="Currency",
        required=False,
        choices=[(code, code) for code in CURRENCIES],
        error_messages={"invalid_choice": f"Choose one of: {', '.join(CURRENCIES)}."},
    )

    def clean_value(self) -> Decimal | None:
        """The amount; separators of thousands are left out."""
        typed = str(self.cleaned_data["value"])
        text = "".join(char for char in typed if char not in " ,'\u00a0\u202f")
        if not text:
            return None
        if len(text) > MOST_DIGITS or not _AMOUNT.fullmatch(text):
            raise forms.ValidationError("Give the value as a number, such as 40000 or 40000.50.")
        return Decimal(text)

    def worth(self) -> dict[str, Any]:
        """Value and currency as the services take them: no currency of no value."""
        value = self.cleaned_data["value"]
        currency = self.cleaned_data["currency"] if value is not None else ""
        return {"value": value, "currency": currency}


class ConvertForm(_WorthForm):
    """The lead became an opportunity."""


class OutcomeForm(_WorthForm):
    """What became of the opportunity."""

    outcome = _choice("How did it end?", DealOutcome.choices, "Choose how it ended.")
    note = _note("What decided it", "One sentence helps the next handoff.")
    field_order = ("version", "outcome", "note", "value", "currency")


class DisqualifyForm(LifeForm):
    """Why the lead will not buy."""

    reason = _choice("Reason", DisqualifyReason.choices, "Choose a reason.")
    note = _note("Note", "What you heard, in the buyer\u2019s words.")


class NurtureForm(LifeForm):
    """Not now, perhaps later."""

    note = _note("Note", "When to come back, and why then.")


class ContestForm(LifeForm):
    """Why the rejection is not fair."""

    note = _note(
        "Why is the rejection not fair?", "A manager reads it and rules, once.", "required"
    )


class MergeForm(LifeForm):
    """Which handoff goes on; `others` are those that may."""

    into = forms.TypedChoiceField(
        label="Which one goes on?",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose the handoff that goes on.",
            "invalid_choice": "Choose one from the list: another one may have closed meanwhile.",
        },
    )

    def __init__(self, *args: Any, others: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(str(pk), words) for pk, words in others]
