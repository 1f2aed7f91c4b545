"""What happened in a week: meetings that were settled, steps of ladders, returns, silence.

The log of events leads, by its index of kind and time, to what the week is about.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from accounts.models import User
from handoff.choices import ClosedAs, EventKind, MeetingKind, MeetingState, Status
from handoff.models import Event, Handoff, Leg, Meeting, Touch
from review.rules.metrics import (
    ACKNOWLEDGED,
    ESCALATIONS,
    QUIET,
    RECYCLED,
    RESCUED,
    RETURNED,
    SHOW_RATE,
)
from review.rules.metrics.ownership import AGAIN_DAYS, QUIET_DAYS
from review.selectors.scope import handoffs_for
from review.selectors.sources.shape import Elapsed, Family, Outcomes, outcome_of
from sla.choices import ClockState
from sla.models import Acknowledgement, Clock

DAY = 86_400
AGAIN, SILENCE = timedelta(days=AGAIN_DAYS), timedelta(days=QUIET_DAYS)
SETTLING = [EventKind.TOUCHED, EventKind.MEETING_MISSED, EventKind.MEETING_CALLED_OFF]
RETURNING = [EventKind.RETURNED, EventKind.NURTURED, EventKind.CONCEDED]


def visible(rows: QuerySet[Any], user: User) -> QuerySet[Any]:
    """Those of handoffs that the person's review is made of."""
    if user.is_admin:
        return rows
    return rows.filter(Exists(handoffs_for(user).filter(pk=OuterRef("handoff")).order_by()))


def events_in(kinds: Iterable[str], start: datetime, end: datetime) -> QuerySet[Any]:
    rows: QuerySet[Any] = Event.objects.filter(kind__in=list(kinds), at__gte=start, at__lt=end)
    return rows.order_by()


# Meetings


def _settled_meetings(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Meetings with the buyer of which somebody said in the time what became of them."""
    told = events_in(SETTLING, start, end).values("handoff")
    found = Meeting.objects.filter(
        kind=MeetingKind.MEETING, settled_at__gte=start, settled_at__lt=end, handoff__in=told
    )
    rows: QuerySet[Any] = visible(found, user).annotate(dated_at=F("settled_at"))
    return rows


def _meeting_outcomes(now: datetime) -> Outcomes:
    return {
        SHOW_RATE.key: lambda: outcome_of(
            (Q(state=MeetingState.CALLED_OFF), "called_off"),
            (Q(state=MeetingState.MISSED), "missed"),
            # Kept as a meeting only when it was over.
            (Q(booked_at__gte=F("settled_at")), "unplanned"),
            otherwise="held",
        )
    }


SETTLED = Family(_settled_meetings, _meeting_outcomes)


# Steps of ladders


def _steps(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    found = events_in(ESCALATIONS.outcomes, start, end).filter(escalation__isnull=False)
    rows: QuerySet[Any] = visible(found, user).annotate(dated_at=F("at"))
    return rows


def _step_outcomes(now: datetime) -> Outcomes:
    kinds = [(Q(kind=kind), kind) for kind in ESCALATIONS.outcomes]
    return {ESCALATIONS.key: lambda: outcome_of(*kinds, otherwise=None)}


STEPS = Family(_steps, _step_outcomes)


def _first_alerts(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """The first alert of each clock that a manager was alerted of."""
    earlier = Event.objects.filter(
        handoff=OuterRef("handoff"),
        escalation__clock=OuterRef("escalation__clock"),
        escalation__lt=OuterRef("escalation"),
        kind=EventKind.ALERTED,
    )
    acknowledged = Acknowledgement.objects.filter(
        clock=OuterRef("escalation__clock"), at__gte=OuterRef("at")
    )
    found = events_in([EventKind.ALERTED], start, end).filter(escalation__isnull=False)
    rows: QuerySet[Any] = (
        visible(found, user)
        .filter(~Exists(earlier))
        .annotate(
            dated_at=F("at"),
            acknowledged_at=Subquery(acknowledged.order_by("at", "pk").values("at")[:1]),
        )
    )
    return rows


def _alert_outcomes(now: datetime) -> Outcomes:
    state = "escalation__clock__state"
    is_live = Q(**{f"{state}__in": [ClockState.RUNNING, ClockState.PAUSED]})
    replaced = Clock.objects.filter(replaces__isnull=False).values("replaces")
    return {
        RESCUED.key: lambda: outcome_of(
            (Q(**{state: ClockState.MET}), "rescued"),
            (is_live, "open"),
            (Q(escalation__clock__in=replaced), "replaced"),
            otherwise="lost",
        ),
        ACKNOWLEDGED.key: lambda: outcome_of(
            (Q(acknowledged_at__isnull=False), "acknowledged"),
            (is_live, "open"),
            otherwise="settled",
        ),
    }


ALERTS = Family(_first_alerts, _alert_outcomes)


# Returns


def _returns(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Handoffs that went back to their submitter or to nurture in the time."""
    found = events_in(RETURNING, start, end).filter(
        handoff__closed_as__in=[ClosedAs.RETURNED, ClosedAs.NURTURE]
    )
    rows: QuerySet[Any] = visible(found, user).annotate(dated_at=F("at"))
    return rows


def _return_outcomes(now: datetime) -> Outcomes:
    again = (
        Handoff.objects.filter(lead=OuterRef("handoff__lead"), submitted_at__gt=OuterRef("at"))
        .annotate(after=Elapsed(OuterRef("at"), F("submitted_at")))
        .filter(after__lte=AGAIN_DAYS * DAY)
    )
    is_young = Q(at__gt=now - AGAIN)
    return {
        RETURNED.key: lambda: outcome_of(
            (Q(handoff__closed_as=ClosedAs.RETURNED), "returned"), otherwise="nurture"
        ),
        RECYCLED.key: lambda: outcome_of(
            (is_young & Q(Exists(again)), "early"),
            (is_young, "maturing"),
            (Exists(again), "again"),
            otherwise="not_again",
        ),
    }


RETURNS = Family(_returns, _return_outcomes)


# Silence


def _quiet(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Last touches after which nothing was logged for so long that it fell into the time."""
    found = events_in([EventKind.TOUCHED], start - SILENCE, min(end, now) - SILENCE)
    touches = Touch.objects.filter(handoff=OuterRef("handoff"), logged_at__gt=OuterRef("at"))
    soon = touches.annotate(after=Elapsed(OuterRef("at"), F("logged_at")))
    beside = Event.objects.filter(
        handoff=OuterRef("handoff"),
        seq__gt=OuterRef("seq"),
        kind=EventKind.TOUCHED,
        at=OuterRef("at"),
    )
    steps = Leg.objects.filter(handoff=OuterRef("handoff"), next_step_at__isnull=False)
    ahead = steps.annotate(after=Elapsed(OuterRef("at"), F("next_step_at")))
    rows: QuerySet[Any] = (
        visible(found, user)
        .alias(closed_after=Elapsed(F("at"), F("handoff__closed_at")))
        .filter(
            Q(handoff__closed_at__isnull=True) & ~Q(handoff__status=Status.REJECTED)
            | Q(closed_after__gt=QUIET_DAYS * DAY),
            ~Exists(soon.filter(after__lte=QUIET_DAYS * DAY)),
            ~Exists(ahead.filter(after__gt=QUIET_DAYS * DAY)),
            ~Exists(beside),
            handoff__first_contact_at__isnull=False,
        )
        .annotate(dated_at=ExpressionWrapper(F("at") + SILENCE, output_field=DateTimeField()))
    )
    return rows


def _quiet_outcomes(now: datetime) -> Outcomes:
    touches = Touch.objects.filter(handoff=OuterRef("handoff"), logged_at__gt=OuterRef("at"))
    return {QUIET.key: lambda: outcome_of((Exists(touches), "revived"), otherwise="quiet")}


SILENT = Family(_quiet, _quiet_outcomes)
