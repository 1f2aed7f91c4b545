"""`runall` with its real processes: started, killed, started twice, stopped."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from core.models import Heartbeat
from tests.support.processes import (
    MANAGE,
    ROOT,
    Running,
    child_environment,
    get,
    new_data_dir,
    running,
)
from tests.support.servers import free_port, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

UP = "Handoff is running at"
PATIENCE_SECONDS = 120
FAST = {"WEB_WORKERS": "1", "TASK_WORKERS": "1", "DEMO_WEEKS": "1"}


def is_up(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/healthz/")[0] == 200


def is_ready(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/readyz/")[0] == 200


def run_once(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, *arguments],
        env=child_environment(**extra),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert done.returncode == 1
    return lines[0]


def test_runall_brings_everything_up_and_stops_without_leaving_a_process():
    port = free_port()
    with running("runall", PORT=str(port), **FAST) as run:
        run.wait_for_output(UP)
        wait_for(lambda: is_ready(port), PATIENCE_SECONDS, "the loops did not start to tick")

        state = json.loads(get(f"http://127.0.0.1:{port}/readyz/")[1])
        assert (state["database"], state["broker"]) == ("up", "up")
        assert len(run.pids("gunicorn")) == len(run.pids(" worker ")) == 2
        assert len(run.pids(" beat ")) == len(run.pids("valkey")) == 1

        second = only_line(run_once("runall", PORT=str(free_port()), DATA_DIR=str(run.data_dir)))
        assert f"already running on {run.data_dir}: process {run.process.pid}" in second

        assert run.stop() == 0
        assert run.pids() == []
        assert "killed" not in run.output


@pytest.mark.fault(
    "F2",
    "each program killed",
    held="started again",
)
def test_runall_starts_again_what_was_killed():
    port = free_port()
    with running("runall", PORT=str(port), **FAST) as run:
        run.wait_for_output(UP)
        wait_for(lambda: is_ready(port), PATIENCE_SECONDS, "the loops did not start to tick")
        for name, text in (("worker", " worker "), ("beat", " beat "), ("broker", "valkey")):
            os.kill(min(run.pids(text)), signal.SIGKILL)
            run.wait_for_output(f"{name} ended (killed by SIGKILL), again in 1 s")
        killed_at = Heartbeat.objects.latest("at").at

        wait_for(
            lambda: Heartbeat.objects.latest("at").at > killed_at,
            PATIENCE_SECONDS,
            "no tick after the kills",
        )
        wait_for(lambda: is_up(port), PATIENCE_SECONDS, "the web is gone")
        assert run.stop(signal.SIGINT) == 0
        assert run.pids() == []


@pytest.mark.fault(
    "F31",
    "the supervisor killed",
    held="no process left, starts again",
)
def test_runall_killed_leaves_nothing_behind_and_starts_again():
    with running("runall", PORT=str(free_port()), **FAST) as run:
        run.wait_for_output(UP)
        run.stop(signal.SIGKILL)

        wait_for(lambda: run.pids() == [], PATIENCE_SECONDS, "processes outlived the killed runall")

        port = free_port()
        environment = child_environment(DATA_DIR=str(run.data_dir), PORT=str(port), **FAST)
        again = Running("runall", environment=environment)
        try:
            wait_for(lambda: is_ready(port), PATIENCE_SECONDS, "did not come up after a kill")
            assert again.stop() == 0
        finally:
            again.kill_all()


@pytest.mark.sqlite  # It makes a database of its own: once is enough.
def test_runall_prepare_makes_the_tables_and_keeps_them_the_next_time():
    folder = new_data_dir()
    environment = child_environment(DATA_DIR=str(folder), DATABASE_URL="", **FAST)
    try:
        for _ in range(2):
            port = free_port()
            run = Running("runall", "--prepare", environment={**environment, "PORT": str(port)})
            try:
                run.wait_for_output(f"{UP} http://localhost:{port}")
                assert run.stop() == 0
            finally:
                run.kill_all()
            run.log.unlink()
        assert (folder / "handoff.sqlite3").exists()
    finally:
        shutil.rmtree(folder)


def test_runall_on_a_taken_port_says_so_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        line = only_line(run_once("runall", PORT=str(port), DATA_DIR=str(new_data_dir())))

    assert f"port {port} is taken by another program; choose one: PORT={port + 1}" in line


def test_runall_in_a_folder_that_cannot_be_written_says_so_in_one_line(tmp_path):
    (tmp_path / "file").touch()

    for key in ("", "k" * 50):
        line = only_line(run_once("runall", DATA_DIR=str(tmp_path / "file" / "d"), SECRET_KEY=key))
        assert "cannot be written" in line
        assert "DATA_DIR" in line


def test_runall_prepare_without_its_database_says_so_in_one_line():
    url = f"postgresql://handoff@127.0.0.1:{free_port()}/handoff"

    line = only_line(run_once("runall", "--prepare", DATABASE_URL=url, PORT=str(free_port())))

    assert "the database cannot be used" in line


def test_manage_without_its_libraries_says_so_in_one_line():
    bare = subprocess.run(
        [sys.executable, "-S", str(ROOT / "manage.py"), "runall"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert (
        only_line(bare) == "manage.py: the Python module 'django' is missing. Try: make clean run"
    )


def test_manage_with_a_bad_environment_says_so_in_one_line():
    assert "PORT must be a number" in only_line(run_once("check", PORT="eighty"))
