"""The lines of a week for each receiver and each submitter."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, Case, Count, Value, When

from accounts.models import User
from review.rules.metrics import ACCEPTANCE, ATTAINMENT, HANDOFFS, Counts
from review.rules.tiles import Shown, rate_of, show_rate
from review.selectors.decisions import Decisions, tally_of, week_decisions
from review.selectors.frame import WeekFrame
from review.selectors.sources import SOURCES, due_clocks
from review.selectors.tallies import Tally, tally_by

NOTHING: Tally = Counter()


@dataclass(frozen=True, slots=True)
class ReceiverLine:
    """One receiver's week; `accepted` and `rejected` are counts."""

    person: User
    accepted: int
    rejected: int
    acceptance: Shown
    attainment: Shown


@dataclass(frozen=True, slots=True)
class SubmitterLine:
    """One submitter's week beside the one before: handoffs, and what receivers decided on them."""

    person: User
    submitted: int
    before: int
    acceptance: Shown


@dataclass(frozen=True, slots=True)
class Submissions:
    """How many handoffs of the week, and of the one before, by submitter; the week's by type."""

    submitted: Mapping[int, int]
    before: Mapping[int, int]
    types: Mapping[str, int]


def receiver_lines(
    user: User, frame: WeekFrame, *, now: datetime, decisions: Sequence[Decisions] | None = None
) -> tuple[ReceiverLine, ...]:
    """In the order of their names; the decisions are read where they are not given."""
    row = frame.row
    found = week_decisions(user, row, now=now) if decisions is None else decisions
    legs = tally_of(found, lambda one: one.receiver)
    clocks = tally_by(due_clocks(user, row.start, row.end, now), "handoff_clock__leg__receiver")
    return tuple(
        _receiver_line(person, legs.get(person.pk, NOTHING), clocks.get(person.pk, NOTHING))
        for person in User.objects.filter(pk__in={*legs, *clocks})
    )


def _receiver_line(person: User, legs: Tally, clocks: Tally) -> ReceiverLine:
    decided = rate_of(ACCEPTANCE, legs)
    return ReceiverLine(
        person=person,
        accepted=decided.hits,
        rejected=decided.n - decided.hits,
        acceptance=show_rate(ACCEPTANCE, decided),
        attainment=show_rate(ATTAINMENT, rate_of(ATTAINMENT, clocks)),
    )


def submissions(user: User, frame: WeekFrame, *, now: datetime) -> Submissions:
    """The handoffs of both weeks in one query."""
    pair = frame.pair
    rows = SOURCES[HANDOFFS.key](user, pair.start, pair.end, now)
    is_now = Case(
        When(submitted_at__gte=frame.row.start, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    counted = (
        rows.filter(outcome__in=HANDOFFS.keys(Counts.HIT))
        .order_by()
        .annotate(is_now=is_now)
        .values_list("submitted_by", "type__name", "is_now")
        .annotate(rows=Count("*"))
    )
    submitted: Counter[int] = Counter()
    before: Counter[int] = Counter()
    types: Counter[str] = Counter()
    for person, name, in_this_week, n in counted:
        (submitted if in_this_week else before)[person] += n
        if in_this_week:
            types[name] += n
    return Submissions(submitted, before, types)


def submitter_lines(
    found: Submissions, decisions: Iterable[Decisions]
) -> tuple[SubmitterLine, ...]:
    """In the order of their names."""
    legs = tally_of(decisions, lambda one: one.submitter)
    return tuple(
        SubmitterLine(
            person=person,
            submitted=found.submitted.get(person.pk, 0),
            before=found.before.get(person.pk, 0),
            acceptance=show_rate(ACCEPTANCE, rate_of(ACCEPTANCE, legs.get(person.pk, NOTHING))),
        )
        for person in User.objects.filter(pk__in={*legs, *found.before, *found.submitted})
    )
