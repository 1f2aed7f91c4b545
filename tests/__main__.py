"""Runs the suite on whatever this machine has, and says at the end what was left out and why.

    python -m tests [all | unit | db | e2e | faults | bench] [arguments for pytest]

With CI=true nothing may be left out.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tests.support.servers import find_browser, find_postgresql, postgresql

ROOT = Path(__file__).resolve().parent.parent
WORKERS = ("-n", "2", "--dist", "loadfile")
NOTHING_COLLECTED = 5
PROGRESS_SECONDS = 60


@dataclass(frozen=True)
class Part:
    """One run of pytest, on one database.

    ``beside`` the part before it: what mostly waits for programs leaves the machine to another.
    """

    name: str
    folders: tuple[str, ...]
    marks: str
    on_postgresql: bool = False
    needs_browser: bool = False
    beside: bool = False
    arguments: tuple[str, ...] = ()


SQLITE_MARKS = "not bench and not postgresql"
POSTGRESQL_MARKS = "not bench and not sqlite"
PARTS = {
    "unit": [Part("unit", ("tests/unit",), SQLITE_MARKS, arguments=WORKERS)],
    "db": [
        Part("database on SQLite", ("tests/db",), SQLITE_MARKS, arguments=WORKERS),
        Part("database on PostgreSQL", ("tests/db",), POSTGRESQL_MARKS, True, arguments=WORKERS),
    ],
    "e2e": [Part("browser", ("tests/e2e",), SQLITE_MARKS, needs_browser=True, arguments=WORKERS)],
    "faults": [
        Part("faults on SQLite", ("tests/faults",), SQLITE_MARKS),
        Part("faults on PostgreSQL", ("tests/faults",), POSTGRESQL_MARKS, True, beside=True),
    ],
    "bench": [
        Part("speed of pages", ("tests/bench",), "bench and not postgresql", arguments=("-s",)),
        Part("speed", ("tests/bench",), "bench and postgresql", True, arguments=("-s",)),
    ],
}
# What a change breaks is found by these; `make faults` runs the rarer ones as well.
GATE = [replace(part, marks=f"{part.marks} and not deep") for part in PARTS["faults"]]
PARTS["all"] = [part for name in ("unit", "db", "e2e") for part in PARTS[name]] + GATE


class Runner:
    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.left_out: list[str] = []
        self.failed: list[str] = []
        self.began = time.monotonic()

    def run(self, parts: list[Part]) -> int:
        with self._postgresql(parts) as url:
            for group in _together(parts):
                self._run_group(group, url)
        self._report()
        return 1 if self.failed or (self.left_out and is_strict()) else 0

    @contextlib.contextmanager
    def _postgresql(self, parts: list[Part]) -> Iterator[str | None]:
        named = os.environ.get("TEST_DATABASE_URL")
        programs = find_postgresql()
        if named or programs is None or not any(part.on_postgresql for part in parts):
            yield named
            return
        # Speed is measured with every commit on disk, as in production.
        durable = any(part.name == "speed" for part in parts)
        with postgresql(programs, durable=durable) as server:
            yield server.url

    def _run_group(self, group: list[Part], url: str | None) -> None:
        """All at once; the first one tells live, the others when they are done."""
        first, *others = group
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(group)) as pool:
            files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in others]
            running = [
                pool.submit(self._run_part, part, url, output)
                for part, output in zip(others, files, strict=True)
            ]
            self._run_part(first, url)
            for part, output, done in zip(others, files, running, strict=True):
                while not done.done():
                    self._say(f"{part.name} goes on")
                    wait([done], timeout=PROGRESS_SECONDS)
                done.result()
                self._say(f"{part.name}, which ran beside {first.name}")
                output.seek(0)
                print(output.read(), flush=True)

    def _run_part(self, part: Part, url: str | None, output: IO[str] | None = None) -> None:
        folders = [folder for folder in part.folders if (ROOT / folder).is_dir()]
        if not folders:
            self.left_out.append(f"{part.name}: there are no such tests")
            return
        if part.on_postgresql and url is None:
            self.left_out.append(
                f"{part.name}: no PostgreSQL programs found and TEST_DATABASE_URL is not set"
            )
            return
        if part.needs_browser and find_browser() is None:
            self.left_out.append(f"{part.name}: no Chromium found (set CHROMIUM to its path)")
            return
        self._say(part.name)
        environment = {**os.environ}
        environment.pop("TEST_DATABASE_URL", None)
        if part.on_postgresql and url is not None:
            environment["TEST_DATABASE_URL"] = url
        with tempfile.NamedTemporaryFile("r", prefix="handoff-left-out-") as notes:
            environment["TEST_LEFT_OUT"] = notes.name
            command = [sys.executable, "-m", "pytest", *folders, "-m", part.marks, *part.arguments]
            command += self.arguments
            code = subprocess.call(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
            self.left_out += [f"{part.name}: {line.strip()}" for line in notes if line.strip()]
        if code == NOTHING_COLLECTED:
            self.left_out.append(f"{part.name}: no test was chosen")
        elif code:
            self.failed.append(part.name)

    def _say(self, text: str) -> None:
        elapsed = time.monotonic() - self.began
        print(f"\n=== {text} ({elapsed:.0f} s)", flush=True)

    def _report(self) -> None:
        self._say("left out: " + ("nothing" if not self.left_out else ""))
        for line in self.left_out:
            print(f"  {line}")
        if self.left_out and is_strict():
            print("  with CI=true nothing may be left out")
        print("failed: " + ", ".join(self.failed) if self.failed else "all that ran passed")


def _together(parts: list[Part]) -> Iterator[list[Part]]:
    """The parts in their order, those that run at the same time in one list."""
    group: list[Part] = []
    for part in parts:
        if group and not part.beside:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def is_strict() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments and not arguments[0].startswith("-") else "all"
    if name not in PARTS:
        print(f"unknown part {name!r}: choose from {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rest = arguments[1:] if arguments and arguments[0] == name else arguments
    return Runner(rest).run(PARTS[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
