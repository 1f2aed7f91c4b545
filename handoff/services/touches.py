"""Contact with the buyer: touches, and the receiver's own next step."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import EventKind, TouchKind, Verdict
from handoff.errors import HandoffNotAccepted, HandoffNotOpen, NextStepRefused, TouchRefused
from handoff.models import Handoff, Leg, Meeting, Touch
from handoff.rules.touches import ARRANGING, direction_of
from handoff.rules.transitions import DATABLE, TOUCHABLE
from handoff.rules.values import has_forbidden_characters, is_empty
from handoff.selectors.touches import Assessment, assess_touch, contact_hours, will_accept
from handoff.services import meetings
from handoff.services.change import append_event, apply_change, open_in
from handoff.services.clocks import contact_clock, earliest_due, meet_clocks, meet_own_contact
from handoff.services.decide import accept_leg, live_leg
from routing.services import release
from sla.choices import ClockKind
from worktime.rules import between
from worktime.selectors import rules_calendar

MAX_STEP = 300
FURTHEST_STEP = timedelta(days=366)


def log_touch(
    handoff: Handoff,
    *,
    kind: str,
    occurred_at: datetime,
    text: str = "",
    direction: str | None = None,
    is_automated: bool = False,
    meeting_at: datetime | None = None,
    meeting: Meeting | None = None,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Touch:
    """Keep a contact with the buyer, and stop the clocks that it meets as of when it took place.

    The first one that counts, by any receiver or a manager, meets the buyer's clock; on a
    pending handoff one by the live receiver accepts it too. One that does not count is kept.
    ``meeting_at`` is for when a meeting was booked; one that was held is kept as a meeting too,
    as the booked ``meeting`` where one is named.

    Raises:
        TouchRefused: the time or the text cannot be; ``problems`` names the field.
        Conflict: the handoff takes no touches any more, or changed since ``version``.
        NotPermitted, NotVisible: it is not this person's to log.
    """
    with transaction.atomic():
        row = _open(handoff, by=by, now=now, version=version)
        found = assess_touch(
            row,
            kind=kind,
            occurred_at=occurred_at,
            text=text,
            direction=direction,
            is_automated=is_automated,
            by=by,
            now=now,
        )
        problems = [*found.problems]
        if kind == TouchKind.MEETING_BOOKED and meeting_at is not None:
            problems += meetings.time_problems(meeting_at, now=now)
        if problems:
            raise TouchRefused(problems[0].message, problems=problems)
        said = {"kind": kind, "is_automated": is_automated, "text": text.strip(), "actor": by}
        touch = _insert(row, found, said, occurred_at=occurred_at, now=now)
        _keep(row, touch, meeting_at=meeting_at, meeting=meeting, by=by, now=now)
        return touch


def _open(handoff: Handoff, *, by: User, now: datetime, version: int | None) -> Handoff:
    return open_in(
        handoff.pk,
        states=TOUCHABLE,
        otherwise=HandoffNotOpen,
        action=Action.HANDOFF_TOUCH,
        by=by,
        now=now,
        version=version,
    )


def _insert(
    row: Handoff,
    found: Assessment,
    said: Mapping[str, Any],
    *,
    occurred_at: datetime,
    now: datetime,
) -> Touch:
    return Touch.objects.create(
        handoff_id=row.pk,
        leg=found.leg,
        direction=found.direction,
        verdict=found.verdict,
        fingerprint=found.fingerprint,
        occurred_at=occurred_at,
        logged_at=now,
        **said,
    )


def hold_meeting(
    handoff: Handoff,
    *,
    meeting_id: int,
    text: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Touch:
    """Say that a planned meeting took place at its time: a touch with the buyer, as of then.

    Raises:
        MeetingRefused: it is planned for much later.
        NoSuchMeeting: it is not planned any more.
        TouchRefused, Conflict, NotPermitted, NotVisible: as for logging a touch.
    """
    with transaction.atomic():
        row = _open(handoff, by=by, now=now, version=version)
        planned = meetings.booked(row, meeting_id)
        meetings.refuse_early(planned, now=now)
        return log_touch(
            row,
            kind=TouchKind.MEETING_HELD,
            occurred_at=min(planned.starts_at, now),
            text=text,
            meeting=planned,
            by=by,
            now=now,
            version=version,
        )


def _keep(
    row: Handoff,
    touch: Touch,
    *,
    meeting_at: datetime | None,
    meeting: Meeting | None,
    by: User,
    now: datetime,
) -> None:
    """What follows from a touch that is stored; each one is a change that others must see."""
    leg = touch.leg
    counts = touch.verdict == Verdict.MEANINGFUL
    accepts = counts and leg is not None and will_accept(row, leg, by=by)
    changes, met = {}, {}
    if touch.kind == TouchKind.MEETING_BOOKED and meeting_at is not None:
        met = meetings.book(row, leg, at=meeting_at, by=by, now=now)
    elif touch.kind == TouchKind.MEETING_HELD:
        met = meetings.hold(row, leg, at=touch.occurred_at, planned=meeting, by=by, now=now)
    if counts:
        kinds = [ClockKind.CONTACT, ClockKind.ACCEPT] if accepts else [ClockKind.CONTACT]
        meet_clocks(row, kinds, at=touch.occurred_at, now=now)
        if touch.kind in ARRANGING:
            meetings.meet_meeting_clocks(row, at=touch.occurred_at, now=now)
        changes = contact_made(row, leg, at=touch.occurred_at, by=by, now=now)
    apply_change(
        row,
        event=EventKind.TOUCHED,
        by=by,
        now=now,
        changes={**changes, "next_due_at": earliest_due(row)},
        data={**_facts(touch), **met},
    )
    if accepts and leg is not None:
        accept_leg(row, leg, by=by, now=now, data={"touch": touch.pk})


def contact_made(
    row: Handoff, leg: Leg | None, *, at: datetime, by: User, now: datetime
) -> dict[str, object]:
    """Note who was in contact when; the columns to change where it is the handoff's first time.

    A manager's touch is the buyer's first contact too, and not the receiver's own.
    """
    if leg is not None and leg.receiver_id == by.pk:
        meet_own_contact(row, leg, at=at, now=now)
    if leg is not None and leg.receiver_id == by.pk and leg.contacted_at is None:
        Leg.objects.filter(pk=leg.pk).update(contacted_at=at)
        leg.contacted_at = at
        # Until here the lead counted as load; one whose leg has ended did so until then.
        if leg.ended_at is None:
            release(turn=leg.turn, now=now)
    if row.first_contact_at is not None or row.submitted_at is None:
        return {}
    return first_contact(row, at=at)


def first_contact(
    row: Handoff, *, at: datetime, since: datetime | None = None
) -> dict[str, object]:
    """The columns that tell of the buyer's first contact with a submitted handoff.

    The wait counts from the submission, or from before it where the buyer's clock does, or
    ``since``: a duplicate that was handed off earlier has begun it.
    """
    clock = contact_clock(row)
    begun = [row.submitted_at, clock.started_at if clock else None, since]
    hours = contact_hours(row)
    first = min(time for time in begun if time is not None)
    waited = int(between(rules_calendar(hours), first, at)) if hours else 0
    return {"first_contact_at": at, "contact_seconds": max(waited, 0)}


def converted_touch(row: Handoff, leg: Leg, *, by: User, now: datetime) -> dict[str, object]:
    """To become an opportunity without a touch counts as contact; the columns to change."""
    touch = Touch.objects.create(
        handoff_id=row.pk,
        leg=leg,
        kind=TouchKind.CONVERTED,
        direction=direction_of(TouchKind.CONVERTED),
        occurred_at=now,
        logged_at=now,
        verdict=Verdict.MEANINGFUL,
        actor=by,
    )
    append_event(row, kind=EventKind.TOUCHED, by=by, now=now, data=_facts(touch))
    return contact_made(row, leg, at=now, by=leg.receiver, now=now)


def introduced_touch(row: Handoff, leg: Leg, *, by: User, now: datetime) -> None:
    """The receiver met the buyer live before the handoff: contact is made as it is handed off."""
    touch = Touch.objects.create(
        handoff_id=row.pk,
        leg=leg,
        kind=TouchKind.MEETING_HELD,
        direction=direction_of(TouchKind.MEETING_HELD),
        occurred_at=now,
        logged_at=now,
        verdict=Verdict.MEANINGFUL,
        actor=by,
    )
    meet_clocks(row, [ClockKind.CONTACT], at=now, now=now)
    changes = contact_made(row, leg, at=now, by=leg.receiver, now=now)
    apply_change(
        row,
        event=EventKind.TOUCHED,
        by=by,
        now=now,
        changes={**changes, "next_due_at": earliest_due(row)},
        data={**_facts(touch), "introduced": leg.receiver_id},
    )


def _facts(touch: Touch) -> dict[str, object]:
    return {
        "touch": touch.pk,
        "leg": touch.leg_id,
        "kind": touch.kind,
        "verdict": touch.verdict,
        "occurred_at": touch.occurred_at.isoformat(),
    }


def date_next_step(
    handoff: Handoff,
    *,
    step: str,
    at: datetime,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Write down the receiver's own next step with its day; it may be dated anew later.

    Raises:
        NextStepRefused: it has no words, or its day is not ahead.
        HandoffNotAccepted, StaleVersion, NotPermitted, NotVisible: as for accepting.
    """
    with transaction.atomic():
        row = open_in(
            handoff.pk,
            states=DATABLE,
            otherwise=HandoffNotAccepted,
            action=Action.HANDOFF_NEXT_STEP,
            by=by,
            now=now,
            version=version,
        )
        problems = _step_problems(step, at, now=now)
        if problems:
            raise NextStepRefused(problems[0].message, problems=problems)
        leg = live_leg(row, now=now)
        Leg.objects.filter(pk=leg.pk, ended_at=None).update(next_step=step.strip(), next_step_at=at)
        meet_clocks(row, [ClockKind.NEXT_STEP], at=now, now=now)
        apply_change(
            row,
            event=EventKind.NEXT_STEP_DATED,
            by=by,
            now=now,
            changes={"next_due_at": earliest_due(row)},
            data={"leg": leg.pk, "at": at.isoformat()},
        )
        return row


def _step_problems(step: str, at: datetime, *, now: datetime) -> list[FieldProblem]:
    problems = []
    if is_empty(step) or not step.strip():
        message = "Say what the next step is, such as \u201cDemo with the COO\u201d."
        problems.append(FieldProblem("step", "required", message))
    elif has_forbidden_characters(step):
        message = "The next step has characters that are not text. Type it again."
        problems.append(FieldProblem("step", "invalid_characters", message))
    elif len(step.strip()) > MAX_STEP:
        message = f"The next step has {len(step.strip()):,} characters; {MAX_STEP} fit. Shorten it."
        problems.append(FieldProblem("step", "too_long", message))
    if timezone.is_naive(at):
        problems.append(FieldProblem("at", "no_zone", "Give the day and time with its zone."))
    elif at <= now:
        message = "That is over already. Enter a day and time to come."
        problems.append(FieldProblem("at", "in_past", message))
    elif at > now + FURTHEST_STEP:
        message = "That is more than a year ahead. Enter a nearer step."
        problems.append(FieldProblem("at", "too_far", message))
    return problems
