"""What the racing processes of these tests do. Imported by each of them anew."""

from datetime import datetime

from tests.support.race import Racer


def sweep_all(racer: Racer, now: datetime) -> int:
    """Sweep until nothing is due, and say how many clocks this process fired."""
    from sla.services import fire_due_steps

    racer.line_up()
    fired, empty = 0, 0
    # A batch comes back empty also while the others hold all that is due.
    while empty < 20:
        batch = fire_due_steps(now)
        fired += batch
        empty = 0 if batch else empty + 1
    return fired


def meet_or_sweep(racer: Racer, side: str, rounds: list[tuple[int, datetime]]) -> list[bool | int]:
    """One side meets each clock at its instant, the other sweeps at the very same instant."""
    from sla.models import Clock
    from sla.services import fire_due_steps, meet_clock

    outcomes: list[bool | int] = []
    for pk, at in rounds:
        racer.line_up()
        if side == "sweep":
            outcomes.append(fire_due_steps(at))
        else:
            outcomes.append(meet_clock(clock=Clock(pk=pk), at=at, now=at))
    return outcomes


def claim_all(racer: Racer, now: datetime) -> list[int]:
    """Claim until nothing is left, and say which escalations this process got."""
    from sla.services import claim_escalations

    racer.line_up()
    claimed: list[int] = []
    while True:
        batch = claim_escalations(now=now, limit=50)
        claimed += [escalation.pk for escalation in batch]
        if not batch:
            return claimed
