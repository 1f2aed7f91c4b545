"""The dialogs about types and fields: shape only. What may be kept is said by the services."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from handoff.choices import FieldKind
from handoff.models import HandoffType

_LINES = forms.Textarea(attrs={"rows": 4})


def _groups(label: str) -> forms.Field:
    """Groups by name, to tick."""
    return forms.ModelMultipleChoiceField(
        label=label,
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
    )


def _types() -> QuerySet[HandoffType]:
    return HandoffType.objects.filter(current_form__isnull=False)


class TypeForm(forms.Form):
    name = forms.CharField(label="Name", max_length=150)
    submitters = _groups("Handed off by")
    receivers = _groups("Received by")
    is_active = forms.BooleanField(label="Offered for new handoffs", required=False)


class NewTypeForm(forms.Form):
    name = forms.CharField(label="Name", max_length=150)
    key = forms.CharField(
        label="Key", max_length=60, help_text="Small letters, such as hot_lead. It never changes."
    )
    submitters = _groups("Handed off by")
    receivers = _groups("Received by")
    like = forms.ModelChoiceField(
        label="Begin with the form of",
        queryset=HandoffType.objects.none(),
        empty_label="Choose a type",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        like = self.fields["like"]
        if isinstance(like, forms.ModelChoiceField):
            like.queryset = _types()


class FieldForm(forms.Form):
    label = forms.CharField(label="Label", max_length=100)
    help = forms.CharField(
        label="Help", max_length=200, required=False, help_text="What to write, in one sentence."
    )
    options = forms.CharField(
        label="Answers to choose from",
        required=False,
        widget=_LINES,
        help_text="One per line; for choices only.",
    )
    partial = forms.CharField(
        label="Partial answers",
        required=False,
        widget=_LINES,
        help_text="One per line, such as Pending verbal approval. They pass and count half.",
    )


class NewFieldForm(FieldForm):
    key = forms.CharField(
        label="Key", max_length=60, help_text="Small letters, such as deal_size. It never changes."
    )
    kind = forms.ChoiceField(label="Kind", choices=FieldKind.choices)
    is_ahead = forms.BooleanField(
        label="Must lie in the future", required=False, help_text="For days and times."
    )
    field_order = ["label", "key", "kind", "help", "options", "partial", "is_ahead"]
