"""Several processes write the same people at once: one is first, the others are told."""

from datetime import timedelta

import pytest

from accounts.models import Membership, Team, TimeOff, User
from accounts.services import add_time_off, create_team, remove_time_off, set_membership
from core.errors import Refused
from tests.factories.accounts import NOW, make_team, make_user
from tests.support.race import race

PROCESSES = 4
ROUNDS = 12

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.races,
    pytest.mark.timeout(300),
]


def make_teams(racer, names):
    """How many of the teams this process made."""
    made = 0
    for name in names:
        racer.line_up()
        try:
            create_team(name=name, by=None, now=NOW)
        except Refused:
            continue
        made += 1
    return made


def join(racer, team_id, people):
    team = Team.objects.get(pk=team_id)
    users = [User.objects.get(pk=pk) for pk in people]
    for user in users:
        racer.line_up()
        set_membership(team=team, user=user, by=None, now=NOW)


def take_back(racer, spans):
    """How many of the spans this process took away."""
    seen = [TimeOff.objects.select_related("user").get(pk=pk) for pk in spans]
    taken = 0
    for span in seen:
        racer.line_up()
        try:
            remove_time_off(time_off=span, by=None, now=NOW)
        except Refused:
            continue
        taken += 1
    return taken


def test_team_made_by_several_at_once_is_made_once():
    names = [f"Team of round {n}" for n in range(ROUNDS)]
    assert sum(race(make_teams, [(names,)] * PROCESSES)) == ROUNDS
    assert Team.objects.filter(name__in=names).count() == ROUNDS


def test_person_put_into_a_team_by_several_at_once_is_in_it_once():
    team, people = make_team(), [make_user() for _ in range(ROUNDS)]
    race(join, [(team.pk, [user.pk for user in people])] * PROCESSES)
    assert Membership.objects.filter(team=team).count() == ROUNDS


def test_time_off_taken_back_by_several_at_once_is_taken_back_once():
    spans = [
        add_time_off(
            user=make_user(),
            starts_at=NOW + timedelta(days=n % 2),
            ends_at=NOW + timedelta(days=3),
            by=None,
            now=NOW - timedelta(hours=1),
        ).pk
        for n in range(ROUNDS)
    ]
    assert sum(race(take_back, [(spans,)] * PROCESSES)) == ROUNDS
