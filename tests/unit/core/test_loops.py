from datetime import UTC, datetime, timedelta

import pytest

from core import loops
from core.loops import ClockWatch, Loop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_register_makes_a_loop_known_and_refuses_its_name_again(monkeypatch):
    monkeypatch.setattr(loops, "_loops", {})
    loop = Loop("app.work", timedelta(seconds=1), lambda now: 0)

    assert loops.register(loop) is loop
    assert loops.registered_loops() == (loop,)
    with pytest.raises(ValueError, match=r"app\.work is registered twice"):
        loops.register(loop)


def jump_after(*, wall: float, monotonic: float) -> timedelta | None:
    """What a second reading tells after so many seconds by either clock."""
    watch = ClockWatch()
    assert watch.jump(NOON, 100.0) is None
    return watch.jump(NOON + timedelta(seconds=wall), 100.0 + monotonic)


@pytest.mark.parametrize(
    ("wall", "monotonic"), [(1, 1), (61, 1), (-59, 1), (3_600, 3_600), (3_660, 3_600)]
)
def test_jump_of_a_minute_or_less_is_no_news(wall, monotonic):
    assert jump_after(wall=wall, monotonic=monotonic) is None


@pytest.mark.parametrize(
    ("wall", "monotonic", "by"), [(3_601, 1, 3_600), (61.5, 1, 60.5), (-3_599, 1, -3_600)]
)
def test_jump_of_more_than_a_minute_is_told_with_its_direction(wall, monotonic, by):
    assert jump_after(wall=wall, monotonic=monotonic) == timedelta(seconds=by)


def test_jump_is_told_once_and_counted_from_there():
    watch = ClockWatch()
    watch.jump(NOON, 0)
    assert watch.jump(NOON + timedelta(hours=2), 1) is not None
    assert watch.jump(NOON + timedelta(hours=2, seconds=5), 6) is None


def test_jump_passes_over_a_reading_that_is_handed_in_late():
    """One loop read before the jump, and another was first to tell of it."""
    watch = ClockWatch()
    watch.jump(NOON, 10)
    assert watch.jump(NOON + timedelta(hours=1), 12) == timedelta(hours=1, seconds=-2)
    assert watch.jump(NOON, 11) is None
    assert watch.jump(NOON + timedelta(hours=1, seconds=1), 13) is None
