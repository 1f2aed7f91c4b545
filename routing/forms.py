"""Pools as a RevOps admin, or the pool's manager, writes them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.db.models import Model

from accounts.models import User
from routing.choices import Hours, SkillKind, Strategy
from routing.models import Member


class _SeenForm(forms.Form):
    """Over a row that others change too, hands on only what the person changed.

    The page carries what it showed. Where somebody else has changed a field since, a change of it
    is refused once, at the field; sent again it holds. `changer(name)` says who changed a field,
    None where nobody knows. Without one there is no row yet, and all is handed on.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40_000)

    def __init__(
        self, *args: Any, changer: Callable[[str], Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.changer = changer
        if changer is None:
            del self.fields["seen"]

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        if field_name == "seen":
            return json.dumps(self._there(), ensure_ascii=False)
        return super().get_initial_for_field(field, field_name)

    def _there(self) -> dict[str, Any]:
        """What the row has, by field, as a browser sends it."""
        return {name: _sent(value) for name, value in self.initial.items()}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # a hook that the stubs leave out
        if self.changer is None:
            return
        there = self._there()
        seen = there | _read(self.cleaned_data.pop("seen", ""))
        for name, value in there.items():
            typed = _sent(self[name].data)
            if typed == seen[name]:
                self.cleaned_data.pop(name, None)
            elif value not in (seen[name], typed):
                self.add_error(name, self._told(name))
                seen[name] = value
        data: Any = self.data
        self.data = data = data.copy()
        kept = {name: seen[name] for name in there}
        data[self.add_prefix("seen")] = json.dumps(kept, ensure_ascii=False)

    def _told(self, name: str) -> str:
        who = (self.changer and self.changer(name)) or "Somebody else"
        found = _words(self.fields[name], self.initial[name])
        return (
            f"{who} changed this since you opened the page: it is now {found}. "
            "Send once more to have it as you say."
        )


def _sent(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return sorted(map(str, value))
    if isinstance(value, Model):
        return str(value.pk)
    return "" if value is None else str(value).strip()


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return "ticked" if value else "not ticked"
    if isinstance(field, forms.ModelChoiceField):
        return field.label_from_instance(value) if value else "empty"
    labels = dict(getattr(field, "choices", ()))
    several = value if isinstance(value, list) else [value]
    told = ", ".join(str(labels.get(one, one)) for one in several if one not in (None, ""))
    return f"\u201c{told}\u201d" if told else "empty"


class PoolForm(_SeenForm):
    name = forms.CharField(label="Name", max_length=150)
    manager = forms.ModelChoiceField(
        queryset=User.objects.active(),
        label="Manager",
        help_text="Owns what the pool holds while nobody is eligible.",
    )
    strategy = forms.ChoiceField(
        label="Who is next",
        choices=Strategy.choices,
        help_text="By turns, each as often as their weight says; or whoever has the fewest open "
        "leads for their weight. Credits are kept when this changes.",
    )
    hours = forms.ChoiceField(
        label="Working hours",
        choices=Hours.choices,
        help_text="What each member\u2019s own hours decide when a lead comes in.",
    )
    skills = forms.MultipleChoiceField(
        label="Skills that count",
        choices=SkillKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A lead that asks for one goes only to members who have it.",
    )
    timeout_costs_turn = forms.BooleanField(
        label="A lead that is not accepted in time counts as its member\u2019s turn",
        required=False,
        initial=True,
    )
    manual_costs_turn = forms.BooleanField(
        label="A lead that a manager gives to a member counts as their turn", required=False
    )


class WeightForm(forms.Form):
    weight = forms.IntegerField(
        label="Weight",
        initial=1,
        help_text="2 gets twice as many leads as 1; 0 gets none.",
    )


class NewMemberForm(WeightForm):
    user = forms.ModelChoiceField(
        queryset=User.objects.active(), label="Who", empty_label="Choose somebody"
    )
    field_order = ["user", "weight"]


class _LastOneForm(_SeenForm):
    """With `last`, what happens when nobody is left, a change that leaves nobody asks once more."""

    is_sure = forms.BooleanField(label="Yes, leave the pool with nobody", required=False)

    def __init__(self, *args: Any, last: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last = last
        if last:
            self.fields["is_sure"].help_text = last
        else:
            del self.fields["is_sure"]

    def leaves_nobody(self, cleaned: dict[str, Any]) -> bool:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_sure = cleaned.pop("is_sure", False)
        if self.last and not is_sure and self.leaves_nobody(cleaned):
            self.add_error("is_sure", "Tick this to go on, or let somebody else take part first.")
        return cleaned


class MemberForm(_LastOneForm, WeightForm):
    is_active = forms.BooleanField(label="Takes part", required=False)
    field_order = ["weight", "is_active", "is_sure"]

    def leaves_nobody(self, cleaned: dict[str, Any]) -> bool:
        return not cleaned.get("is_active") or cleaned.get("weight") == 0


class BackupForm(_SeenForm):
    """Who takes over from a member, among the other active ones of the pool."""

    backup = forms.ModelChoiceField(
        queryset=Member.objects.none(),
        label="Backup",
        required=False,
        empty_label="Nobody: the next in the pool",
        help_text="Takes over what is not accepted in time, and during time off.",
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["backup"] = member.backup
        others = Member.objects.filter(pool=member.pool_id, is_active=True, user__is_active=True)
        field = self.fields["backup"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = others.exclude(pk=member.pk).select_related("user")
            field.label_from_instance = _user_name  # type: ignore[assignment]  # as documented


def _user_name(member: Member) -> str:
    return str(member.user)


class LimitsForm(_LastOneForm):
    """`has` says what the person has by now, by the name of each limit."""

    capacity = forms.IntegerField(label="Most open leads at a time", required=False)
    day_limit = forms.IntegerField(label="Most new leads a day", required=False)
    week_limit = forms.IntegerField(label="Most new leads a week", required=False)
    field_order = ["capacity", "day_limit", "week_limit", "is_sure"]

    def __init__(self, *args: Any, has: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in has.items():
            self.fields[name].help_text = f"Over all pools; empty: no limit. {words}"

    def leaves_nobody(self, cleaned: dict[str, Any]) -> bool:
        return any(cleaned.get(name) == 0 for name in ("capacity", "day_limit", "week_limit"))


class SkillsForm(_SeenForm):
    """What a person can do, as values with commas between them."""

    language = forms.CharField(label="Languages", required=False, max_length=4_000)
    product = forms.CharField(label="Products", required=False, max_length=4_000)
    segment = forms.CharField(label="Segments", required=False, max_length=4_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        examples = {
            SkillKind.LANGUAGE: "german, english",
            SkillKind.PRODUCT: "crm, billing",
            SkillKind.SEGMENT: "enterprise, mid-market",
        }
        for kind, example in examples.items():
            self.fields[
                kind.value
            ].help_text = f"With commas between them, such as: {example}. As leads have it written."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = {kind: cleaned[kind].split(",") for kind in SkillKind.values if kind in cleaned}
        return cleaned | typed
