import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organisation
from core.loops import database_now
from handoff.management.demo import ADMIN, PASSWORD, PEOPLE, make_people, tell_story

LOGINS = "demo_logins.txt"


class Command(BaseCommand):
    help = "Fill an empty installation with a small demo organisation; otherwise change nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another number, another story")

    def handle(self, *args: Any, **options: Any) -> None:
        if Organisation.objects.exists():
            self.stdout.write("There is an organisation already; the demo changed nothing.")
            return
        if not settings.DEMO_ALLOWED:
            raise CommandError("The demo has known passwords: it is for development only.")
        now = database_now()
        people = make_people(now)
        # Before the story, so that a start that was broken off can be gone on with.
        self._write_logins()
        progress = Progress(self)
        tell_story(people, now=now, seed=options["seed"], told=progress.step)
        progress.done()

    def _write_logins(self) -> None:
        lines = ["Demo logins, all with the password " + PASSWORD + ":"]
        lines += [f"  {who.email:22} {who.name}, {who.role.label}" for who in (ADMIN, *PEOPLE)]
        path = Path(settings.DATA_DIR) / LOGINS
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Progress:
    """How far the story has been told, on one line of a terminal, or not at all elsewhere."""

    def __init__(self, command: BaseCommand) -> None:
        self.command = command
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if sys.stdout.isatty():
            self.command.stdout.write(f"\r  {self.steps} things have happened", ending="")
            self.command.stdout.flush()

    def done(self) -> None:
        self.command.stdout.write(
            f"\rThe demo organisation is there: {self.steps} things happened."
        )
