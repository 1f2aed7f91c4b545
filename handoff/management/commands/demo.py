from argparse import ArgumentTypeError
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organisation, User
from core.loops import database_now
from core.triggers import suspended
from core.words import counted
from handoff.management.progress import Progress
from handoff.management.story import (
    ADMIN,
    PASSWORD,
    PEOPLE,
    handoffs_in,
    make_people,
    tell_story,
    tell_today,
)
from handoff.models import Event, Handoff

LOGINS = "demo_logins.txt"
UNFINISHED = "demo_unfinished"
MOST_WEEKS = 52
OLD_AFTER = timedelta(hours=16)
EMAILS = frozenset(who.email for who in (ADMIN, *PEOPLE))


def _weeks(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_WEEKS:
        raise ArgumentTypeError(f"{text!r} is not a number of weeks from 1 to {MOST_WEEKS}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Fill an empty installation with a demo organisation and the last weeks of its handoffs. "
        "An organisation of your own is never touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another number, another story")
        parser.add_argument(
            "--weeks",
            type=_weeks,
            help="how many weeks there are (DEMO_WEEKS, or 12, where it is not given)",
        )
        parser.add_argument(
            "--reset", action="store_true", help="remove the demo that is there and tell it anew"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if Organisation.objects.exists() and not self._clear(reset=options["reset"]):
            self._go_on()
            return
        if not settings.DEMO_ALLOWED:
            raise CommandError("The demo has known passwords: it is for development only.")
        self._path(UNFINISHED).touch()
        now = database_now()
        weeks = options["weeks"] or settings.DEMO_WEEKS
        # Everybody is there for a while before the first handoff.
        people = make_people(now - timedelta(weeks=weeks + 2))
        self._write_logins()
        self.stdout.write(f"Making a demo organisation and {counted(weeks, 'week')} of handoffs.")
        progress = Progress(self.stdout, total=handoffs_in(weeks), noun="handoffs")
        tell_story(people, weeks=weeks, now=now, seed=options["seed"], told=progress.step)
        progress.end()
        self._path(UNFINISHED).unlink()
        count = f"{Handoff.objects.count():,}"
        self.stdout.write(f"The demo organisation is there, with {count} handoffs.")
        self.stdout.write(f"Who can sign in: {self._path(LOGINS)}")

    def _go_on(self) -> None:
        """A demo of some days ago gets something for today; anything else is left alone."""
        now = database_now()
        # Nothing tells better when somebody last used it than when rows were written.
        last = Event.objects.order_by("-pk").values_list("created_at", flat=True).first()
        is_old = last is not None and now - last > OLD_AFTER
        people = {user.email: user for user in User.objects.active().filter(email__in=EMAILS)}
        is_demo = self._path(LOGINS).exists() and len(people) == len(EMAILS)
        if not (settings.DEMO_ALLOWED and is_demo and is_old):
            self.stdout.write("There is an organisation already; the demo changed nothing.")
            return
        tell_today(people, now=now, seed=now.toordinal())
        self.stdout.write("The demo is some days old: a few handoffs of today were added.")

    def _clear(self, *, reset: bool) -> bool:
        """Remove a demo that is to be told anew, or was broken off; whether that was done."""
        if not (reset or self._path(UNFINISHED).exists()):
            return False
        if not settings.DEMO_ALLOWED:
            raise CommandError("The demo can be reset in development only.")
        if not User.objects.filter(email=ADMIN.email).exists():
            raise CommandError(
                "This is no demo: the organisation is your own. Nothing was removed. "
                "Start with an empty DATA_DIR to see the demo."
            )
        with suspended():
            call_command("flush", interactive=False, verbosity=0)
        return True

    def _path(self, name: str) -> Path:
        return Path(settings.DATA_DIR) / name

    def _write_logins(self) -> None:
        lines = ["Demo logins, all with the password " + PASSWORD + ":"]
        lines += [f"  {who.email:22} {who.name}, {who.role.label}" for who in (ADMIN, *PEOPLE)]
        self._path(LOGINS).write_text("\n".join(lines) + "\n", encoding="utf-8")
