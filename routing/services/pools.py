"""Pools, how they pick, and who is in them with which weight.

`by` is who does it, or None where the product itself does. Each function raises NotPermitted
where `by` may not, and InvalidPool where something given cannot be kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict, TypeVar, Unpack

from django.db import IntegrityError, models, transaction

from accounts.models import User
from accounts.rules.policy import Action, Relation, allows
from core.errors import FieldProblem, NotPermitted, Refused
from routing.choices import Hours, SkillKind, Strategy
from routing.models import Load, Member, Pool
from routing.rules import clamped
from routing.selectors import weight_of_active
from routing.selectors.emptied import is_empty
from routing.services.emptied import RESTS, tell_of_emptied

MOST_WEIGHT = 1000

Row = TypeVar("Row", bound=models.Model)


class InvalidPool(Refused):
    """A pool, a member or a capacity cannot be kept as given."""

    code = "invalid_pool"
    title = "This cannot be saved yet"


class PoolChoices(TypedDict, total=False):
    """How a pool picks; what is not given stays, or is the default in a new pool.

    `strategy` and `hours` are values of their enumerations, `skills` kinds of skill that count.
    The others say whether a lead given by hand, or one not accepted in time, counts as a turn.
    """

    strategy: str
    hours: str
    skills: list[str]
    timeout_costs_turn: bool
    manual_costs_turn: bool


@transaction.atomic
def create_pool(
    *, name: str, manager: User, by: User | None, now: datetime, **choices: Unpack[PoolChoices]
) -> Pool:
    """Make an empty pool; its manager owns what it holds while nobody is eligible."""
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin can make a pool.")
    name = name.strip()
    raise_for(_pool_problems(name, manager, None) + _choice_problems(choices))
    pool = Pool(name=name, manager=manager, **choices)
    return _keep_named(pool, by=by, now=now)


@transaction.atomic
def change_pool(
    *,
    pool: Pool,
    name: str | None = None,
    manager: User | None = None,
    by: User | None,
    now: datetime,
    **choices: Unpack[PoolChoices],
) -> Pool:
    """Rename the pool, give it another manager or let it pick in another way.

    What is not given stays, even where somebody has just changed it.
    What it holds now keeps its owner, credits stay as they are, and the next pick is the first
    that goes the new way.
    """
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin can change a pool.")
    # No pick runs while the way to pick changes.
    lock_pool(pool.pk)
    row = Pool.objects.select_related("manager").get(pk=pool.pk)
    named: dict[str, Any] = {"name": name and name.strip(), "manager": manager}
    changes = {**{key: value for key, value in named.items() if value is not None}, **choices}
    for field, value in changes.items():
        setattr(row, field, value)
    manages = row.manager if manager is not None else None
    raise_for(_pool_problems(row.name, manages, row) + _choice_problems(choices))
    return _keep_named(row, by=by, now=now, fields=list(changes))


@transaction.atomic
def add_member(
    *, pool: Pool, user: User, weight: int = 1, by: User | None, now: datetime
) -> Member:
    """Put a person into the pool with credit 0; nobody else's turn moves."""
    _permit_member_edit(pool, by)
    lock_pool(pool.pk)
    problems = _weight_problems(weight)
    if not user.is_active:
        message = f"{user} is not active; choose somebody who is."
        problems.append(FieldProblem("user", "inactive", message))
    if Member.objects.filter(pool=pool, user=user).exists():
        problems.append(FieldProblem("user", "taken", f"{user} is in this pool already."))
    raise_for(problems)
    if not Load.objects.filter(user=user).exists():
        Load.objects.bulk_create([Load(user=user)], ignore_conflicts=True)
    return keep(Member(pool=pool, user=user, weight=weight), by=by, now=now)


@transaction.atomic
def change_member(
    *,
    member: Member,
    weight: int | None = None,
    is_active: bool | None = None,
    by: User | None,
    now: datetime,
) -> Member:
    """Change a member's weight, or let them rest or come back; what is not given stays.

    Everybody keeps their credit as far as it lies within [-W, W], W being the new weight of the
    pool's active members: without that a light member who was owed a small part of one lead
    would get a long run of leads once a heavy member is gone.
    """
    _permit_member_edit(member.pool, by)
    lock_pool(member.pool_id)
    row = Member.objects.select_related("pool__manager", "user").get(pk=member.pk)
    took_part = row.is_active and row.weight > 0
    if weight is not None:
        raise_for(_weight_problems(weight))
        row.weight = weight
    if is_active is not None:
        row.is_active = is_active
    keep(row, by=by, now=now, fields=["weight", "is_active"])
    clamp_credits(row.pool_id)
    if took_part and is_empty(row.pool):
        reference = f"{row.pk}:{now.isoformat()}"
        tell_of_emptied(
            [row.pool], user=row.user, why=RESTS, at=now, reference=reference, by=by, now=now
        )
    row.refresh_from_db(fields=["credit"])
    return row


def lock_pool(pool_id: int) -> None:
    """Let no pick run while the pool's members change."""
    Pool.objects.select_for_update(no_key=True).get(pk=pool_id)


def clamp_credits(pool_id: int) -> None:
    total = weight_of_active(pool_id)
    if total == 0:
        # Nobody to measure a lead by: credits wait for the next change.
        return
    for member in Member.objects.filter(pool=pool_id, is_active=True):
        credit = clamped(member.credit, total)
        if credit != member.credit:
            Member.objects.filter(pk=member.pk).update(credit=credit)


def _permit_member_edit(pool: Pool, by: User | None) -> None:
    if by is None:
        return
    relations = frozenset({Relation.TEAM}) if pool.manager_id == by.pk else frozenset()
    if not allows(by.roles, Action.MEMBER_EDIT, relations):
        raise NotPermitted("Only the pool's manager or a RevOps admin can change its members.")


def _pool_problems(name: str, manager: User | None, pool: Pool | None) -> list[FieldProblem]:
    problems = []
    others = Pool.objects.exclude(pk=pool.pk) if pool else Pool.objects.all()
    if not name:
        problems.append(FieldProblem("name", "required", "Enter a name."))
    elif others.filter(name=name).exists():
        problems.append(_taken(name))
    if manager is not None and not manager.is_active:
        message = f"{manager} is not active; choose somebody who is."
        problems.append(FieldProblem("manager", "inactive", message))
    return problems


def _choice_problems(choices: PoolChoices) -> list[FieldProblem]:
    allowed = {"strategy": Strategy.values, "hours": Hours.values}
    chosen = {"strategy": choices.get("strategy"), "hours": choices.get("hours")}
    problems = [
        FieldProblem(field, "invalid_choice", f"Choose one of: {', '.join(allowed[field])}.")
        for field, value in chosen.items()
        if value is not None and value not in allowed[field]
    ]
    if not set(choices.get("skills", ())) <= set(SkillKind.values):
        message = f"Choose from: {', '.join(SkillKind.values)}."
        problems.append(FieldProblem("skills", "invalid_choice", message))
    return problems


def _taken(name: str) -> FieldProblem:
    return FieldProblem("name", "taken", f"A pool is called {name} already.")


def _keep_named(
    pool: Pool, *, by: User | None, now: datetime, fields: Iterable[str] | None = None
) -> Pool:
    try:
        with transaction.atomic():
            return keep(pool, by=by, now=now, fields=fields)
    except IntegrityError as error:
        # Somebody else took the same name in the meantime.
        problem = _taken(pool.name)
        raise InvalidPool(problem.message, problems=[problem]) from error


def _weight_problems(weight: int) -> list[FieldProblem]:
    if 0 <= weight <= MOST_WEIGHT:
        return []
    message = f"Enter a weight from 0 to {MOST_WEIGHT}; 0 gives no leads."
    return [FieldProblem("weight", "out_of_range", message)]


def raise_for(problems: list[FieldProblem]) -> None:
    if problems:
        raise InvalidPool(problems[0].message, problems=problems)


def keep(row: Row, *, by: User | None, now: datetime, fields: Iterable[str] | None = None) -> Row:
    """Save the row; its history tells who and when even where there is no request."""
    row._history_user = by  # type: ignore[attr-defined]  # simple_history reads it
    row._history_date = now  # type: ignore[attr-defined]  # likewise
    row.save(update_fields=fields)
    return row
