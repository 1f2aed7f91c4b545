"""Action items: somebody takes something on until a day, and it stays until it is closed."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import Team, User
from accounts.rules.policy import Action, allows
from core.errors import NotPermitted, NotVisible
from review.choices import ActionState, ReviewEventKind
from review.errors import ActionNotOpen, ActionStillOpen, ReviewChanged
from review.models import ActionItem, Miss, Review
from review.selectors.records import relations_to_action, today_there, what_happened_last
from review.services.change import (
    MAX_DECISION,
    due_problems,
    expect,
    log,
    open_locked,
    owner_problems,
    refuse,
    require_run,
    text_problems,
)

_WHAT = "Say what is to be done."


def add_action(
    *,
    team: Team | None,
    text: str,
    owner: User | None,
    due_on: date | None,
    by: User | None,
    now: datetime,
    review: Review | None = None,
) -> ActionItem:
    """Add an action item for a team's reviews, or without a team for everybody's.

    With `review` it stems from that one, which must be open and of the same team.

    Raises:
        ReviewRefused: the text, the owner or the day is missing or cannot be kept.
        ReviewClosed: the review is closed.
        NotPermitted, NotVisible: the team's review is not theirs to run.
    """
    with transaction.atomic():
        if review is not None:
            review = open_locked(review.pk, by=by, now=now)
            team = review.team
        require_run(by, team)
        problems = text_problems("text", text, most=MAX_DECISION, missing=_WHAT)
        problems += owner_problems(owner)
        problems += due_problems(due_on, today=today_there(now))
        refuse(problems)
        return _add(
            team=team, review=review, text=text.strip(), owner=owner, due_on=due_on, by=by, now=now
        )


def keep_action_of(
    miss: Miss,
    review: Review,
    *,
    text: str,
    owner: User | None,
    due_on: date | None,
    by: User,
    now: datetime,
) -> None:
    """The action item that a miss led to, as it was decided; the caller has looked at the values.

    Raises:
        ActionNotOpen: it is closed and would have to change.
    """
    action = ActionItem.objects.select_for_update(of=("self",)).filter(miss=miss).first()
    if action is None:
        if owner is not None:
            fields = {"text": text, "owner": owner, "due_on": due_on}
            _add(team=review.team, review=review, miss=miss, by=by, now=now, **fields)
        return
    if owner is None:
        if action.is_open:
            _end(action, ActionState.DROPPED, by=by, now=now, review=review)
        return
    if (action.text, action.owner_id, action.due_on) == (text, owner.pk, due_on):
        return
    if not action.is_open:
        message = what_happened_last(now=now, action=action)
        raise ActionNotOpen(f"{message} Open its action item again first.")
    _change(action, by=by, now=now, review=review, text=text, owner=owner, due_on=due_on)


def change_action(
    action: ActionItem,
    *,
    text: str,
    owner: User | None,
    due_on: date | None,
    by: User,
    now: datetime,
    version: int | None = None,
) -> ActionItem:
    """Reword, move or hand over an open action item.

    Raises:
        ActionNotOpen, ReviewChanged: it is closed, or has changed since `version`.
        ReviewRefused: the text, the owner or the day is missing or cannot be kept.
        NotPermitted: only who runs the team's reviews does this.
    """
    with transaction.atomic():
        row = _locked(action.pk, Action.ACTION_EDIT, by=by, now=now, version=version)
        if not row.is_open:
            raise ActionNotOpen(what_happened_last(now=now, action=row))
        problems = text_problems("text", text, most=MAX_DECISION, missing=_WHAT)
        if owner is None or owner.pk != row.owner_id:
            problems += owner_problems(owner)
        if due_on != row.due_on:
            problems += due_problems(due_on, today=today_there(now))
        refuse(problems)
        _change(row, by=by, now=now, text=text.strip(), owner=owner, due_on=due_on)
        return row


def close_action(
    action: ActionItem,
    *,
    is_dropped: bool = False,
    by: User,
    now: datetime,
    version: int | None = None,
) -> ActionItem:
    """Say that it is done, or that it is no longer needed; no review carries it any more.

    Raises:
        ActionNotOpen, ReviewChanged: it is closed, or has changed since `version`.
        NotPermitted: it is somebody else's, and they do not run the team's reviews.
    """
    with transaction.atomic():
        row = _locked(action.pk, Action.ACTION_CLOSE, by=by, now=now, version=version)
        if not row.is_open:
            raise ActionNotOpen(what_happened_last(now=now, action=row))
        _end(row, ActionState.DROPPED if is_dropped else ActionState.DONE, by=by, now=now)
        return row


def reopen_action(
    action: ActionItem, *, by: User, now: datetime, version: int | None = None
) -> ActionItem:
    """Take back that it was done or dropped.

    Raises:
        ActionStillOpen, ReviewChanged: it is open, or has changed since `version`.
        NotPermitted: as for closing.
    """
    with transaction.atomic():
        row = _locked(action.pk, Action.ACTION_CLOSE, by=by, now=now, version=version)
        if row.is_open:
            raise ActionStillOpen(what_happened_last(now=now, action=row))
        changes = {"state": ActionState.OPEN, "closed_at": None, "closed_by": None}
        _write(
            row, ActionState(row.state), ReviewEventKind.ACTION_REOPENED, changes, by=by, now=now
        )
        return row


def _locked(pk: int, needed: Action, *, by: User, now: datetime, version: int | None) -> ActionItem:
    found = ActionItem.objects.select_for_update(of=("self",)).select_related("team")
    row = found.filter(pk=pk).first()
    relations = relations_to_action(by, row) if row else frozenset()
    if row is None or not by.is_active or not (by.is_admin or relations):
        raise NotVisible("There is no such action item.")
    if not allows(by.roles, needed, relations):
        raise NotPermitted("Only a manager of the team or an admin can change this action item.")
    expect(row, version, now=now, action=row)
    return row


def _add(
    *,
    team: Team | None,
    review: Review | None,
    by: User | None,
    now: datetime,
    miss: Miss | None = None,
    **fields: Any,
) -> ActionItem:
    action = ActionItem.objects.create(
        team=team, review=review, miss=miss, added_at=now, added_by=by, **fields
    )
    data = {"owner": action.owner_id, "due_on": action.due_on.isoformat()}
    kind = ReviewEventKind.ACTION_ADDED
    log(kind, review=review, action=action, by=by, now=now, data=data)
    return action


def _change(
    row: ActionItem, *, by: User, now: datetime, review: Review | None = None, **changes: Any
) -> None:
    before = {"owner": row.owner_id, "due_on": row.due_on.isoformat()}
    after = {"owner": changes["owner"].pk if changes["owner"] else row.owner_id}
    data = {"before": before, **after, "due_on": changes["due_on"].isoformat()}
    kind = ReviewEventKind.ACTION_CHANGED
    _write(row, ActionState.OPEN, kind, changes, by=by, now=now, review=review, data=data)


def _end(
    row: ActionItem, state: ActionState, *, by: User, now: datetime, review: Review | None = None
) -> None:
    is_done = state is ActionState.DONE
    kind = ReviewEventKind.ACTION_DONE if is_done else ReviewEventKind.ACTION_DROPPED
    changes = {"state": state, "closed_at": now, "closed_by": by}
    _write(row, ActionState.OPEN, kind, changes, by=by, now=now, review=review)


def _write(
    row: ActionItem,
    state: ActionState,
    kind: ReviewEventKind,
    changes: dict[str, Any],
    *,
    by: User,
    now: datetime,
    review: Review | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    same = ActionItem.objects.filter(pk=row.pk, version=row.version, state=state)
    if same.update(**changes, version=F("version") + 1) != 1:
        raise ReviewChanged(what_happened_last(now=now, action=row))
    log(kind, review=review, action=row, by=by, now=now, data=data)
    row.refresh_from_db()
