from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.choices import Role
from accounts.models import User
from accounts.selectors import organisation
from accounts.services import change_user, create_user
from core.errors import DomainError
from core.loops import database_now
from handoff.management.files import REPLAY_KEYS, form_of, lead_of
from handoff.management.mapping import FileRefused, Reader, Row, read_mapping, read_rows
from handoff.management.progress import Progress
from handoff.management.reports import command_error
from handoff.models import HandoffType
from handoff.rules.gate import all_problems
from handoff.services import install_type, replay_handoffs
from handoff.services.imports import HandoffRow
from routing.models import Pool
from routing.selectors import published_rules
from routing.services import RuleSpec, add_member, create_pool, publish_rule_set


class Command(BaseCommand):
    help = "Hand off and accept what happened elsewhere, at its own times, all of it or nothing."

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
            with transaction.atomic():
                replay = Replay(mapping, rows)
                ready = replay.rows()
                progress = Progress(self.stdout, total=len(ready), noun="handoffs")
                handoffs = replay_handoffs(ready, type=replay.install(), done=progress.step)
        except DomainError as refused:
            raise command_error(refused) from refused
        except KeyError as missing:
            raise CommandError(
                f"The mapping needs {missing}; docs/imports.md says what for."
            ) from missing
        progress.end()
        given = Counter(handoff.owner_id for handoff in handoffs)
        self.stdout.write(
            f"{len(handoffs):,} handoffs replayed to {len(given)} receivers, "
            f"{min(given.values())} to {max(given.values())} each."
        )


class Replay:
    """What a mapping makes of a file: the people, their pool, the type and the handoffs."""

    def __init__(self, mapping: dict[str, Any], lines: list[Row]) -> None:
        self.mapping = mapping
        self.lines = lines
        self.now = database_now()
        self.reader = Reader.of(mapping, lines, REPLAY_KEYS)
        self.form = form_of(mapping["type"].get("fields"))
        self.people: dict[str, User] = {}

    def rows(self) -> list[HandoffRow]:
        """Every line read, checked, with its submitter; raises FileRefused with all problems."""
        fields = self.mapping["type"]["fields"]
        ready = []
        for line in self.lines:
            lead = lead_of(self.reader, line, self.mapping)
            at = self.reader.instant(line, self.mapping["at"])
            answers = {item["key"]: self.reader.text(line, item["from"]) for item in fields}
            for problem in all_problems(self.form, answers):
                self.reader.problems.add(line, problem.field, problem.code, problem.message)
            address = self._address(line, self.mapping["submitter"])
            if at is None:
                column = str(self.mapping["at"])
                self.reader.problems.add(line, column, "required", "It needs a date and time.")
            else:
                ready.append((lead, at, answers, address, line))
        self.reader.problems.raise_any()
        self._make_people()
        return [
            HandoffRow(lead=lead, submitter=self.people[address], at=at, answers=answers)
            for lead, at, answers, address, _ in ready
        ]

    def install(self) -> HandoffType:
        """The type, and a pool of all receivers that gets its handoffs."""
        type_ = install_type(
            key=str(self.mapping["type"]["key"]),
            name=str(self.mapping["type"]["name"]),
            form=self.form,
            submitters=[Role.SDR],
            receivers=[Role.AE],
            by=None,
        )
        name = str(self.mapping["pool"])
        pool = Pool.objects.filter(name=name).first() or create_pool(
            name=name, manager=organisation().fallback_manager, by=None, now=self.now
        )
        for line in self.lines:
            receiver = self.people[self._address(line, self.mapping["receiver"])]
            if not pool.members.filter(user=receiver).exists():
                add_member(pool=pool, user=receiver, by=None, now=self.now)
        self._publish(pool, type_)
        return type_

    def _publish(self, pool: Pool, type_: HandoffType) -> None:
        """Put a rule for the type before the rules there are, unless it stands there already."""
        rules = [
            RuleSpec(name=rule.name, conditions=rule.conditions, pool=rule.pool)
            for rule in published_rules()
        ]
        condition = {"all": [{"field": "type", "op": "eq", "value": type_.key}]}
        if any(rule["conditions"] == condition and rule["pool"] == pool for rule in rules):
            return
        own = RuleSpec(name=type_.name, conditions=condition, pool=pool)
        publish_rule_set(rules=[own, *rules], by=None, now=self.now)

    def _make_people(self) -> None:
        for key, role in (("submitter", Role.SDR), ("receiver", Role.AE)):
            source = self.mapping[key]
            for line in self.lines:
                address = self._address(line, source)
                known = User.objects.filter(email__iexact=address)
                user = self.people.get(address) or known.first()
                if user is None:
                    user = create_user(
                        name=self.reader.text(line, source["name"], most=150),
                        email=address,
                        roles=[role],
                        by=None,
                        now=self.now,
                    )
                elif role.value not in user.roles:
                    user = _with_role(user, role)
                self.people[address] = user

    def _address(self, line: Row, source: Any) -> str:
        if not isinstance(source, Mapping) or not {"name", "email"} <= set(source):
            raise FileRefused('"submitter" and "receiver" in the mapping need "name" and "email".')
        return self.reader.text(line, source["email"]).lower()


def _with_role(user: User, role: Role) -> User:
    """Somebody who sold and received both has both roles; read anew, because roles are kept."""
    changed = change_user(
        user=user,
        name=user.name,
        email=user.email,
        roles=[*(Role(value) for value in user.roles), role],
        by=None,
        now=database_now(),
        zone=user.zone,
        calendar=user.calendar,
    )
    found: User = User.objects.get(pk=changed.pk)
    return found
