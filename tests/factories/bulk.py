"""Many handoffs at once: copies of lives that the services led, with ids and people of their own.

A copy holds all that the original left behind: lead, company, turns, legs, clocks, escalations,
events, touches, transfers, contests and inbox messages. It is what the services would have
written, at another time, though it cannot be replayed: ids inside of events stay the original's.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from django.core.management.color import no_style
from django.db import connection, models, transaction

from handoff.models import (
    Company,
    Contest,
    Event,
    Handoff,
    HandoffClock,
    Lead,
    Leg,
    Meeting,
    Touch,
    Transfer,
)
from notify.choices import Channel
from notify.models import Message
from routing.models import CreditNote, Turn
from sla.models import Acknowledgement, Clock, Escalation, Pause

PORTION = 500
Swap = Mapping[type[models.Model], Mapping[int, int]]
_AT_ONCE = timedelta(0)
# A copy's own value where it must be the only one, or would else read the same on every line.
_NUMBERED = {
    (Company, "name"): "{value} {n}",
    (Company, "domain"): "{n}.{value}",
    (Lead, "last_name"): "{value} {n}",
    (Lead, "email"): "{n}.{value}",
    (Message, "key"): "{value}:{n}",
}
# What was answered is what the lead and its company are found by again.
_ANSWERED = {
    "company.name": (Company, "name"),
    "company.domain": (Company, "domain"),
    "contact.last_name": (Lead, "last_name"),
    "contact.email": (Lead, "email"),
}


def analyze() -> None:
    """What autovacuum does: else a server plans for the rows that the test before had left."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def rows_of(*handoffs: Handoff) -> dict[type[models.Model], list[models.Model]]:
    """All rows that came of these handoffs, in the order in which they can be inserted."""
    ids = [handoff.pk for handoff in handoffs]
    legs = Leg.objects.filter(handoff__in=ids)
    links = HandoffClock.objects.filter(handoff__in=ids)
    turns, clocks = legs.values("turn"), links.values("clock")
    found: dict[type[models.Model], models.QuerySet] = {
        Company: Company.objects.filter(leads__handoffs__in=ids).distinct(),
        Lead: Lead.objects.filter(handoffs__in=ids).distinct(),
        Handoff: Handoff.objects.filter(pk__in=ids),
        Turn: Turn.objects.filter(pk__in=turns),
        CreditNote: CreditNote.objects.filter(turn__in=turns),
        Leg: legs,
        Clock: Clock.objects.filter(pk__in=clocks),
        Pause: Pause.objects.filter(clock__in=clocks),
        Acknowledgement: Acknowledgement.objects.filter(clock__in=clocks),
        Escalation: Escalation.objects.filter(clock__in=clocks),
        HandoffClock: links,
        Transfer: Transfer.objects.filter(handoff__in=ids),
        Event: Event.objects.filter(handoff__in=ids),
        Touch: Touch.objects.filter(handoff__in=ids),
        Meeting: Meeting.objects.filter(handoff__in=ids),
        Contest: Contest.objects.filter(leg__in=legs),
        Message: Message.objects.filter(
            subject_ref__in=[f"handoff:{pk}" for pk in ids], channel=Channel.INBOX
        ),
    }
    return {model: list(rows.order_by("pk")) for model, rows in found.items()}


def multiply(
    handoffs: Iterable[Handoff],
    count: int,
    *,
    move: Callable[[int], timedelta] = lambda n: _AT_ONCE,
    swap: Callable[[int], Swap] = lambda n: {},
) -> None:
    """Insert `count` copies of the life that these handoffs are.

    `move(n)` is by how much the n-th copy happened later, `swap(n)` whom and what it names
    instead: ids by ids, by model.
    """
    found = rows_of(*handoffs)
    copier = _Copier({model: rows for model, rows in found.items() if rows})
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as on:
        for begin in range(0, count, PORTION):
            portion = [(n, move(n), swap(n)) for n in range(begin, min(begin + PORTION, count))]
            for statement, rows in copier.inserts(portion):
                on.executemany(statement, rows)
        if connection.vendor == "postgresql":
            # Foreign keys are checked by plans that were made while the tables were empty.
            tables = ", ".join(connection.ops.quote_name(one._meta.db_table) for one in found)
            on.execute(f"ANALYZE {tables}")
        # The copies have taken ids that the services would be given next.
        for statement in connection.ops.sequence_reset_sql(no_style(), list(found)):
            on.execute(statement)


class _Copier:
    """Knows for each original row which of its columns differ in a copy, and how."""

    def __init__(self, found: dict[type[models.Model], list[models.Model]]) -> None:
        self.found = found
        self.places = {
            model: {row.pk: place for place, row in enumerate(rows)}
            for model, rows in found.items()
        }
        self.first = {model: _last_id(model) + 1 for model in found}

    def copied(self, model: type[models.Model], pk: int, n: int) -> int:
        """The id in the n-th copy of a row that is copied; else the id as it is."""
        place = self.places.get(model, {}).get(pk)
        return pk if place is None else self.first[model] + n * len(self.found[model]) + place

    def inserts(
        self, portion: list[tuple[int, timedelta, Swap]]
    ) -> Iterator[tuple[str, list[list[object]]]]:
        quote = connection.ops.quote_name
        for model, rows in self.found.items():
            fields = model._meta.concrete_fields
            columns = ", ".join(quote(field.column) for field in fields)
            marks = ", ".join(["%s"] * len(fields))
            table = quote(model._meta.db_table)
            changes = [(self._fixed(row, fields), self._changes(row, fields)) for row in rows]
            yield (
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",
                [_filled(fixed, change, *each) for each in portion for fixed, change in changes],
            )

    def _fixed(self, row, fields) -> list[object]:
        return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]

    def _changes(self, row, fields):
        """Which columns a copy has of its own: the place of each with how it is made."""
        changes = [(place, self._change(row, field)) for place, field in enumerate(fields)]
        return [(place, change) for place, change in changes if change is not None]

    def _change(self, row, field):
        model, value = type(row), getattr(row, field.attname)
        if field.primary_key:
            return lambda n, later, swap: self.copied(model, value, n)
        if value is None or value == "":
            return None
        if field.is_relation:
            return self._relation(field.related_model, value)
        if isinstance(value, datetime):
            return _moment(value)
        if (model, field.name) in _NUMBERED:
            return lambda n, later, swap: self._numbered(model, field.name, value, n)
        return self._special(row, field.name, value)

    def _numbered(self, model: type[models.Model], name: str, value: str, n: int) -> str:
        first = self.first.get(model, 0)
        return _NUMBERED[model, name].format(value=value, n=f"{first}{n}")

    def _relation(self, to: type[models.Model], value: int):
        if to in self.places:
            return lambda n, later, swap: self.copied(to, value, n)
        return lambda n, later, swap: swap[to].get(value, value) if to in swap else value

    def _special(self, row, name: str, value):
        model = type(row)
        if (model, name) == (Handoff, "submission_uuid"):
            return lambda n, later, swap: _stored_uuid()
        if (model, name) == (Turn, "sequence"):
            return lambda n, later, swap: self.copied(Turn, row.pk, n) + _FAR
        if (model, name) == (Clock, "schedule"):
            return lambda n, later, swap: json.dumps(
                [
                    [step, (datetime.fromisoformat(at) + later).isoformat(), action]
                    for step, at, action in value
                ]
            )
        if (model, name) == (Message, "subject_ref"):
            about = int(value.partition(":")[2])
            return lambda n, later, swap: f"handoff:{self.copied(Handoff, about, n)}"
        made = {(Message, "payload"): self._payload, (Handoff, "answers"): self._answers}
        make = made.get((model, name))
        return None if make is None else lambda n, later, swap: json.dumps(make(value, n))

    def _payload(self, value: dict, n: int) -> dict:
        of = {"handoff": Handoff, "leg": Leg, "clock": Clock}
        return {
            key: self.copied(of[key], pk, n) if key in of and pk is not None else pk
            for key, pk in value.items()
        }

    def _answers(self, value: dict, n: int) -> dict:
        return {
            key: self._numbered(*_ANSWERED[key], given, n) if key in _ANSWERED else given
            for key, given in value.items()
        }


def _moment(value: datetime):
    if connection.vendor != "sqlite":
        return lambda n, later, swap: value + later
    # As Django writes it, without its looking twice at each of a million.
    stored = value.astimezone(UTC).replace(tzinfo=None)
    return lambda n, later, swap: str(stored + later)


# Beyond the numbers that a pool gives itself.
_FAR = 1_000_000_000


def _filled(fixed, changes, n: int, later: timedelta, swap: Swap) -> list[object]:
    row = fixed.copy()
    for place, change in changes:
        row[place] = change(n, later, swap)
    return row


def _last_id(model: type[models.Model]) -> int:
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _stored_uuid() -> object:
    made = uuid.uuid4()
    return made if connection.features.has_native_uuid_field else made.hex
