"""Keeps a handful of programs running: starts them again when they die, ends them together."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

from config.processes import PidFile, signal_group, start

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
# Who ran this long was well: the next wait is the shortest again.
WELL_AFTER_SECONDS = 60.0
STOP_GRACE_SECONDS = 15.0
POLL_SECONDS = 0.2
READ_BYTES = 65_536
OUR_NAME = "runall"

COLOURS = ("36", "33", "32", "35", "34")
OUR_COLOUR = "1"


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep alive; those with a higher `stop_rank` are stopped later."""

    name: str
    command: tuple[str, ...]
    stop_rank: int = 0


class Child:
    """One program and its present process, if it has one."""

    def __init__(self, program: Program, pid_file: PidFile) -> None:
        self.program = program
        self.pid_file = pid_file
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""
        self.started_at = 0.0
        self.start_at = 0.0
        self.wait = FIRST_WAIT_SECONDS  # until the next start, if it ends soon

    @property
    def is_running(self) -> bool:
        return self.process is not None


class Supervisor:
    """Runs programs until SIGINT or SIGTERM; prints their lines with their names.

    `once_started` is called again and again until it returns True: the place to look whether
    everything is up and to say so.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: Mapping[str, str],
        run_dir: Path,
        out: TextIO,
        once_started: Callable[[], bool],
    ) -> None:
        self.children = [
            Child(program, PidFile(run_dir / f"{program.name}.pid")) for program in programs
        ]
        self.environment = environment
        self.out = out
        self.once_started = once_started
        self.width = max(len(OUR_NAME), *(len(program.name) for program in programs))
        self.in_colour = out.isatty() and "NO_COLOR" not in os.environ
        self.selector = selectors.DefaultSelector()
        self.is_stopping = False

    def run(self) -> None:
        self._end_leftovers()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        is_up = False
        try:
            while not self.is_stopping:
                self._start_due()
                self._forward_output(POLL_SECONDS)
                self._collect_dead()
                is_up = is_up or self.once_started()
        finally:
            self._stop_all()

    def say(self, text: str) -> None:
        self._print(OUR_NAME, OUR_COLOUR, text)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def _end_leftovers(self) -> None:
        for child in self.children:
            pid = child.pid_file.end_leftover()
            if pid is not None:
                self.say(
                    f"ended {child.program.name} (process {pid}), left by a run that was killed"
                )

    def _start_due(self) -> None:
        for child in self.children:
            if not child.is_running and time.monotonic() >= child.start_at:
                self._start(child)

    def _start(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = start(child.program.command, self.environment)
        child.pid_file.write(child.process.pid)
        stream = self._stream(child)
        os.set_blocking(stream.fileno(), False)
        self.selector.register(stream, selectors.EVENT_READ, child)
        self.say(f"{child.program.name} started (process {child.process.pid})")

    def _stream(self, child: Child) -> IO[bytes]:
        stream = child.process.stdout if child.process else None
        if stream is None:
            raise RuntimeError(f"{child.program.name} has no output")
        return stream

    def _forward_output(self, timeout: float) -> None:
        if not self.selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self.selector.select(timeout):
            self._read(key.data)

    def _read(self, child: Child) -> bool:
        stream = self._stream(child)
        try:
            piece = os.read(stream.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not piece:
            # Its end is closed; who closed it while alive would otherwise keep us busy.
            if stream in self.selector.get_map():
                self.selector.unregister(stream)
            return False
        *lines, child.rest = (child.rest + piece).split(b"\n")
        for line in lines:
            self._print_line(child, line)
        return True

    def _print_line(self, child: Child, line: bytes) -> None:
        colour = COLOURS[self.children.index(child) % len(COLOURS)]
        self._print(child.program.name, colour, line.decode(errors="replace").rstrip())

    def _print(self, name: str, colour: str, text: str) -> None:
        prefix = f"{name:<{self.width}} |"
        if self.in_colour:
            prefix = f"\033[{colour}m{prefix}\033[0m"
        print(prefix, text, file=self.out, flush=True)

    def _collect_dead(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                self._bury(child)
                self._plan_restart(child, code)

    def _bury(self, child: Child) -> None:
        """Take the last lines, and end what the dead leader left in its group."""
        process = child.process
        if process is None:
            return
        signal_group(process.pid, signal.SIGKILL)
        while self._read(child):
            pass
        if child.rest:
            self._print_line(child, child.rest)
            child.rest = b""
        stream = self._stream(child)
        if stream in self.selector.get_map():
            self.selector.unregister(stream)
        stream.close()
        child.process = None
        child.pid_file.remove()

    def _plan_restart(self, child: Child, code: int) -> None:
        ran = time.monotonic() - child.started_at
        if ran >= WELL_AFTER_SECONDS:
            child.wait = FIRST_WAIT_SECONDS
        child.start_at = time.monotonic() + child.wait
        self.say(f"{child.program.name} ended ({describe_exit(code)}), again in {child.wait:g} s")
        child.wait = min(child.wait * 2, LONGEST_WAIT_SECONDS)

    def _stop_all(self) -> None:
        self.say("stopping")
        for rank in sorted({child.program.stop_rank for child in self.children}):
            self._stop([child for child in self.children if child.program.stop_rank == rank])
        self.selector.close()
        self.say("stopped")

    def _stop(self, children: Sequence[Child]) -> None:
        for child in children:
            if child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            self._forward_output(POLL_SECONDS)
            for child in children:
                if child.process is not None and child.process.poll() is not None:
                    self._bury(child)
        for child in children:
            if child.process is not None:
                self.say(f"{child.program.name} did not stop in time and is killed")
                signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
                self._bury(child)


def describe_exit(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
