"""Leads in which nothing moves any more: held or late for a day, or gone quiet.

Gone quiet is a lead whose buyer was contacted once and from whom, or to whom, nothing has come for
two weeks, with no next step ahead.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page
from django.db import models
from django.db.models.functions import Coalesce

from accounts.models import User
from core.paging import ListPaginator
from core.words import counted, listed
from handoff.choices import Status
from handoff.models import Handoff, HandoffClock, Leg, Touch
from handoff.models.handoff import SUBMITTED_OPEN, HandoffQuerySet
from handoff.selectors.access import relations_to
from handoff.selectors.offers import offers_to
from handoff.selectors.story import clock_time
from sla.choices import ClockKind, ClockState

PAGE_SIZE = 25
LISTED = 10
STUCK_AFTER = timedelta(days=1)
QUIET_AFTER = timedelta(days=14)
HELD, LATE, QUIET = "held", "late", "quiet"
# With `why` and `since`, which the checker of types does not know of.
StuckQuerySet = models.QuerySet[Any, Any]
LABELS = {HELD: "Held", LATE: "Late", QUIET: "Gone quiet"}


@dataclass(frozen=True, slots=True)
class StuckRow:
    """One lead: why it is stuck, since when, who has it, and what the reader may do."""

    handoff: Handoff
    why: str
    label: str
    words: str
    since: str
    days: str
    offers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tab:
    """One reason to narrow the list to, with how many it has."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """One page of the stuck leads in the reader's sight, longest stuck first."""

    tabs: tuple[Tab, ...]
    rows: tuple[StuckRow, ...]
    page: Page[Any]

    @property
    def count(self) -> int:
        return self.tabs[0].count


def stuck_leads(user: User, *, why: str = "", now: datetime, number: str) -> Stuck:
    """The stuck leads in the user's sight; `why` narrows them to one reason.

    The cost depends on what is open and not on what has been.
    """
    found = stuck_handoffs(user, now=now)
    counts = stuck_counts(found)
    tabs = tuple(Tab(key, label, counts[key]) for key, label in LABELS.items() if counts[key])
    page = ListPaginator(_read(found.filter(why=why) if why else found), PAGE_SIZE).get_page(number)
    shown = list(page.object_list)
    relations = relations_to(shown, user)
    clocks = _late_kinds([row.pk for row in shown], now)
    return Stuck(
        tabs=(Tab("", "All", sum(counts.values())), *tabs),
        rows=tuple(
            StuckRow(
                handoff=row,
                why=row.why,
                label=LABELS[row.why],
                words=_words(row, clocks),
                since=clock_time(row.since, now=now),
                days=_days(row, now),
                offers=offers_to(row, user, relations[row.pk]),
            )
            for row in shown
        ),
        page=page,
    )


def stuck_handoffs(user: User, *, now: datetime) -> StuckQuerySet:
    """Those in the user's sight with `why` and `since`; where there are several reasons, the one
    that somebody can do most about.
    """
    links = HandoffClock.objects.filter(
        handoff=models.OuterRef("pk"),
        is_current=True,
        clock__state=ClockState.RUNNING,
        clock__due_at__lt=now - STUCK_AFTER,
    )
    touches = Touch.objects.filter(handoff=models.OuterRef("pk")).order_by("-occurred_at")
    ahead = Leg.objects.filter(handoff=models.OuterRef("pk"), next_step_at__gt=now)
    # By owner, for the index begins with it: few are open of all that there have been.
    rows = _open(user).annotate(
        held_since=Coalesce("last_transfer__at", "submitted_at"),
        late_since=models.Subquery(
            links.order_by("clock__due_at").values("clock__due_at")[:1],
        ),
        touched_at=models.Subquery(touches.values("occurred_at")[:1]),
    )
    is_held = models.Q(status=Status.HOLDING, held_since__lt=now - STUCK_AFTER)
    is_late = models.Q(late_since__isnull=False)
    is_quiet = models.Q(
        ~models.Exists(ahead),
        status=Status.ACCEPTED,
        first_contact_at__isnull=False,
        touched_at__lt=now - QUIET_AFTER,
    )
    cases = ((is_held, HELD, "held_since"), (is_late, LATE, "late_since"))
    return rows.filter(is_held | is_late | is_quiet).annotate(
        why=models.Case(
            *(models.When(when, then=models.Value(why)) for when, why, _ in cases),
            default=models.Value(QUIET),
            output_field=models.CharField(),
        ),
        since=models.Case(
            *(models.When(when, then=models.F(since)) for when, _, since in cases),
            default=models.F("touched_at"),
            output_field=models.DateTimeField(),
        ),
    )


def stuck_counts(found: StuckQuerySet) -> Counter[str]:
    """How many there are of each reason; one query."""
    rows = found.order_by().values("why").annotate(n=models.Count("pk"))
    return Counter({row["why"]: row["n"] for row in rows})


def longest_stuck(user: User, *, now: datetime) -> list[Any]:
    """The first few of the list, for a message."""
    return list(_read(stuck_handoffs(user, now=now))[:LISTED])


def counts_in_words(counts: Counter[str]) -> str:
    """As in "2 held, 3 late and 1 gone quiet"."""
    parts = [f"{counts[key]} {label.lower()}" for key, label in LABELS.items() if counts[key]]
    return listed(parts)


def _open(user: User) -> HandoffQuerySet:
    owners = User.objects.order_by().values("pk")
    return Handoff.objects.for_user(user).filter(status__in=SUBMITTED_OPEN, owner__in=owners)


def _read(found: StuckQuerySet) -> StuckQuerySet:
    with_people = found.select_related("lead__company", "owner", "submitted_by", "pool")
    return with_people.order_by("since", "pk")


def _late_kinds(handoffs: Sequence[int], now: datetime) -> dict[int, ClockKind]:
    """The kind of the clock that is late longest, by handoff."""
    links = HandoffClock.objects.filter(
        handoff__in=handoffs,
        is_current=True,
        clock__state=ClockState.RUNNING,
        clock__due_at__lt=now - STUCK_AFTER,
    )
    found = links.order_by("-clock__due_at").values_list("handoff", "kind")
    return {pk: ClockKind(kind) for pk, kind in found}


def _words(row: Any, late: dict[int, ClockKind]) -> str:
    if row.why == HELD:
        return "Nobody in its pool could take it."
    if row.why == LATE and row.pk in late:
        return f"{ClockKind(late[row.pk]).label} was due."
    if row.why == QUIET:
        return "Nothing to or from the buyer, and no next step ahead."
    return ""


def _days(row: Any, now: datetime) -> str:
    return counted((now - row.since) // timedelta(days=1), "day")
