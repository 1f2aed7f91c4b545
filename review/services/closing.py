"""A review closes: everything that it shows is written down, and none of it moves again."""

import logging
from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import User
from review.choices import ReviewEventKind, ReviewState
from review.errors import ReviewClosed
from review.models import Miss, Review
from review.selectors.numbers import numbers_by_receiver, numbers_of, people_of
from review.selectors.records import frame_of, open_actions_of, progress_of
from review.services.change import closed_words, expect, log, open_locked, state_of

logger = logging.getLogger(__name__)

SNAPSHOT_FORM = 1
BATCH = 200


def close_review(
    review: Review, *, by: User | None, now: datetime, version: int | None = None
) -> Review:
    """Freeze every number and close the review, in one transaction. Without `by` the product does.

    Misses that were not walked through stay so; open action items go on to the next review.

    Raises:
        ReviewClosed, ReviewChanged: it is closed, or has changed since `version`.
        NotPermitted, NotVisible: it is not theirs to run.
    """
    with transaction.atomic():
        row = open_locked(review.pk, by=by, now=now)
        expect(row, version, now=now, review=row)
        same = Review.objects.filter(pk=row.pk, version=row.version, state=ReviewState.OPEN)
        closed = same.update(
            state=ReviewState.CLOSED,
            closed_at=now,
            closed_by=by,
            snapshot=snapshot_of(row, now=now),
            version=F("version") + 1,
        )
        if closed != 1:
            raise ReviewClosed(closed_words(row, now=now), current=state_of(row))
        log(ReviewEventKind.CLOSED, review=row, by=by, now=now)
        row.refresh_from_db()
        return row


def snapshot_of(review: Review, *, now: datetime) -> dict[str, Any]:
    """What the review shows, as plain values: its numbers, how far it came, what is open."""
    people, frame = people_of(review.team), frame_of(review, now=now)
    progress = progress_of(review)
    decided = Miss.objects.filter(review=review).exclude(root_cause="").order_by()
    causes = Counter(decided.values_list("root_cause", flat=True))
    return {
        "form": SNAPSHOT_FORM,
        "at": now.isoformat(),
        "zone": review.zone,
        "scope": review.scope_name,
        "people": people,
        "numbers": [number.stored() for number in numbers_of(people, frame, now=now)],
        "receivers": numbers_by_receiver(people, frame, now=now),
        "misses": {
            "n": progress.misses,
            "decided": progress.decided,
            "with_action": progress.with_action,
            "causes": dict(causes),
        },
        "actions": [
            {
                "id": action.pk,
                "text": action.text,
                "owner": action.owner_id,
                "owner_name": action.owner.name,
                "due_on": action.due_on.isoformat(),
                "week": action.review.week if action.review else "",
            }
            for action in open_actions_of(review)
        ],
    }


def close_overdue(now: datetime) -> int:
    """Close the reviews whose time is over; how many it closed.

    One that cannot be closed is left for the next time and holds up none of the others.
    """
    due = Review.objects.open().filter(closes_at__lte=now).order_by("closes_at", "pk")
    closed, failed = 0, None
    for review in due[:BATCH]:
        try:
            close_review(review, by=None, now=now)
        except ReviewClosed:
            continue
        except Exception as error:
            logger.exception("review not closed", extra={"review": review.pk})
            failed = error
        else:
            closed += 1
    if failed is not None and not closed:
        raise failed
    return closed
