"""Database addresses to Django's DATABASES entries."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config.env import EnvironmentProblem, port_of

SQLITE_WAIT_SECONDS = 20
POSTGRESQL_LOCK_TIMEOUT = "5s"
POSTGRESQL_STATEMENT_TIMEOUT = "15s"
CONNECTION_MAX_AGE_SECONDS = 60

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL


def database(url: str, default_file: Path) -> dict[str, Any]:
    """The DATABASES entry for `url`; without one, a SQLite file.

    `sqlite:////absolute/file` or `postgresql://user:password@host:port/name`. Query parameters
    of a PostgreSQL address go to libpq, so `?host=/run/postgresql` names a socket's folder.
    """
    if not url:
        return sqlite(default_file)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        if not parts.path.startswith("//"):
            raise EnvironmentProblem("DATABASE_URL: a SQLite address is sqlite:////absolute/file")
        return sqlite(Path(unquote(parts.path[1:])))
    if parts.scheme in ("postgresql", "postgres"):
        return postgresql(url)
    raise EnvironmentProblem("DATABASE_URL must begin with postgresql:// or sqlite:////")


def sqlite(file: Path) -> dict[str, Any]:
    # In Django's default mode a write after a read fails at once when another process writes,
    # whatever the timeout; IMMEDIATE takes the write lock first and waits. NORMAL could lose
    # the last commits when the power fails, so FULL. Without recursive triggers, a REPLACE would
    # remove rows past the triggers that guard them.
    return {
        "ENGINE": "config.sqlite3",
        "NAME": str(file),
        # Kept open: whoever closes the file last removes what readers share beside it, and on a
        # full disk nobody could make that anew, so that no page could be read.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_WAIT_SECONDS,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA recursive_triggers=ON;"
            ),
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(port_of(parts, "DATABASE_URL") or "")
    # A statement that waits must fail while its request still has somebody to answer.
    options.setdefault(
        "options",
        f"-c lock_timeout={POSTGRESQL_LOCK_TIMEOUT}"
        f" -c statement_timeout={POSTGRESQL_STATEMENT_TIMEOUT}"
        # Compiling a plan takes longer than running any of ours.
        " -c jit=off",
    )
    options.setdefault("connect_timeout", 5)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": CONNECTION_MAX_AGE_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
