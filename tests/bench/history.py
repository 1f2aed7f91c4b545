"""An organisation of a hundred people and years of handoffs, mostly closed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEAMS = 8
SDRS_OF_A_TEAM = 5
AES_OF_A_TEAM = 8
# Of every hundred closed handoffs, how many went this way.
CLOSED = {
    "converted": 40, "conceded": 15, "fixed": 7, "nurtured": 14, "passed_on": 8,
    "upheld": 2, "overturned": 2, "withdrawn": 5, "late": 7,
}  # fmt: skip
# What is open at 100,000 handoffs, in as many copies.
OPEN = {
    "pending": 1_200, "accepted": 1_000, "with_step": 1_500, "late_now": 500,
    "rejected": 300, "contested": 120, "held": 100, "draft": 800,
}  # fmt: skip
YEARS_BACK = timedelta(days=1_000)
TEXT = "Called the COO: the audit is in March, they want to see proof of delivery before that."


@dataclass(frozen=True, slots=True)
class History:
    """Who reads the pages; `director` manages every team."""

    admin: Any
    director: Any
    manager: Any
    sdr: Any
    ae: Any
    usual: Any
    long: Any
    draft: Any
    pool: Any


def make_history(handoffs: int, say: Callable[[str], None]) -> History:
    """About so many handoffs, spread evenly over the teams; as of the factories' NOW."""
    from tests.factories.bulk import multiply
    from tests.factories.handoff import make_world

    world = make_world(receivers=3, preset="temperatures")
    made = lives(world)
    teams = _teams(world)
    chance = Random(7)
    share = handoffs / 100_000
    wanted = {name: round(count * share) for name, count in OPEN.items()}
    left = handoffs - sum(wanted.values())
    wanted |= {name: left * percent // 100 for name, percent in CLOSED.items()}
    for name, count in wanted.items():
        life = made[name]
        say(f"{count:,} handoffs: {name}")
        is_closed = name in CLOSED
        multiply(
            life,
            count // len(life) if is_closed else count,
            move=lambda n, far=is_closed: _moved(chance, far),
            swap=lambda n: _swap(world, teams[0], teams[n % TEAMS], n // TEAMS),
        )
    _set_loads()
    return History(
        admin=world.admin,
        director=_director(world, teams),
        manager=world.manager,
        sdr=world.sdr,
        ae=world.ae,
        usual=made["with_step"][0],
        long=made["long"][0],
        draft=made["draft"][0],
        pool=world.pool,
    )


def _moved(chance: Random, far: bool) -> timedelta:
    """How much later than its original: what is closed lies up to years back."""
    return -chance.random() * YEARS_BACK if far else chance.random() * 5 * timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Team:
    manager: Any
    pool: Any
    sdrs: list[Any]
    aes: list[Any]
    seats: dict[int, int]


def _teams(world: Any) -> list[Team]:
    """The world's own team made full, and seven more like it."""
    from django.contrib.auth.models import Group

    from accounts.models import Membership, User
    from accounts.models import Team as TeamRow
    from routing.models import Load, Member, Pool

    groups = {group.name: group for group in Group.objects.all()}

    def people(role: str, count: int, team: Any, label: str) -> list[Any]:
        made = User.objects.bulk_create(
            User(email=f"{label}{n}@team{team.pk}.example", name=f"{label.title()} {team.pk}-{n}")
            for n in range(count)
        )
        User.groups.through.objects.bulk_create(
            User.groups.through(user=user, group=groups[role]) for user in made
        )
        Membership.objects.bulk_create(
            Membership(team=team, user=user, is_manager=role == "Manager") for user in made
        )
        return made

    found = []
    for n in range(TEAMS):
        own = n == 0
        team = world.team if own else TeamRow.objects.create(name=f"Team {n}")
        manager = world.manager if own else people("Manager", 1, team, "manager")[0]
        pool = world.pool if own else Pool.objects.create(name=f"Pool {n}", manager=manager)
        sdrs = [world.sdr] if own else []
        sdrs += people("SDR", SDRS_OF_A_TEAM - len(sdrs), team, "sdr")
        aes = list(world.aes) if own else []
        new = people("AE", AES_OF_A_TEAM - len(aes), team, "ae")
        Member.objects.bulk_create(Member(pool=pool, user=user) for user in new)
        Load.objects.bulk_create(Load(user=user, capacity=80) for user in new)
        seats = dict(Member.objects.filter(pool=pool).values_list("user", "pk"))
        found.append(Team(manager, pool, sdrs, [*aes, *new], seats))
    return found


def _director(world: Any, teams: list[Team]) -> Any:
    from accounts.choices import Role
    from accounts.models import Membership
    from accounts.models import Team as TeamRow

    director = world.person("Dora Director", Role.MANAGER, team=False)
    Membership.objects.bulk_create(
        Membership(team=team, user=director, is_manager=True) for team in TeamRow.objects.all()
    )
    return director


def _swap(world: Any, own: Team, team: Team, n: int) -> Any:
    """The same life in another team, its people taken in turns."""
    from accounts.models import User
    from routing.models import Member, Pool

    receivers = {
        old.pk: team.aes[(n + place) % len(team.aes)].pk for place, old in enumerate(world.aes)
    }
    return {
        User: {
            **receivers,
            world.sdr.pk: team.sdrs[n % len(team.sdrs)].pk,
            world.manager.pk: team.manager.pk,
        },
        Pool: {world.pool.pk: team.pool.pk},
        Member: {own.seats[old]: team.seats[new] for old, new in receivers.items()},
    }


def _set_loads() -> None:
    """As many as each has open, for the board of the team."""
    from django.db.models import Count

    from handoff.models import Leg
    from routing.models import Load

    counts = dict(Leg.objects.carried().values_list("receiver").annotate(n=Count("pk")))
    loads = list(Load.objects.all())
    for load in loads:
        load.open_count = counts.get(load.user_id, 0)
    Load.objects.bulk_update(loads, ["open_count"])


def lives(world: Any) -> dict[str, list[Any]]:
    """One handoff of each kind, led by the services; the closed ones a month ago."""
    from tests.factories.handoff import NOW

    # A Tuesday at the same time of day.
    past = NOW - 28 * DAY
    life = Life(world)
    found = {
        "converted": life.converted(past),
        "conceded": life.conceded(past),
        "fixed": life.fixed(past),
        "nurtured": life.nurtured(past),
        "passed_on": life.passed_on(past),
        "upheld": life.contested(past, is_upheld=True),
        "overturned": life.contested(past, is_upheld=False),
        "withdrawn": life.withdrawn(past),
        "late": life.late(past),
        "late_now": life.late_now(NOW),
        "long": life.long(NOW),
        "accepted": life.accepted(NOW - HOUR),
        "with_step": life.with_step(NOW - 2 * DAY),
        "rejected": life.rejected(NOW - HOUR),
        "contested": life.contested(NOW - HOUR, is_upheld=None),
        "pending": life.pending(NOW - HOUR / 2),
        "draft": life.draft(NOW - HOUR),
        "held": life.held(NOW - HOUR),
    }
    _have_read([row.pk for name in CLOSED for row in found[name]])
    return found


def _have_read(ids: list[int]) -> None:
    """What is over, its people have read of."""
    from django.db.models import F

    from notify.models import Message

    about = Message.objects.filter(subject_ref__in=[f"handoff:{pk}" for pk in ids])
    about.update(read_at=F("sent_at"))


class Life:
    """Leads one handoff after another through a life of its kind, by the services."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def submitted(self, at: Any) -> tuple[Any, Any]:
        row = self.world.submitted(now=at)
        return row, self.world.receiver_of(row)

    def pending(self, at: Any) -> list[Any]:
        return [self.submitted(at)[0]]

    def draft(self, at: Any) -> list[Any]:
        return [self.world.draft(now=at)]

    def accepted(self, at: Any) -> list[Any]:
        from handoff.services import accept_handoff

        row, receiver = self.submitted(at)
        return [accept_handoff(row, by=receiver, now=at + HOUR / 2)]

    def contacted(self, at: Any, *, days: int = 5) -> Any:
        """Accepted, mailed, called, and with a dated next step."""
        from handoff.services import date_next_step, log_touch

        [row] = self.accepted(at)
        for kind, hours, text in (("email", 2, "Hello?"), ("call", 3, TEXT)):
            then = at + hours * HOUR
            log_touch(row, kind=kind, occurred_at=then, text=text, by=row.owner, now=then)
        step_at = at + days * DAY
        return date_next_step(
            row, step="Demo with the COO", at=step_at, by=row.owner, now=at + 4 * HOUR
        )

    def with_step(self, at: Any) -> list[Any]:
        return [self.contacted(at)]

    def converted(self, at: Any) -> list[Any]:
        from decimal import Decimal

        from handoff.services import convert_handoff

        row = self.contacted(at)
        closed = at + 4 * DAY
        return [
            convert_handoff(row, value=Decimal(40_000), currency="EUR", by=row.owner, now=closed)
        ]

    def nurtured(self, at: Any) -> list[Any]:
        from handoff.services import nurture_handoff

        row = self.contacted(at)
        return [nurture_handoff(row, note="Next year", by=row.owner, now=at + 3 * DAY)]

    def rejected(self, at: Any, reason: str = "wrong_icp") -> list[Any]:
        from handoff.services import reject_handoff

        row, receiver = self.submitted(at)
        fields = ["budget"] if reason == "missing_information" else []
        then = at + HOUR / 2
        return [reject_handoff(row, reason=reason, fields=fields, note=TEXT, by=receiver, now=then)]

    def conceded(self, at: Any) -> list[Any]:
        from handoff.services import concede_handoff

        [row] = self.rejected(at)
        return [concede_handoff(row, by=row.submitted_by, now=at + HOUR)]

    def fixed(self, at: Any) -> list[Any]:
        """Rejected for what was missing, handed off anew, and found not to fit after all."""
        from handoff.services import (
            accept_handoff,
            disqualify_handoff,
            start_fix,
            submit_handoff,
        )

        [row] = self.rejected(at, "missing_information")
        by = row.submitted_by
        draft = start_fix(row, by=by, now=at + HOUR)
        again = submit_handoff(draft, by=by, now=at + 2 * HOUR)
        again = accept_handoff(again, by=self.world.receiver_of(again), now=at + 3 * HOUR)
        closed = at + DAY
        disqualify_handoff(again, reason="no_need", note=TEXT, by=again.owner, now=closed)
        return [row, again]

    def passed_on(self, at: Any) -> list[Any]:
        """Declined for a conflict, taken by the next, converted."""
        from handoff.services import accept_handoff, convert_handoff, reject_handoff

        row, first = self.submitted(at)
        reject_handoff(row, reason="conflict", note=TEXT, by=first, now=at + HOUR / 2)
        row.refresh_from_db()
        row = accept_handoff(row, by=self.world.receiver_of(row), now=at + HOUR)
        return [convert_handoff(row, by=row.owner, now=at + DAY)]

    def contested(self, at: Any, *, is_upheld: bool | None) -> list[Any]:
        from handoff.services import (
            concede_handoff,
            contest_rejection,
            convert_handoff,
            rule_on_contest,
        )

        [row] = self.rejected(at)
        contest_rejection(row, note=TEXT, by=row.submitted_by, now=at + HOUR)
        if is_upheld is None:
            return [row]
        then = at + 2 * HOUR
        rule_on_contest(row, is_upheld=is_upheld, note=TEXT, by=self.world.manager, now=then)
        row.refresh_from_db()
        if is_upheld:
            return [concede_handoff(row, by=row.submitted_by, now=at + 3 * HOUR)]
        return [convert_handoff(row, by=row.owner, now=at + DAY)]

    def withdrawn(self, at: Any) -> list[Any]:
        from handoff.services import withdraw_handoff

        row, _ = self.submitted(at)
        return [withdraw_handoff(row, by=row.submitted_by, now=at + HOUR)]

    def late(self, at: Any) -> list[Any]:
        """First contacted after the manager was alerted."""
        from handoff.services import convert_handoff, log_touch

        [row] = self.late_now(at + 26 * HOUR)
        then = at + 27 * HOUR
        log_touch(row, kind="call", occurred_at=then, text=TEXT, by=row.owner, now=then)
        row.refresh_from_db()
        return [convert_handoff(row, by=row.owner, now=at + 3 * DAY)]

    def late_now(self, now: Any) -> list[Any]:
        """Accepted a working day and more ago, and not contacted; the ladder has fired."""
        from handoff.services import apply_escalations
        from sla.services import fire_due_steps

        [row] = self.accepted(now - 26 * HOUR)
        fire_due_steps(now - HOUR / 4)
        apply_escalations(now - HOUR / 4)
        row.refresh_from_db()
        return [row]

    def held(self, at: Any) -> list[Any]:
        members = self.world.pool.members
        members.update(is_active=False)
        row = self.world.submitted(now=at)
        members.update(is_active=True)
        return [row]

    def long(self, now: Any) -> list[Any]:
        """With a hundred touches: the longest page there is."""
        from handoff.services import log_touch

        row = self.contacted(now - 3 * DAY)
        for n in range(100):
            at = now - 2 * DAY + n * timedelta(minutes=20)
            log_touch(row, kind="call", occurred_at=at, text=TEXT, by=row.owner, now=at)
        row.refresh_from_db()
        return [row]
