"""Measures the engines against raw SQL, side by side in one run, and prints one table.

    python -m tests.bench [name ...]

Every `bench_*.py` beside this file has a `run(context)` that yields figures. Each runs on a
database of its own, on the server of TEST_DATABASE_URL or on one started for the occasion with
every commit on disk. Without PostgreSQL nothing is measured, and the output says so.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from tests.bench.figures import Context, Figure, table
from tests.support.servers import find_postgresql, postgresql

FOLDER = Path(__file__).resolve().parent
MISSED = 1


def main(names: list[str]) -> int:
    modules = [path.stem for path in sorted(FOLDER.glob("bench_*.py"))]
    chosen = [module for module in modules if not names or module.removeprefix("bench_") in names]
    began = time.monotonic()

    def say(text: str) -> None:
        write(f"[{time.monotonic() - began:4.0f} s] {text}")

    with server() as url:
        if url is None:
            write("left out: everything: no PostgreSQL programs found, no TEST_DATABASE_URL set")
            return 0
        figures: list[Figure] = []
        for module in chosen:
            # Each on an empty one: what one leaves behind is work for another's programs.
            with own_database(url) as own:
                say(module)
                context = prepare(own, say)
                figures += importlib.import_module(f"tests.bench.{module}").run(context)
                close_connections()
    write(f"\n{table(figures)}\n\ntook {time.monotonic() - began:.0f} s")
    return MISSED if any(figure.verdict == "MISSED" for figure in figures) else 0


def write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def server() -> Iterator[str | None]:
    named, programs = os.environ.get("TEST_DATABASE_URL"), find_postgresql()
    if named or programs is None:
        yield named
        return
    with postgresql(programs, durable=True) as started:
        yield started.url


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """A new empty database on that server, dropped at the end; no statement is cut short."""
    import psycopg
    from psycopg import sql

    name = f"handoff_bench_{os.getpid()}"
    identifier = sql.Identifier(name)
    with psycopg.connect(in_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        try:
            yield in_database(url, name, options="-c statement_timeout=0 -c jit=off")
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def in_database(url: str, name: str, **extra: str) -> str:
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(unquote(parts.query))), **extra}).replace("+", "%20")
    return urlunsplit(parts._replace(path=f"/{name}", query=query))


def prepare(url: str, say: Callable[[str], None]) -> Context:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": url,
    }
    os.environ.update(environment)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return Context(environment, say)


def close_connections() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
