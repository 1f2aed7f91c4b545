"""What the messages of the engine itself say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from core.findings import findings
from core.words import counted
from notify.choices import Tone, Topic
from notify.models import Message
from notify.registry import Text, register_kind
from sla.choices import EscalationState
from sla.models import Escalation
from worktime.rules.words import duration_words

SET_ASIDE = "sla.set_aside"
CLOCKS_BEHIND = "sla.clocks_behind"
# How much waits for an admin: a finding, not a message.
ATTENTION = "sla.attention"


def set_aside(message: Message, now: datetime) -> Text | None:
    """A ladder step that failed in every attempt; None once it is tried again."""
    return set_asides([message], now)[message.pk]


def set_asides(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    steps = (
        Escalation.objects.filter(
            pk__in=[message.payload["escalation"] for message in messages],
            state=EscalationState.QUARANTINED,
        )
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
        path=reverse("health"),
        action="Look at it",
    )


def behind(message: Message, now: datetime) -> Text:
    """Clocks whose next step nobody took."""
    return behinds([message], now)[message.pk]


def behinds(messages: Sequence[Message], now: datetime) -> dict[int, Text]:
    last = findings().get(CLOCKS_BEHIND)
    is_open = {last.at.isoformat()} if last is not None and last.data["is_open"] else set()
    return {
        message.pk: _behind_text(message.payload, is_on=message.payload["at"] in is_open)
        for message in messages
    }


def _behind_text(found: dict[str, Any], *, is_on: bool) -> Text:
    at, oldest = (datetime.fromisoformat(found[key]) for key in ("at", "oldest"))
    clocks = counted(found["count"], "clock")
    waited = duration_words((at - oldest).total_seconds())
    said = f"At {timezone.localtime(at):%H:%M} {clocks} had a step to take that nobody took"
    return Text(
        subject=f"Clocks {'are' if is_on else 'were'} running late",
        body=(
            f"{said}, the oldest for {waited}. No due time is lost: each step is taken, and each "
            "breach dated right, as soon as the loops run. "
            + ("Health says which stand still." if is_on else "They have caught up since.")
        ),
        path=reverse("health"),
        tone=Tone.LATE if is_on else Tone.PLAIN,
        action="Open Health",
    )


def register() -> None:
    register_kind(SET_ASIDE, set_aside, set_asides, topic=Topic.SYSTEM)
    register_kind(CLOCKS_BEHIND, behind, behinds, topic=Topic.SYSTEM)
