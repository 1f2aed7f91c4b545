"""Choosing a shipped set of policies."""

from django import forms

from sla.rules.presets import PRESETS
from sla.rules.wording import target_words


def _preset_words(name: str) -> str:
    parts = [
        f"{spec.name}: {target_words(target.amount, target.unit)}"
        for spec in PRESETS[name]
        for target in spec.targets
    ]
    return "; ".join(parts)


class PresetForm(forms.Form):
    name = forms.ChoiceField(
        label="Set",
        choices=[(name, _preset_words(name)) for name in PRESETS],
        widget=forms.RadioSelect,
        help_text="How soon a receiver must accept or reject.",
    )
