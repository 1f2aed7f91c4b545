"""The product's own programs, made to die at a chosen statement. Started by the fault tests.

    DIES_AT="before:2:FROM handoff_handoffclock" python -m tests.support.dying run_clock
    DIES_AT=... celery --app tests.support.dying worker

`before` or `after` the n-th statement with the text (quotes in statements are not looked at) the
process kills its whole process group, as the machine's power switch would. Nothing of the
product is replaced: Django offers every connection's statements to such a watcher. With
`BATCH=8` escalations are claimed by so many, so that few rows make several batches.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.db.backends.signals import connection_created

# Kept alive by a name: the signal holds its receivers weakly.
_watchers: list[Callable[..., None]] = []


class Killer:
    """Counts the statements with the text, over all connections, and kills at the n-th."""

    def __init__(self, when: str, n: int, text: str) -> None:
        self.when = when
        self.left = n
        self.text = text

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        is_here = self.text in sql.replace('"', "")
        self.left -= is_here
        fatal = is_here and self.left == 0
        if fatal and self.when == "before":
            die()
        result = execute(sql, params, many, context)
        if fatal:
            die()
        return result


def die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def arm(dies_at: str) -> None:
    when, n, text = dies_at.split(":", 2)
    killer = Killer(when, int(n), text)

    def watch(connection: Any, **_: Any) -> None:
        if killer not in connection.execute_wrappers:
            connection.execute_wrappers.append(killer)

    _watchers.append(watch)
    connection_created.connect(watch)


if "DIES_AT" in os.environ:
    django.setup()
    arm(os.environ["DIES_AT"])
    if "BATCH" in os.environ:
        importlib.import_module("handoff.services.escalate").BATCH = int(os.environ["BATCH"])
    from config.celery import app  # noqa: F401  # where `celery --app` looks for it

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
