"""The loops as rows; the table belongs to no app in particular."""

from accounts.rules.policy import Action
from core.admin import ReadOnlyAdmin, register
from core.models import Heartbeat


@register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """The loops behind the pages: when each was last heard of, and what went wrong."""

    view_action = Action.HEALTH_READ
    list_title = "Loops"
    list_display = ["loop", "at", "worker", "last_error", "last_error_at"]
    row_fields = ["loop", "at", "worker", "last_error", "last_error_at"]
    ordering = ["loop"]
