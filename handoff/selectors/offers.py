"""What a reader may do with a handoff as it stands, and which of it is the way on."""

from collections.abc import Callable, Collection
from datetime import datetime

from accounts.models import User
from accounts.rules.policy import Action, Relation
from handoff.choices import ClosedAs, LegEnd
from handoff.models import Contest, Handoff, HandoffClock, Leg
from handoff.rules.transitions import DATABLE, TOUCHABLE, TRANSITIONS, Step
from handoff.selectors.access import relations_of
from sla.choices import ClockKind, ClockState

_Test = Callable[[Handoff], bool]


def _step(step: Step) -> _Test:
    return lambda row: row.status in TRANSITIONS[step].sources


_OFFERED: dict[str, tuple[_Test, Action]] = {
    "accept": (_step(Step.ACCEPT), Action.HANDOFF_ACCEPT),
    "reject": (_step(Step.REJECT), Action.HANDOFF_REJECT),
    "touch": (lambda row: row.status in TOUCHABLE, Action.HANDOFF_TOUCH),
    "next_step": (lambda row: row.status in DATABLE, Action.HANDOFF_NEXT_STEP),
    "introduce": (_step(Step.SUBMIT), Action.HANDOFF_EDIT),
    "convert": (_step(Step.CONVERT), Action.HANDOFF_CONVERT),
    "outcome": (lambda row: row.closed_as == ClosedAs.CONVERTED, Action.HANDOFF_OUTCOME),
    "disqualify": (_step(Step.DISQUALIFY), Action.HANDOFF_DISQUALIFY),
    "nurture": (_step(Step.NURTURE), Action.HANDOFF_NURTURE),
    "return": (_step(Step.RETURN), Action.HANDOFF_RETURN),
    "merge": (_step(Step.MERGE), Action.HANDOFF_MERGE),
    "fix": (_step(Step.SUPERSEDE), Action.HANDOFF_FIX),
    "contest": (_step(Step.CONTEST), Action.HANDOFF_CONTEST),
    "concede": (_step(Step.CONCEDE), Action.HANDOFF_CONCEDE),
    "withdraw": (_step(Step.WITHDRAW), Action.HANDOFF_WITHDRAW),
    "edit": (_step(Step.SUBMIT), Action.HANDOFF_EDIT),
    "submit": (_step(Step.SUBMIT), Action.HANDOFF_SUBMIT),
    "rule": (_step(Step.UPHOLD), Action.HANDOFF_RULE),
    "reassign": (_step(Step.REASSIGN), Action.HANDOFF_REASSIGN),
}
# The receiver's decision is not put off: it is taken, or somebody else takes it.
NOT_EXTENDED = frozenset({ClockKind.ACCEPT.value})
_LOCKED_BY_CONTEST = frozenset({"fix", "concede", "contest"})
# In this order: what comes first is the way on.
_WAY_ON = ("accept", "touch", "next_step", "convert", "fix", "rule", "outcome")


def offers_on(
    row: Handoff, user: User, relations: frozenset[Relation] | None = None
) -> frozenset[str]:
    """What the user may do with the handoff as it stands; their relations where known already."""
    found = offers_to(row, user, relations_of(row, user) if relations is None else relations)
    if found & (_LOCKED_BY_CONTEST | {"rule"}):
        found -= _without(contest_of(row), user, row)
    return found


def offers_to(row: Handoff, user: User, relations: frozenset[Relation]) -> frozenset[str]:
    """The same without a query, for who stands in these relations; no contest is looked for."""
    return frozenset(
        name
        for name, (is_open, action) in _OFFERED.items()
        if is_open(row) and user.may(action, relations)
    )


def clock_offers(
    link: HandoffClock,
    user: User,
    relations: frozenset[Relation],
    *,
    now: datetime,
    is_seen: bool,
) -> frozenset[str]:
    """What who answers for the handoff may do about one of its clocks; nothing once it stopped.

    ``is_seen``: somebody has acknowledged that it is late, and that holds.
    """
    clock = link.clock
    if not link.is_current or clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return frozenset()
    found = set()
    is_late = clock.due_at < now and clock.has_ladder
    if is_late and not is_seen and user.may(Action.CLOCK_ACKNOWLEDGE, relations):
        found.add("acknowledge")
    may_move = link.kind not in NOT_EXTENDED and not clock.is_due_fixed
    if may_move and user.may(Action.CLOCK_PAUSE, relations):
        found.add("resume" if clock.state == ClockState.PAUSED else "extend")
    return frozenset(found)


def contest_of(row: Handoff) -> Contest | None:
    """The contest of the last rejection, ruled on or not; None where there was none."""
    last = Leg.objects.filter(handoff_id=row.pk, ended_as=LegEnd.REJECTED).order_by("-pk")[:1]
    found = Contest.objects.filter(leg__in=list(last.values_list("pk", flat=True)))
    return found.select_related("by", "ruled_by", "leg__receiver").first()


def waits_for_ruling(row: Handoff) -> bool:
    """Whether a manager has yet to rule on the last rejection."""
    contest = contest_of(row)
    return contest is not None and contest.ruled_at is None


def _without(contest: Contest | None, user: User, row: Handoff) -> frozenset[str]:
    """What a contest takes away: all but the ruling while it waits, a second one afterwards."""
    if contest is None:
        return frozenset({"rule"})
    if contest.ruled_at is not None:
        return frozenset({"rule", "contest"})
    own = {row.submitted_by_id, contest.by_id, contest.leg.receiver_id}
    return _LOCKED_BY_CONTEST | (frozenset({"rule"}) if user.pk in own else frozenset())


def way_on(
    offers: Collection[str], *, is_contacted: bool, has_step: bool, is_own: bool = True
) -> str:
    """The one thing to do next of what is offered; empty where nothing presses.

    ``is_own``: the handoff is the reader's own; what others have to do is no way on of theirs.
    """
    settled = set()
    if is_contacted:
        settled.add("touch")
    if has_step:
        settled.add("next_step")
    if not is_own:
        settled |= {"accept", "touch", "next_step", "convert"}
    return next((name for name in _WAY_ON if name in offers and name not in settled), "")
