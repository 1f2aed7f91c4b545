"""Contests: the rejection, the objection, what the form says about it, and who may rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db import models

from accounts.models import User
from accounts.rules.policy import Action, Relation
from core.paging import count_for_menu
from handoff.choices import RejectReason
from handoff.models import Contest, Handoff
from handoff.rules.form import Form
from handoff.selectors.access import may, relations_to
from handoff.selectors.detail import answer_lines
from handoff.selectors.story import clock_time

PAGE_SIZE = 25
RULED_SHOWN = 10
NOT_THEIRS = "A manager of the submitter or of the receiver rules on it, or an admin."
# What the form says about a reason that marks no fields.
ABOUT: dict[str, tuple[str, ...]] = {
    RejectReason.WRONG_ICP: ("company.size", "company.industry", "company.country"),
    RejectReason.NO_REAL_INTEREST: ("why_now", "need", "pains"),
    RejectReason.NO_BUDGET: ("budget",),
    RejectReason.WRONG_CONTACT: ("contact.title", "authority"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the form; no lines where it was left empty."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContestRow:
    """One contest to rule on; `barred` says why this reader may not, empty where they may."""

    contest: Contest
    handoff: Handoff
    reason: str
    rejected: str
    contested: str
    form: tuple[Said, ...]
    barred: str


@dataclass(frozen=True, slots=True)
class RuledRow:
    """A contest that was ruled on."""

    contest: Contest
    handoff: Handoff
    outcome: str
    when: str


@dataclass(frozen=True, slots=True)
class Contests:
    """One page of those to rule on, oldest first, and the last rulings."""

    rows: tuple[ContestRow, ...]
    ruled: tuple[RuledRow, ...]
    page: Page[Contest]


ContestQuerySet = models.QuerySet[Contest]


def contests_for(user: User, *, now: datetime, number: str) -> Contests:
    """The contests in the user's sight; the cost does not grow with those ruled on."""
    page = Paginator(_read(waiting_contests(user)), PAGE_SIZE).get_page(number)
    relations = relations_to([one.leg.handoff for one in page], user)
    ruled = _in_sight(Contest.objects.filter(ruled_at__isnull=False), user)
    return Contests(
        rows=tuple(
            _barred_by_policy(contest_row(one, user, now=now), user, relations) for one in page
        ),
        ruled=tuple(_ruled(one, now) for one in _read(ruled).order_by("-ruled_at")[:RULED_SHOWN]),
        page=page,
    )


def _barred_by_policy(
    item: ContestRow, user: User, relations: Mapping[int, frozenset[Relation]]
) -> ContestRow:
    """Without the ruling for who reads it and answers for neither side."""
    if item.barred or user.may(Action.HANDOFF_RULE, relations[item.handoff.pk]):
        return item
    return replace(item, barred=NOT_THEIRS)


def waiting_contests(user: User) -> ContestQuerySet:
    """Those that nobody has ruled on, oldest first."""
    waiting = Contest.objects.filter(ruled_at__isnull=True).order_by("at", "id")
    return _in_sight(waiting, user)


def contest_count(user: User) -> int:
    """How many wait for a ruling, for the menu."""
    return count_for_menu(waiting_contests(user))


def waiting_contest(row: Handoff) -> Contest | None:
    """The contest of the handoff's rejection that waits for a ruling."""
    found = Contest.objects.filter(leg__handoff=row, ruled_at__isnull=True)
    return _read(found).order_by("-at").first()


def _in_sight(contests: ContestQuerySet, user: User) -> ContestQuerySet:
    if user.is_admin:
        return contests
    readable = Handoff.objects.for_user(user).filter(pk=models.OuterRef("leg__handoff"))
    return contests.filter(models.Exists(readable))


def _read(contests: ContestQuerySet) -> ContestQuerySet:
    return contests.select_related(
        "by",
        "ruled_by",
        "leg__receiver",
        "leg__handoff__lead__company",
        "leg__handoff__submitted_by",
        "leg__handoff__pool",
        "leg__handoff__form_version",
    )


def contest_row(contest: Contest, user: User, *, now: datetime) -> ContestRow:
    """A contest read with all that it tells of, as this reader sees it."""
    leg = contest.leg
    row = leg.handoff
    return ContestRow(
        contest=contest,
        handoff=row,
        reason=str(RejectReason(leg.reason).label),
        rejected=clock_time(leg.ended_at or contest.at, now=now),
        contested=clock_time(contest.at, now=now),
        form=_form_says(row, leg.rejected_fields or ABOUT.get(leg.reason, ())),
        barred=why_not_rule(contest, user),
    )


def _form_says(row: Handoff, keys: Sequence[str]) -> tuple[Said, ...]:
    form = Form.from_layout(row.form_version.layout)
    return tuple(
        Said(field.label, tuple(answer_lines(field, row.answers.get(field.key))))
        for field in form.fields()
        if field.key in keys
    )


def why_not_rule(contest: Contest, user: User) -> str:
    """Why this person may not rule on it, as a sentence; empty where they may."""
    leg = contest.leg
    own = {
        leg.handoff.submitted_by_id: "You handed it off",
        contest.by_id: "You contested it",
        leg.receiver_id: "You rejected it",
    }
    if user.pk in own:
        return f"{own[user.pk]}: another manager or an admin rules on it."
    return ""


def may_rule(row: Handoff, contest: Contest, user: User) -> bool:
    """Whether the policy lets the person rule on it, and it is not their own."""
    return not why_not_rule(contest, user) and may(row, user, Action.HANDOFF_RULE)


def _ruled(contest: Contest, now: datetime) -> RuledRow:
    return RuledRow(
        contest=contest,
        handoff=contest.leg.handoff,
        outcome="Upheld" if contest.is_upheld else "Overturned",
        when=clock_time(contest.ruled_at or contest.at, now=now),
    )
