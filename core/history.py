"""Reading back what django-simple-history kept about a row."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import models
from simple_history.models import DeletedObject

LATEST = 25


@dataclass(frozen=True, slots=True)
class PastChange:
    """One earlier save of a row: when, by whom, and each field's old and new value."""

    at: datetime
    by: Any
    kind: str
    fields: tuple[tuple[str, Any, Any], ...]


def past_changes(row: Any) -> list[PastChange]:
    """The latest saves of a row that keeps its history, newest first."""
    records = list(row.history.select_related("history_user")[: LATEST + 1])
    kinds = {"+": "Added", "~": "Changed", "-": "Removed"}
    changes = []
    for record, before in zip(records, [*records[1:], None], strict=False):
        fields: tuple[tuple[str, Any, Any], ...] = ()
        if before is not None:
            delta = record.diff_against(before, foreign_keys_are_objs=True)
            fields = tuple(
                (_label(row, change.field), _told(change.old), _told(change.new))
                for change in delta.changes
            )
        changes.append(
            PastChange(
                at=record.history_date,
                by=record.history_user,
                kind=kinds[record.history_type],
                fields=fields,
            )
        )
    return changes[:LATEST]


def who_changed(row: models.Model, name: str) -> Any:
    """Who gave the field the value that it has; None where the latest saves do not tell."""
    field: Any = row._meta.get_field(name)
    history: Any = row.history  # type: ignore[attr-defined]  # simple_history adds it
    records = list(history.select_related("history_user")[: LATEST + 1])
    for record, before in pairwise(records):
        if getattr(record, field.attname) != getattr(before, field.attname):
            return record.history_user
    return records[-1].history_user if 0 < len(records) <= LATEST else None


def _told(value: Any) -> Any:
    """The value; where a reference was empty, None and not an object that is gone."""
    return None if isinstance(value, DeletedObject) and value.pk is None else value


def _label(row: models.Model, field: str) -> str:
    return str(getattr(row._meta.get_field(field), "verbose_name", field)).capitalize()
