"""What the messages of the engine itself say."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from notify.choices import Topic
from notify.models import Message
from notify.registry import Text, register_kind
from sla.models import Escalation

SET_ASIDE = "sla.set_aside"


def set_aside(message: Message, now: datetime) -> Text | None:
    """A ladder step that failed in every attempt."""
    return set_asides([message], now)[message.pk]


def set_asides(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    steps = (
        Escalation.objects.filter(pk__in=[message.payload["escalation"] for message in messages])
        .select_related("clock", "step")
        .in_bulk()
    )
    return {
        message.pk: _text(step) if (step := steps.get(message.payload["escalation"])) else None
        for message in messages
    }


def _text(step: Escalation) -> Text:
    return Text(
        subject=f"A step could not be taken: {step.step.get_action_display().lower()}",
        body=(
            f"It failed five times and was set aside, so nobody was told. "
            f"The clock: {step.clock}. The last error: {step.last_error}"
        ),
        path=reverse("admin:sla_escalation_change", args=[step.pk]),
        action="Look at it",
    )


def register() -> None:
    register_kind(SET_ASIDE, set_aside, set_asides, topic=Topic.SYSTEM)
