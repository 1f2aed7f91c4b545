from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.errors import DomainError
from handoff.management.files import LEAD_KEYS, lead_of
from handoff.management.mapping import Reader, read_mapping, read_rows
from handoff.management.progress import Progress
from handoff.management.reports import command_error
from handoff.services import import_leads


class Command(BaseCommand):
    help = "Create or update leads from a CSV file, all of them or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV file, UTF-8, with a head line")
        parser.add_argument(
            "--mapping",
            type=Path,
            required=True,
            help="JSON file: docs/imports.md says what it holds",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = read_mapping(options["mapping"])
            rows = read_rows(options["file"])
            reader = Reader.of(mapping, rows, LEAD_KEYS)
            leads = [lead_of(reader, row, mapping) for row in rows]
            reader.problems.raise_any()
            progress = Progress(self.stdout, total=len(leads), noun="leads")
            result = import_leads(leads, by=None, done=progress.step)
        except DomainError as refused:
            raise command_error(refused) from refused
        progress.end()
        self.stdout.write(f"{result.created:,} leads created, {result.updated:,} updated.")
