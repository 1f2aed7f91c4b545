"""Messages that could not be delivered, and sending them again."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import Dialog, ReadOnlyAdmin, person, register
from notify import services
from notify.choices import MessageState
from notify.models import Message


def send_again(request: HttpRequest, row: Message, values: dict[str, Any]) -> str:
    services.retry_message(message=row, by=person(request, User), now=timezone.now())
    return "The message waits to be sent again."


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    edit_action = Action.CONFIG_EDIT
    list_title = "Messages"
    list_display = ["kind", "recipient", "channel", "state", "attempts", "created_at", "last_error"]
    list_select_related = ["recipient"]
    list_filter = ["state", "channel", "kind"]
    first_filter = f"state__exact={MessageState.DEAD}"
    search_fields = ["recipient__name", "subject_ref"]
    ordering = ["-id"]
    row_template = "notify/message.html"
    row_fields = [
        "kind",
        "recipient",
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
        return rows.select_related("recipient")

    def row_title(self, row: Message) -> str:
        return f"{row.get_channel_display()} to {row.recipient}"

    def row_context(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        return {"tries": row.tries.order_by("-n")}
