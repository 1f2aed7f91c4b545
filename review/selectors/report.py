"""The weekly review of one person: the numbers at the head, and all others by group."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.rules.policy import Action
from review.rules.figures import Rate, Spread
from review.rules.metrics import (
    ATTAINMENTS,
    FIRST_CONTACT,
    GROUPS,
    HANDOFFS,
    HEADLINE,
    Counts,
    Metric,
    Unit,
)
from review.rules.tiles import (
    Line,
    Tile,
    counted_words,
    rate_of,
    rate_tile,
    sentence,
    show,
    spread_tile,
)
from review.rules.weeks import Week
from review.selectors.decisions import week_decisions
from review.selectors.figures import Figures, week_figures
from review.selectors.frame import WeekFrame, week_frame
from review.selectors.people import (
    ReceiverLine,
    Submissions,
    SubmitterLine,
    receiver_lines,
    submissions,
    submitter_lines,
)
from review.selectors.rejections import Rejections, rejections
from review.selectors.scope import scope_words
from worktime.rules import duration_words

__all__ = ["Report", "Section", "WeekFrame", "week_frame", "weekly_report"]

LARGE = 3
"""How many of the numbers at the head are the ones that the review is about."""
_KINDS = {metric.key: kind for kind, metric in ATTAINMENTS.items()}


@dataclass(frozen=True, slots=True)
class Section:
    """One group of metrics, a line each; its numbers at the head of the page are not said again."""

    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows of a week."""

    frame: WeekFrame
    scope: str
    tiles: tuple[Tile, ...]
    beside: tuple[Tile, ...]
    sections: tuple[Section, ...]
    rejections: Rejections
    receivers: tuple[ReceiverLine, ...]
    submitters: tuple[SubmitterLine, ...]
    is_empty: bool
    sees_shares: bool


def weekly_report(user: User, frame: WeekFrame, *, now: datetime) -> Report:
    """The person's numbers; the count of queries does not depend on the rows."""
    figures = week_figures(user, frame, now=now)
    decided = week_decisions(user, frame.row, now=now)
    submitted = submissions(user, frame, now=now)
    receivers = receiver_lines(user, frame, now=now, decisions=decided)
    submitters = submitter_lines(submitted, decided)
    people = {line.person.pk: line.person for line in receivers}
    people |= {line.person.pk: line.person for line in submitters}
    tiles = tuple(_tile(metric, figures, frame) for metric in HEADLINE)
    return Report(
        frame=frame,
        scope=scope_words(user),
        tiles=tiles[:LARGE],
        beside=tiles[LARGE:],
        sections=tuple(
            Section(group.key, group.title, _lines(group.metrics, figures, _types(submitted)))
            for group in GROUPS
        ),
        rejections=rejections(decided, people),
        receivers=receivers,
        submitters=submitters,
        is_empty=not any(figures.tallies.values()),
        sees_shares=user.may(Action.SHARES_READ),
    )


def _tile(metric: Metric, figures: Figures, frame: WeekFrame) -> Tile:
    trend, notes = figures.trends[metric.key], _notes(metric, figures)
    if metric.unit is Unit.PERCENT:
        rates: dict[Week, Rate] = {week: rate_of(metric, one) for week, one in trend.items()}
        return rate_tile(metric, rates, notes, frame.week)
    return spread_tile(metric, trend, notes, frame.week)


def _lines(metrics: tuple[Metric, ...], figures: Figures, types: str) -> tuple[Line, ...]:
    """A clock that no policy starts has no line."""
    return tuple(
        Line(
            metric,
            show(
                metric,
                figures.tallies[metric.key],
                spread=figures.spreads.get(metric.key, Spread(0, None, None)),
                mean=figures.means.get(metric.key),
            ),
            tuple(
                note
                for note in (types if metric is HANDOFFS else "", *_notes(metric, figures))
                if note
            ),
        )
        for metric in metrics
        if (metric.key in _KINDS and figures.tallies[metric.key])
        or (metric.key not in _KINDS and metric not in HEADLINE)
    )


def _notes(metric: Metric, figures: Figures) -> tuple[str, ...]:
    """What stands beside the number: what it is made of, who waits, and what is left out."""
    found = figures.tallies[metric.key]
    if metric.unit in (Unit.SECONDS, Unit.DAYS):
        return (*_waiting(metric, found), _wall(figures.wall) if metric is FIRST_CONTACT else "")
    parts = [figures.late.words(_KINDS[metric.key])] if metric.key in _KINDS else []
    if metric.unit is Unit.PERCENT and len(metric.keys(Counts.AGAINST)) > 1:
        parts.append(sentence("", counted_words(metric, found, Counts.AGAINST)))
    return (*parts, sentence("Left out: ", counted_words(metric, found, Counts.APART)))


def _waiting(metric: Metric, found: Counter[str]) -> tuple[str, str]:
    waiting = Counter({key: found[key] for key in ("waiting", "open") if key in found})
    ended = Counter({key: n for key, n in found.items() if key not in waiting})
    return (
        sentence("", counted_words(metric, waiting, Counts.APART)),
        sentence("Left out: ", counted_words(metric, ended, Counts.APART)),
    )


def _wall(wall: Spread) -> str:
    if wall.is_few or wall.median is None or wall.p90 is None:
        return ""
    median, slowest = duration_words(wall.median), duration_words(wall.p90)
    return f"By the wall clock {median}, slowest tenth over {slowest}."


def _types(found: Submissions) -> str:
    """As in "12 Qualified lead, 3 Hot lead", the most frequent first."""
    counted = sorted(found.types.items(), key=lambda one: (-one[1], one[0]))
    return sentence("", ", ".join(f"{n} {name}" for name, n in counted))
