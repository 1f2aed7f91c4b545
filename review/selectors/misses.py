"""The misses of a week: what fell due and was late, what was rejected, what came back."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from handoff.choices import LegEnd
from handoff.models import Leg
from handoff.rules.form import Form
from handoff.selectors.history import EventLine, event_lines
from review.choices import MissKind
from review.models import Miss, Review
from review.selectors.frame import WeekFrame
from review.selectors.lateness import lateness, stopped_at
from review.selectors.numbers import reader_of
from review.selectors.scope import legs_for
from review.selectors.sources import all_due
from sla.choices import ClockKind
from sla.models import Clock
from sla.selectors import pace_of
from worktime.rules import duration_words

EVENTS_SHOWN = 12
_ENDS = {LegEnd.REJECTED: MissKind.REJECTED, LegEnd.RETURNED: MissKind.RETURNED}


@dataclass(frozen=True, slots=True)
class Found:
    """A miss that is not on an agenda yet."""

    kind: MissKind
    handoff_id: int
    at: datetime
    clock_id: int | None = None
    leg_id: int | None = None


@dataclass(frozen=True, slots=True)
class MissLine:
    """A miss on the agenda in words; ``receiver`` is empty where nobody has had the lead."""

    miss: Miss
    title: str
    receiver: str

    @property
    def lead(self) -> str:
        return self.miss.handoff.lead.name

    @property
    def company(self) -> str:
        return self.miss.handoff.lead.company.name


def week_misses(people: Collection[int] | None, frame: WeekFrame, *, now: datetime) -> list[Found]:
    """All misses of the week, latest first: late as the attainment counts it, rejected, returned.

    What came back from where it was held had no receiver yet, and is nobody's miss.
    """
    reader = reader_of(people)
    found = [*_late(reader, frame, now), *_ended(reader, frame)]
    return sorted(found, key=lambda one: (one.at, one.clock_id or 0, one.leg_id or 0), reverse=True)


def _late(reader: User, frame: WeekFrame, now: datetime) -> Iterator[Found]:
    row = frame.row
    missed = all_due(reader, row.start, row.end, now).filter(outcome="missed")
    columns = ("pk", "kind", "due_at", "handoff_clock__handoff")
    clocks = list(missed.filter(handoff_clock__isnull=False).order_by().values_list(*columns))
    buyers = {handoff for _, kind, _, handoff in clocks if kind == ClockKind.CONTACT}
    for pk, kind, due_at, handoff in clocks:
        # The leg's part of a buyer's wait that is on the agenda already.
        if kind != ClockKind.CONTACT_LEG or handoff not in buyers:
            yield Found(MissKind.LATE, handoff, due_at, clock_id=pk)


def _ended(reader: User, frame: WeekFrame) -> Iterator[Found]:
    row = frame.row
    legs = legs_for(reader).filter(
        ended_at__gte=row.start, ended_at__lt=row.end, ended_as__in=list(_ENDS)
    )
    columns = ("pk", "ended_as", "ended_at", "handoff_id")
    for pk, end, at, handoff in legs.order_by().values_list(*columns):
        yield Found(_ENDS[LegEnd(end)], handoff, at, leg_id=pk)


def misses_of(review: Review) -> QuerySet[Miss]:
    """The agenda's misses with all that their lines say."""
    last = Leg.objects.filter(handoff=OuterRef("handoff")).order_by("-pk")
    return (
        Miss.objects.filter(review=review)
        .select_related(
            "handoff__lead__company",
            "handoff__submitted_by",
            "handoff__form_version",
            "clock__target",
            "clock__calendar_version",
            "clock__handoff_clock__leg__receiver",
            "leg__receiver",
            "action__owner",
            "decided_by",
        )
        .defer("clock__schedule")
        .annotate(last_receiver=Subquery(last.values("receiver__name")[:1]))
        .order_by("position")
    )


def miss_line(miss: Miss) -> MissLine:
    """A miss as `misses_of` gives it."""
    if miss.clock is not None:
        leg = miss.clock.handoff_clock.leg
        title = _late_words(miss.clock)
    else:
        leg = miss.leg
        reason = leg.get_reason_display() if leg and leg.reason else ""
        is_rejected = miss.kind == MissKind.REJECTED
        title = f"Rejected: {reason}" if is_rejected and reason else miss.get_kind_display()
    receiver = str(leg.receiver) if leg else getattr(miss, "last_receiver", "") or ""
    return MissLine(miss, title, receiver)


def _late_words(clock: Clock) -> str:
    name = ClockKind(clock.kind).label
    stop = stopped_at(clock)
    if stop is None:
        return f"{name} is late and still open"
    late = lateness(pace_of(clock.target, clock.calendar_version), clock, stop)
    if stop <= clock.due_at:
        return f"{name} was in time after all"
    return f"{name} was {duration_words(late)} late"


def what_happened(miss: Miss, *, now: datetime) -> tuple[EventLine, ...]:
    """The last things that happened to the handoff, newest first."""
    handoff = miss.handoff
    legs = list(Leg.objects.filter(handoff=handoff).select_related("receiver").order_by("pk"))
    form = Form.from_layout(handoff.form_version.layout)
    return event_lines(handoff, form, legs, now=now, most=EVENTS_SHOWN)
