"""Real deals as picks: who would have got them by rotation, beside who had them.

    DEALS_CSV=closed_deals.csv python -m tests.bench deals

The file has a line per deal with the columns `mql_id`, `sr_id` (who had it) and `won_date`
(DD-MM-YYYY HH:MM). That of Olist's public marketing funnel (Kaggle, CC BY-NC-SA 4.0) has 842 deals
of 22 receivers; it is no part of this project. Each deal is one pick at its own time among all who
are not away, by the rule that the router uses. Without the file nothing is replayed.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from routing.rules import Seat, choose, seats_after
from tests.bench.figures import Context, Figure

FORMAT = "%d-%m-%Y %H:%M"
ROTATION = "weighted_round_robin"
AWAY, DOUBLE = 3, 2


@dataclass(frozen=True, slots=True)
class Deal:
    at: datetime
    receiver: str


@dataclass(slots=True)
class Distribution:
    """Who got how many, and how many each was due of the picks that they were there for."""

    name: str
    received: Counter[str] = field(default_factory=Counter)
    expected: dict[str, float] = field(default_factory=dict)

    @property
    def spread(self) -> int:
        """The most less the fewest."""
        counts = [self.received[one] for one in self.expected]
        return max(counts) - min(counts)

    @property
    def deviation(self) -> float:
        """The furthest that anybody is from what they were due, in deals."""
        return max(abs(self.received[one] - due) for one, due in self.expected.items())

    @property
    def counts(self) -> list[int]:
        return sorted((self.received[one] for one in self.expected), reverse=True)


def run(context: Context) -> Iterator[Figure]:
    path = os.environ.get("DEALS_CSV")
    if not path:
        context.say("left out: no file of deals named by DEALS_CSV")
        return
    deals = read(Path(path))
    before, rotated, changed = distributions(deals)
    for one in (before, rotated, changed):
        context.say(f"{one.name}: {', '.join(map(str, one.counts))}")
    yield Figure("deals as they were: most less fewest", before.spread, note=told(before))
    yield Figure("the same by rotation", rotated.spread, must=1, at_most=True, note=told(rotated))
    yield Figure(
        "with three away and one double: furthest from the due share",
        changed.deviation,
        must=2,
        reach=1.25,
        at_most=True,
        note=told(changed),
    )


def told(one: Distribution) -> str:
    counts = one.counts
    return f"{counts[0]} to {counts[-1]}, {one.deviation:.2f} from the due share at most"


def read(path: Path) -> list[Deal]:
    """The deals in the order in which they were won; of the same minute, as in the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            Deal(datetime.strptime(row["won_date"], FORMAT), row["sr_id"])  # noqa: DTZ007  # one zone
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda deal: deal.at)


def distributions(deals: Sequence[Deal]) -> tuple[Distribution, Distribution, Distribution]:
    """As it was; by rotation; and by rotation with people away and one who counts double.

    The three are away for the whole of the month with the most deals, when it matters most.
    """
    people = sorted({deal.receiver for deal in deals})
    months = Counter((deal.at.year, deal.at.month) for deal in deals)
    busiest = months.most_common(1)[0][0]
    before = Distribution("as they were", Counter(deal.receiver for deal in deals))
    before.expected = dict.fromkeys(people, len(deals) / len(people))
    away = dict.fromkeys(people[:AWAY], busiest)
    weights = dict.fromkeys(people, 1) | {people[AWAY]: DOUBLE}
    return (
        before,
        replayed("by rotation", deals, dict.fromkeys(people, 1), {}),
        replayed("by rotation, three away for a month, one double", deals, weights, away),
    )


def replayed(
    name: str,
    deals: Sequence[Deal],
    weights: Mapping[str, int],
    away: Mapping[str, tuple[int, int]],
) -> Distribution:
    """Pick for each deal at its time; `away` says in which year and month somebody is."""
    names = dict(enumerate(weights, start=1))
    seats = {n: Seat(member_id=n, user_id=n, weight=weights[who]) for n, who in names.items()}
    found = Distribution(name, expected=dict.fromkeys(weights, 0.0))
    for number, deal in enumerate(deals, start=1):
        month = (deal.at.year, deal.at.month)
        there = [n for n, who in names.items() if away.get(who) != month]
        choice = choose(ROTATION, [seats[n] for n in there])
        if choice is None:
            continue
        found.received[names[choice.seat.user_id]] += 1
        for seat in choice.candidates:
            found.expected[names[seat.user_id]] += seat.weight / choice.total
        seats = {n: replace(seat, has_returned=True) for n, seat in seats.items()} | {
            seat.member_id: seat for seat in seats_after(choice, number)
        }
    return found
