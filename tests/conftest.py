"""Fixtures and rules for every test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from core import triggers
from tests.support.servers import find_browser

FOLDER_MARKS = ("e2e", "faults", "bench")
TESTS = Path(__file__).parent
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A busy machine is no defect of the code: the limit of a test is its timeout. New examples are
# looked for while one works; a gate must answer the same twice.
slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("handoff", **slow)
settings.register_profile("gate", **slow, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "handoff")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder is its mark."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in FOLDER_MARKS:
            item.add_marker(folder)


def pytest_runtest_setup(item: pytest.Item) -> None:
    on_postgresql = bool(os.environ.get("TEST_DATABASE_URL"))
    if item.get_closest_marker("postgresql") and not on_postgresql:
        pytest.skip("needs PostgreSQL")
    if item.get_closest_marker("sqlite") and on_postgresql:
        pytest.skip("about SQLite alone")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the runner what was skipped, so that it is said at the end."""
    path = os.environ.get("TEST_LEFT_OUT")
    skipped = terminalreporter.stats.get("skipped", [])
    if path and skipped:
        with Path(path).open("a", encoding="utf-8") as notes:
            for report in skipped:
                reason = report.longrepr[2] if report.longrepr else "skipped"
                notes.write(f"{report.nodeid}: {reason}\n")


@pytest.fixture(autouse=True, scope="session")
def _flush_past_triggers() -> Iterator[None]:
    """A test with real transactions ends by emptying every table, which append-only ones refuse."""
    flush = TransactionTestCase._fixture_teardown

    def flush_without_triggers(case: TransactionTestCase) -> None:
        with triggers.suspended():
            flush(case)

    TransactionTestCase._fixture_teardown = flush_without_triggers
    yield
    TransactionTestCase._fixture_teardown = flush


@pytest.fixture(autouse=True)
def _policies_read_anew() -> None:
    """A test that is rolled back frees its numbers, and time may stand still for all of them."""
    from sla.published import forget_policies

    forget_policies()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium: nothing is downloaded."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium found (set CHROMIUM to its path)")
    # Playwright's loop runs in the test's own thread, which Django takes for an async view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {**browser_type_launch_args, "executable_path": path, "args": BROWSER_ARGUMENTS}
