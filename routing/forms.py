"""Pools as a RevOps admin, or the pool's manager, writes them."""

from django import forms

from accounts.models import User


class PoolForm(forms.Form):
    name = forms.CharField(label="Name", max_length=150)
    manager = forms.ModelChoiceField(
        queryset=User.objects.active(),
        label="Manager",
        help_text="Owns what the pool holds while nobody is eligible.",
    )


class WeightForm(forms.Form):
    weight = forms.IntegerField(
        label="Weight",
        initial=1,
        help_text="2 gets twice as many leads as 1; 0 gets none.",
    )


class NewMemberForm(WeightForm):
    user = forms.ModelChoiceField(queryset=User.objects.active(), label="Who")
    field_order = ["user", "weight"]


class MemberForm(WeightForm):
    is_active = forms.BooleanField(label="Takes part", required=False)


class CapacityForm(forms.Form):
    capacity = forms.IntegerField(
        label="Most open leads at a time",
        required=False,
        help_text="Over all pools; empty: no limit.",
    )
