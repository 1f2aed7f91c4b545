"""A process that does nothing but empty the outbox, started by the fault tests.

    python -m tests.support.deliverer

It knows two kinds of messages: a `note` has a text, and `die` kills the process that makes its
text where DELIVERER_DIES is set.
"""

import os
import signal
import sys
import time
from datetime import datetime

import django

PAUSE_SECONDS = 0.02


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
