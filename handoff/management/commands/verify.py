from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from core.loops import database_now
from handoff.selectors.verify import CHECKS, findings


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything as it was at one moment: what others write meanwhile is no finding."""
    if connection.in_atomic_block:
        yield
        return
    is_postgresql = connection.vendor == "postgresql"
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if is_postgresql else "BEGIN DEFERRED"
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


class Command(BaseCommand):
    help = "Check the stored data against what Handoff promises; reads only, safe at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--settled",
            action="store_true",
            help="also demand that everything due has been done: for a moment of rest",
        )
        parser.add_argument(
            "--limit", type=int, default=50, help="findings to print of each check (50)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        counts: dict[str, int] = {name: 0 for name, _ in CHECKS}
        with one_moment():
            for finding in findings(database_now(), moving=not options["settled"]):
                counts[finding.check] = counts.get(finding.check, 0) + 1
                if counts[finding.check] <= options["limit"]:
                    self.stdout.write(f"{finding.check}: {finding.text}")
        for name, count in counts.items():
            self.stdout.write(f"{name:10} {'ok' if not count else f'{count:,} findings'}")
        if total := sum(counts.values()):
            raise CommandError(f"{total:,} findings. Nothing was changed.", returncode=1)
