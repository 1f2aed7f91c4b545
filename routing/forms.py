"""Pools as a RevOps admin, or the pool's manager, writes them."""

from typing import Any

from django import forms

from accounts.models import User
from routing.models import Member


class PoolForm(forms.Form):
    name = forms.CharField(label="Name", max_length=150)
    manager = forms.ModelChoiceField(
        queryset=User.objects.active(),
        label="Manager",
        help_text="Owns what the pool holds while nobody is eligible.",
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


class MemberForm(WeightForm):
    """With `last`, what happens when nobody is left, the change asks once more."""

    is_active = forms.BooleanField(label="Takes part", required=False)
    is_sure = forms.BooleanField(label="Yes, leave the pool with nobody", required=False)

    def __init__(self, *args: Any, last: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last = last
        if last:
            self.fields["is_sure"].help_text = last
        else:
            del self.fields["is_sure"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_sure = cleaned.pop("is_sure", False)
        rests = not cleaned.get("is_active") or cleaned.get("weight") == 0
        if self.last and rests and not is_sure:
            self.add_error("is_sure", "Tick this to go on, or let somebody else take part first.")
        return cleaned


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


class CapacityForm(forms.Form):
    capacity = forms.IntegerField(
        label="Most open leads at a time",
        required=False,
        help_text="Over all pools; empty: no limit.",
    )
