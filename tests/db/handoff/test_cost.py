"""What a page costs does not depend on how many rows there are: 1, 50 or 1,000."""

from itertools import pairwise

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, TimeOff, User
from handoff.models import Handoff, Lead
from handoff.selectors.sight import Sight
from routing.models import Load, Member, Pool
from tests.bench.history import DAY, HOUR, Life
from tests.factories.bulk import analyze, multiply
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
SIZES = (1, 50, 1_000)
PAGES = [
    ("handoff:list", "sdr", ""),
    ("handoff:list", "manager", ""),
    ("handoff:list", "admin", "q=ruiz"),
    ("handoff:leads", "sdr", ""),
    ("handoff:new", "sdr", "q=ruiz"),
    ("handoff:queue", "ae", "tab=accept"),
    ("handoff:queue", "ae", "tab=step"),
    ("handoff:late", "manager", ""),
    ("handoff:contests", "manager", ""),
    ("handoff:holding", "manager", ""),
    ("handoff:stuck", "manager", ""),
    ("handoff:stuck", "ae", "why=late"),
    ("handoff:shares", "manager", ""),
    ("handoff:my_share", "ae", ""),
    ("handoff:picking", "manager", ""),
    ("handoff:transfers", "manager", ""),
    ("handoff:transfers", "admin", "reason=drained"),
    ("notify:inbox", "sdr", ""),
    ("notify:inbox", "ae", ""),
    ("review:week", "manager", ""),
    ("review:week", "ae", ""),
    ("admin:handoff_event_changelist", "admin", ""),
    ("admin:handoff_transfer_changelist", "admin", ""),
    ("admin:handoff_touch_changelist", "admin", ""),
    ("admin:routing_turn_changelist", "admin", ""),
]
PEOPLE = [
    ("handoff:team", "manager", ""),
    ("handoff:team", "admin", ""),
    ("accounts:time_off", "manager", ""),
    ("accounts:time_off", "admin", ""),
    ("admin:accounts_user_changelist", "admin", "is_active__exact=1"),
    ("admin:accounts_team_changelist", "admin", ""),
    ("admin:routing_pool_changelist", "admin", ""),
    ("admin:routing_member_changelist", "admin", ""),
]


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=1, preset="temperatures")


def costs(client, world, pages):
    """How many queries each of the pages takes."""
    found = {}
    for name, who, query in pages:
        client.force_login(getattr(world, who))
        address = f"{reverse(name)}?{query}"
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200, address
        found[f"{name} {who} {query}"] = len(seen)
    return found


def lives_of(world):
    """One handoff of each kind that a page lists, with what it tells its people."""
    life = Life(world)
    return [
        *life.contested(NOW - DAY, is_upheld=True),
        *life.late_now(NOW),
        *life.with_step(NOW - 2 * DAY),
        *life.pending(NOW - HOUR),
        *life.contested(NOW - 2 * HOUR, is_upheld=None),
        *life.held(NOW - HOUR),
    ]


def test_pages_need_as_many_queries_for_1_row_as_for_50_and_1000(world, client):
    lives = lives_of(world)
    one = costs(client, world, PAGES)
    for there, size in pairwise(SIZES):
        # All kinds together, so that the first page has some of each.
        multiply(lives, size - there)
        analyze()
        assert costs(client, world, PAGES) == one
    assert Handoff.objects.count() == SIZES[-1] * len(lives)


def make_people(world, first, last):
    """So many colleagues, away tomorrow, each alone in a team and a pool too."""
    numbers = range(first, last)
    people = User.objects.bulk_create(
        User(email=f"p{n}@people.example", name=f"Person {n}") for n in numbers
    )
    role = Group.objects.get(name="AE")
    User.groups.through.objects.bulk_create(
        User.groups.through(user=user, group=role) for user in people
    )
    Membership.objects.bulk_create(Membership(team=world.team, user=user) for user in people)
    Load.objects.bulk_create(Load(user=user) for user in people)
    TimeOff.objects.bulk_create(
        TimeOff(user=user, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY) for user in people
    )
    pools = Pool.objects.bulk_create(Pool(name=f"Pool {n}", manager=world.manager) for n in numbers)
    Member.objects.bulk_create(
        Member(pool=pool, user=user) for pool, user in zip(pools, people, strict=True)
    )


def test_pages_of_people_need_as_many_queries_for_1_as_for_50_and_1000(world, client):
    make_people(world, 0, 1)
    one = costs(client, world, PEOPLE)
    for there, size in pairwise(SIZES):
        make_people(world, there, size)
        assert costs(client, world, PEOPLE) == one


def test_sight_holds_exactly_what_may_be_read(world):
    """However a list looks its rows up, they are those of the one rule."""
    elsewhere(world)
    multiply(lives_of(world), 2)
    for one in (world.sdr, world.ae, world.manager, world.admin, outsider()):
        user = User.objects.get(pk=one.pk)
        for is_wide in (False, True):
            sight = Sight(user)
            sight.is_wide = is_wide
            for status in ("", "closed", "pending", "holding"):
                rows = Handoff.objects.for_user(user)
                rows = rows.filter(status=status) if status else rows
                assert set(sight.handoffs(status=status)) == set(rows), (user, status)
            assert set(sight.leads()) == set(Lead.objects.for_user(user))


def elsewhere(world):
    """Handoffs of another team, and one of them given by the world's own pool."""
    Life(world).pending(NOW - HOUR)
    newest = Handoff.objects.latest("pk")
    stranger, other = outsider(), outsider()
    swap = {User: {world.sdr.pk: stranger.pk, world.ae.pk: other.pk}}
    multiply([newest], 2, swap=lambda n: swap)
    away = Pool.objects.create(name="Away", manager=stranger)
    multiply([newest], 2, swap=lambda n: {**swap, Pool: {world.pool.pk: away.pk}})


def outsider():
    n = User.objects.count()
    user = User.objects.create(email=f"o{n}@people.example", name=f"Outsider {n}")
    user.groups.add(Group.objects.get(name="SDR"))
    return user
