"""The meeting itself: a review begins, people take part, each miss is walked through."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Team, User
from core.errors import FieldProblem, NotVisible
from review.choices import ReviewEventKind, RootCause
from review.errors import ReviewChanged, ReviewExists, WeekStillRunning
from review.models import ActionItem, Attendee, Miss, Review
from review.rules.records import closing_time
from review.selectors.frame import WeekFrame, week_frame
from review.selectors.misses import week_misses
from review.selectors.numbers import people_of
from review.selectors.records import today_there, what_happened_last
from review.services.actions import keep_action_of
from review.services.change import (
    MAX_DECISION,
    MAX_NOTES,
    due_problems,
    expect,
    log,
    open_locked,
    owner_problems,
    refuse,
    require_run,
    state_of,
    text_problems,
)

BATCH = 500


def open_review(label: str, *, team: Team | None, by: User, now: datetime) -> Review:
    """Begin the review of a week that is over: its misses become the agenda.

    Raises:
        WeekUnknown, WeekNotBegun, NoOrganisation: as for the week's page.
        WeekStillRunning: the week is not over yet.
        ReviewExists: somebody has begun it; `current` has its id.
        NotPermitted, NotVisible: the review of this team is not theirs to run.
    """
    require_run(by, team)
    frame = week_frame(label, now=now)
    if frame.is_running:
        raise WeekStillRunning(
            f"{frame.week.title} ends on Sunday at midnight. Run its review from Monday on."
        )
    _refuse_second(frame, team, now=now)
    try:
        with transaction.atomic():
            return _begin(frame, team, by=by, now=now)
    except IntegrityError:
        # Somebody was quicker by a moment; anything else is a defect and stays one.
        _refuse_second(frame, team, now=now)
        raise


def _begin(frame: WeekFrame, team: Team | None, *, by: User, now: datetime) -> Review:
    review = Review.objects.create(
        week=frame.week.label,
        team=team,
        zone=frame.zone.key,
        owner=by,
        opened_at=now,
        closes_at=closing_time(frame.week, frame.zone, now),
    )
    Attendee.objects.create(review=review, user=by)
    found = week_misses(people_of(team), frame, now=now)
    Miss.objects.bulk_create(
        [
            Miss(
                review=review,
                position=position,
                kind=one.kind,
                handoff_id=one.handoff_id,
                clock_id=one.clock_id,
                leg_id=one.leg_id,
                at=one.at,
            )
            for position, one in enumerate(found, start=1)
        ],
        batch_size=BATCH,
    )
    data = {"misses": len(found), "closes_at": review.closes_at.isoformat()}
    log(ReviewEventKind.OPENED, review=review, by=by, now=now, data=data)
    return review


def _refuse_second(frame: WeekFrame, team: Team | None, *, now: datetime) -> None:
    review = Review.objects.filter(week=frame.week.label, team=team).first()
    if review is not None:
        kind = ReviewEventKind.OPENED
        raise ReviewExists(
            what_happened_last(now=now, review=review, kind=kind), current=state_of(review)
        )


def note_review(
    review: Review,
    *,
    owner: User,
    attendees: Collection[User],
    notes: str,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Review:
    """Keep who leads the review, who takes part, and what was noted.

    Raises:
        ReviewClosed, ReviewChanged: it is closed, or has changed since `version`.
        ReviewRefused: the notes cannot be kept, or somebody has left.
        NotPermitted, NotVisible: it is not theirs to run.
    """
    with transaction.atomic():
        row = open_locked(review.pk, by=by, now=now)
        expect(row, version, now=now, review=row)
        problems = text_problems("notes", notes, most=MAX_NOTES) + owner_problems(owner)
        before = set(Attendee.objects.filter(review=row).values_list("user_id", flat=True))
        after = {user.pk for user in attendees}
        left = [user.name for user in attendees if not user.is_active and user.pk not in before]
        if left:
            message = f"{left[0]} has left. Choose people who are here."
            problems.append(FieldProblem("attendees", "inactive", message))
        refuse(problems)
        updated = Review.objects.filter(pk=row.pk, version=row.version).update(
            owner=owner, notes=notes.strip(), version=F("version") + 1
        )
        if updated != 1:
            raise ReviewChanged(what_happened_last(now=now, review=row))
        Attendee.objects.filter(review=row).exclude(user__in=after).delete()
        Attendee.objects.bulk_create(
            [Attendee(review=row, user_id=pk) for pk in sorted(after - before)]
        )
        data = {"owner": owner.pk, "attendees": sorted(after), "notes": len(notes.strip())}
        log(ReviewEventKind.NOTED, review=row, by=by, now=now, data=data)
        row.refresh_from_db()
        return row


def decide_miss(
    miss: Miss,
    *,
    root_cause: str,
    decision: str,
    owner: User | None = None,
    due_on: date | None = None,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Miss:
    """Keep why it happened and what was decided; with an owner and a day it becomes an action item.

    Deciding anew changes the miss and its action item. Without an owner and a day there is none,
    and one that was there is dropped.

    Raises:
        ReviewClosed: the review is closed.
        ReviewChanged: somebody decided on it since `version`.
        ReviewRefused: the cause, the decision, the owner or the day is missing or cannot be kept.
        ActionNotOpen: its action item is closed and would have to change.
        NotPermitted, NotVisible: it is not theirs to run.
    """
    with transaction.atomic():
        review = open_locked(miss.review_id, by=by, now=now)
        row = Miss.objects.select_for_update().filter(pk=miss.pk).first()
        if row is None:
            raise NotVisible("There is no such miss.")
        about = {"review": review, "data__miss": row.pk}
        expect(row, version, now=now, **about)
        has_action = owner is not None or due_on is not None
        problems = _decision_problems(root_cause, decision, has_action=has_action)
        if has_action:
            kept = ActionItem.objects.filter(miss=row).values_list("due_on", flat=True).first()
            problems += owner_problems(owner)
            # What was promised for a day that has passed meanwhile may stay so.
            if due_on is None or due_on != kept:
                problems += due_problems(due_on, today=today_there(now))
        refuse(problems)
        updated = Miss.objects.filter(pk=row.pk, version=row.version).update(
            root_cause=root_cause,
            decision=decision.strip(),
            decided_at=now,
            decided_by=by,
            version=F("version") + 1,
        )
        if updated != 1:
            raise ReviewChanged(what_happened_last(now=now, **about))
        data = {"miss": row.pk, "position": row.position, "root_cause": root_cause}
        log(ReviewEventKind.DECIDED, review=review, by=by, now=now, data=data)
        keep_action_of(
            row, review, text=decision.strip(), owner=owner, due_on=due_on, by=by, now=now
        )
        row.refresh_from_db()
        return row


def _decision_problems(root_cause: str, decision: str, *, has_action: bool) -> list[FieldProblem]:
    problems = []
    if root_cause not in RootCause.values:
        problems.append(FieldProblem("root_cause", "required", "Choose why it happened."))
    missing = ""
    if has_action:
        missing = "Say what is to be done: it becomes the action item."
    elif root_cause == RootCause.OTHER:
        missing = "Say what it was."
    return problems + text_problems("decision", decision, most=MAX_DECISION, missing=missing)
