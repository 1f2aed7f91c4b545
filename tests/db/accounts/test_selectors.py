"""Who answers for whom, whose hours and zone hold."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from accounts.models import User
from accounts.rules.policy import Relation
from accounts.selectors import (
    NoOrganisation,
    availability,
    calendar_for,
    manager_of,
    relations_to_person,
    zone_for,
)
from accounts.services import add_time_off, pause_user
from tests.factories.accounts import NOW, make_organisation, make_team, make_user
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import create_calendar

pytestmark = pytest.mark.django_db


def make_calendar(name):
    return create_calendar(name=name, data=preset_calendars("UTC")[ALWAYS], by=None, now=NOW)


def leave(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def test_manager_of_is_the_teams_manager_of_longest_standing():
    first, second = make_user(roles=[Role.MANAGER]), make_user(roles=[Role.MANAGER])
    user = make_user()
    make_team(managers=[first, second], people=[user])
    assert manager_of(user) == first


def test_manager_of_passes_over_who_is_not_active_and_oneself():
    user, gone, other = (make_user(roles=[Role.MANAGER]) for _ in range(3))
    make_team(managers=[user, gone, other])
    leave(gone)
    assert manager_of(user) == other


def test_manager_of_goes_on_to_the_pool_then_the_fallback_then_an_admin():
    user, pool_manager = make_user(), make_user(roles=[Role.MANAGER])
    organisation = make_organisation()
    admin = make_user(roles=[Role.ADMIN])
    assert manager_of(user, pool_manager=pool_manager) == pool_manager
    assert manager_of(user) == organisation.fallback_manager
    assert manager_of(organisation.fallback_manager) == admin
    leave(organisation.fallback_manager)
    assert manager_of(user) == admin


def test_manager_of_the_only_person_is_nobody():
    admin = make_user(roles=[Role.ADMIN])
    make_organisation(fallback_manager=admin)
    assert manager_of(admin, pool_manager=admin) is None


def test_calendar_for_is_the_own_then_the_teams_then_the_organisations():
    user = make_user()
    with pytest.raises(NoOrganisation):
        calendar_for(user)
    organisation = make_organisation()
    assert calendar_for(user) == organisation.calendar
    team = make_team(people=[user])
    team.calendar = make_calendar("Team hours")
    team.save()
    assert calendar_for(user) == team.calendar
    user.calendar = make_calendar("Own hours")
    assert calendar_for(user) == user.calendar


def test_zone_for_is_the_own_then_the_teams_then_the_organisations_then_utc():
    user = make_user()
    assert zone_for(user).key == "UTC"
    make_organisation(zone="Europe/Berlin")
    assert zone_for(user).key == "Europe/Berlin"
    team = make_team(people=[user])
    team.zone = "America/New_York"
    team.save()
    assert zone_for(user).key == "America/New_York"
    user.zone = "Asia/Tokyo"
    assert zone_for(user).key == "Asia/Tokyo"


def test_zone_for_passes_over_a_zone_that_is_not_known():
    make_organisation(zone="Europe/Berlin")
    user = make_user()
    user.zone = "Mars/Olympus"
    assert zone_for(user).key == "Europe/Berlin"


def test_relations_to_person_are_self_and_managing_a_team():
    manager, user = make_user(roles=[Role.MANAGER]), make_user()
    make_team(managers=[manager], people=[user])
    assert relations_to_person(user, user) == {Relation.SELF}
    assert relations_to_person(manager, user) == {Relation.TEAM}
    assert relations_to_person(manager, manager) == {Relation.SELF, Relation.TEAM}
    assert relations_to_person(user, manager) == frozenset()


def test_availability_shows_oneself_and_only_whom_one_manages():
    manager, user, stranger = make_user(roles=[Role.MANAGER]), make_user(), make_user()
    make_team(managers=[manager], people=[user])
    pause_user(user=user, by=manager, now=NOW)
    shown = availability(manager, now=NOW)
    assert shown.own.user == manager
    assert [(row.user, row.is_paused) for row in shown.others] == [(user, True)]
    assert availability(stranger, now=NOW).others == ()


def test_availability_with_a_nul_in_the_search_leaves_it_out():
    admin = make_user(roles=[Role.ADMIN])
    priya = make_user(name="Priya Nair")
    (found,) = availability(admin, now=NOW, words="\0Pri").others
    assert found.user == priya


def test_availability_tells_who_is_away_and_when():
    user = make_user()
    day = timedelta(days=1)
    gone = add_time_off(user=user, starts_at=NOW - day, ends_at=NOW + day, by=None, now=NOW)
    assert availability(user, now=NOW).own.is_away
    assert availability(user, now=NOW).own.time_off == (gone,)
    assert not availability(user, now=NOW + day).own.is_away
    assert availability(user, now=NOW + day).own.time_off == ()


def test_availability_needs_as_many_queries_for_many_people(django_assert_num_queries):
    admin = make_user(roles=[Role.ADMIN])
    for count in (2, 20):
        for _ in range(count):
            make_user()
        fresh = User.objects.get(pk=admin.pk)
        with django_assert_num_queries(8):
            shown = availability(fresh, now=NOW)
            assert [row.user.roles for row in shown.others]
