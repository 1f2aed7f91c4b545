"""The supervisor alone, over programs that misbehave."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.processes import PidFile
from tests.support.processes import ROOT
from tests.support.servers import wait_for

# No database is asked: once is enough.
pytestmark = pytest.mark.sqlite

PATIENCE_SECONDS = 120
SUPERVISE = """
import json, os, sys
from pathlib import Path
from config import supervisor
supervisor.STOP_GRACE_SECONDS = float(sys.argv[3])
supervisor.FIRST_WAIT_SECONDS = 0.1
programs = [supervisor.Program(n, tuple(c), r) for n, c, r in json.loads(sys.argv[1])]
supervisor.Supervisor(programs, environment=os.environ, run_dir=Path(sys.argv[2]),
                      out=sys.stdout, once_started=lambda: True).run()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
WITH_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
"""
SAYS_GOODBYE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("goodbye", flush=True)))
print("ready", flush=True)
time.sleep(600)
"""


class Supervised:
    def __init__(self, tmp_path, grace, **programs) -> None:
        listed = [
            [name, [sys.executable, "-c", text], int(name == "broker")]
            for name, text in programs.items()
        ]
        self.log = tmp_path / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", SUPERVISE),
                    *(json.dumps(listed), str(tmp_path / "run"), str(grace)),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        wait_for(
            lambda: text in self.output, PATIENCE_SECONDS, f"did not say {text!r}: {self.output}"
        )

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_SECONDS) == 0
        return self.output


@pytest.fixture
def supervise(tmp_path):
    """Start a supervisor over programs given as Python text; whatever happens, it ends."""
    started: list[Supervised] = []

    def start(grace: float = PATIENCE_SECONDS, **programs: str) -> Supervised:
        started.append(Supervised(tmp_path, grace, **programs))
        return started[-1]

    yield start
    for run in started:
        run.process.terminate()
        run.process.wait(PATIENCE_SECONDS)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_supervisor_waits_longer_before_each_restart(supervise):
    run = supervise(dies="raise SystemExit(3)")
    wait_for(
        lambda: run.output.count("dies ended (exit code 3)") >= 4,
        PATIENCE_SECONDS,
        "no four restarts",
    )
    waits = [float(wait) for wait in re.findall(r"again in ([\d.]+) s", run.stop())]

    assert waits[:4] == [0.1, 0.2, 0.4, 0.8]


def test_supervisor_kills_what_does_not_stop_in_time(supervise):
    run = supervise(grace=1, deaf=STUBBORN)
    run.wait_for("deaf   | deaf")

    assert "deaf did not stop in time and is killed" in run.stop()


def test_supervisor_ends_what_a_dead_program_left_running(supervise):
    run = supervise(parent=WITH_CHILD)
    run.wait_for("| child ")
    orphan = int(re.search(r"child (\d+)", run.output).group(1))

    wait_for(lambda: not is_alive(orphan), PATIENCE_SECONDS, "the orphan lives")
    run.stop()


def test_supervisor_stops_the_broker_after_the_others(supervise):
    run = supervise(broker=SAYS_GOODBYE, worker=SAYS_GOODBYE)
    wait_for(lambda: run.output.count("ready") == 2, PATIENCE_SECONDS, "not both ready")

    lines = run.stop().splitlines()

    assert [line for line in lines if line.endswith("goodbye")] == [
        "worker | goodbye",
        "broker | goodbye",
    ]


def test_supervisor_prints_a_last_line_without_its_end(supervise):
    run = supervise(quick="import sys; sys.stdout.write('no newline')")
    run.wait_for("quick  | no newline")
    run.stop()


def test_supervisor_ends_what_a_killed_one_left(supervise, tmp_path):
    run_dir = tmp_path / "run"
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
    PidFile(run_dir / "dies.pid").write(left.pid)
    run = supervise(dies="import time; time.sleep(600)")
    run.wait_for(f"ended dies (process {left.pid}), left by a run that was killed")

    assert left.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    run.stop()
    assert list(run_dir.iterdir()) == []
