"""Handoffs by what became of them, in the week in which they were submitted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull, LessThanOrEqual

from accounts.models import User
from handoff.choices import (
    ClosedAs,
    EventKind,
    LegEnd,
    MeetingKind,
    MeetingState,
    Status,
    Temperature,
)
from handoff.models import Event, Handoff, HandoffClock, Leg, Meeting
from review.rules.metrics import (
    COMPLETENESS,
    EVENTUAL,
    FIRST_CONTACT,
    FIRST_PASS,
    FIVE_MINUTES,
    FIVE_MINUTES_STAFFED,
    GATE,
    HANDOFFS,
    INTRODUCED,
    NO_FOLLOW_UP,
    SAL_TO_SQL,
    SECOND_MEETING,
    TIME_TO_ACCEPT,
)
from review.rules.metrics.quality import EVENTUAL_DAYS
from review.selectors.scope import handoffs_for
from review.selectors.sources.shape import Elapsed, Family, Outcomes, on_both_sides, outcome_of
from sla.choices import ClockKind

HOUR, DAY, QUICK = 3600, 86_400, 300
DUPLICATE = (Q(closed_as=ClosedAs.DUPLICATE), "duplicate")
WITHDRAWN = (Q(closed_as=ClosedAs.WITHDRAWN), "withdrawn")
SENT_BACK = Q(status=Status.REJECTED) | Q(
    closed_as__in=[ClosedAs.SUPERSEDED, ClosedAs.CONCEDED, ClosedAs.RETURNED]
)
WAITS = Q(status__in=[Status.HOLDING, Status.PENDING])
WITH_BUYER = Q(status__in=[Status.HOLDING, Status.PENDING, Status.ACCEPTED])
IS_FIRST = Q(previous__isnull=True)


def handoffs_within(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Handoffs that were submitted in the time, whatever became of them."""
    rows: QuerySet[Any] = (
        handoffs_for(user)
        .filter(submitted_at__gte=start, submitted_at__lt=end)
        .annotate(dated_at=F("submitted_at"))
    )
    return rows


def within(start: str, end: str, seconds: int) -> LessThanOrEqual:
    """Whether so many seconds by the wall clock lie between two columns, or fewer."""
    return LessThanOrEqual(Elapsed(F(start), F(end)), seconds)


def second_held() -> Subquery:
    """When the second meeting of a handoff was held; null without one."""
    held = Meeting.objects.filter(handoff=OuterRef("pk"), state=MeetingState.HELD)
    return Subquery(held.order_by("starts_at", "pk").values("starts_at")[1:2])


def _acceptances(now: datetime) -> Outcomes:
    known = TIME_TO_ACCEPT.outcomes
    return {
        TIME_TO_ACCEPT.key: lambda: outcome_of(
            (Q(accept_seconds__isnull=False), "accepted"),
            (WAITS, "waiting"),
            (Q(status=Status.REJECTED), "rejected"),
            *((Q(closed_as=key), key) for key in ClosedAs.values if key in known),
            otherwise="closed",
        ),
        FIRST_PASS.key: lambda: outcome_of(
            *_no_chain(),
            (Q(first_accepted_at__isnull=False), "accepted"),
            (WAITS, "waiting"),
            (SENT_BACK, "sent_back"),
            otherwise="closed",
        ),
        EVENTUAL.key: lambda: _eventual(now),
        SAL_TO_SQL.key: lambda: _converted(now),
    }


def _no_chain() -> tuple[tuple[Any, str | None], ...]:
    """What is no first handoff of a chain, or is left out of what becomes of chains."""
    own = Leg.objects.filter(
        handoff=OuterRef("pk"), receiver=OuterRef("submitted_by"), receiver__in=on_both_sides()
    )
    return ((~IS_FIRST, None), DUPLICATE, WITHDRAWN, (Exists(own), "one_person"))


def _eventual(now: datetime) -> Any:
    # Of the chain as a whole, the first handoff included.
    members = Handoff.objects.filter(chain=OuterRef("pk"), first_accepted_at__isnull=False)
    waited = Elapsed(OuterRef("submitted_at"), F("first_accepted_at"))
    in_time = Exists(members.annotate(waited=waited).filter(waited__lte=EVENTUAL_DAYS * DAY))
    is_young = Q(submitted_at__gt=now - timedelta(days=EVENTUAL_DAYS))
    is_accepted = Q(within("submitted_at", "first_accepted_at", EVENTUAL_DAYS * DAY))
    return outcome_of(
        *_no_chain(),
        (is_young & (is_accepted | Q(in_time)), "early"),
        (is_young, "maturing"),
        (is_accepted | Q(in_time), "accepted"),
        otherwise="not_accepted",
    )


def _converted(now: datetime) -> Any:
    is_young = Q(first_accepted_at__gt=now - timedelta(days=EVENTUAL_DAYS))
    in_time = Q(closed_as=ClosedAs.CONVERTED) & Q(
        within("first_accepted_at", "closed_at", EVENTUAL_DAYS * DAY)
    )
    return outcome_of(
        (Q(first_accepted_at__isnull=True), None),
        DUPLICATE,
        (is_young & in_time, "early"),
        (is_young, "maturing"),
        (in_time, "converted"),
        otherwise="not_converted",
    )


def _contacts(now: datetime) -> Outcomes:
    is_hot = (~Q(temperature=Temperature.HOT), None)
    clocks = HandoffClock.objects.filter(
        handoff=OuterRef("pk"), kind=ClockKind.CONTACT, clock__is_unstaffed=True
    )

    def no_follow_up(hours: int) -> Callable[[], Any]:
        return lambda: outcome_of(
            *_too_late(hours * HOUR, now=now, in_time="touched"), otherwise="none"
        )

    return {
        FIRST_CONTACT.key: lambda: outcome_of(
            DUPLICATE,
            (Q(contact_seconds__isnull=False), "contacted"),
            WITHDRAWN,
            (SENT_BACK, "sent_back"),
            (WITH_BUYER, "waiting"),
            otherwise="closed",
        ),
        **{metric.key: no_follow_up(hours) for hours, metric in NO_FOLLOW_UP.items()},
        FIVE_MINUTES.key: lambda: outcome_of(
            is_hot, *_too_late(QUICK, now=now, in_time="quick"), otherwise="slower"
        ),
        FIVE_MINUTES_STAFFED.key: lambda: outcome_of(
            is_hot,
            (Exists(clocks), "unstaffed"),
            *_too_late(QUICK, now=now, in_time="quick"),
            otherwise="slower",
        ),
    }


def _too_late(seconds: int, *, now: datetime, in_time: str) -> list[tuple[Any, str]]:
    """What is not simply without a touch in that time, by the wall clock from submission."""
    rejected = Leg.objects.filter(handoff=OuterRef("pk"), ended_as=LegEnd.REJECTED)
    sent_back = rejected.annotate(after=Elapsed(OuterRef("submitted_at"), F("ended_at"))).filter(
        after__lt=seconds
    )
    return [
        DUPLICATE,
        WITHDRAWN,
        (Q(submitted_at__gt=now - timedelta(seconds=seconds)), "young"),
        (within("submitted_at", "first_contact_at", seconds), in_time),
        # In whole seconds: before the time was over.
        (within("submitted_at", "closed_at", seconds - 1), "ended"),
        (Exists(sent_back), "ended"),
    ]


def _qualities(now: datetime) -> Outcomes:
    refusals = Event.objects.filter(handoff=OuterRef("pk"))
    # As an expression, so that the events of one handoff are looked up and not all refusals.
    refused = refusals.annotate(what=Coalesce("kind", Value(""))).filter(
        what=EventKind.SUBMISSION_REFUSED
    )
    intros = Meeting.objects.filter(
        handoff=OuterRef("pk"), kind=MeetingKind.INTRO_CALL, state=MeetingState.HELD
    )
    return {
        HANDOFFS.key: lambda: outcome_of(DUPLICATE, (IS_FIRST, "first"), otherwise="again"),
        COMPLETENESS.key: lambda: outcome_of(DUPLICATE, WITHDRAWN, otherwise="measured"),
        GATE.key: lambda: outcome_of(
            (~IS_FIRST, None),
            DUPLICATE,
            WITHDRAWN,
            (Exists(refused), "refused"),
            otherwise="passed",
        ),
        INTRODUCED.key: lambda: outcome_of(
            DUPLICATE, WITHDRAWN, (Exists(intros), "introduced"), otherwise="not_introduced"
        ),
        SECOND_MEETING.key: lambda: outcome_of(
            DUPLICATE,
            (IsNull(second_held(), False), "held"),
            WITHDRAWN,
            (WITH_BUYER, "waiting"),
            otherwise="ended",
        ),
    }


def handoff_outcomes(now: datetime) -> Outcomes:
    return {**_acceptances(now), **_contacts(now), **_qualities(now)}


SUBMITTED = Family(
    handoffs_within,
    handoff_outcomes,
    partial=frozenset(
        metric.key
        for metric in (FIRST_PASS, EVENTUAL, SAL_TO_SQL, GATE, FIVE_MINUTES, FIVE_MINUTES_STAFFED)
    ),
)
submitted_handoffs = SUBMITTED.source(TIME_TO_ACCEPT.key)
