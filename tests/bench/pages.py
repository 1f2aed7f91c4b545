"""Measures the pages of everybody's day on SQLite, and prints one table.

    python -m tests.bench.pages [handoffs]

A database of its own is filled with that many handoffs, 100,000 unless said. Each page is asked
for by the roles that open it; its time is that of the processor, so that what else the machine
does hardly counts. "main" is the slowest of the page's queries, sent again by itself.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

HANDOFFS = 100_000
ROUNDS = 15
LIMIT_MS = 100
SCALE = 1_000
MANAGERS = "manager director admin"
EVERYBODY = f"sdr ae {MANAGERS}"


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as one person opens it; `row` names the row of the history that it is about."""

    title: str
    role: str
    name: str
    query: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of the processor, and how many queries."""

    visit: Visit
    queries: int
    median: float
    slowest: float
    main: float


def visits() -> Iterator[Visit]:
    yield from _of("Handoffs", EVERYBODY, "handoff:list")
    yield from _of("Handoffs, page 3", EVERYBODY, "handoff:list", "page=3")
    yield from _of("Handoffs, closed", EVERYBODY, "handoff:list", "status=closed")
    yield from _of("Handoffs, search for most", EVERYBODY, "handoff:list", "q=nordwind")
    yield from _of("Handoffs, search for few", EVERYBODY, "handoff:list", "q=nowhere")
    yield from _of("Leads", "sdr manager admin", "handoff:leads")
    yield from _of("New handoff", "sdr", "handoff:new")
    yield from _of("Draft", "sdr", "handoff:edit", row="draft")
    yield from _of("My queue", "ae", "handoff:queue")
    yield from _of("Handoff", MANAGERS, "handoff:detail", row="usual")
    yield from _of("Handoff, 100 touches", MANAGERS, "handoff:detail", row="long")
    yield from _of("Late now", MANAGERS, "handoff:late")
    yield from _of("Team", MANAGERS, "handoff:team")
    yield from _of("Contests", MANAGERS, "handoff:contests")
    yield from _of("Holding", MANAGERS, "handoff:holding")
    yield from _of("Stuck leads", f"ae {MANAGERS}", "handoff:stuck")
    yield from _of("Inbox", EVERYBODY, "notify:inbox")
    yield from _of("Weekly review", EVERYBODY, "review:week")
    yield from _of("Time off", EVERYBODY, "accounts:time_off")
    yield from _of("Events", "admin", "admin:handoff_event_changelist")
    yield from _of("Events of a kind", "admin", "admin:handoff_event_changelist", "kind=rejected")
    yield from _of("Transfers", "admin", "admin:handoff_transfer_changelist")
    yield from _of("Touches", "admin", "admin:handoff_touch_changelist")
    yield from _of("Turns", "admin", "admin:routing_turn_changelist")
    yield from _of("People", "admin", "admin:accounts_user_changelist", "is_active__exact=1")
    yield from _of("Pools", "admin", "admin:routing_pool_changelist")
    yield from _of("Pool", "manager admin", "admin:routing_pool_change", row="pool")


def _of(title: str, roles: str, name: str, query: str = "", row: str = "") -> Iterator[Visit]:
    query = query.replace("kind=", "kind__exact=")
    return (Visit(title, role, name, query, row) for role in roles.split())


def main(handoffs: int) -> int:
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        prepare(folder)
        import time_machine

        from tests.factories.handoff import NOW

        with time_machine.travel(NOW, tick=False):
            history = filled(handoffs)
            # As the web server does, which has not made a history before.
            gc.collect()
            gc.freeze()
            found = [measure(visit, history) for visit in visits()]
            close()
    say(f"\n{handoffs:,} handoffs on SQLite\n{table(found)}")
    slow = [one for one in found if one.median > LIMIT_MS]
    say(f"\n{len(slow)} of {len(found)} above {LIMIT_MS} ms")
    return 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def prepare(folder: str) -> None:
    os.environ.pop("TEST_DATABASE_URL", None)
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.test", DATA_DIR=folder)
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)


def filled(handoffs: int) -> Any:
    from django.db import connection

    from tests.bench.history import make_history

    began = time.monotonic()
    with connection.cursor() as cursor:
        # Nothing of it has to outlast a power cut, and it is written once.
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("PRAGMA cache_size = -400000")
    history = make_history(
        handoffs, lambda text: say(f"[{time.monotonic() - began:4.0f} s] {text}")
    )
    # From here on as an installation is run.
    connection.close()
    return history


def measure(visit: Visit, history: Any) -> Measured:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    row = getattr(history, visit.row) if visit.row else None
    address = reverse(visit.name, args=[row.pk] if row else [])
    address += f"?{visit.query}" if visit.query else ""
    client = Client()
    client.force_login(getattr(history, visit.role))

    def ask() -> Any:
        return client.get(address)

    status = ask().status_code
    if status != 200:
        raise AssertionError(f"{visit.title} for {visit.role}: {status} at {address}")
    with CaptureQueriesContext(connection) as captured:
        ask()
        sent = [query["sql"] for query in captured.captured_queries]
    taken = [milliseconds(ask) for _ in range(ROUNDS)]
    return Measured(
        visit,
        len(sent),
        statistics.median(taken),
        statistics.quantiles(taken, n=20)[-1],
        max(raw(sql) for sql in sent if sql.startswith("SELECT")),
    )


def raw(sql: str) -> float:
    """The query by itself, past all that makes rows of it; the quieter of two times."""
    from django.db import connection

    def fetch() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()

    return min(milliseconds(fetch) for _ in range(2))


def milliseconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return SCALE * (time.process_time() - began)


def close() -> None:
    from django.db import connections

    connections.close_all()


def table(found: list[Measured]) -> str:
    rows = [("page", "role", "queries", "median ms", "p95 ms", "main ms", "page / main")]
    rows += [
        (
            one.visit.title,
            one.visit.role,
            f"{one.queries}",
            f"{one.median:.0f}",
            f"{one.slowest:.0f}",
            f"{one.main:.1f}",
            f"{one.median / one.main:.1f}" if one.main > 0 else "",
        )
        for one in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else HANDOFFS))
