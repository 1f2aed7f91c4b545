"""Who plays in the demo: an admin, two managers with their teams, and one pool for each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.choices import Role
from accounts.models import Team, User
from accounts.services import add_time_off, create_team, create_user, set_membership
from handoff.rules.presets import MEETING_SET_KEY, QUALIFIED_LEAD_KEY
from handoff.services import set_up
from routing.models import Member, Pool
from routing.services import (
    RuleSpec,
    add_member,
    change_pool,
    create_pool,
    publish_rule_set,
    set_backup,
    set_capacity,
)

PASSWORD = "handoff-demo-2026"  # noqa: S105  # the demo's logins are printed for everybody to use
ZONE = "Europe/Berlin"
DACH, NORTH = "DACH", "North"
POOLS = {DACH: "DACH mid-market", NORTH: "North mid-market"}
NORTHERN = ("Netherlands", "Poland", "Ireland")
CAPACITY = 9


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the demo. ``weight`` is an AE's share of the pool's leads."""

    name: str
    email: str
    role: Role
    team: str = DACH
    weight: int = 1


ADMIN = Person("Rita Vogel", "admin@demo.example", Role.ADMIN, "")
PEOPLE = (
    Person("Helen Brandt", "manager@demo.example", Role.MANAGER),
    Person("Dan Whelan", "manager2@demo.example", Role.MANAGER, NORTH),
    Person("Sam Okafor", "sdr@demo.example", Role.SDR),
    Person("Jonas Bauer", "sdr2@demo.example", Role.SDR),
    Person("Ines Duarte", "sdr3@demo.example", Role.SDR, NORTH),
    Person("Piotr Zielinski", "sdr4@demo.example", Role.SDR, NORTH),
    Person("Priya Nair", "ae@demo.example", Role.AE),
    Person("Tom Reuter", "ae2@demo.example", Role.AE),
    Person("Maya Lindqvist", "ae3@demo.example", Role.AE, NORTH),
    Person("Sofia Marques", "ae4@demo.example", Role.AE, DACH, 2),
    Person("Daniel Weiss", "ae5@demo.example", Role.AE, NORTH),
    Person("Aoife Byrne", "ae6@demo.example", Role.AE, NORTH),
)

NORTHERN_SDRS = frozenset(
    each.email for each in PEOPLE if each.role is Role.SDR and each.team == NORTH
)


@transaction.atomic
def make_people(since: datetime) -> dict[str, User]:
    """Make the organisation, everybody in it and their pools; the people by e-mail address."""
    set_up(
        organisation="Meridian Field Software",
        zone=ZONE,
        admin_name=ADMIN.name,
        admin_email=ADMIN.email,
        password=PASSWORD,
        now=since,
        preset="temperatures",
        types=(QUALIFIED_LEAD_KEY, MEETING_SET_KEY),
    )
    admin = User.objects.get(email=ADMIN.email)
    teams = {name: create_team(name=name, by=admin, now=since) for name in POOLS}
    made = {ADMIN.email: admin}
    for person in PEOPLE:
        made[person.email] = _make(person, teams[person.team], by=admin, now=since)
    # One password for all: to hash it for each of them would be most of the time they take.
    User.objects.exclude(pk=admin.pk).update(password=admin.password)
    _make_pools(made, by=admin, now=since)
    return made


def _make(person: Person, team: Team, *, by: User, now: datetime) -> User:
    user = create_user(
        name=person.name,
        email=person.email,
        roles=[person.role],
        zone=ZONE,
        by=by,
        now=now,
        teams=[team],
    )
    if person.role is Role.MANAGER:
        set_membership(team=team, user=user, is_manager=True, by=by, now=now)
    return user


def _make_pools(people: dict[str, User], *, by: User, now: datetime) -> None:
    first = Pool.objects.get()
    dach = change_pool(
        pool=first, name=POOLS[DACH], manager=people["manager@demo.example"], by=by, now=now
    )
    north = create_pool(name=POOLS[NORTH], manager=people["manager2@demo.example"], by=by, now=now)
    pools = {DACH: dach, NORTH: north}
    for person in PEOPLE:
        if person.role is Role.AE:
            user = people[person.email]
            add_member(pool=pools[person.team], user=user, weight=person.weight, by=by, now=now)
            set_capacity(user=user, capacity=CAPACITY, by=by, now=now)
    for pool in pools.values():
        _pair_up(pool, by=by, now=now)
    northern = {"all": [{"field": "country", "op": "in", "value": list(NORTHERN)}]}
    rules: list[RuleSpec] = [
        {"name": "Northern countries", "conditions": northern, "pool": north},
        {"name": "Everything else", "conditions": {}, "pool": dach},
    ]
    publish_rule_set(rules=rules, by=by, now=now)


def _pair_up(pool: Pool, *, by: User, now: datetime) -> None:
    """The first two of each pool back each other up; the others come by rotation."""
    first, second, *_ = Member.objects.filter(pool=pool).order_by("pk")
    set_backup(member=first, backup=second, by=by, now=now)


def plan_absence(people: dict[str, User], *, now: datetime, starts: datetime, days: int) -> None:
    """Somebody announces some days off at ``now``."""
    user = people["ae3@demo.example"]
    add_time_off(
        user=user,
        starts_at=starts,
        ends_at=starts + timedelta(days=days),
        note="Leave",
        by=user,
        now=now,
    )
