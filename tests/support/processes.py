"""Real processes of the product on the test's own database."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connections

from tests.support.servers import START_SECONDS, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = (sys.executable, str(ROOT / "manage.py"))
ANSWER_SECONDS = 30


def database_url() -> str:
    """The address of the database that this test writes to, for another process."""
    entry = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return f"sqlite:///{quote(str(entry['NAME']))}"
    user = quote(entry["USER"], safe="")
    password = f":{quote(entry['PASSWORD'], safe='')}" if entry["PASSWORD"] else ""
    query = urlencode({"host": entry["HOST"], **({"port": entry["PORT"]} if entry["PORT"] else {})})
    return f"postgresql://{user}{password}@/{quote(entry['NAME'])}?{query}"


def child_environment(**extra: str) -> dict[str, str]:
    """Variables for a process that shares this test's database and data folder, and no more.

    It runs on the development settings, so that its mail, secret and logs are those of a real
    process. Values in `extra` win.
    """
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TZ")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        **extra,
    }


def manage(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the product on the database of that address, to its end."""
    return subprocess.run(
        [*MANAGE, *words],
        env=child_environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
    )


def new_data_dir() -> Path:
    """An empty data folder with a path short enough for a unix socket."""
    return Path(tempfile.mkdtemp(prefix="handoff-data-"))


class Running:
    """A process of the product and all it starts, told by the data folder that they share.

    Its lines are kept in a file, so that a full pipe never stops it.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self.data_dir = Path(environment["DATA_DIR"])
        self.log = self.data_dir / "test.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*MANAGE, *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def pids(self, containing: str = "") -> list[int]:
        """Every living process with this data folder whose command line has the text."""
        return [pid for pid in living_processes(self.data_dir) if containing in command_line(pid)]

    def wait_for_output(self, text: str, seconds: float = START_SECONDS) -> None:
        def is_there() -> bool:
            if self.process.poll() is not None and text not in self.output:
                raise AssertionError(f"ended without saying {text!r}:\n{self.output}")
            return text in self.output

        wait_for(is_there, seconds, f"did not say {text!r}")

    def stop(self, number: int = signal.SIGTERM, seconds: float = START_SECONDS) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill_all(self) -> None:
        for pid in [self.process.pid, *self.pids()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def living_processes(data_dir: Path) -> list[int]:
    """By the environment they were started with, or a title of their own; Linux only."""
    wanted = f"DATA_DIR={data_dir}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            pid = int(folder.name)
            with contextlib.suppress(OSError):
                # The broker writes its title, with its socket's path, over its environment.
                if wanted in (folder / "environ").read_bytes().split(b"\0") or str(
                    data_dir
                ) in command_line(pid):
                    found.append(pid)
    return found


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""


@contextlib.contextmanager
def running(*arguments: str, **extra: str) -> Iterator[Running]:
    """`manage.py` with the arguments, on the test's database, in a data folder of its own."""
    folder = new_data_dir()
    process = Running(
        *arguments, environment=child_environment(**{"DATA_DIR": str(folder), **extra})
    )
    try:
        yield process
    finally:
        process.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def get(url: str) -> tuple[int, str]:
    """Status and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""
