import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from core.loops import database_now
from handoff.management.reports import command_error
from handoff.rules.presets import TYPES
from handoff.services import set_up
from sla.rules.presets import PRESETS


class Command(BaseCommand):
    help = "Make the organisation, its first admin and all that the first handoff needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", required=True, help="name of the organisation")
        parser.add_argument("--zone", required=True, help="time zone, such as Europe/Berlin")
        parser.add_argument("--admin-name", required=True, help="full name of the first admin")
        parser.add_argument("--admin-email", required=True, help="what the admin signs in with")
        parser.add_argument(
            "--password", help="of the admin; asked for when it is not given, and not shown"
        )
        parser.add_argument(
            "--preset",
            default="standard",
            choices=sorted(PRESETS),
            help="SLA policies to begin with",
        )
        known = [key for key, _, _ in TYPES]
        parser.add_argument(
            "--types",
            nargs="+",
            default=known[:1],
            choices=known,
            help="what is handed off; the others can be switched on later",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or _asked()
        try:
            organisation = set_up(
                organisation=options["organisation"],
                zone=options["zone"],
                admin_name=options["admin_name"],
                admin_email=options["admin_email"],
                password=password,
                now=database_now(),
                preset=options["preset"],
                types=options["types"],
            )
        except DomainError as refused:
            raise command_error(refused) from refused
        self.stdout.write(f"{organisation} is set up. {options['admin_email']} can sign in now.")


def _asked() -> str:
    # Without a terminal the question cannot be asked unseen, so it is not asked at all.
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for the password; give it by --password")
    return getpass("Password of the admin: ")
