"""What every write about people shares: who may, what can be kept, and the signed history."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db import models

from accounts.models import User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import known_zone, relations_to_person
from accounts.services.errors import InvalidPerson
from core.errors import FieldProblem, NotPermitted

Row = TypeVar("Row", bound=models.Model)


def keep(row: Row, *, by: User | None, now: datetime, fields: Iterable[str] | None = None) -> Row:
    """Save the row; its history tells who and when even where there is no request."""
    sign(row, by, now)
    row.save(update_fields=fields)
    return row


def sign(row: models.Model, by: User | None, now: datetime) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # simple_history reads it
    row._history_date = now  # type: ignore[attr-defined]  # likewise


def permit(by: User | None, action: Action) -> None:
    if by is not None and not allows(by.roles, action, frozenset()):
        raise NotPermitted("Only a RevOps admin can do this.")


def permit_for(by: User | None, action: Action, user: User) -> None:
    if by is None:
        return
    relations: frozenset[Relation] = relations_to_person(by, user)
    if not allows(by.roles, action, relations):
        raise NotPermitted(f"Only {user}, a manager of the team or a RevOps admin can do this.")


def raise_for(problems: list[FieldProblem]) -> None:
    if problems:
        raise InvalidPerson(problems[0].message, problems=problems)


def name_problems(name: str) -> list[FieldProblem]:
    message = "Enter a name with a letter or a digit."
    return [] if any(map(str.isalnum, name)) else [FieldProblem("name", "required", message)]


def zone_problems(zone: str, *, is_required: bool = False) -> list[FieldProblem]:
    if known_zone(zone) or not (zone or is_required):
        return []
    message = f"'{zone}' is no time zone; write one such as Europe/Berlin."
    return [FieldProblem("zone", "unknown_zone", message)]
