"""Reading back what django-simple-history kept about a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

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
    for record, before in zip(records, [*records[1:], None], strict=True):
        fields: tuple[tuple[str, Any, Any], ...] = ()
        if before is not None:
            delta = record.diff_against(before, foreign_keys_are_objs=True)
            fields = tuple(
                (_label(row, change.field), change.old, change.new) for change in delta.changes
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


def _label(row: models.Model, field: str) -> str:
    return str(getattr(row._meta.get_field(field), "verbose_name", field)).capitalize()
