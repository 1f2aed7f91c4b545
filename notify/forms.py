from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.models import Team
from notify.choices import Channel, Topic
from notify.selectors import Settings

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


class WaysForm(forms.Form):
    """A tick for each topic and channel, and the quiet hours."""

    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Enter a time, such as 19:00."},
    )
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Enter a time, such as 07:30."},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, shown: Settings) -> None:
        super().__init__(data)
        self.shown = shown
        if shown.quiet:
            self.initial = {"quiet_from": shown.quiet.starts, "quiet_until": shown.quiet.ends}
        for topic in shown.topics:
            for channel in shown.channels:
                self.fields[_name(topic, channel)] = forms.BooleanField(
                    # The column's head is not read out with each box.
                    label=f"{topic.label} by {channel.label}",
                    required=False,
                    initial=shown.wanted[topic][channel],
                )

    def rows(self) -> list[tuple[Topic, list[tuple[Channel, forms.BoundField]]]]:
        """The topics with their ticks, as the table shows them."""
        return [
            (topic, [(one, self[_name(topic, one)]) for one in self.shown.channels])
            for topic in self.shown.topics
        ]

    def wanted(self) -> dict[Topic, dict[Channel, bool]]:
        return {
            topic: {one: self.cleaned_data[_name(topic, one)] for one in self.shown.channels}
            for topic in self.shown.topics
        }


def _name(topic: Topic, channel: Channel) -> str:
    return f"{topic.value}-{channel.value}"


def _address(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=500,
        help_text=(
            "Slack gives it to you when you add an incoming webhook to a channel of yours. "
            "It is a secret: once saved, only its last four characters are shown."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}
        ),
    )


class SlackForm(forms.Form):
    """The address of an incoming webhook; what it may be is said by the service."""

    address = _address("Address of your incoming webhook")


class ChannelAddressForm(forms.Form):
    """The same, of a channel that several people read."""

    address = _address("Address of the incoming webhook")


class ChannelForm(ChannelAddressForm):
    """Whose channel it is, and its address."""

    field_order = ("team", "address")

    team = forms.ModelChoiceField(
        Team.objects.order_by("name"),
        label="Whose channel",
        required=False,
        empty_label="All teams without a channel of their own",
    )
