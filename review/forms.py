"""The forms of the review: shape only. What may be kept or done is said by the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from core.admin import add_problems
from core.errors import DomainError
from review.choices import RootCause
from review.models import ActionItem, Miss, Review
from review.services.change import MAX_DECISION, MAX_NOTES

LARGEST_VERSION = 2**31 - 1
CAUSE_WORDS = {
    RootCause.UNCLEAR_NEXT_STEP: "nobody knew who does what, when",
    RootCause.NO_CONTEXT: "the receiver had to ask again",
    RootCause.WENT_COLD: "the buyer stopped answering",
    RootCause.OTHER: "say it in the decision",
}


class VersionForm(forms.Form):
    """What every change carries: the state that the person saw."""

    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)

    def refuse(self, error: DomainError) -> None:
        """Show what a service refused beside the field that it names, else on top."""
        self.full_clean()
        add_problems(self, error)


def _text(label: str, most: int, help_text: str = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what is to be done."},
    )


def _owner(*, required: bool) -> forms.ModelChoiceField[User]:
    return forms.ModelChoiceField(
        User.objects.none(),
        label="Owner",
        required=required,
        empty_label="Nobody yet",
        error_messages={
            "required": "Choose who takes it on.",
            "invalid_choice": "Choose somebody from the list.",
        },
    )


def _due(*, required: bool) -> forms.DateField:
    return forms.DateField(
        label="Due",
        required=required,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Say until when.",
            "invalid": "Enter a day, such as 2026-11-30.",
        },
    )


def _choose_from(form: forms.Form, name: str, people: QuerySet[User]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = people


class DecideForm(VersionForm):
    """Why a miss happened, what was decided, and who does what until when.

    Saved by the button `no_action`, owner and day are left out.
    """

    root_cause = forms.ChoiceField(
        label="Root cause",
        choices=RootCause.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose why it happened.",
            "invalid_choice": "Choose a cause from the list.",
        },
    )
    decision = _text("Decision", MAX_DECISION)
    owner = _owner(required=False)
    due_on = _due(required=False)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose_from(self, "owner", people)

    @classmethod
    def begin(cls, miss: Miss, action: ActionItem | None, people: QuerySet[User]) -> DecideForm:
        """As it was decided before, or empty."""
        initial = {
            "version": miss.version,
            "root_cause": miss.root_cause,
            "decision": miss.decision,
        }
        if action is not None and action.is_open:
            initial |= {"owner": action.owner_id, "due_on": action.due_on}
        return cls(initial=initial, people=people)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "no_action" in self.data:
            return {**values, "owner": None, "due_on": None}
        is_empty = values.get("owner") is None and values.get("due_on") is None
        if is_empty and not {"owner", "due_on"} & self.errors.keys():
            self.add_error("owner", "Choose an owner and a day, or press No action.")
        return values

    @property
    def causes(self) -> list[tuple[int, Any, str]]:
        """The causes with their keys on the keyboard and what each means."""
        words = list(CAUSE_WORDS.values())
        return [(n + 1, option, words[n]) for n, option in enumerate(self["root_cause"])]


class NoteForm(VersionForm):
    """Who leads a review, who takes part, and what was noted."""

    owner = _owner(required=True)
    attendees = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Taking part",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": "Choose people from the list.",
            "invalid_pk_value": "Choose people from the list.",
        },
    )
    notes = _text("Notes", MAX_NOTES)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("owner", "attendees"):
            _choose_from(self, name, people)
        field = self.fields["owner"]
        if isinstance(field, forms.ModelChoiceField):
            field.empty_label = None

    @classmethod
    def begin(cls, review: Review, people: QuerySet[User]) -> NoteForm:
        taking_part = [user.pk for user in review.attendees.all()]
        initial = {
            "version": review.version,
            "owner": review.owner_id,
            "attendees": taking_part,
            "notes": review.notes,
        }
        return cls(initial=initial, people=people)


class ActionForm(forms.Form):
    """A new action item."""

    text = _text("What is to be done", MAX_DECISION, required=True)
    owner = _owner(required=True)
    due_on = _due(required=True)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose_from(self, "owner", people)

    def refuse(self, error: DomainError) -> None:
        self.full_clean()
        add_problems(self, error)


class ChangeActionForm(ActionForm, VersionForm):
    """An action item that is reworded, moved or handed over."""

    @classmethod
    def begin(cls, action: ActionItem, people: QuerySet[User]) -> ChangeActionForm:
        initial = {
            "version": action.version,
            "text": action.text,
            "owner": action.owner_id,
            "due_on": action.due_on,
        }
        return cls(initial=initial, people=people)


def with_version(data: Mapping[str, Any], version: int) -> Any:
    """What was typed, on top of the state as it is now: saving it once more is meant so."""
    copy: Any = data.copy()  # type: ignore[attr-defined]  # a request's data is a QueryDict
    copy["version"] = str(version)
    return copy
