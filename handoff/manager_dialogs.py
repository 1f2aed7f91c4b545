"""The forms of what a manager does with a handoff: shape only; the services say what may be."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User
from core.fields import LocalDateTimeField
from handoff.choices import TransferReason
from handoff.dialogs import LifeForm
from sla.choices import ClockKind

NOTE_LENGTH = 200
UPHELD, OVERTURNED = "upheld", "overturned"
# The product's own reasons for a move are not for people to give.
REASSIGN_REASONS = (
    (TransferReason.MANAGER.value, "My decision"),
    (TransferReason.TERRITORY.value, "Change of territory"),
)


def _note(label: str, help_text: str = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why in a sentence."},
    )


class ClockForm(LifeForm):
    """A form about one of the handoff's clocks; where there is one only, it is not asked."""

    kind = forms.ChoiceField(
        label="Which clock?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose a clock.",
            "invalid_choice": "Choose one of the clocks that run.",
        },
    )

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(kind, ClockKind(kind).label) for kind in kinds]
        if len(kinds) == 1:
            field.widget = forms.HiddenInput()
            field.initial = kinds[0]


class AcknowledgeForm(ClockForm):
    note = _note("Note", "Such as: she is on site and calls at 11:00.")


class ExtendForm(ClockForm):
    """More time with an end, or a pause without one."""

    until = LocalDateTimeField(
        label="Until",
        required=False,
        help_text="The time until then does not count. Empty: until somebody resumes it.",
    )
    reason = _note("Reason", "It stands beside the clock, for everybody.", required=True)


class ReassignForm(LifeForm):
    """Who gets the handoff; `people` are those who may."""

    to = forms.TypedChoiceField(
        label="New owner",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose who gets it.",
            "invalid_choice": "Choose somebody from the list.",
        },
    )
    reason = forms.ChoiceField(
        label="Reason",
        choices=REASSIGN_REASONS,
        error_messages={"invalid_choice": "Choose a reason from the list."},
    )
    note = _note("Note", "It stands in the history, for everybody who reads it.", required=True)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(str(user.pk), user.name) for user in people]


class ReturnForm(LifeForm):
    note = _note("What the submitter should do", "They read it on the new draft.", required=True)


class RuleForm(LifeForm):
    """The ruling is the name of the button that was pressed."""

    ruling = forms.ChoiceField(
        choices=[(UPHELD, "Upheld"), (OVERTURNED, "Overturned")],
        widget=forms.HiddenInput,
        error_messages={
            "required": "Press the button of your ruling.",
            "invalid_choice": "Press the button of your ruling.",
        },
    )
    note = _note("Note", "Both read it.")


class OffboardForm(forms.Form):
    """Who takes over from somebody who leaves."""

    successor = forms.TypedChoiceField(
        label="Successor",
        coerce=int,
        empty_value=None,
        help_text="Takes over what can go to nobody else.",
        error_messages={
            "required": "Choose a successor.",
            "invalid_choice": "Choose somebody from the list.",
        },
    )

    leaves_pools_empty = forms.BooleanField(
        required=False, label="Leave these pools without anybody: new leads are held there"
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["successor"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Choose"), *((str(user.pk), user.name) for user in people)]


class BackupForm(forms.Form):
    """Who takes over from a member of a pool; empty for nobody."""

    backup = forms.TypedChoiceField(
        label="Backup",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Takes over what is not accepted in time, and during time off.",
        error_messages={"invalid_choice": "Choose a member of the same pool."},
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["backup"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Nobody"), *choices]
