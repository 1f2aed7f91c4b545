"""A disk that is small enough to be filled, for a database and its data folder."""

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.support.servers import short_folder

SIZE = 16 * 1024 * 1024
# A container's shared memory is often a disk of this size at the most, and may be filled.
MOST_SHARED = 128 * 1024 * 1024
SHARED = Path("/dev/shm")
BLOCKS = (65_536, 4_096, 1)


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Until not another byte has room."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in BLOCKS:
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        assert self.is_full

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def is_full(self) -> bool:
        try:
            with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
                file.write(b"x")
        except OSError as error:
            return error.errno == errno.ENOSPC
        return False


@contextlib.contextmanager
def small_disk(size: int = SIZE) -> Iterator[Disk]:
    """A file system of its own where one may be mounted, else a shared one that is small."""
    folder = short_folder("handoff-disk-")
    options = f"size={size},mode=711,uid={os.geteuid()},gid={os.getegid()}"
    if _as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)):
        try:
            yield Disk(folder)
        finally:
            _as_root("umount", "--lazy", str(folder))
            folder.rmdir()
        return
    folder.rmdir()
    if not SHARED.is_dir() or shutil.disk_usage(SHARED).total > MOST_SHARED:
        pytest.skip("nothing may be mounted here, and no disk is small")
    with tempfile.TemporaryDirectory(prefix="handoff-disk-", dir=SHARED) as shared:
        yield Disk(Path(shared))


def _as_root(*command: str) -> bool:
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    try:
        return subprocess.run([*sudo, *command], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def database_on(folder: Path) -> Iterator[Path]:
    """This test, and what it starts, on a copy of its SQLite database in that folder."""
    own = connection.settings_dict["NAME"]
    copy = folder / "db.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    connection.close()
    connection.settings_dict["NAME"] = str(copy)
    try:
        yield copy
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
