"""Who is told what, as outbox rows in the transaction of what they tell about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from handoff.choices import LegEnd, Temperature
from handoff.models import Handoff, Leg
from notify.choices import Channel
from notify.models import Destination
from notify.services import Letter, queue_message, queue_messages, queue_post

BOTH = (Channel.INBOX, Channel.EMAIL)
REMIND, LATE = "remind", "late"


def receiver_assigned(row: Handoff, leg: Leg, *, now: datetime) -> None:
    # Not read for this: whoever is given a lead is active, and the pool is locked meanwhile.
    letter = Letter(
        key=f"assigned:{leg.pk}",
        kind="assigned",
        recipient_id=leg.receiver_id,
        subject_ref=f"handoff:{row.pk}",
        payload=_payload(row.pk, leg.pk, None),
        channels=BOTH,
    )
    queue_messages([letter], now=now)


def submitter_accepted(row: Handoff, leg: Leg, *, now: datetime) -> None:
    _queue("accepted", f"accepted:{leg.pk}", row.submitted_by, row, leg, BOTH, now)


def submitter_rejected(row: Handoff, leg: Leg, *, now: datetime) -> None:
    """To whoever has it back: the submitter, or who answers for one that has left."""
    _queue("rejected", f"rejected:{leg.pk}", row.owner, row, leg, BOTH, now)


def submitter_moved(row: Handoff, leg: Leg, next_leg: Leg | None, *, now: datetime) -> None:
    about = next_leg or leg
    _queue("moved", f"moved:{leg.pk}", row.submitted_by, row, about, BOTH, now)


def receiver_withdrawn(row: Handoff, leg: Leg, *, now: datetime) -> None:
    _queue("withdrawn", f"withdrawn:{leg.pk}", leg.receiver, row, leg, BOTH, now)


def about_move(row: Handoff, leg: Leg | None, next_leg: Leg | None, *, now: datetime) -> None:
    """The lead has gone on: to its submitter, and to whoever had it before."""
    about = next_leg or leg
    if about is None:
        return
    why = leg.ended_as if leg else LegEnd.REASSIGNED
    _queue("moved", f"moved:{about.pk}:{why}", row.submitted_by, row, about, BOTH, now, why=why)
    if leg is not None:
        key = f"taken_over:{leg.pk}"
        _queue("taken_over", key, leg.receiver, row, about, BOTH, now, why=why)


def manager_of_uncovered(
    row: Handoff, leg: Leg, manager: User, *, time_off_id: int, now: datetime
) -> None:
    """Somebody is away and nobody can cover; once for each leg and time off."""
    _queue("uncovered", f"uncovered:{leg.pk}:{time_off_id}", manager, row, leg, BOTH, now)


def receiver_of_meeting(row: Handoff, leg: Leg, *, now: datetime) -> None:
    """The receiver's reminder; a meeting that is moved has another one."""
    at = row.meeting_at.isoformat() if row.meeting_at else ""
    _queue("meeting", f"meeting:{leg.pk}:{at}", leg.receiver, row, leg, BOTH, now)


def manager_of_holding(
    row: Handoff, manager: User, *, seq: int, now: datetime, is_exhausted: bool = False
) -> None:
    kind = "exhausted" if is_exhausted else "held"
    _queue(kind, f"held:{row.pk}:{seq}", manager, row, None, BOTH, now)


def about_closing(
    kind: str, row: Handoff, leg: Leg | None, *, by: User | None, now: datetime
) -> None:
    """How it ended, to the submitter, and to the receiver where somebody else ended it.

    Without ``by`` a ladder did, as time had run out.
    """
    submitter = row.submitted_by
    if submitter != by:
        why = LegEnd.TIMED_OUT if by is None else ""
        _queue(kind, f"{kind}:{row.pk}:{submitter.pk}", submitter, row, leg, BOTH, now, why=why)
    _receiver_ended(row, leg, by=by, now=now)


def manager_of_nurtured(row: Handoff, leg: Leg | None, manager: User, *, now: datetime) -> None:
    """A ladder has given the lead up: to who held it, or answers for who had it."""
    if manager not in (row.submitted_by, leg.receiver if leg else None):
        key = f"nurtured:{row.pk}:{manager.pk}"
        _queue("nurtured", key, manager, row, leg, BOTH, now, why=LegEnd.TIMED_OUT)


def manager_of_unstaffed(
    row: Handoff, leg: Leg, manager: User, *, opens_at: datetime | None, now: datetime
) -> None:
    """Nobody is at work: once, as it is handed off."""
    until = opens_at.isoformat() if opens_at else ""
    _queue("unstaffed", f"unstaffed:{row.pk}", manager, row, leg, BOTH, now, until=until)


def about_return(
    row: Handoff, draft: Handoff, leg: Leg | None, *, by: User | None, now: datetime
) -> None:
    """The submitter gets the next draft to work on."""
    _queue("returned", f"returned:{row.pk}", draft.owner, draft, leg, BOTH, now)
    _receiver_ended(row, leg, by=by, now=now)


def _receiver_ended(row: Handoff, leg: Leg | None, *, by: User | None, now: datetime) -> None:
    if leg is not None and leg.receiver not in (by, row.submitted_by):
        _queue("ended", f"ended:{leg.pk}", leg.receiver, row, leg, BOTH, now)


def owner_absorbed(row: Handoff, *, duplicate: Handoff, by: User, now: datetime) -> None:
    """Who has the handoff that goes on learns that the buyer may have waited longer."""
    if row.owner != by:
        _queue("absorbed", f"absorbed:{duplicate.pk}", row.owner, row, None, BOTH, now)


def submitter_outcome(row: Handoff, *, by: User, seq: int, now: datetime) -> None:
    if row.submitted_by != by:
        _queue("outcome", f"outcome:{row.pk}:{seq}", row.submitted_by, row, None, BOTH, now)


def manager_asked(row: Handoff, leg: Leg, manager: User, *, now: datetime) -> None:
    _queue("contested", f"contested:{leg.pk}", manager, row, leg, BOTH, now)


def about_ruling(kind: str, row: Handoff, leg: Leg, *, by: User, now: datetime) -> None:
    """The ruling, to both sides; a receiver who got the lead back reads it as a new task."""
    for to in {row.submitted_by, leg.contest.by, leg.receiver} - {by}:
        _queue(kind, f"{kind}:{leg.pk}:{to.pk}", to, row, leg, BOTH, now)


@dataclass(slots=True)
class Notice:
    """What one person, or a team's channel, hears of one clock: ``steps`` are the escalations that
    passed together.
    """

    kind: str
    handoff_id: int
    temperature: str
    leg_id: int | None
    to: User | Destination
    clock_id: int
    steps: list[int] = field(default_factory=list)


def about_steps(notices: Iterable[Notice], *, now: datetime) -> None:
    """Reminders and alerts of ladders: one message for each, however many steps have passed."""
    letters = []
    for notice in notices:
        payload = _payload(notice.handoff_id, notice.leg_id, notice.clock_id, notice.steps)
        key, ref = f"step:{notice.steps[0]}", f"handoff:{notice.handoff_id}"
        if isinstance(notice.to, Destination):
            queue_post(
                key=f"{key}:channel",
                kind=notice.kind,
                destination=notice.to,
                subject_ref=ref,
                payload=payload,
                now=now,
            )
        elif notice.to.is_active:
            is_urgent = _is_urgent(notice.kind, notice.temperature)
            letters.append(
                Letter(
                    key=f"{key}:{notice.to.pk}",
                    kind=notice.kind,
                    recipient_id=notice.to.pk,
                    subject_ref=ref,
                    payload=payload,
                    channels=BOTH,
                    ignores_quiet=is_urgent,
                )
            )
    queue_messages(letters, now=now)


def _queue(
    kind: str,
    key: str,
    to: User,
    row: Handoff,
    leg: Leg | None,
    channels: tuple[Channel, ...],
    now: datetime,
    why: str = "",
    until: str = "",
) -> None:
    if not to.is_active:
        return
    payload = _payload(row.pk, leg.pk if leg else None, None)
    if why:
        payload["why"] = why
    if until:
        payload["until"] = until
    queue_message(
        key=key,
        kind=kind,
        recipient=to,
        subject_ref=f"handoff:{row.pk}",
        payload=payload,
        channels=channels,
        ignores_quiet=_is_urgent(kind, row.temperature),
        now=now,
    )


def _payload(
    handoff_id: int, leg_id: int | None, clock_id: int | None, steps: Sequence[int] = ()
) -> dict[str, Any]:
    """What the texts are made of; steps are named where they were several."""
    payload: dict[str, Any] = {"handoff": handoff_id, "leg": leg_id, "clock": clock_id}
    if len(steps) > 1:
        payload["steps"] = list(steps)
    return payload


def _is_urgent(kind: str, temperature: str) -> bool:
    """Nobody has a held lead, and a hot one that is late goes cold: these break quiet hours."""
    return kind in {"held", "exhausted"} or (kind == LATE and temperature == Temperature.HOT)
