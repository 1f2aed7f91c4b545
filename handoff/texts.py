"""What the messages about handoffs say, made anew each time one is sent or read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse

from accounts.models import User
from accounts.selectors import zone_for
from handoff.choices import DisqualifyReason, RejectReason, Status
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
        .select_related("receiver", "turn", "contest__by", "contest__ruled_by")
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


def _converted(about: About) -> Text | None:
    receiver = about.leg.receiver.name if about.leg else about.row.owner.name
    worth = f", {about.row.value:,.0f} {about.row.currency}" if about.row.value is not None else ""
    return Text(
        subject=f"{about.who}: it is an opportunity now{worth}",
        body=f"{receiver} made an opportunity of the lead that you handed off.",
        path=about.path,
    )


def _disqualified(about: About) -> Text | None:
    if not about.row.disqualified_for:
        return None
    reason = in_sentence(DisqualifyReason(about.row.disqualified_for).label)
    return Text(
        subject=f"{about.who}: disqualified, {reason}",
        body=f"This lead will not buy. Reason: {reason}.{_note(about)}",
        path=about.path,
    )


def _nurtured(about: About) -> Text | None:
    return Text(
        subject=f"{about.who}: back to nurture",
        body=f"This lead is not ready yet, so the handoff is closed.{_note(about)}",
        path=about.path,
    )


def _returned(about: About) -> Text | None:
    """About the next draft, which the submitter works on."""
    is_open = about.row.status == Status.DRAFT
    after = " A draft with all you wrote is ready: hand it off again, or discard it."
    return Text(
        subject=f"{about.who}: it came back to you",
        body=f"Nobody works on this lead any more.{_note(about)}{after if is_open else ''}",
        path=about.path,
        action="Open the draft" if is_open else "Open",
    )


def _ended(about: About) -> Text | None:
    how = in_sentence(about.row.get_closed_as_display()) or "closed"
    return Text(
        subject=f"{about.who}: closed, {how}",
        body=f"You had this lead. It is closed now.{_note(about)} Nothing is left to do for you.",
        path=about.path,
    )


def _merged(about: About) -> Text | None:
    return Text(
        subject=f"{about.who}: it was handed off twice",
        body="This handoff is closed as a duplicate. The other one goes on with its receiver.",
        path=about.path,
    )


def _absorbed(about: About) -> Text | None:
    if about.row.status == Status.CLOSED:
        return _settled(about)
    due = about.row.next_due_at
    until = f" Next due {about.at(due)}." if due else ""
    return Text(
        subject=f"{about.who}: a second handoff of this lead was merged into it",
        body=f"The buyer's time counts from the earlier of the two.{until}",
        path=about.path,
        action="Open the handoff",
    )


def _outcome(about: About) -> Text | None:
    if not about.row.deal_outcome:
        return None
    how = in_sentence(about.row.get_deal_outcome_display())
    note = f" \u201c{about.row.deal_note}\u201d" if about.row.deal_note else ""
    return Text(
        subject=f"{about.who}: {how}",
        body=f"The opportunity from your lead is {how}.{note}",
        path=about.path,
    )


def _contested(about: About) -> Text | None:
    contest = getattr(about.leg, "contest", None)
    if about.leg is None or contest is None:
        return None
    if contest.ruled_at is not None:
        return _settled(about)
    reason = in_sentence(RejectReason(about.leg.reason).label)
    return Text(
        subject=f"{about.who}: a rejection is contested",
        body=(
            f"{about.leg.receiver.name} rejected it, {reason}. {contest.by.name} contests that: "
            f"\u201c{contest.note}\u201d Read both sides and rule."
        ),
        path=about.path,
        action="Rule on it",
    )


def _upheld(about: About) -> Text | None:
    if about.leg is None:
        return None
    mine = about.message.recipient_id == about.row.submitted_by_id
    is_open = about.row.status == Status.REJECTED and mine
    after = " It is yours again: fix it or concede." if is_open else ""
    return Text(
        subject=f"{about.who}: the rejection stands",
        body=f"{_ruling(about)}{after}",
        path=about.path,
        action="Answer the rejection" if is_open else "Open",
    )


def _overturned(about: About) -> Text | None:
    if about.leg is None:
        return None
    mine = about.message.recipient_id == about.leg.receiver_id and about.leg.ended_at is None
    if about.leg.accepted_at is None:
        after = " The lead goes to somebody else."
    elif mine:
        after = " The lead is yours again, as accepted."
    else:
        after = f" {about.leg.receiver.name} has the lead again, as accepted."
    return Text(
        subject=f"{about.who}: the rejection was overturned",
        body=f"{_ruling(about)}{after}",
        path=about.path,
        action="Open the handoff" if mine else "Open",
    )


def _ruling(about: About) -> str:
    contest = getattr(about.leg, "contest", None)
    if contest is None or contest.ruled_by is None:
        return "A manager has ruled."
    said = f" \u201c{contest.ruling}\u201d" if contest.ruling else ""
    return f"{contest.ruled_by.name} has ruled.{said}"


def _note(about: About) -> str:
    note = about.leg.note if about.leg else ""
    return f" \u201c{note}\u201d" if note else ""


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
    "converted": _converted,
    "disqualified": _disqualified,
    "nurtured": _nurtured,
    "returned": _returned,
    "ended": _ended,
    "merged": _merged,
    "absorbed": _absorbed,
    "outcome": _outcome,
    "contested": _contested,
    "upheld": _upheld,
    "overturned": _overturned,
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
    "converted": Topic.OUTCOMES,
    "disqualified": Topic.OUTCOMES,
    "nurtured": Topic.OUTCOMES,
    "returned": Topic.TO_ANSWER,
    "ended": Topic.CHANGES,
    "merged": Topic.OUTCOMES,
    "absorbed": Topic.CHANGES,
    "outcome": Topic.OUTCOMES,
    "contested": Topic.TO_ANSWER,
    "upheld": Topic.TO_ANSWER,
    "overturned": Topic.CHANGES,
}


def register() -> None:
    """Make every kind of message about handoffs known to the outbox."""
    for kind in _WRITERS:
        register_kind(kind, refresh, refresh_many, topic=_TOPICS.get(kind, Topic.OTHER))
