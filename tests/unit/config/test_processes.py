import json
import os
import signal
import subprocess
import sys

from config.processes import PidFile, birth_mark, signal_group

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(SLEEP, process_group=0)


def test_birth_mark_tells_processes_apart_and_is_empty_for_a_dead_one():
    process = sleeper()
    mark = birth_mark(process.pid)
    process.kill()
    process.wait()

    assert mark
    assert mark != birth_mark(os.getpid())
    assert birth_mark(process.pid) == ""


def test_end_leftover_ends_the_process_that_the_file_names(tmp_path):
    process = sleeper()
    file = PidFile(tmp_path / "run" / "web.pid")
    file.write(process.pid)

    assert file.end_leftover() == process.pid

    assert process.wait() == -signal.SIGTERM
    assert not file.path.exists()


def test_end_leftover_spares_a_stranger_with_the_same_number(tmp_path):
    process = sleeper()
    file = PidFile(tmp_path / "web.pid")
    file.write(process.pid)
    noted = json.loads(file.path.read_text())
    file.path.write_text(json.dumps({**noted, "mark": "born at another time"}))

    assert file.end_leftover() is None

    assert process.poll() is None
    assert not file.path.exists()
    signal_group(process.pid, signal.SIGKILL)
    process.wait()


def test_end_leftover_of_an_absent_or_broken_file_does_nothing(tmp_path):
    file = PidFile(tmp_path / "web.pid")
    assert file.end_leftover() is None

    file.path.write_text("not json")
    assert file.end_leftover() is None


def test_signal_group_of_nobody_is_false():
    process = sleeper()
    process.kill()
    process.wait()

    assert signal_group(process.pid, signal.SIGTERM) is False
