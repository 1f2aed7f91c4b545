"""The environment, read once and typed: the only module that looks at environment variables.

Every variable has a safe default, except the secret key in production. Durations are in
seconds; `TIME_SCALE` multiplies those that only bound waiting, so that a fault run can go
through an hour's worth of leases and backoff in minutes.
"""

import fcntl
import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

import environ

PROJECT_DIR = Path(__file__).resolve().parent.parent
SECRET_BYTES = 48
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Kind = Literal["dev", "test", "prod"]


class EnvironmentProblem(Exception):
    """A variable is missing or has a value that cannot work; the message names it and the fix."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the outside world decides about one process."""

    kind: Kind
    debug: bool
    data_dir: Path
    secret_key: str
    secret_key_fallbacks: list[str]
    host: str
    port: int
    site_url: str
    allowed_hosts: list[str]
    trusted_proxies: int
    database_url: str
    redis_url: str
    email_url: str
    email_from: str
    slack_hosts: list[str]
    dead_man_url: str
    log_format: str
    log_level: str
    web_workers: int
    web_threads: int
    task_workers: int
    time_scale: float
    demo_weeks: int


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Raise EnvironmentProblem, in one sentence, for the first variable that cannot work.

    Which defaults hold is said by DJANGO_SETTINGS_MODULE: config.settings.dev, test or prod.
    """
    env = environ.Env()
    env.ENVIRON = dict(os.environ if variables is None else variables)
    try:
        return _read(_kind(env), env)
    except (ValueError, environ.ImproperlyConfigured) as error:
        raise EnvironmentProblem(f"the environment cannot be read: {error}") from error


def _kind(env: Any) -> Kind:
    module: str = env.str("DJANGO_SETTINGS_MODULE", default="config.settings.dev")
    for kind in get_args(Kind):
        if module == f"config.settings.{kind}":
            return kind  # type: ignore[no-any-return]  # get_args forgets the Literal
    raise EnvironmentProblem(f"DJANGO_SETTINGS_MODULE must be config.settings.prod, not {module!r}")


def _read(kind: Kind, env: Any) -> Environment:
    data_dir = Path(env.str("DATA_DIR", default=str(PROJECT_DIR / "data"))).expanduser().resolve()
    port = _port(env)
    site_url = env.str("SITE_URL", default=f"http://localhost:{port}").rstrip("/")
    site_host = urlsplit(site_url).hostname
    if not site_host:
        raise EnvironmentProblem(f"SITE_URL must be a full address, not {site_url!r}")
    local_hosts = [] if kind == "prod" else ["localhost", "127.0.0.1", "[::1]", "testserver"]
    return Environment(
        kind=kind,
        debug=env.bool("DEBUG", default=False),
        data_dir=data_dir,
        secret_key=env.str("SECRET_KEY", default="") or _secret_key(kind, data_dir),
        secret_key_fallbacks=env.list("SECRET_KEY_FALLBACKS", default=[]),
        host=env.str("HOST", default="127.0.0.1"),
        port=port,
        site_url=site_url,
        allowed_hosts=env.list("ALLOWED_HOSTS", default=[]) or [site_host, *local_hosts],
        trusted_proxies=_count(env, "TRUSTED_PROXIES", 0),
        database_url=env.str("DATABASE_URL", default=""),
        redis_url=env.str("REDIS_URL", default=""),
        email_url=env.str("EMAIL_URL", default="" if kind == "prod" else "file:"),
        email_from=env.str("EMAIL_FROM", default=f"handoff@{site_host}"),
        slack_hosts=env.list("NOTIFY_SLACK_HOSTS", default=["hooks.slack.com"]),
        dead_man_url=env.str("DEAD_MAN_URL", default="").strip(),
        log_format=_one_of(env, "LOG_FORMAT", "json" if kind == "prod" else "text", "json", "text"),
        log_level=_one_of(env, "LOG_LEVEL", "INFO", *LOG_LEVELS),
        web_workers=int(_positive(env, "WEB_WORKERS", 2)),
        web_threads=int(_positive(env, "WEB_THREADS", 4)),
        task_workers=int(_positive(env, "TASK_WORKERS", 2)),
        time_scale=_positive(env, "TIME_SCALE", 1.0),
        demo_weeks=int(_positive(env, "DEMO_WEEKS", 12)),
    )


def _port(env: Any) -> int:
    text = env.str("PORT", default="8000")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise EnvironmentProblem(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _positive(env: Any, name: str, default: float) -> float:
    text = env.str(name, default=str(default))
    try:
        number = type(default)(text)
    except ValueError:
        number = 0
    if not 0 < number < math.inf:
        raise EnvironmentProblem(f"{name} must be a number above 0, not {text!r}")
    return number


def _count(env: Any, name: str, default: int) -> int:
    text = env.str(name, default=str(default))
    if not text.isascii() or not text.isdigit():
        raise EnvironmentProblem(f"{name} must be a whole number, not {text!r}")
    return int(text)


def port_of(parts: SplitResult, name: str) -> int | None:
    """The port in an address; the variable that holds the address is named when it is none."""
    try:
        return parts.port
    except ValueError as error:
        raise EnvironmentProblem(f"{name} must have a port from 0 to 65535") from error


def _one_of(env: Any, name: str, default: str, *allowed: str) -> str:
    value: str = env.str(name, default=default)
    found = next((one for one in allowed if one.lower() == value.lower()), None)
    if found is None:
        raise EnvironmentProblem(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return found


def _secret_key(kind: Kind, data_dir: Path) -> str:
    """Outside production a key is made once and kept in the data folder, so sessions survive."""
    if kind == "prod":
        raise EnvironmentProblem(
            "SECRET_KEY is not set; production needs a random one of 50 characters or more"
        )
    path = data_dir / "secret_key"
    return _kept_key(path) or _made_key(path)


def _kept_key(path: Path) -> str:
    """Empty where there is none yet."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read ({error.strerror})") from error


def _made_key(path: Path) -> str:
    """Processes that start at once agree: one makes the key, and the others wait for it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever had the lock before has made it, unless it was killed in between.
            key = file.read().strip() or secrets.token_urlsafe(SECRET_BYTES)
            file.seek(0)
            file.write(key)
    except OSError as error:
        raise EnvironmentProblem(
            f"the data folder {path.parent} cannot be written ({error.strerror}); set DATA_DIR"
        ) from error
    return key
