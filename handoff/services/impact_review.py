"""The loop that replays handoffs through drafts of the rules, in slices of a second or two.

Each slice reads a batch outside any transaction, and writes one row: how far it is, with all that
the next slice needs, whichever worker that is. So a tick never lasts long, nobody's write waits,
and a worker that is killed costs one slice.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import Error

from handoff.selectors.past_leads import (
    carried_leads,
    count_past,
    first_turns,
    key_of,
    past_leads,
)
from routing.models import ImpactReview, RuleSet
from routing.rules.past import Setting
from routing.rules.replay import Replay
from routing.selectors.replay import digest_of, setting_of, starts_of
from routing.services.impact_reviews import (
    SAVED_SINCE,
    claim_review,
    fail_review,
    finish_review,
    keep_progress,
)

logger = logging.getLogger(__name__)

SLICE = 5_000
BROKEN = "It could not be made; the log says why. Ask for it again, or tell your administrator."


def replay_drafts(now: datetime) -> int:
    """Do one slice of the oldest review to be made; how many handoffs were replayed, at least 1.

    Returns 0 where none is to be made. A review that cannot be made is ended with the reason; only
    a database that is away leaves it to be taken up again after its lease.
    """
    review = claim_review(now=now)
    if review is None:
        return 0
    try:
        return max(1, _slice(review, now=now))
    except Error:
        raise
    except Exception:
        fail_review(review=review, message=BROKEN, now=now)
        raise


def _slice(review: ImpactReview, *, now: datetime) -> int:
    since = review.until - timedelta(weeks=review.weeks)
    setting = setting_of(review, since=since)
    # Asked after the rules were read: a draft that is saved has others.
    if not RuleSet.objects.filter(pk=review.ruleset_id, saves=review.saves).exists():
        fail_review(review=review, message=SAVED_SINCE, now=now)
        return 0
    digest = digest_of(setting)
    so_far = review.result.get("so_far", {})
    if so_far.get("setting") == digest:
        replay, after = Replay.resumed(setting, so_far["replay"]), so_far["after"]
        done, total = review.done, review.total
    else:
        # The first slice, or pools or people have changed: one review is of one setting.
        replay, after, done = _begun(setting), None, 0
        total = count_past(since, review.until)
    batch = past_leads(
        since,
        review.until,
        after=None if after is None else (datetime.fromisoformat(after[0]), after[1]),
        limit=SLICE,
        with_earlier=any(rule.earlier_first for rule in setting.rules),
    )
    for past in batch:
        replay.add(past)
    done += len(batch)
    if len(batch) < SLICE:
        _finish(review, replay, done=done, now=now)
    else:
        at, pk = key_of(batch[-1])
        state: dict[str, Any] = {
            "setting": digest,
            "after": [at.isoformat(), pk],
            "replay": replay.to_data(),
        }
        keep_progress(review=review, so_far=state, done=done, total=total)
    return len(batch)


def _begun(setting: Setting) -> Replay:
    """A replay that stands where the pools and the loads stood when the weeks began."""
    replay = Replay(setting)
    for start in starts_of(first_turns(setting.since, setting.until)):
        replay.begin(start)
    for lead in carried_leads(setting.since):
        replay.carry(lead)
    return replay


def _finish(review: ImpactReview, replay: Replay, *, done: int, now: datetime) -> None:
    if finish_review(review=review, result=replay.result(), done=done, now=now):
        logger.info("draft replayed", extra={"review": review.pk, "handoffs": done})
