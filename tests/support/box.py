"""The programs that `runall` watches over, started and killed one by one on the test's database."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.broker import answers
from config.management.commands.runall import programs
from tests.support import recovery
from tests.support.invariants import broken, unfinished, written
from tests.support.processes import MANAGE, ROOT, child_environment, new_data_dir
from tests.support.servers import free_port, wait_for

START_SECONDS = 120
CAUGHT_UP_SECONDS = 120
# Of the usual times: a lease of 3 s, a tick of 1 s at the most.
TIME_SCALE = "0.1"
CLOCK = "clock"
OUR_APPS = ("config.celery", "config.wsgi")


class Box:
    """One machine: a data folder, and the programs that run on it, by name.

    The names are those of `runall` (web, broker, worker, beat) and `clock` for `run_clock`. More
    than one of a kind: give the second another `label`.
    """

    def __init__(self, **variables: str) -> None:
        self.folder = new_data_dir()
        self.port = free_port()
        self.environment = child_environment(
            **{
                "DATA_DIR": str(self.folder),
                "TIME_SCALE": TIME_SCALE,
                "PORT": str(self.port),
                **variables,
            }
        )
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *, label: str = "", dies_at: str = "", app: str = "") -> None:
        """Start a program; with `dies_at` as tests.support.dying says, one that will die.

        `app` is a module to run the clock, a Celery program or the web on in place of our own.
        """
        label = label or name
        extra = {"DIES_AT": dies_at} if dies_at else {}
        with self.log(label).open("ab") as log:
            self.running[label] = subprocess.Popen(
                self._command(name, dies=bool(dies_at), app=app),
                cwd=ROOT,
                env={**self.environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def _command(self, name: str, *, dies: bool, app: str) -> tuple[str, ...]:
        app = "tests.support.dying" if dies else app
        if name == CLOCK:
            return (*((sys.executable, "-m", app) if app else MANAGE), "run_clock")
        commands = {
            program.name: program.command
            for program in programs("127.0.0.1", self.port, self.folder)
        }
        return tuple(app if app and word in OUR_APPS else word for word in commands[name])

    def start_broker(self) -> None:
        self.start("broker")
        wait_for(lambda: answers("", self.folder), START_SECONDS, "the broker does not answer")

    def log(self, label: str) -> Path:
        return self.folder / f"{label}.log"

    def said(self, label: str) -> str:
        return self.log(label).read_text(encoding="utf-8", errors="replace")

    def wait_until_said(self, label: str, text: str) -> None:
        wait_for(lambda: text in self.said(label), START_SECONDS, f"{label} did not say {text!r}")

    def kill(self, label: str) -> None:
        """SIGKILL to the program and all that it started, at once."""
        process = self.running.pop(label)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_until_dead(self, label: str) -> None:
        """Until the program that was to die has done so, by its own hand."""
        process = self.running[label]
        wait_for(
            lambda: process.poll() is not None,
            START_SECONDS,
            f"{label} did not die: {self.log(label)}",
        )
        assert process.returncode == -signal.SIGKILL, self.said(label)
        del self.running[label]

    def close(self) -> None:
        for label in list(self.running):
            self.kill(label)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def box(**variables: str) -> Iterator[Box]:
    machine = Box(**variables)
    try:
        yield machine
    finally:
        machine.close()


def wait_until_caught_up(seconds: float = CAUGHT_UP_SECONDS) -> None:
    """Until nothing that is due waits; then everything must be as it should be."""
    began = time.monotonic()
    problems: list[str] = []

    def are_settled() -> bool:
        """Nothing waits, and nothing came to be while we looked: else what was read is no whole."""
        before = written()
        problems[:] = [] if unfinished() else broken()
        return not unfinished() and written() == before

    wait_for(are_settled, seconds, "not everything that was due is done")
    recovery.note(time.monotonic() - began)
    assert not problems, problems[:10]
