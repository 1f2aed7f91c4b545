"""Pools as a RevOps admin, or the pool's manager, writes them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.models import User
from routing.choices import Hours, SkillKind, Strategy
from routing.models import Member


class PoolForm(forms.Form):
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


class _LastOneForm(forms.Form):
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


class BackupForm(forms.Form):
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
        self.initial["backup"] = member.backup_id
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


class SkillsForm(forms.Form):
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
        return {kind: text.split(",") for kind, text in cleaned.items()}
