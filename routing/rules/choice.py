"""Who is picked: the one place that knows every strategy of a pool and who goes before it.

Those at work are asked before those who are not, in every pool: one that does not look at hours
seats everybody as at work, and one that requires them seats nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routing.rules.rotation import Pick, Seat, pick

LEAST_LOADED = "least_loaded"


def choose(strategy: str, seats: Iterable[Seat], firsts: Sequence[int] = ()) -> Pick | None:
    """Decide who is next; None where there is no seat.

    `firsts` are user ids: the first of them who is seated, at work or not, is picked before the
    strategy decides. The candidates are those who are at work where anybody is, and whoever goes
    first.
    """
    present = tuple(seats)
    seated = {seat.user_id for seat in present}
    first = next((user_id for user_id in firsts if user_id in seated), None)
    at_work = any(seat.is_at_work for seat in present)
    candidates = [
        seat for seat in present if seat.is_at_work or not at_work or seat.user_id == first
    ]
    if strategy == LEAST_LOADED:
        return _fewest_open(candidates, first)
    return pick(candidates, first)


def _fewest_open(seats: Sequence[Seat], first: int | None) -> Pick | None:
    """Whoever has the fewest open leads for their weight; nobody gains or pays any credit.

    Equally few: whoever waited longest since the last turn, then the lower member id.
    """
    if not seats:
        return None
    chosen = next((seat for seat in seats if seat.user_id == first), None) or min(
        seats, key=lambda seat: (seat.open_count / seat.weight, seat.last_picked, seat.member_id)
    )
    total = sum(seat.weight for seat in seats)
    return Pick(chosen, total, tuple(seats), is_paid=False)
