"""An impact review as pages show it: ids turned into names, figures side by side.

Everything is read from the row, so what somebody saw before publishing can be opened for good.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.rules.policy import Action
from core.words import counted
from routing.choices import ImpactState, RuleSetState
from routing.models import ImpactReview, Pool, Rule, RuleSet
from routing.selectors.receipts import ALARM_TURNS
from routing.services.impact_reviews import OPEN
from routing.uses import NamedLead, named_leads

BEFORE, AFTER = "as it went", "by the draft"
# A chart with more bars is no picture any more; the table has them all.
MOST_BARS = 15
MOST_LINES = 25
# From so many percent of a pool's leads on, an uneven draft is told before publishing.
UNEVEN = 25
NOTES = (
    "Every lead comes again at its own time, with what is known of it today. Pools, weights, "
    "limits, skills and working hours are those of today; time off and pauses are as they were.",
    "A slot is free again when it was: at the first contact, or when the first receiver’s time "
    "with the lead ended.",
    "Not replayed: rejections and turns given back, time-outs, conflicts, reassignments, cover "
    "and ladders. Each lead is picked for once.",
    "How long a lead would have waited for somebody is not worked out: where nobody is eligible "
    "it counts as held, and nobody gets it.",
    "A miss is expected where the buyer’s first contact falls due before whoever has the lead is "
    "next at work, or where nobody is eligible. Both sides are judged like that, so these are not "
    "the misses of the weekly review.",
    "Uneven is the percent of a pool’s leads by which people went more than one lead beyond their "
    f"weighted share, among those who were there. It counts from {ALARM_TURNS} leads on.",
    "The rotation begins where it stood, as far as the ledger tells. A lead that goes to another "
    "pool moves the turns of everybody after it, so many leads go to another person of their pool.",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure as it went and by the draft; `before_share` and `after_share` are percents
    of the largest one, for bars.
    """

    before: float
    after: float
    before_share: float = 0
    after_share: float = 0

    @property
    def change(self) -> str:
        """As in "+11"; empty where nothing changes."""
        return "" if self.before == self.after else f"{self.after - self.before:+.0f}"


@dataclass(frozen=True, slots=True)
class PoolLine:
    name: str
    leads: Pair
    held: Pair
    missed: Pair
    gap: Pair


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One receiver; `full` counts the leads that came while they could take no more."""

    user: User
    leads: Pair
    fair: Pair
    missed: Pair
    peak: Pair
    mean: Pair
    full: int


@dataclass(frozen=True, slots=True)
class MovedLine:
    """One lead that would be elsewhere; `lead` is None for one that the reader may not see."""

    lead: NamedLead | None
    was: str
    was_in: str
    becomes: str
    becomes_in: str
    because: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a review found. `elsewhere` go to another pool or to nobody, `shifted` within one."""

    since: datetime
    until: datetime
    leads: int
    elsewhere: int
    shifted: int
    unmatched: int
    held: Pair
    missed: Pair
    gap: Pair
    pools: Sequence[PoolLine]
    people: Sequence[PersonLine]
    moved: Sequence[MovedLine]
    warnings: Sequence[str]

    @property
    def elsewhere_percent(self) -> float:
        return 100 * self.elsewhere / self.leads if self.leads else 0

    @property
    def not_listed(self) -> int:
        return self.elsewhere + self.shifted - len(self.moved)

    @property
    def first_people(self) -> Sequence[PersonLine]:
        return self.people[:MOST_LINES]

    @property
    def more_people(self) -> Sequence[PersonLine]:
        return self.people[MOST_LINES:]

    @property
    def first_moved(self) -> Sequence[MovedLine]:
        return self.moved[:MOST_LINES]

    @property
    def more_moved(self) -> Sequence[MovedLine]:
        return self.moved[MOST_LINES:]

    @property
    def pool_chart(self) -> dict[str, Any]:
        return _chart([(line.name, line.leads) for line in self.pools])

    @property
    def people_chart(self) -> dict[str, Any]:
        return _chart([(str(line.user), line.leads) for line in self.people])


@dataclass(frozen=True, slots=True)
class ShownReview:
    """The newest review of a rule set, None where nobody asked; `report` once it is done."""

    review: ImpactReview | None
    is_current: bool
    report: Report | None = None
    notes: Sequence[str] = NOTES
    before_label: str = BEFORE
    after_label: str = AFTER

    @property
    def is_open(self) -> bool:
        return self.review is not None and self.review.state in OPEN

    @property
    def is_failed(self) -> bool:
        return self.review is not None and self.review.state == ImpactState.FAILED

    @property
    def percent(self) -> int:
        """How far the replay is; 0 while it waits."""
        if self.review is None or not self.review.total:
            return 0
        return min(100, 100 * self.review.done // self.review.total)

    @property
    def seen(self) -> ImpactReview | None:
        """What somebody who publishes now has seen; None where it does not tell of the draft."""
        return self.review if self.report is not None and self.is_current else None


def shown_review(ruleset: RuleSet, user: User) -> ShownReview:
    """The newest review of the rule set, in a constant number of queries.

    Only who may edit the configuration sees figures of people; others see that there is none.
    """
    if not user.may(Action.CONFIG_EDIT):
        return ShownReview(None, is_current=False)
    reviews = ImpactReview.objects.filter(ruleset=ruleset).select_related("asked_by", "ruleset")
    # While a review is made its row carries the state of the replay, which no page needs.
    reviews = reviews.defer("result")
    # What was seen stays what is shown of a version.
    if ruleset.state == RuleSetState.DRAFT:
        review = reviews.order_by("-pk").first()
    else:
        review = reviews.filter(pk=ruleset.seen_id or 0).first()
    return ShownReview(None, is_current=False) if review is None else shown(review, user)


def shown(review: ImpactReview, user: User) -> ShownReview:
    """One review, whatever became of its draft."""
    report = _report(review, user) if review.state == ImpactState.DONE else None
    return ShownReview(review, is_current=review.saves == review.ruleset.saves, report=report)


def _report(review: ImpactReview, user: User) -> Report:
    found = review.result
    pools = {pool.pk: pool.name for pool in Pool.objects.filter(pk__in=_pool_ids(found))}
    people = User.objects.in_bulk(_user_ids(found))
    pool_lines = _pool_lines(found["pools"], pools)
    people_lines = _people_lines(found["people"], people)
    return Report(
        since=review.until - timedelta(weeks=review.weeks),
        until=review.until,
        leads=found["leads"],
        elsewhere=found["elsewhere"],
        shifted=found["shifted"],
        unmatched=found["unmatched"],
        held=_sum(found["pools"], "held"),
        missed=_sum(found["pools"], "missed"),
        gap=_widest(found["pools"]),
        pools=pool_lines,
        people=people_lines,
        moved=_moved_lines(review, people, pools, user),
        warnings=_warnings(found["unmatched"], pool_lines, people_lines),
    )


def _pool_ids(found: Mapping[str, Any]) -> set[int]:
    moved = {pk for line in found["moved"] for pk in (line[1], line[3]) if pk is not None}
    return moved | {line["pool"] for line in found["pools"]}


def _user_ids(found: Mapping[str, Any]) -> set[int]:
    moved = {pk for line in found["moved"] for pk in (line[2], line[4]) if pk is not None}
    return moved | {line["user"] for line in found["people"]}


def _pair(line: Mapping[str, Any], name: str, most: float = 0) -> Pair:
    before, after = line["before"][name], line["after"][name]
    if not most:
        return Pair(before, after)
    return Pair(before, after, round(100 * before / most, 1), round(100 * after / most, 1))


def _most(lines: Collection[Mapping[str, Any]], name: str) -> float:
    return max((line[side][name] for line in lines for side in ("before", "after")), default=0)


def _sum(lines: Collection[Mapping[str, Any]], name: str) -> Pair:
    return Pair(
        sum(line["before"][name] for line in lines), sum(line["after"][name] for line in lines)
    )


def _widest(lines: Collection[Mapping[str, Any]]) -> Pair:
    """The gap of the most uneven pool, among those whose people got enough leads to tell."""
    before, after = (
        max((side["gap"] for side in sides if _is_enough(side["leads"], side["held"])), default=0)
        for sides in ([line[name] for line in lines] for name in ("before", "after"))
    )
    return Pair(before, after)


def _is_enough(leads: float, held: float) -> bool:
    return leads - held >= ALARM_TURNS


def _pool_lines(lines: Collection[Mapping[str, Any]], names: Mapping[int, str]) -> list[PoolLine]:
    """The pools with the most leads first."""
    most, widest = _most(lines, "leads"), max(_most(lines, "gap"), UNEVEN)
    made = [
        PoolLine(
            name=names.get(line["pool"], ""),
            leads=_pair(line, "leads", most),
            held=_pair(line, "held"),
            missed=_pair(line, "missed"),
            gap=_pair(line, "gap", widest),
        )
        for line in lines
    ]
    return sorted(made, key=lambda line: (-line.leads.after, -line.leads.before, line.name))


def _people_lines(
    lines: Collection[Mapping[str, Any]], people: Mapping[int, User]
) -> list[PersonLine]:
    """Whoever gains or loses most first."""
    most = _most(lines, "leads")
    made = [
        PersonLine(
            user=people[line["user"]],
            leads=_pair(line, "leads", most),
            fair=_pair(line, "fair"),
            missed=_pair(line, "missed"),
            peak=_pair(line, "peak"),
            mean=_pair(line, "mean"),
            full=line["full"],
        )
        for line in lines
        if line["user"] in people
    ]

    def weight(line: PersonLine) -> tuple[float, float, str]:
        leads = line.leads
        return -abs(leads.after - leads.before), -leads.after, str(line.user)

    return sorted(made, key=weight)


def _moved_lines(
    review: ImpactReview, people: Mapping[int, User], pools: Mapping[int, str], user: User
) -> list[MovedLine]:
    moved = review.result["moved"]
    leads = named_leads([line[0] for line in moved], user)
    rules = {
        rule.pk: f"Rule {rule.position}: {rule.name}"
        for rule in Rule.objects.filter(ruleset=review.ruleset_id)
    }

    def who(user_id: int | None) -> str:
        return "" if user_id is None or user_id not in people else str(people[user_id])

    def where(pool_id: int | None) -> str:
        return "" if pool_id is None else pools.get(pool_id, "")

    return [
        MovedLine(
            lead=leads.get(pk),
            was=who(before),
            was_in=where(pool_before),
            becomes=who(after),
            becomes_in=where(pool_after),
            because=rules.get(rule_id, ""),
        )
        for pk, pool_before, before, pool_after, after, rule_id in moved
    ]


def _warnings(unmatched: int, pools: Sequence[PoolLine], people: Sequence[PersonLine]) -> list[str]:
    """What deserves a look before publishing, the gravest first."""
    told = []
    if unmatched:
        told.append(f"{counted(unmatched, 'lead')} would match no rule: nobody could hand it off.")
    told += [
        f"{line.name} would hold {counted(round(line.held.after), 'lead')} for want of somebody "
        f"eligible; it was {line.held.before}."
        for line in pools
        if line.held.after > line.held.before
    ]
    told += [
        f"{line.name} becomes uneven: {line.gap.after} % of its leads go past the weighted share."
        for line in pools
        if line.gap.after > max(UNEVEN, line.gap.before)
        and _is_enough(line.leads.after, line.held.after)
    ]
    told += [
        f"{line.user} would be full for {counted(line.full, 'lead')} of their pools."
        for line in people
        if line.full
    ][:MOST_LINES]
    return told


def _chart(bars: Sequence[tuple[str, Pair]]) -> dict[str, Any]:
    drawn = bars[:MOST_BARS]
    return {
        "kind": "bar",
        "labels": [label for label, _ in drawn],
        "pairs": [
            {"label": BEFORE, "values": [pair.before for _, pair in drawn]},
            {"label": AFTER, "values": [pair.after for _, pair in drawn]},
        ],
    }
