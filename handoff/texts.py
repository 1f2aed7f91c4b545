"""What the messages about handoffs say, made anew each time one is sent or read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse

from accounts.models import User
from accounts.selectors import zone_for
from handoff.choices import RejectReason, Status
from handoff.models import Handoff, Leg
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time
from notify.choices import Channel, Tone, Topic
from notify.models import Message
from notify.registry import Text, register_kind
from sla.choices import ClockState
from sla.models import Clock
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


def refresh_many(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    """The texts of these messages by id, in a constant number of queries."""
    handoffs = (
        Handoff.objects.filter(pk__in=[message.payload["handoff"] for message in messages])
        .select_related("lead__company", "submitted_by", "owner", "pool")
        .in_bulk()
    )
    legs = (
        Leg.objects.filter(pk__in=[message.payload["leg"] for message in messages])
        .select_related("receiver", "turn")
        .in_bulk()
    )
    clocks = (
        Clock.objects.filter(pk__in=[message.payload["clock"] for message in messages])
        .select_related("calendar_version")
        .in_bulk()
    )
    people = User.objects.in_bulk({message.recipient_id for message in messages})
    zones = {pk: zone_for(person) for pk, person in people.items()}
    texts: dict[int, Text | None] = {}
    for message in messages:
        about = About(
            message=message,
            row=handoffs[message.payload["handoff"]],
            leg=legs.get(message.payload["leg"]),
            clock=clocks.get(message.payload["clock"]),
            zone=zones[message.recipient_id],
            now=now,
        )
        texts[message.pk] = _WRITERS[message.kind](about)
    return texts


def refresh(message: Message, now: datetime) -> Text | None:
    """The text of one message, or None where it is no longer true."""
    return refresh_many([message], now)[message.pk]


def _assigned(about: About) -> Text | None:
    if not about.is_waiting:
        return _settled(about)
    by = about.row.submitted_by.name
    due = about.row.next_due_at
    until = f" Accept by {about.at(due)}." if due else ""
    return Text(
        subject=f"{about.who}: handed off to you",
        body=f"{by} handed this lead off to you.{until}",
        path=about.path,
        action="Open the handoff",
    )


def _accepted(about: About) -> Text | None:
    receiver = about.leg.receiver.name if about.leg else about.row.owner.name
    return Text(
        subject=f"{about.who}: {receiver} accepted it",
        body=f"{receiver} has this lead now.",
        path=about.path,
    )


def _rejected(about: About) -> Text | None:
    if about.leg is None:
        return None
    reason = in_sentence(RejectReason(about.leg.reason).label)
    note = f" \u201c{about.leg.note}\u201d" if about.leg.note else ""
    is_open = about.row.status == Status.REJECTED
    after = " It is yours again: fix it or concede." if is_open else ""
    return Text(
        subject=f"{about.who}: {about.leg.receiver.name} rejected it, {reason}",
        body=f"Reason: {reason}.{note}{after}",
        path=about.path,
        action="Answer the rejection" if is_open else "Open",
    )


def _moved(about: About) -> Text | None:
    if about.row.status == Status.HOLDING or about.leg is None or about.leg.ended_at is not None:
        body = "A conflict was declared. It goes to the next receiver as soon as one is eligible."
    else:
        body = f"A conflict was declared, and {about.leg.receiver.name} is next."
    return Text(subject=f"{about.who}: moved on", body=body, path=about.path)


def _withdrawn(about: About) -> Text | None:
    return Text(
        subject=f"{about.who}: withdrawn",
        body="It was taken back before it was accepted. Nothing is left to do.",
        path=about.path,
    )


def _held(about: About) -> Text | None:
    if about.row.status != Status.HOLDING:
        return _settled(about)
    pool = about.row.pool.name if about.row.pool else "the pool"
    return Text(
        subject=f"{about.who}: nobody is eligible",
        body=f"Nobody in {pool} can take this lead. You have it until somebody can.",
        path=about.path,
        action="See why",
    )


def _remind(about: About) -> Text | None:
    if not about.is_waiting or about.clock is None:
        return _settled(about)
    due = about.clock.due_at
    if about.now > due:
        subject = f"{about.who}: accept was due {about.at(due)}"
        tone = Tone.LATE
    else:
        subject = f"{about.who}: accept by {about.at(due)}"
        tone = Tone.SOON
    return Text(
        subject=subject,
        body="It is waiting for your decision: accept it, or reject it with a reason.",
        path=about.path,
        tone=tone,
        action="Decide",
    )


def _late(about: About) -> Text | None:
    if about.leg is None or about.clock is None:
        return None
    receiver, clock = about.leg.receiver.name, about.clock
    due = about.at(clock.due_at)
    if clock.state == ClockState.RUNNING:
        return Text(
            subject=f"{about.who}: {receiver} has not accepted, {_late_by(about, about.now)} late",
            body=f"Accept was due {due}.",
            path=about.path,
            tone=Tone.LATE,
            action="Open the handoff",
        )
    settled_at = clock.met_at or clock.cancelled_at or about.now
    done = "decided" if clock.met_at else "over"
    return Text(
        subject=f"{about.who}: {done} {_late_by(about, settled_at)} late",
        body=f"Accept by {receiver} was due {due}. This is settled now; it counts as a miss.",
        path=about.path,
    )


def _late_by(about: About, until: datetime) -> str:
    """Working time past due, or real time where no working time has passed since."""
    if about.clock is None:
        return ""
    hours = rules_calendar(about.clock.calendar_version)
    seconds = between(hours, about.clock.due_at, until)
    if seconds < 60:
        seconds = (until - about.clock.due_at).total_seconds()
    return duration_words(seconds)


def _settled(about: About) -> Text | None:
    """An e-mail about something settled is not sent; the inbox says how it stands."""
    if about.message.channel != Channel.INBOX:
        return None
    status = Status(about.row.status).label.lower()
    return Text(
        subject=f"{about.who}: settled",
        body=f"This handoff is {status} now. Nothing is left to do here.",
        path=about.path,
    )


_WRITERS = {
    "assigned": _assigned,
    "accepted": _accepted,
    "rejected": _rejected,
    "moved": _moved,
    "withdrawn": _withdrawn,
    "held": _held,
    "remind": _remind,
    "late": _late,
}

# What people choose by; a kind that is not named here counts as everything else.
_TOPICS = {
    "assigned": Topic.NEW_LEADS,
    "accepted": Topic.OUTCOMES,
    "rejected": Topic.TO_ANSWER,
    "moved": Topic.OUTCOMES,
    "withdrawn": Topic.CHANGES,
    "held": Topic.HELD,
    "remind": Topic.REMINDERS,
    "late": Topic.LATE,
}


def register() -> None:
    """Make every kind of message about handoffs known to the outbox."""
    for kind in _WRITERS:
        register_kind(kind, refresh, refresh_many, topic=_TOPICS.get(kind, Topic.OTHER))
