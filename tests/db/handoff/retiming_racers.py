"""What the racing processes of the test of re-timing do. Imported by each of them anew."""

from datetime import datetime

from tests.support.race import Racer


def take_part(
    racer: Racer, side: str, user_id: int, handoff_ids: list[int], times: list[datetime]
) -> int:
    """Accept, re-time or sweep each handoff at its instant; how often this side did something."""
    from accounts.models import User
    from handoff.models import Handoff, HandoffClock
    from handoff.selectors.retiming import retimings
    from handoff.services import accept_handoff
    from handoff.services.retiming import retime_clocks
    from sla.rules.retiming import Scope
    from sla.services import fire_due_steps

    by, done = User.objects.get(pk=user_id), 0
    for n, (pk, at) in enumerate(zip(handoff_ids, times, strict=True)):
        links = HandoffClock.objects.filter(handoff=pk, is_current=True)
        ids = list(links.values_list("clock_id", flat=True))
        racer.line_up()
        if side == "accept":
            # As much work as re-timing has before its lock, or less or more: so that they meet.
            for _ in range(n % 4):
                retimings(ids, Scope(), at)
            accept_handoff(Handoff(pk=pk), by=by, now=at)
            done += 1
        elif side == "retime":
            done += len(retime_clocks(ids, Scope(), by, at))
        else:
            done += fire_due_steps(at)
    return done
