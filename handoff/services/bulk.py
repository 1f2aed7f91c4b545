"""Many drafts handed off one after the other, each as if it were the only one."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import InterfaceError, OperationalError

from accounts.models import User
from core.errors import Conflict, DomainError, FieldProblem
from handoff.errors import TooManyDrafts
from handoff.models import Handoff
from handoff.services.submit import submit_handoff

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 1_000


class Outcome(StrEnum):
    """What became of one draft among many."""

    HANDED_OFF = "handed_off"
    BEFORE = "before"
    """It had been handed off already: by the same selection sent twice, or in another tab."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Submitted:
    """One draft and its outcome; `words` and `problems` say why it was refused."""

    handoff_id: int
    outcome: Outcome
    words: str = ""
    problems: tuple[FieldProblem, ...] = ()


def _nothing() -> None:
    """Nobody watches."""


def submit_handoffs(
    drafts: Sequence[Handoff],
    *,
    by: User,
    now: datetime,
    done: Callable[[], None] = _nothing,
) -> list[Submitted]:
    """Hand the drafts off in this order, with the same result as one by one; `done` after each.

    Each has its own transaction: what is refused changes nothing and stops nobody behind it, and
    what was handed off before the process ended stays so. To hand the same ones off again is
    harmless.

    Raises:
        TooManyDrafts: more than MOST_AT_ONCE; nothing was changed.
    """
    if len(drafts) > MOST_AT_ONCE:
        message = f"Hand off {MOST_AT_ONCE:,} at a time at most; these are {len(drafts):,}."
        raise TooManyDrafts(message)
    outcomes = []
    for draft in drafts:
        outcomes.append(_submit_one(draft, by=by, now=now))
        done()
    return outcomes


def _submit_one(draft: Handoff, *, by: User, now: datetime) -> Submitted:
    try:
        submit_handoff(draft, by=by, now=now)
    except DomainError as error:
        if isinstance(error, Conflict) and _was_submitted(draft):
            return Submitted(draft.pk, Outcome.BEFORE)
        return Submitted(draft.pk, Outcome.REFUSED, error.message, error.problems)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One lead whose receiver has no published hours must not keep those behind it back.
        logger.exception("draft not handed off", extra={"handoff": draft.pk})
        words = (
            "It could not be handed off, and nothing was changed. Try it alone, or ask an admin."
        )
        return Submitted(draft.pk, Outcome.REFUSED, words)
    return Submitted(draft.pk, Outcome.HANDED_OFF)


def _was_submitted(draft: Handoff) -> bool:
    return Handoff.objects.filter(pk=draft.pk, submitted_at__isnull=False).exists()
