"""What becomes of one handoff of the demo: each person does their part at a time of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from accounts.models import User
from handoff.choices import (
    ClosedAs,
    DealOutcome,
    DisqualifyReason,
    MeetingState,
    Status,
    TouchKind,
)
from handoff.management.story import texts
from handoff.management.story.cast import NORTHERN_SDRS
from handoff.management.story.stage import Stage
from handoff.models import Handoff, Meeting
from handoff.selectors.holding import is_exhausted
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    concede_handoff,
    contest_rejection,
    convert_handoff,
    date_next_step,
    disqualify_handoff,
    drop_meeting,
    log_touch,
    nurture_handoff,
    reassign_handoff,
    record_outcome,
    reject_handoff,
    return_handoff,
    rule_on_contest,
    save_draft,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from sla.choices import ClockKind

A_WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)
PATIENCE = {"hot": 14, "warm": 60, "cool": 120}
"""Working minutes that an AE typically lets a lead wait before deciding."""
CALL_AFTER = {"hot": 70, "warm": 190, "cool": 700}
"""Working minutes from the decision to the first call."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How a week goes. ``slow`` stretches every wait; ``settles`` says that all is past."""

    slow: float = 1.0
    settles: bool = True


def _row(stage: Stage, pk: int) -> Handoff:
    """As it is now, with the people of the cast instead of reading them and their roles anew."""
    row = Handoff.objects.get(pk=pk)
    row.owner = stage.person(row.owner_id) or row.owner
    row.submitted_by = stage.person(row.submitted_by_id) or row.submitted_by
    return row


def follow(stage: Stage, pk: int, when: datetime, mood: Mood) -> None:
    """Let the present receiver decide, after a while; a time-out leads to the next one."""
    row = _row(stage, pk)
    if row.status != Status.PENDING:
        return
    leg = row.legs.get(ended_at=None)
    wait = PATIENCE[row.temperature] * mood.slow * stage.chance.choice((0.2, 0.4, 0.6, 0.9, 1.2))
    if stage.chance.random() < 0.03 * mood.slow:
        # Nobody looks: the ladder gives it to somebody else, who is watched from then on.
        stage.at_work(stage.later(when, 1_500), lambda at: follow(stage, pk, at, mood))
        return
    stage.at_work(stage.later(when, wait), lambda at: _decide(stage, pk, leg.pk, at, mood))


def _decide(stage: Stage, pk: int, leg_id: int, at: datetime, mood: Mood) -> None:
    row = _row(stage, pk)
    if row.status != Status.PENDING:
        return
    if row.legs.get(ended_at=None).pk != leg_id:
        follow(stage, pk, at, mood)
        return
    roll = stage.chance.random()
    if roll < 0.03:
        reject_handoff(row, reason="conflict", note=texts.CONFLICT, by=row.owner, now=at)
        follow(stage, pk, at, mood)
    elif roll < 0.15:
        _reject(stage, row, at, mood)
    elif roll < 0.32:
        _call(stage, pk, at, mood)
    else:
        accept_handoff(row, by=row.owner, now=at)
        _work(stage, pk, at, mood)


def _work(stage: Stage, pk: int, at: datetime, mood: Mood) -> None:
    """After the acceptance: mail or call, a dated next step, and an end some days later."""
    row = _row(stage, pk)
    wait = CALL_AFTER[row.temperature] * mood.slow * stage.chance.choice((0.2, 0.4, 0.7, 0.9, 1.3))
    if stage.chance.random() < 0.2:
        stage.at_work(stage.later(at, wait / 2), lambda then: _mail(stage, pk, then))
    stage.at_work(stage.later(at, wait), lambda then: _call(stage, pk, then, mood))


def _mail(stage: Stage, pk: int, at: datetime) -> None:
    """A mail that is too short, or the same as the last one."""
    row = _row(stage, pk)
    if row.status == Status.ACCEPTED:
        text = stage.chance.choice(texts.WEAK_MAILS)
        log_touch(row, kind=TouchKind.EMAIL, occurred_at=at, text=text, by=row.owner, now=at)


def _call(stage: Stage, pk: int, at: datetime, mood: Mood) -> None:
    row = _row(stage, pk)
    if row.status not in {Status.PENDING, Status.ACCEPTED}:
        return
    occurred = at
    if stage.chance.random() < 0.08:
        # Called in the car, written down later.
        floor = max(row.legs.get(ended_at=None).assigned_at, at - timedelta(hours=3))
        occurred = max(floor, row.submitted_at or floor)
    kind = stage.chance.choice((TouchKind.CALL, TouchKind.CALL, TouchKind.REPLY))
    text = stage.chance.choice(texts.CALLS)
    log_touch(row, kind=kind, occurred_at=occurred, text=text, by=row.owner, now=at)
    if stage.chance.random() < 0.8:
        later = stage.later(at, stage.chance.uniform(5, 500) * mood.slow)
        stage.at_work(later, lambda then: _date_step(stage, pk, then))
    if mood.settles:
        days = stage.chance.uniform(1.5, 9)
        stage.at_work(at + timedelta(days=days), lambda then: _settle(stage, pk, then))


def _date_step(stage: Stage, pk: int, at: datetime) -> None:
    row = _row(stage, pk)
    if row.status != Status.ACCEPTED:
        return
    step_at = stage.later(at, stage.chance.choice((480, 960, 1_440)))
    date_next_step(row, step=stage.chance.choice(texts.STEPS), at=step_at, by=row.owner, now=at)
    if stage.chance.random() < 0.6:
        meeting_at = stage.later(at, stage.chance.choice((480, 960, 1_440)))
        log_touch(
            row,
            kind=TouchKind.MEETING_BOOKED,
            occurred_at=at,
            meeting_at=meeting_at,
            by=row.owner,
            now=at,
        )
        stage.at_work(meeting_at, lambda then: _meet(stage, pk, then))


def _meet(stage: Stage, pk: int, at: datetime) -> None:
    """The meeting takes place, or nobody comes."""
    row = _row(stage, pk)
    booked = Meeting.objects.filter(handoff_id=pk, state=MeetingState.BOOKED).first()
    if row.status != Status.ACCEPTED or booked is None or booked.starts_at > at:
        return
    if stage.chance.random() < 0.85:
        log_touch(row, kind=TouchKind.MEETING_HELD, occurred_at=at, by=row.owner, now=at)
    else:
        drop_meeting(
            row,
            meeting_id=booked.pk,
            state=MeetingState.MISSED,
            note=texts.NOBODY_CAME,
            by=row.owner,
            now=at,
        )


def _settle(stage: Stage, pk: int, at: datetime) -> None:
    row = _row(stage, pk)
    if row.status != Status.ACCEPTED:
        return
    roll = stage.chance.random()
    by = row.owner
    if roll < 0.46:
        value = Decimal(stage.chance.randrange(12, 90) * 1_000)
        convert_handoff(row, value=value, currency="EUR", by=by, now=at)
        stage.at_work(
            at + timedelta(days=stage.chance.uniform(10, 30)),
            lambda then: _close_deal(stage, pk, by, then),
        )
    elif roll < 0.68:
        reason = stage.chance.choice(DisqualifyReason.values)
        disqualify_handoff(row, reason=reason, note="", by=by, now=at)
    elif roll < 0.92:
        nurture_handoff(row, note=texts.NOT_NOW, by=by, now=at)
    else:
        draft = return_handoff(row, note=texts.COME_BACK, by=by, now=at)
        _fix_later(stage, draft, at, Mood())


def _close_deal(stage: Stage, pk: int, by: User, at: datetime) -> None:
    row = _row(stage, pk)
    is_won = stage.chance.random() < 0.4
    outcome = DealOutcome.WON if is_won else DealOutcome.LOST
    note = "" if is_won else stage.chance.choice(texts.LOST)
    record_outcome(row, outcome=outcome, note=note, by=by, now=at)


def _reject(stage: Stage, row: Handoff, at: datetime, mood: Mood) -> None:
    reason, fields, note = stage.chance.choice(texts.REJECTIONS)
    if not set(fields) <= set(row.answers):
        # A meeting is handed over with fewer questions than a qualified lead.
        reason, fields, note = "wrong_contact", (), texts.WRONG_CONTACT
    row = reject_handoff(row, reason=reason, fields=fields, note=note, by=row.owner, now=at)
    answered_at = stage.later(at, stage.chance.uniform(30, 300))
    roll = stage.chance.random()
    if reason == "missing_information" and roll < 0.85:
        stage.at_work(answered_at, lambda then: fix(stage, row.pk, fields, then, mood))
    elif roll < 0.75:
        stage.at_work(answered_at, lambda then: _concede(stage, row.pk, then))
    else:
        stage.at_work(answered_at, lambda then: contest(stage, row.pk, then, mood))


def _concede(stage: Stage, pk: int, at: datetime) -> None:
    row = _row(stage, pk)
    to = stage.chance.choice((ClosedAs.NURTURE, ClosedAs.CONCEDED))
    concede_handoff(row, by=row.submitted_by, now=at, to=to)


def contest(stage: Stage, pk: int, at: datetime, mood: Mood | None) -> None:
    """The submitter objects; without a mood nobody has ruled on it yet."""
    row = _row(stage, pk)
    note = texts.OBJECTIONS.get(row.reason, texts.NOTHING_MISSING)
    contest_rejection(row, note=note, by=row.submitted_by, now=at)
    if mood is not None:
        ruled_at = stage.later(at, stage.chance.uniform(60, 480))
        stage.at_work(ruled_at, lambda then: _rule(stage, pk, then, mood))


def _rule(stage: Stage, pk: int, at: datetime, mood: Mood) -> None:
    row = _row(stage, pk)
    manager = manager_for(stage, row)
    is_upheld = stage.chance.random() < 0.5
    note = texts.UPHELD if is_upheld else texts.OVERTURNED
    rule_on_contest(row, is_upheld=is_upheld, note=note, by=manager, now=at)
    if is_upheld:
        stage.at_work(stage.later(at, 120), lambda then: _concede(stage, pk, then))
    else:
        _work(stage, pk, at, mood)


def fix(stage: Stage, pk: int, fields: tuple[str, ...], at: datetime, mood: Mood) -> None:
    row = _row(stage, pk)
    draft = start_fix(row, by=row.submitted_by, now=at)
    _resubmit(stage, draft, {key: texts.FIXES[key] for key in fields}, at, mood)


def _fix_later(stage: Stage, draft: Handoff, at: datetime, mood: Mood) -> None:
    def again(then: datetime) -> None:
        fresh = Handoff.objects.get(pk=draft.pk)
        if fresh.status == Status.DRAFT:
            _resubmit(stage, fresh, {}, then, mood)

    stage.at_work(stage.later(at, stage.chance.uniform(200, 1_000)), again)


def _resubmit(
    stage: Stage, draft: Handoff, added: dict[str, str], at: datetime, mood: Mood
) -> None:
    by = draft.submitted_by
    answers = {**draft.answers, **added}
    if "next_step_on" in answers:
        answers["next_step_on"] = (at + A_WEEK).date().isoformat()
    if "meeting_at" in answers:
        answers["meeting_at"] = texts.meeting_at(stage.chance, after=at)
    save_draft(draft, answers=answers, by=by, now=at)
    row = submit_handoff(draft, by=by, now=at)
    follow(stage, row.pk, at, mood)


def intervene(stage: Stage, at: datetime) -> None:
    """The managers look at what is late or exhausted: acknowledge it, or give it on."""
    late = Handoff.objects.filter(next_due_at__lt=at).select_related("submitted_by")
    for row in late.filter(status=Status.HOLDING):
        if is_exhausted(row):
            to = stage.people["ae4@demo.example"]
            by = manager_for(stage, row)
            reassign_handoff(row, to=to, reason="manager", note=texts.TAKE_THIS, by=by, now=at)
            follow(stage, row.pk, at, Mood())
    for row in late.filter(status=Status.ACCEPTED, first_contact_at=None):
        stage.attempt(partial(_acknowledge, stage, row), at)


def _acknowledge(stage: Stage, row: Handoff, at: datetime) -> None:
    by = manager_for(stage, row)
    acknowledge_late(row, kind=ClockKind.CONTACT, note=texts.SEEN, by=by, now=at)


def answer_returned(stage: Stage, at: datetime) -> None:
    """Submitters ask once more about what came back long ago, or let go of it."""
    late = Handoff.objects.filter(status=Status.DRAFT, next_due_at__lt=at - A_DAY)
    for draft in late.filter(previous__isnull=False).select_related("owner").order_by("pk"):
        if stage.chance.random() < 0.4:
            _resubmit(stage, draft, {}, at, Mood())
        else:
            withdraw_handoff(draft, by=draft.owner, now=at)


def manager_for(stage: Stage, row: Handoff) -> User:
    """The manager of the submitter's team, who may rule on what others rejected."""
    is_north = row.submitted_by.email in NORTHERN_SDRS
    return stage.people["manager2@demo.example" if is_north else "manager@demo.example"]
