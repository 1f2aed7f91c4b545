"""What the messages about handoffs say, made anew each time one is sent or read."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import User
from accounts.selectors import zone_for, zone_of_team
from handoff import move_texts
from handoff.about import About, settled
from handoff.choices import DisqualifyReason, EventKind, LegEnd, RejectReason, Status
from handoff.models import Handoff, Leg
from handoff.selectors.event_log import events_on
from handoff.selectors.lists import in_sentence
from notify.choices import Tone, Topic
from notify.models import Message
from notify.registry import Text, register_kind
from sla.models import Clock, Escalation


def refresh_many(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    """The texts of these messages by id, in a constant number of queries."""
    handoffs = (
        Handoff.objects.filter(pk__in=[message.payload["handoff"] for message in messages])
        .select_related("lead__company", "submitted_by", "owner", "pool")
        .order_by()
        .in_bulk()
    )
    legs = (
        Leg.objects.filter(pk__in=[message.payload["leg"] for message in messages])
        .select_related("receiver", "turn", "contest__by", "contest__ruled_by")
        .order_by()
        .in_bulk()
    )
    clocks = _clocks({message.payload["clock"] for message in messages} - {None})
    deciders = _deciders(handoffs)
    steps = _steps(messages)
    zones = _zones(messages)
    texts: dict[int, Text | None] = {}
    for message in messages:
        about = About(
            message=message,
            row=handoffs[message.payload["handoff"]],
            leg=legs.get(message.payload["leg"]),
            clock=clocks.get(message.payload["clock"]),
            zone=zones[message.recipient_id, message.team_id],
            now=now,
            decided_by=deciders.get((message.payload["leg"], message.kind), ""),
            passed=tuple(steps[pk] for pk in message.payload.get("steps", ()) if pk in steps),
        )
        texts[message.pk] = _WRITERS[message.kind](about)
    return texts


def _zones(messages: Sequence[Message]) -> dict[tuple[int | None, int | None], ZoneInfo]:
    """In whose zone each says its times: its recipient's, else that of the team that reads it."""
    ids = {message.recipient_id for message in messages} - {None}
    zones: dict[tuple[int | None, int | None], ZoneInfo] = {
        (pk, None): zone_for(person) for pk, person in User.objects.order_by().in_bulk(ids).items()
    }
    for message in messages:
        if message.recipient_id is None and (None, message.team_id) not in zones:
            zones[None, message.team_id] = zone_of_team(message.team)
    return zones


def _clocks(ids: Collection[int]) -> dict[int, Clock]:
    """The clocks by id, each as the one that has taken its place since and runs on like it."""
    asked = Clock.objects.filter(Q(pk__in=ids) | Q(replaces__in=ids))
    found = asked.select_related("calendar_version").in_bulk()
    for clock in list(found.values()):
        before = found.get(clock.replaces_id or 0)
        # One that begins with another breach, or without one, is another story.
        if before is not None and before.breached_at == clock.breached_at:
            found[before.pk] = clock
    return found


def _deciders(handoffs: Iterable[int]) -> dict[tuple[object, str], str]:
    """Who decided on each leg, by the leg and the decision: a manager may act for a receiver."""
    decisions = events_on(handoffs, EventKind.ACCEPTED, EventKind.REJECTED)
    return {
        (event.data.get("leg"), event.kind): event.by.name
        for event in decisions.select_related("by")
        if event.by is not None
    }


def _steps(messages: Iterable[Message]) -> dict[int, Escalation]:
    """The ladder steps that messages name, by id."""
    named = [pk for message in messages for pk in message.payload.get("steps", ())]
    return Escalation.objects.select_related("step").in_bulk(named) if named else {}


def refresh(message: Message, now: datetime) -> Text | None:
    """The text of one message, or None where it is no longer true."""
    return refresh_many([message], now)[message.pk]


def _assigned(about: About) -> Text | None:
    if not about.is_waiting:
        return settled(about)
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
        subject=f"{about.who}: {_decided(about, receiver, 'accepted it')}",
        body=f"{receiver} has this lead now.",
        path=about.path,
    )


def _decided(about: About, receiver: str, did: str) -> str:
    """Who did it, and for whom where somebody else did."""
    if about.decided_by in {"", receiver}:
        return f"{receiver} {did}"
    return f"{about.decided_by} {did} for {receiver}"


def _rejected(about: About) -> Text | None:
    if about.leg is None:
        return None
    reason = in_sentence(RejectReason(about.leg.reason).label)
    note = f" \u201c{about.leg.note}\u201d" if about.leg.note else ""
    is_open = about.row.status == Status.REJECTED
    after = " It is yours again: fix it or concede." if is_open else ""
    return Text(
        subject=f"{about.who}: {_decided(about, about.leg.receiver.name, 'rejected it')}, {reason}",
        body=f"Reason: {reason}.{note}{after}",
        path=about.path,
        action="Answer the rejection" if is_open else "Open",
    )


def _withdrawn(about: About) -> Text | None:
    return Text(
        subject=f"{about.who}: withdrawn",
        body="It was taken back before it was accepted. Nothing is left to do.",
        path=about.path,
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
    body = f"This lead is not ready yet, so the handoff is closed.{_note(about)}"
    if about.message.payload.get("why") == LegEnd.TIMED_OUT:
        body = "Nobody contacted the buyer in time, so the handoff is closed."
    return Text(subject=f"{about.who}: back to nurture", body=body, path=about.path)


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
        return settled(about)
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
        return settled(about)
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


def _meeting(about: About) -> Text | None:
    row = about.row
    is_mine = about.leg is not None and about.leg.ended_at is None
    if not is_mine or row.meeting_at is None or row.meeting_at <= about.now:
        return None
    pains = row.answers.get("pains") or []
    topics = row.answers.get("topics") or ""
    told = [f"Topics: {topics}" if topics else "", *(f"Pain: {pain}" for pain in pains)]
    return Text(
        subject=f"{about.who}: meeting {about.at(row.meeting_at)}",
        body=" ".join(["Your meeting is within a day.", *filter(None, told)]),
        path=about.path,
        tone=Tone.SOON,
        action="Read the handoff",
    )


_WRITERS = {
    **move_texts.WRITERS,
    "meeting": _meeting,
    "assigned": _assigned,
    "accepted": _accepted,
    "rejected": _rejected,
    "withdrawn": _withdrawn,
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
    "meeting": Topic.REMINDERS,
    "assigned": Topic.NEW_LEADS,
    "accepted": Topic.OUTCOMES,
    "rejected": Topic.TO_ANSWER,
    "moved": Topic.OUTCOMES,
    "withdrawn": Topic.CHANGES,
    "held": Topic.HELD,
    "exhausted": Topic.HELD,
    "taken_over": Topic.CHANGES,
    "uncovered": Topic.HELD,
    "unstaffed": Topic.HELD,
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
