"""The numbers of a review: the week's metrics for the people of a team, whoever looks."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from accounts.models import Membership, Team, User
from review.rules.metrics import METRICS, Metric, Unit
from review.rules.records import Number
from review.rules.tiles import rate_of, show
from review.selectors.figures import Figures, week_figures
from review.selectors.frame import WeekFrame
from review.selectors.people import receiver_lines
from review.selectors.scope import Crew


def people_of(team: Team | None) -> list[int] | None:
    """Whose rows a review counts, by id; None for everybody's."""
    if team is None:
        return None
    members = Membership.objects.filter(team=team).order_by("user_id")
    return list(members.values_list("user_id", flat=True))


def reader_of(people: Collection[int] | None) -> User:
    """Who reads the numbers of a review: nobody in person, so that everybody finds the same."""
    # It answers all that the sources ask of a reader.
    return cast("User", Crew(None if people is None else tuple(people)))


def numbers_of(
    people: Collection[int] | None, frame: WeekFrame, *, now: datetime
) -> tuple[Number, ...]:
    """Every metric of the week, in the order of the page."""
    figures = week_figures(reader_of(people), frame, now=now)
    return tuple(
        _number(metric, figures) for metric in METRICS.values() if metric.key in figures.tallies
    )


def numbers_by_receiver(
    people: Collection[int] | None, frame: WeekFrame, *, now: datetime
) -> list[dict[str, Any]]:
    """The lines of the receivers as plain values, with their names as they are now."""
    lines = receiver_lines(reader_of(people), frame, now=now)
    return [
        {
            "person": line.person.pk,
            "name": line.person.name,
            "accepted": line.accepted,
            "rejected": line.rejected,
            "acceptance": asdict(line.acceptance),
            "attainment": asdict(line.attainment),
        }
        for line in lines
    ]


def _number(metric: Metric, figures: Figures) -> Number:
    found = figures.tallies[metric.key]
    spread, mean = figures.spreads.get(metric.key), figures.means.get(metric.key)
    rate = rate_of(metric, found)
    parts: dict[str, Any] = {"n": rate.n}
    if metric.unit is Unit.PERCENT:
        parts |= {"numerator": rate.hits, "denominator": rate.n}
        shown = show(metric, found)
    elif spread is not None:
        parts = {"n": spread.n, "median": spread.median, "p90": spread.p90}
        shown = show(metric, found, spread=spread)
    else:
        if mean is not None:
            parts = {"n": mean.n, "numerator": mean.total}
        shown = show(metric, found, mean=mean)
    return Number(
        key=metric.key,
        label=metric.label,
        unit=metric.unit.value,
        dated_by=metric.dated_by,
        target=metric.target_words,
        value=shown.value,
        of=shown.of,
        detail=shown.detail,
        verdict=shown.verdict.words,
        tone=shown.verdict.tone.value,
        outcomes={key: count for key, count in found.items() if count},
        **parts,
    )
