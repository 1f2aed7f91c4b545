"""Impact reviews: asked for by an admin, worked on in slices by whoever claims one.

The row is the queue. Who claims a review has it until `claimed_until`, and every later write asks
for that claim again, so that a worker who was thought dead writes nothing over another's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, FieldProblem, NotPermitted, Refused
from core.vocabulary import choices
from routing.choices import ImpactState, RuleSetState
from routing.models import ImpactReview, Rule, RuleSet
from routing.rules.rule_sets import publish_problems

USUAL_WEEKS = 4
MOST_WEEKS = 26
# Far longer than a slice takes; a worker that is killed is followed after it.
LEASE = timedelta(seconds=60)
OPEN = (ImpactState.WAITING, ImpactState.RUNNING)
SAVED_SINCE = "The draft was saved since. Ask for a review of what it says now."


class InvalidReview(Refused):
    """The review cannot be made as it was asked for; each problem names the field."""

    code = "invalid_review"
    title = "This review cannot be made"


class NoDraft(Conflict):
    """The rule set is no draft any more."""

    code = "no_draft"
    title = "This is no draft any more"


class AlreadyAsked(Conflict):
    """A review of this very draft is being made."""

    code = "already_asked"
    title = "A review of this draft is being made"


def ask_for_review(*, ruleset: RuleSet, weeks: int, by: User | None, now: datetime) -> ImpactReview:
    """Have the handoffs of the last weeks replayed through the draft as it is saved now.

    Raises:
        NotPermitted: only an admin asks.
        InvalidReview: fewer than 1 week or more than 26, or rules that nobody can read yet.
        NoDraft: the set was published or discarded.
        AlreadyAsked: one of this state of the draft waits or runs.
    """
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin can ask for an impact review.")
    if not 1 <= weeks <= MOST_WEEKS:
        message = f"Choose 1 to {MOST_WEEKS} weeks."
        problem = FieldProblem("weeks", "weeks_out_of_range", message)
        raise InvalidReview(message, problems=[problem])
    with transaction.atomic():
        # Two who ask at once: the second waits here, and finds the first one's.
        draft = RuleSet.objects.select_for_update().filter(pk=ruleset.pk).first()
        if draft is None or draft.state != RuleSetState.DRAFT:
            raise NoDraft("It was published or discarded. Nothing was changed.")
        of_draft = ImpactReview.objects.filter(ruleset=draft, saves=draft.saves)
        if of_draft.filter(state__in=OPEN).exists():
            raise AlreadyAsked("It shows here when it is done. Nothing was changed.")
        _refuse_unreadable(draft)
        return ImpactReview.objects.create(
            ruleset=draft, saves=draft.saves, weeks=weeks, until=now, asked_by=by
        )


def _refuse_unreadable(draft: RuleSet) -> None:
    """Rules that cannot be asked about a lead; a missing fallback is something to see."""
    rules = Rule.objects.filter(ruleset=draft).order_by("position").values("name", "conditions")
    problems = publish_problems(list(rules), choices=choices())
    found = [problem for problem in problems if problem.code != "no_fallback"]
    if found:
        raise InvalidReview("Mend the rules first: " + found[0].message, problems=found)


def claim_review(*, now: datetime) -> ImpactReview | None:
    """Take the oldest review that waits, or whose worker is gone; None where there is none.

    A review of a draft that was saved since is ended at once: nobody could publish by it.
    """
    while True:
        to_do = ImpactReview.objects.filter(_is_free(now), state__in=OPEN)
        review = to_do.select_related("ruleset").order_by("pk").first()
        if review is None:
            return None
        taken = to_do.filter(pk=review.pk, claimed_until=review.claimed_until)
        if review.claimed_until is None:
            taken = to_do.filter(pk=review.pk, claimed_until__isnull=True)
        until = now + LEASE
        if not taken.update(state=ImpactState.RUNNING, claimed_until=until):
            continue
        review.state, review.claimed_until = ImpactState.RUNNING, until
        if review.ruleset.saves == review.saves:
            return review
        fail_review(review=review, message=SAVED_SINCE, now=now)


def _is_free(now: datetime) -> Q:
    return Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)


def keep_progress(
    *, review: ImpactReview, so_far: Mapping[str, Any], done: int, total: int
) -> bool:
    """Write down how far the replay is and let go of the claim; False where it was lost."""
    return _write(
        review,
        claimed_until=None,
        result={"so_far": so_far},
        done=done,
        total=max(done, total),
    )


def finish_review(
    *, review: ImpactReview, result: Mapping[str, Any], done: int, now: datetime
) -> bool:
    """Keep the figures for good; False where the claim was lost."""
    return _write(
        review,
        state=ImpactState.DONE,
        claimed_until=None,
        finished_at=now,
        result=dict(result),
        done=done,
        total=done,
    )


def fail_review(*, review: ImpactReview, message: str, now: datetime) -> bool:
    """End the review with the reason; False where the claim was lost."""
    return _write(
        review,
        state=ImpactState.FAILED,
        claimed_until=None,
        finished_at=now,
        error=message,
        result={},
    )


def _write(review: ImpactReview, **changes: Any) -> bool:
    return _claimed(review).update(**changes) == 1


def _claimed(review: ImpactReview) -> QuerySet[ImpactReview]:
    return ImpactReview.objects.filter(
        pk=review.pk, state=ImpactState.RUNNING, claimed_until=review.claimed_until
    )
