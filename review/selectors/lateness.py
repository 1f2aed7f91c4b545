"""By how much clocks were missed."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from review.rules.figures import NOTHING, Spread, spread
from review.rules.tiles import sentence
from sla.models import Clock, Target
from sla.rules.pace import Pace
from sla.selectors import pace_of
from worktime.models import CalendarVersion
from worktime.rules import duration_words


class Lateness:
    """The misses of a week by kind of clock: by how much each that has stopped was late."""

    def __init__(self, missed: QuerySet[Any]) -> None:
        """`missed` are clocks; what is read of them is constant in the number of queries."""
        self.late: dict[str, list[float]] = defaultdict(list)
        self.running: dict[str, int] = defaultdict(int)
        rows = list(
            missed.order_by().values_list(
                "kind", "due_at", "met_at", "cancelled_at", "target_id", "calendar_version_id"
            )
        )
        targets = Target.objects.in_bulk({row[4] for row in rows})
        versions = CalendarVersion.objects.in_bulk({row[5] for row in rows})
        paces: dict[tuple[int, int], Pace] = {}
        for kind, due_at, met_at, cancelled_at, target, version in rows:
            stop = met_at or cancelled_at
            if stop is None:
                self.running[kind] += 1
                continue
            if (target, version) not in paces:
                paces[target, version] = pace_of(targets[target], versions[version])
            self.late[kind].append(paces[target, version].left(due_at, stop).total_seconds())

    def of(self, kind: str) -> Spread:
        return spread(self.late[kind]) if kind in self.late else NOTHING

    def words(self, kind: str) -> str:
        """In a sentence, the misses that still run beside."""
        running = self.running.get(kind, 0)
        still = f"{running} of the misses still {'waits' if running == 1 else 'wait'} to be met"
        parts = [sentence("", _median(self.of(kind))), sentence("", still if running else "")]
        return " ".join(parts).strip()


def _median(late: Spread) -> str:
    if late.median is None:
        return ""
    if late.is_few:
        count = f"{late.n} miss was" if late.n == 1 else f"{late.n} misses were"
        return f"{count} stopped late, too few for a median"
    return f"Misses late by {duration_words(late.median)}, median of {late.n}"


def lateness(pace: Pace, clock: Clock, stop: datetime) -> float:
    """Seconds from due to stop, in working time unless the target runs around the clock."""
    return pace.left(clock.due_at, stop).total_seconds()


def stopped_at(clock: Clock) -> datetime | None:
    """When the clock was met or cancelled; None while it runs."""
    return clock.met_at or clock.cancelled_at
