"""Child processes that do not outlive their parent, and that can be told from strangers."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ON_LINUX: bool = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1
STALE_GRACE_SECONDS = 10.0
POLL_SECONDS = 0.05


def start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, its output in one pipe.

    On Linux the kernel sends it SIGTERM when this process dies in whatever way. Call this from
    the main thread of a process without others: the kernel watches the thread that started it.
    """
    return subprocess.Popen(
        list(command),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=_die_with_parent(),  # noqa: PLW1509  # the supervisor has no threads
    )


def _die_with_parent() -> Callable[[], None] | None:
    if not ON_LINUX:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_kernel


def signal_group(group: int, number: int) -> bool:
    """Whether anybody was left in the process group to get the signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class PidFile:
    """Remembers a child across a crash of its parent, with a mark that no later process has."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, pid: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"pid": pid, "mark": birth_mark(pid)}), encoding="ascii")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def end_leftover(self) -> int | None:
        """End the process that the file names, if it is still that one, and forget the file."""
        pid = self._living_pid()
        if pid is not None:
            signal_group(pid, signal.SIGTERM)
            deadline = time.monotonic() + STALE_GRACE_SECONDS
            while self._living_pid() is not None and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            signal_group(pid, signal.SIGKILL)
        self.remove()
        return pid

    def _living_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(self.path.read_text(encoding="ascii"))
            pid = int(noted["pid"])
            if noted["mark"] and noted["mark"] == birth_mark(pid):
                return pid
        return None


def birth_mark(pid: int) -> str:
    """When the process was born, in whatever way the system says so; empty if it is gone."""
    with contextlib.suppress(OSError, IndexError):
        # The name in parentheses may hold spaces, so count from its end: the state is field 3,
        # the time of birth, in ticks since boot, field 22.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return "" if fields[0] == "Z" else f"{boot}:{fields[19]}"
    if ON_LINUX:
        return ""
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
