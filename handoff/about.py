"""What a message about a handoff is about, with what the writers of all texts share."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse

from handoff.choices import Status
from handoff.models import Handoff, Leg
from handoff.selectors.story import clock_time
from notify.choices import Channel
from notify.models import Message
from notify.registry import Text
from sla.models import Clock, Escalation
from worktime.rules import between, duration_words
from worktime.selectors import rules_calendar


@dataclass(frozen=True, slots=True)
class About:
    """A message with the facts that it is about, as they are now."""

    message: Message
    row: Handoff
    leg: Leg | None
    clock: Clock | None
    zone: ZoneInfo
    now: datetime
    decided_by: str = ""
    passed: tuple[Escalation, ...] = ()

    @property
    def who(self) -> str:
        return f"{self.row.lead.name}, {self.row.lead.company.name}"

    @property
    def path(self) -> str:
        return reverse("handoff:detail", args=[self.row.pk])

    def at(self, instant: datetime) -> str:
        return clock_time(instant, now=self.now, zone=self.zone)

    @property
    def is_waiting(self) -> bool:
        """Whether the leg is still the one that has to decide."""
        return (
            self.leg is not None and self.leg.ended_at is None and self.row.status == Status.PENDING
        )


def settled(about: About) -> Text | None:
    """An e-mail about something settled is not sent; the inbox says how it stands."""
    if about.message.channel != Channel.INBOX:
        return None
    status = Status(about.row.status).label.lower()
    return Text(
        subject=f"{about.who}: settled",
        body=f"This handoff is {status} now. Nothing is left to do here.",
        path=about.path,
    )


def late_by(about: About, until: datetime) -> str:
    """Working time past due, or real time where no working time has passed since."""
    if about.clock is None:
        return ""
    hours = rules_calendar(about.clock.calendar_version)
    seconds = between(hours, about.clock.due_at, until)
    if seconds < 60:
        seconds = (until - about.clock.due_at).total_seconds()
    return duration_words(seconds)
