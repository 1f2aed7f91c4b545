from typing import Any

from django import forms

# The largest id that the database can hold: a larger one is refused here, not there.
LARGEST_ID = 2**63 - 1


class MarkReadForm(forms.Form):
    """One message or all of them, and the page of the inbox to go back to."""

    message = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    everything = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(given["everything"]) == (given["message"] is not None):
            raise forms.ValidationError("Choose one message, or all of them.")
        return given
