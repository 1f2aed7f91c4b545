"""Pools with people in them, and picks from them."""

import itertools

from django.db import transaction

from accounts.models import User
from routing.choices import TurnKind
from routing.models import Load, Member, Pool
from routing.services import open_draw, take_turn
from tests.factories.accounts import NOW

_counter = itertools.count(1)


def make_people(count):
    """Receivers, in few statements, so that a pool of hundreds is made at once."""
    numbers = [next(_counter) for _ in range(count)]
    return User.objects.bulk_create(
        [User(email=f"receiver{n}@pool.example", name=f"Receiver {n}") for n in numbers]
    )


def make_pool(weights=(1, 1, 1), *, capacity=None, people=None):
    """A pool with one member for each weight, in that order."""
    people = people or make_people(len(weights))
    manager = User.objects.create(email=f"manager{next(_counter)}@pool.example", name="Manager")
    pool = Pool.objects.create(name=f"Pool {next(_counter)}", manager=manager)
    Load.objects.bulk_create(
        [Load(user=user, capacity=capacity) for user in people], ignore_conflicts=True
    )
    Member.objects.bulk_create(
        Member(pool=pool, user=user, weight=weight)
        for user, weight in zip(people, weights, strict=True)
    )
    return pool


def take(pool, *, now=NOW, kind=TurnKind.ROTATION, rule=None, **options):
    """One pick in a transaction of its own."""
    with transaction.atomic():
        return take_turn(open_draw(pool_id=pool.pk, now=now), kind=kind, rule=rule, **options)


def members(pool):
    return list(Member.objects.filter(pool=pool).order_by("pk"))


def order(pool, turns):
    """The turns as letters: a for the first member of the pool, and so on."""
    letters = {member.user_id: chr(ord("a") + n) for n, member in enumerate(members(pool))}
    return "".join(letters[turn.user_id] if turn else "-" for turn in turns)


def picks(pool, count, **options):
    return order(pool, [take(pool, **options) for _ in range(count)])
