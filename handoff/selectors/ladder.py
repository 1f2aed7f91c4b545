"""What the ladder of a clock has done, and what it does next and when, as marks on one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from handoff.choices import EventKind
from handoff.models import Event, HandoffClock
from handoff.selectors.story import clock_time
from routing.models import Member
from sla.choices import ClockState, EscalationState, StepAction
from sla.models import Acknowledgement, Escalation
from sla.rules.schedule import Rung, decode
from worktime.rules import duration_words

DONE, FAILED, HELD, NEXT, LATER = "done", "failed", "held", "next", "later"
# Within this time what comes is told by its distance too.
NEAR = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Mark:
    """One step: `state` is done, failed, held (acknowledged), next or later."""

    state: str
    icon: str
    when: str
    words: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Who has acknowledged that a clock is late, when, and until when nothing happens."""

    name: str
    at: str
    until: str
    note: str


@dataclass(frozen=True, slots=True)
class LadderView:
    """The steps in their order, with the acknowledgement in force where there is one."""

    marks: tuple[Mark, ...]
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class _Read:
    """All that the ladders of several clocks are told from."""

    reader: User
    now: datetime
    escalations: Mapping[tuple[int, int], Escalation]
    events: Mapping[int, Event]
    seen: Mapping[int, Acknowledgement]
    people: Mapping[int, User]
    backups: Mapping[tuple[int | None, int], User]

    def name(self, pk: int | None) -> str:
        """Somebody by name, at the beginning of a sentence."""
        if pk == self.reader.pk:
            return "You"
        found = self.people.get(pk or 0)
        return found.name if found else "Somebody"


def ladders_of(
    links: Sequence[HandoffClock], *, reader: User, now: datetime
) -> dict[int, LadderView]:
    """The ladder of each clock by the clock's id, in five queries.

    The links must have been read with their clock, leg and handoff.
    """
    read = _read(links, reader, now)
    return {link.clock_id: _ladder(link, read) for link in links}


def _read(links: Sequence[HandoffClock], reader: User, now: datetime) -> _Read:
    clocks = [link.clock_id for link in links]
    escalations = list(Escalation.objects.filter(clock__in=clocks))
    events = list(Event.objects.filter(escalation__in=[one.pk for one in escalations]))
    seen = {one.clock_id: one for one in Acknowledgement.objects.filter(clock__in=clocks)}
    named = {event.data.get(key) for event in events for key in ("told", "receiver", "to")}
    named |= {one.by_id for one in seen.values()}
    receivers = [link.leg.receiver_id for link in links if link.leg is not None]
    members = Member.objects.filter(user__in=receivers, backup__isnull=False)
    return _Read(
        reader=reader,
        now=now,
        escalations={(one.clock_id, one.step_id): one for one in escalations},
        events={event.escalation_id: event for event in events if event.escalation_id},
        seen={pk: one for pk, one in seen.items() if one.until > now},
        people=User.objects.in_bulk({pk for pk in named if isinstance(pk, int)}),
        backups={
            (one.pool_id, one.user_id): one.backup.user
            for one in members.select_related("backup__user")
            if one.backup is not None
        },
    )


def _ladder(link: HandoffClock, read: _Read) -> LadderView:
    clock, held = link.clock, read.seen.get(link.clock_id)
    rungs = list(enumerate(decode(clock.schedule)))
    # The miss itself stands on the badge; what it led to is what the reader looks for.
    shown = [pair for pair in rungs if pair[1].action != StepAction.BREACH] or rungs
    past = [_past(link, rung, read) for index, rung in shown if index < clock.fired]
    ahead = [rung for index, rung in shown if index >= clock.fired]
    coming = [_coming(link, rung, held, read, is_next=rung is ahead[0]) for rung in ahead]
    marks = (*past, *([_held(held, read)] if held else []), *coming)
    return LadderView(marks, _seen(held, read) if held else None)


def _seen(held: Acknowledgement, read: _Read) -> Seen:
    return Seen(
        name=read.name(held.by_id),
        at=clock_time(held.at, now=read.now),
        until=clock_time(held.until, now=read.now),
        note=held.note,
    )


def _held(held: Acknowledgement, read: _Read) -> Mark:
    name = read.name(held.by_id)
    return Mark(
        state=HELD,
        icon="front_hand",
        when=f"{clock_time(held.at, now=read.now)}, by {'you' if name == 'You' else name}",
        words=f"Acknowledged until {clock_time(held.until, now=read.now)}",
        note=held.note,
    )


def _past(link: HandoffClock, rung: Rung, read: _Read) -> Mark:
    """A step that has fired, and what came of it."""
    escalation = read.escalations.get((link.clock_id, rung.step_id))
    when = clock_time(rung.at, now=read.now)
    if escalation is None:
        return Mark(DONE, "check", when, _SAID[rung.action])
    if escalation.state == EscalationState.QUARANTINED:
        return Mark(FAILED, "close", when, f"{_SAID[rung.action]}: failed, set aside")
    if escalation.state == EscalationState.PENDING:
        # An acknowledgement or a wait after a gap holds it; else it is being done right now.
        waits = escalation.not_before > read.now
        until = clock_time(escalation.not_before, now=read.now)
        words = _consequence(link, rung, read)
        return Mark(NEXT, _ICONS[rung.action], until if waits else when, words)
    return _handled(rung, read.events.get(escalation.pk), when, read)


def _handled(rung: Rung, event: Event | None, when: str, read: _Read) -> Mark:
    if event is None or event.kind == EventKind.BREACHED:
        return Mark(DONE, "check", when, _SAID[rung.action])
    if event.kind in _TOLD:
        return _told(event, when, read)
    if event.kind == EventKind.POSTED and event.data.get("channel") is None:
        return Mark(FAILED, "close", when, "There was no channel to post to")
    if event.kind == EventKind.HELD:
        return Mark(FAILED, "close", when, "Nobody was eligible")
    if event.kind == EventKind.STEP_SUPERSEDED:
        return Mark(LATER, "remove", when, f"{_SAID[rung.action]}: no longer needed")
    return Mark(DONE, "check", when, str(EventKind(event.kind).label))


def _told(event: Event, when: str, read: _Read) -> Mark:
    if event.data.get("told") is None:
        return Mark(FAILED, "close", when, "There was nobody to tell")
    name = read.name(event.data["told"])
    be = "were" if name == "You" else "was"
    return Mark(DONE, "check", when, f"{name} {be} {_TOLD[EventKind(event.kind)]}")


def _coming(
    link: HandoffClock, rung: Rung, held: Acknowledgement | None, read: _Read, *, is_next: bool
) -> Mark:
    """A step that is to come; an acknowledgement holds it until its own end."""
    at = max(rung.at, held.until) if held else rung.at
    when = clock_time(at, now=read.now)
    if link.clock.state == ClockState.PAUSED:
        return Mark(LATER, "pause", "Paused", _consequence(link, rung, read))
    if is_next and timedelta(0) < at - read.now < NEAR:
        when += f", in {duration_words((at - read.now).total_seconds())}"
    state = NEXT if is_next else LATER
    return Mark(state, _ICONS[rung.action], when, _consequence(link, rung, read))


def _consequence(link: HandoffClock, rung: Rung, read: _Read) -> str:
    if rung.action == StepAction.REMIND:
        return f"{late_person(link).name} is reminded"
    if rung.action == StepAction.RETURN_TO_SUBMITTER:
        return f"Returns to {link.handoff.submitted_by.name}"
    if rung.action == StepAction.REASSIGN and link.leg is not None:
        backup = read.backups.get((link.handoff.pool_id, link.leg.receiver_id))
        return f"Moves to {backup.name}" if backup else "Moves to the next receiver"
    return _LABELS[rung.action]


def late_person(link: HandoffClock) -> User:
    """Who has to act before the clock is due."""
    return link.leg.receiver if link.leg is not None else link.handoff.owner


_TOLD = {EventKind.REMINDED: "reminded", EventKind.ALERTED: "alerted"}
_ICONS: dict[str, str] = {
    StepAction.REMIND: "notifications",
    StepAction.BREACH: "error",
    StepAction.ALERT_MANAGER: "campaign",
    StepAction.NOTIFY_CHANNEL: "tag",
    StepAction.REASSIGN: "swap_horiz",
    StepAction.RETURN_TO_SUBMITTER: "undo",
    StepAction.TO_NURTURE: "eco",
}
_LABELS: dict[str, str] = {
    StepAction.REMIND: "A reminder goes out",
    StepAction.BREACH: "Counts as missed",
    StepAction.ALERT_MANAGER: "The manager is alerted",
    StepAction.NOTIFY_CHANNEL: "The team's channel is told",
    StepAction.REASSIGN: "Moves to the next receiver",
    StepAction.RETURN_TO_SUBMITTER: "Returns to the submitter",
    StepAction.TO_NURTURE: "Goes back to nurture",
}
_SAID: dict[str, str] = {
    StepAction.REMIND: "Reminder",
    StepAction.BREACH: "Counted as missed",
    StepAction.ALERT_MANAGER: "Alert to the manager",
    StepAction.NOTIFY_CHANNEL: "Post to the team's channel",
    StepAction.REASSIGN: "Move to the next receiver",
    StepAction.RETURN_TO_SUBMITTER: "Return to the submitter",
    StepAction.TO_NURTURE: "Back to nurture",
}
