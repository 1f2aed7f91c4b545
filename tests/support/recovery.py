"""How long it took, in the running test, until everything was as it should be again."""

_seconds: list[float] = []


def begin() -> None:
    """Forget what an earlier test has noted."""
    _seconds.clear()


def note(seconds: float) -> None:
    """Keep how long one recovery took, from the healing of the fault on."""
    _seconds.append(seconds)


def longest() -> float | None:
    return max(_seconds, default=None)
