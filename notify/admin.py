"""Messages that could not be delivered, and the Slack channels of teams."""

from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import ConfigAdmin, Dialog, ReadOnlyAdmin, person, register
from notify import services
from notify.choices import MessageState
from notify.forms import ChannelAddressForm, ChannelForm
from notify.models import Destination, Message


def send_again(request: HttpRequest, row: Message, values: dict[str, Any]) -> str:
    services.retry_message(message=row, by=person(request, User), now=timezone.now())
    return "The message waits to be sent again."


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    edit_action = Action.CONFIG_EDIT
    list_title = "Messages"
    list_display = ["kind", "addressee", "channel", "state", "attempts", "created_at", "last_error"]
    list_filter = ["state", "channel", "kind"]
    first_filter = f"state__exact={MessageState.DEAD}"
    search_fields = ["recipient__name", "subject_ref"]
    ordering = ["-id"]
    row_template = "notify/message.html"
    row_fields = [
        "kind",
        "addressee",
        "channel",
        "subject_ref",
        "state",
        "attempts",
        "not_before",
        "sent_at",
        "last_error",
    ]
    dialogs = [
        Dialog(
            "retry",
            "Send again",
            send_again,
            is_main=True,
            is_shown=lambda row: row is not None and row.state == MessageState.DEAD,
            consequence="It is tried anew with the whole schedule of tries, if it is still true.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("recipient", "team")

    def row_title(self, row: Message) -> str:
        return f"{row.get_channel_display()} to {row.addressee}"

    def row_context(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        return {"tries": row.tries.order_by("-n")}


def add_channel(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    made = services.save_channel(
        team=values["team"],
        address=values["address"],
        by=person(request, User),
        now=timezone.now(),
    )
    return f"{made} is set up. Send it a test to see it arrive."


def replace_channel(request: HttpRequest, row: Destination, values: dict[str, Any]) -> str:
    services.save_channel(
        team=row.team, address=values["address"], by=person(request, User), now=timezone.now()
    )
    return f"{row} has a new address. Send it a test to see it arrive."


def test_channel(request: HttpRequest, row: Destination, values: dict[str, Any]) -> str:
    services.test_channel(destination=row, by=person(request, User), now=timezone.now())
    return f"A test is on its way to Slack. {row} shows it in a moment."


def remove_channel(request: HttpRequest, row: Destination, values: dict[str, Any]) -> str:
    services.remove_channel(destination=row, by=person(request, User), now=timezone.now())
    return f"{row} is forgotten. Nothing more is posted there."


def channels_page(row: Destination) -> str:
    """The list, for the row is gone by then."""
    return reverse("admin:notify_destination_changelist")


@register(Destination)
class ChannelAdmin(ConfigAdmin):
    """Where ladders post for a whole team; what is a person's own is nobody else's to see."""

    view_action = edit_action = Action.CONFIG_EDIT
    list_title = "Slack channels"
    list_display = ["whose", "ends_in", "switched_off", "reason"]
    ordering = ["team__name", "id"]
    row_fields = ["whose", "ends_in", "switched_off", "reason"]
    dialogs = [
        Dialog("new", "Add a channel", add_channel, ChannelForm, of_list=True, is_main=True),
        Dialog(
            "test",
            "Send a test",
            test_channel,
            is_main=True,
            is_shown=lambda row: row is not None and row.died_at is None,
            consequence="Everybody who reads the channel sees it.",
        ),
        Dialog("replace", "Replace the address", replace_channel, ChannelAddressForm),
        Dialog(
            "remove",
            "Forget it",
            remove_channel,
            is_danger=True,
            back=channels_page,
            consequence=(
                "Steps that post for these people go to the organisation's channel from then on, "
                "or to nobody where there is none."
            ),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.filter(user__isnull=True).select_related("team")

    def whose(self, row: Destination) -> str:
        return str(row)

    def ends_in(self, row: Destination) -> str:
        return row.ending

    ends_in.short_description = "address ends in"  # type: ignore[attr-defined]  # read by Django

    def switched_off(self, row: Destination) -> datetime | None:
        return row.died_at

    def row_title(self, row: Destination) -> str:
        return str(row)
