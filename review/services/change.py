"""What every write to a review shares: who may, the lock, the expected version, the log.

Locks are taken in one order: reviews by id, then misses, then action items.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from accounts.models import Team, User
from core.errors import FieldProblem, NotPermitted, NotVisible
from handoff.rules.placeholders import has_forbidden_characters, visible
from review.choices import ReviewEventKind
from review.errors import ReviewChanged, ReviewClosed, ReviewRefused
from review.models import ActionItem, Review, ReviewEvent
from review.selectors.records import (
    may_run,
    relations_to_team,
    require_records,
    what_happened_last,
)

MAX_TEXT, MAX_DECISION, MAX_NOTES = 300, 2_000, 20_000
LAST_YEAR = 2100


def require_run(by: User | None, team: Team | None) -> None:
    """Refuse who may not run this team's review; a team that is not theirs does not exist.

    Raises:
        NotPermitted: they run no reviews.
        NotVisible: it is another manager's.
    """
    if by is None:
        return
    if not by.is_active:
        raise NotPermitted("Managers and admins run the weekly review.")
    require_records(by)
    if not may_run(by, team):
        if team is not None and relations_to_team(by, team):
            raise NotPermitted("Managers and admins run the weekly review.")
        raise NotVisible("There is no such review.")


def open_locked(pk: int, *, by: User | None, now: datetime) -> Review:
    """The open review, locked until the transaction ends.

    Raises:
        NotVisible, NotPermitted: as `require_run`.
        ReviewClosed: it is closed; the message says who closed it when.
    """
    row = Review.objects.select_for_update(of=("self",)).select_related("team").filter(pk=pk)
    review = row.first()
    if review is None:
        raise NotVisible("There is no such review.")
    require_run(by, review.team)
    if not review.is_open:
        raise ReviewClosed(closed_words(review, now=now), current=state_of(review))
    return review


def closed_words(review: Review, *, now: datetime) -> str:
    kind = ReviewEventKind.CLOSED
    return what_happened_last(now=now, review=review, kind=kind)


def expect(row: Any, version: int | None, *, now: datetime, **about: Any) -> None:
    """Refuse a change that was decided on an older state. None: the caller saw no state."""
    if version is not None and version != row.version:
        raise ReviewChanged(what_happened_last(now=now, **about), current={"version": row.version})


def state_of(review: Review) -> dict[str, Any]:
    return {"id": review.pk, "state": review.state, "version": review.version}


def log(
    kind: ReviewEventKind,
    *,
    by: User | None,
    now: datetime,
    review: Review | None = None,
    action: ActionItem | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    ReviewEvent.objects.create(
        review=review, action=action, kind=kind, by=by, at=now, data=dict(data or {})
    )


def text_problems(field: str, text: str, *, most: int, missing: str = "") -> list[FieldProblem]:
    """Why a text cannot be kept; `missing` is said where there must be one and is none."""
    if has_forbidden_characters(text):
        message = "There are characters that are not text. Type it again."
        return [FieldProblem(field, "invalid_characters", message)]
    if len(text) > most:
        message = f"This has {len(text):,} characters; {most:,} fit. Shorten it."
        return [FieldProblem(field, "too_long", message)]
    if missing and not visible(text):
        return [FieldProblem(field, "required", missing)]
    return []


def owner_problems(owner: User | None) -> list[FieldProblem]:
    if owner is None:
        return [FieldProblem("owner", "required", "Say who takes it on.")]
    if not owner.is_active:
        message = f"{owner.name} has left. Choose somebody who is here."
        return [FieldProblem("owner", "inactive", message)]
    return []


def due_problems(due_on: date | None, *, today: date) -> list[FieldProblem]:
    if due_on is None:
        return [FieldProblem("due_on", "required", "Say until when.")]
    if due_on < today:
        return [FieldProblem("due_on", "past", "This day is over. Choose today or a later one.")]
    if due_on.year > LAST_YEAR:
        return [FieldProblem("due_on", "far", f"Choose a day up to the year {LAST_YEAR}.")]
    return []


def refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise ReviewRefused(problems[0].message, problems=problems)
