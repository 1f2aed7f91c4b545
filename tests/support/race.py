"""Functions that race each other in real processes, each with a connection of its own."""

import importlib
import multiprocessing
import os
import queue
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import Any

from tests.support.processes import child_environment, database_url

BROKEN = "BrokenBarrierError"
# Twenty interpreters on two busy cores take a while, and so does what they do.
LINE_UP_SECONDS = 200
RACE_SECONDS = 240


class Racer:
    """What a racing function is given beside its arguments: the gate that all start through."""

    def __init__(self, barrier: Any) -> None:
        self._barrier = barrier

    def line_up(self, seconds: float = LINE_UP_SECONDS) -> None:
        """Wait until every racer has come this far, then go at once."""
        self._barrier.wait(seconds)


def race(
    function: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    *,
    seconds: float = RACE_SECONDS,
) -> list[Any]:
    """Run ``function(racer, *arguments[i])`` in one process each; their results in that order.

    The function must stand at the top of an importable module. Raises what any racer raised.
    """
    environment = racer_environment()
    context = _context(environment)
    barrier = context.Barrier(len(arguments))
    results = context.Queue()
    racers = [
        context.Process(
            target=_child,
            args=(n, environment, function.__module__, function.__name__, own, barrier, results),
            daemon=True,
        )
        for n, own in enumerate(arguments)
    ]
    for racer in racers:
        racer.start()
    try:
        return _collect(results, len(racers), seconds)
    finally:
        for racer in racers:
            racer.join(10)
            if racer.is_alive():
                racer.kill()


def racer_environment() -> dict[str, str]:
    """On the tests' own settings: a racer waits for the others' locks as long as it takes."""
    url = database_url()
    settings = "config.settings.test"
    return child_environment(DJANGO_SETTINGS_MODULE=settings, TEST_DATABASE_URL=url)


# What the process was started with from which racers are forked.
_prepared: dict[str, str] = {}


def _context(environment: dict[str, str]) -> Any:
    """Where racers come from: a process that has Django ready and no connection, where it fits.

    It is started once; to start an interpreter for each racer takes longer than most races.
    """
    if not _prepared:
        forkserver.set_forkserver_preload(["tests.support.race_ready"])
        with _only(environment):
            forkserver.ensure_running()
        _prepared.update(environment)
    return multiprocessing.get_context("forkserver" if environment == _prepared else "spawn")


@contextmanager
def _only(environment: dict[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _collect(results: Any, expected: int, seconds: float) -> list[Any]:
    found: dict[int, Any] = {}
    until = time.monotonic() + seconds
    while len(found) < expected:
        try:
            n, failed, value = results.get(timeout=max(0.1, until - time.monotonic()))
        except queue.Empty:
            missing = sorted(set(range(expected)) - set(found))
            raise AssertionError(f"racers {missing} did not finish in {seconds} s") from None
        if failed and BROKEN not in value:
            raise AssertionError(f"racer {n} failed:\n{value}")
        # A racer that was left waiting fails too; what made the first one fail is the news.
        found[n] = value
    left = [value for value in found.values() if isinstance(value, str) and BROKEN in value]
    if left:
        raise AssertionError(f"racers did not keep together:\n{left[0]}")
    return [found[n] for n in range(expected)]


def _child(
    n: int,
    environment: dict[str, str],
    module: str,
    name: str,
    arguments: tuple[Any, ...],
    barrier: Any,
    results: Any,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    try:
        import django

        django.setup()
        function = getattr(importlib.import_module(module), name)
        results.put((n, False, function(Racer(barrier), *arguments)))
    except BaseException:  # noqa: BLE001  # whatever it was, the parent must hear of it
        barrier.abort()
        results.put((n, True, traceback.format_exc()))
