"""A process that does nothing but empty the outbox, started by the fault tests.

    python -m tests.support.deliverer

It knows two kinds of messages: a `note` has a text, and `die` kills the process that makes its
text where DELIVERER_DIES is set.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import django

from tests.support.processes import ROOT, child_environment

PAUSE_SECONDS = 0.02
# Of the usual times: a lease of 1.5 s, a send of 0.75 s, waits of 0.25 s, 15 s and so on.
SHORT = "0.05"
USUAL = "1"


@contextlib.contextmanager
def deliverers() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Yields what starts one, with mail to the port; all of them are killed at the end."""
    children = []

    def start(port: int, time_scale: str = SHORT, **variables: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.deliverer"],
            cwd=ROOT,
            env=child_environment(
                EMAIL_URL=f"smtp://127.0.0.1:{port}", TIME_SCALE=time_scale, **variables
            ),
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    try:
        yield start
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def main() -> None:
    django.setup()
    from core.loops import database_now
    from notify.models import Message
    from notify.registry import Text, register_kind
    from notify.services import deliver_due

    def note(message: Message, now: datetime) -> Text:
        return Text(f"Note {message.pk}", "Read it.", "/a/")

    def die(message: Message, now: datetime) -> Text:
        if "DELIVERER_DIES" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        return note(message, now)

    register_kind("note", note)
    register_kind("die", die)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    # Without the lock that keeps loops apart: the leases alone must do.
    while True:
        if deliver_due(database_now()) == 0:
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
