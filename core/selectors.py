"""How the background loops are doing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from core.loops import Loop, registered_loops
from core.models import Heartbeat

# A slow loop may miss two of its turns before anybody is told.
STALE_PERIODS = 3


@dataclass(frozen=True, slots=True)
class LoopState:
    """`age_seconds` is the time since the last completed tick; None means never."""

    name: str
    about: str
    every: timedelta
    worker: str
    age_seconds: float | None
    is_stale: bool
    last_error: str
    last_error_at: datetime | None


def loop_states(
    now: datetime,
    loops: Iterable[Loop] | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> list[LoopState]:
    """The state of every registered loop at `now`, in the order of their names; one query."""
    beats = {beat.loop: beat for beat in Heartbeat.objects.using(using).all()}
    chosen = registered_loops() if loops is None else loops
    return [
        _state(loop, beats.get(loop.name), now)
        for loop in sorted(chosen, key=lambda loop: loop.name)
    ]


def late_loops(now: datetime, *, up_for: float, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The names of the loops that stand still at `now`; one query.

    `up_for` is for how many seconds the process that asks has been up: a loop that never ticked
    is late only after a while, for a new installation, or a new loop, has to begin some time.
    """
    beats = dict(Heartbeat.objects.using(using).values_list("loop", "at"))
    is_settled = up_for > settings.LOOP_GRACE_SECONDS

    def is_late(loop: Loop) -> bool:
        at = beats.get(loop.name)
        return is_settled if at is None else (now - at).total_seconds() > limit_seconds(loop)

    return sorted(loop.name for loop in registered_loops() if is_late(loop))


def limit_seconds(loop: Loop) -> float:
    """So long after its last tick a loop counts as late."""
    return max(settings.LOOP_STALE_SECONDS, STALE_PERIODS * loop.every.total_seconds())


def _state(loop: Loop, beat: Heartbeat | None, now: datetime) -> LoopState:
    age = (now - beat.at).total_seconds() if beat is not None and beat.at is not None else None
    return LoopState(
        name=loop.name,
        about=loop.about,
        every=loop.every,
        worker=beat.worker if beat is not None else "",
        age_seconds=age,
        is_stale=age is None or age > limit_seconds(loop),
        last_error=beat.last_error if beat is not None else "",
        last_error_at=beat.last_error_at if beat is not None else None,
    )
