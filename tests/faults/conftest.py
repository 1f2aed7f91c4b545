"""Ends a run in a table: each fault, where, what was injected, what held, the time of recovery."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from tests.support import recovery
from tests.support.servers import PostgreSQL, find_postgresql

HEAD = ("fault", "database", "injected", "held", "recovered", "")
DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Line:
    """One test of one fault, as it ended."""

    fault: str
    injected: str
    held: str
    seconds: float | None
    outcome: str

    @property
    def order(self) -> tuple[int, str, str]:
        number = re.search(r"\d+", self.fault)
        return int(number[0]) if number else 0, self.fault, self.injected

    @property
    def cells(self) -> tuple[str, ...]:
        recovered = "" if self.seconds is None else f"{self.seconds:.1f} s"
        database = DATABASES[connection.vendor]
        return (self.fault, database, self.injected, self.held, recovered, self.outcome)


_lines: list[Line] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    recovery.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    found = item.get_closest_marker("fault")
    if found is not None and (report.when == "call" or report.failed):
        fault, injected = found.args
        case = getattr(item, "callspec", None)
        which = f": {case.id.replace('_', ' ')}" if case is not None else ""
        _lines.append(
            Line(
                fault=fault,
                injected=injected + which,
                held=found.kwargs["held"],
                seconds=recovery.longest(),
                outcome="held" if report.passed else "BROKEN",
            )
        )
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _lines:
        return
    rows = [HEAD, *(line.cells for line in sorted(_lines, key=lambda line: line.order))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    terminalreporter.section("faults")
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line("  ".join(cells).rstrip())


@pytest.fixture
def own_postgresql() -> Generator[PostgreSQL, None, None]:
    """A server that a test may stop, with every commit on disk."""
    programs = find_postgresql()
    if programs is None:
        pytest.skip("no PostgreSQL programs found to stop and start")
    server = PostgreSQL(programs, durable=True)
    try:
        server.create()
        server.start()
        server.create_database()
        yield server
    finally:
        server.remove()
