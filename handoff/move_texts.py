"""What the messages say about clocks, and about leads that change hands or wait for somebody."""

from collections.abc import Callable
from datetime import datetime

from core.words import listed
from handoff.about import About, late_by, settled
from handoff.choices import LegEnd, Status
from notify.choices import Channel, Tone
from notify.registry import Text
from sla.choices import ClockKind, ClockState, StepAction

_WHY = {
    LegEnd.CONFLICT: "A conflict was declared",
    LegEnd.TIMED_OUT: "The time of whoever had it ran out",
    LegEnd.REASSIGNED: "It was given to somebody else",
    LegEnd.COVERED: "Whoever had it is away",
}
_ASKED = {
    ClockKind.HAND_OFF: ("hand it off", "It is waiting for you: complete it and hand it off."),
    ClockKind.ACCEPT: (
        "accept",
        "It is waiting for your decision: accept it, or reject it with a reason.",
    ),
    ClockKind.CONTACT: ("contact the buyer", "The buyer is waiting: get in touch and log it."),
    ClockKind.CONTACT_LEG: (
        "contact the buyer",
        "The buyer has waited since before you got it: get in touch and log it.",
    ),
    ClockKind.NEXT_STEP: ("date a next step", "Say what happens next, and on which day."),
    ClockKind.BOOKING: ("book a meeting", "Agree on a day with the buyer and enter the meeting."),
    ClockKind.SECOND_MEETING: (
        "hold the second meeting",
        "Enter each meeting once it is held: the second one settles this.",
    ),
}
_STEPS = {
    StepAction.REMIND: "reminder",
    StepAction.ALERT_MANAGER: "alert",
    StepAction.NOTIFY_CHANNEL: "post",
}
_ACTIONS = {ClockKind.HAND_OFF: "Open the draft", ClockKind.ACCEPT: "Decide"}
_NOT_DONE = {
    ClockKind.HAND_OFF: "has not handed it off",
    ClockKind.ACCEPT: "has not accepted",
    ClockKind.CONTACT: "has not contacted the buyer",
    ClockKind.CONTACT_LEG: "has not contacted the buyer",
    ClockKind.NEXT_STEP: "has no dated next step",
    ClockKind.BOOKING: "has booked no meeting",
    ClockKind.SECOND_MEETING: "has held no second meeting",
}
_DONE = {
    ClockKind.HAND_OFF: "handed off",
    ClockKind.ACCEPT: "decided",
    ClockKind.CONTACT: "contacted",
    ClockKind.CONTACT_LEG: "contacted",
    ClockKind.NEXT_STEP: "next step dated",
    ClockKind.BOOKING: "meeting booked",
    ClockKind.SECOND_MEETING: "second meeting held",
}


def _why(about: About, otherwise: LegEnd) -> str:
    code = about.message.payload.get("why", otherwise)
    return _WHY.get(code, _WHY[LegEnd.REASSIGNED])


def _moved(about: About) -> Text | None:
    why = _why(about, LegEnd.CONFLICT)
    if about.row.status == Status.HOLDING or about.leg is None or about.leg.ended_at is not None:
        body = f"{why}. It goes to the next receiver as soon as one is eligible."
    else:
        body = f"{why}, and {about.leg.receiver.name} has it now."
    return Text(subject=f"{about.who}: moved on", body=body, path=about.path)


def _taken_over(about: About) -> Text | None:
    """To whoever had the lead before."""
    has_it = about.leg is not None and about.leg.ended_at is None
    now = f" {about.leg.receiver.name} has it now." if has_it and about.leg is not None else ""
    return Text(
        subject=f"{about.who}: no longer with you",
        body=f"{_why(about, LegEnd.REASSIGNED)}.{now} Nothing is left to do for you.",
        path=about.path,
    )


def _held(about: About) -> Text | None:
    if about.row.status != Status.HOLDING:
        return settled(about)
    pool = about.row.pool.name if about.row.pool else "the pool"
    return Text(
        subject=f"{about.who}: nobody is eligible",
        body=f"Nobody in {pool} can take this lead. You have it until somebody can.",
        path=about.path,
        action="See why",
    )


def _exhausted(about: About) -> Text | None:
    if about.row.status != Status.HOLDING:
        return settled(about)
    return Text(
        subject=f"{about.who}: it waits for your decision",
        body=(
            "Those who could take this lead have had it. Give it to somebody, or return it: it "
            "goes to nobody by itself any more."
        ),
        path=about.path,
        action="Decide",
    )


def _uncovered(about: About) -> Text | None:
    if about.leg is None or about.leg.ended_at is not None:
        return settled(about)
    return Text(
        subject=f"{about.who}: {about.leg.receiver.name} is away, and nobody can cover",
        body="The buyer should hear from somebody before they are back. Give it to somebody else.",
        path=about.path,
        action="Open the handoff",
    )


def _unstaffed(about: About) -> Text | None:
    if not about.is_waiting or about.leg is None:
        return settled(about)
    until = datetime.fromisoformat(about.message.payload.get("until") or about.now.isoformat())
    is_over = until < about.now
    if is_over and about.message.channel != Channel.INBOX:
        return None
    pool = about.row.pool.name if about.row.pool else "the pool"
    when = f" until {about.at(until)}" if until != about.now else ""
    rest = "" if is_over else " and nothing moves it before then. If it cannot wait, give it away"
    return Text(
        subject=f"{about.who}: nobody {'was' if is_over else 'is'} at work{when}",
        body=(
            f"It was handed off while nobody in {pool} was at work. "
            f"{about.leg.receiver.name} has it{rest}."
        ),
        path=about.path,
        action="Open the handoff",
    )


def _remind(about: About) -> Text | None:
    clock = about.clock
    if clock is None or clock.state != ClockState.RUNNING:
        return settled(about)
    if clock.kind == ClockKind.ACCEPT and not about.is_waiting:
        return settled(about)
    kind = ClockKind(clock.kind)
    asked, body = _ASKED[kind]
    is_late = about.now > clock.due_at
    when = f"{asked} was due" if is_late else f"{asked} by"
    return Text(
        subject=f"{about.who}: {when} {about.at(clock.due_at)}",
        body=f"{body}{_passed(about)}",
        path=about.path,
        tone=Tone.LATE if is_late else Tone.SOON,
        action=_ACTIONS.get(kind, "Open the handoff"),
    )


def _late(about: About) -> Text | None:
    clock = about.clock
    if clock is None:
        return None
    kind, name, due = ClockKind(clock.kind), _late_one(about), about.at(clock.due_at)
    if clock.breached_at is None and about.now <= clock.due_at:
        # An alert from before due.
        if clock.state != ClockState.RUNNING:
            return settled(about)
        return Text(
            subject=f"{about.who}: {name} {_NOT_DONE[kind]} yet, due {due}",
            body=f"{kind.label} is due {due}.{_passed(about)}",
            path=about.path,
            tone=Tone.SOON,
            action="Open the handoff",
        )
    if clock.state == ClockState.RUNNING:
        late = late_by(about, about.now)
        return Text(
            subject=f"{about.who}: {name} {_NOT_DONE[kind]}, {late} late",
            body=f"{kind.label} was due {due}.{_passed(about)}",
            path=about.path,
            tone=Tone.LATE,
            action="Open the handoff",
        )
    if clock.state == ClockState.PAUSED:
        return Text(
            subject=f"{about.who}: {name} {_NOT_DONE[kind]}, and the clock is paused",
            body=f"{kind.label} was due {due}. Nothing is asked for until it is resumed.",
            path=about.path,
            action="Open the handoff",
        )
    how = f"{kind.label.lower()} was missed"
    if clock.met_at:
        how = f"{_DONE[kind]} {late_by(about, clock.met_at)} late"
    return Text(
        subject=f"{about.who}: {how}",
        body=f"{kind.label} by {name} was due {due}. This is settled now; it counts as a miss.",
        path=about.path,
    )


def _passed(about: About) -> str:
    """The steps that a late sweep found together; nothing where the message is about one."""
    if not about.passed:
        return ""
    steps = sorted(about.passed, key=lambda one: (one.at, one.pk))
    named = [f"{_STEPS[StepAction(one.step.action)]} of {about.at(one.at)}" for one in steps]
    return f" Told at once: the {listed(named)}."


def _late_one(about: About) -> str:
    """Whose clock it is."""
    if about.leg is not None:
        return about.leg.receiver.name
    is_hand_off = about.clock is not None and about.clock.kind == ClockKind.HAND_OFF
    return about.row.submitted_by.name if is_hand_off else about.row.owner.name


WRITERS: dict[str, Callable[[About], Text | None]] = {
    "moved": _moved,
    "taken_over": _taken_over,
    "held": _held,
    "exhausted": _exhausted,
    "uncovered": _uncovered,
    "unstaffed": _unstaffed,
    "remind": _remind,
    "late": _late,
}
