"""Writing people: what is kept, what is refused, and who may."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from accounts.choices import Role
from accounts.models import Membership, Organisation, TimeOff, User
from accounts.services import (
    InvalidPerson,
    InvalidTimeOff,
    LastAdmin,
    add_time_off,
    change_organisation,
    change_user,
    create_organisation,
    create_team,
    create_user,
    pause_user,
    remove_membership,
    remove_time_off,
    resume_user,
    set_membership,
    set_password,
)
from core.errors import NotPermitted
from tests.factories.accounts import NOW, make_organisation, make_team, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def codes(refusal):
    return [(problem.field, problem.code) for problem in refusal.value.problems]


def test_migrations_make_the_four_groups():
    # Run anew: tests with real transactions end by emptying every table.
    Group.objects.all().delete()
    roles = import_module("accounts.migrations.0002_roles")
    roles.make_groups(apps, SimpleNamespace(connection=connection))
    assert {role.label for role in Role} == set(Group.objects.values_list("name", flat=True))


def test_create_user_gives_roles_and_teams_and_no_way_in_without_a_password():
    team = make_team()
    user = create_user(
        name=" Ana Ruiz ",
        email="Ana@Example.COM",
        roles=[Role.SDR, Role.MANAGER],
        teams=[team],
        by=None,
        now=NOW,
    )
    user = User.objects.get(pk=user.pk)
    assert (user.name, user.email) == ("Ana Ruiz", "Ana@example.com")
    assert user.roles == {"sdr", "manager"}
    assert not user.has_usable_password()
    assert team.memberships.get().user == user


def test_create_user_with_a_taken_address_in_another_case_is_refused():
    make_user("ana@example.com")
    with pytest.raises(InvalidPerson) as refusal:
        create_user(name="Ana", email="ANA@example.com", roles=[], by=None, now=NOW)
    assert codes(refusal) == [("email", "taken")]


def test_change_user_to_an_address_of_somebody_else_is_refused():
    make_user("ana@example.com")
    bert = make_user("bert@example.com")
    with pytest.raises(InvalidPerson) as refusal:
        change_user(user=bert, name="Bert", email="Ana@Example.com", roles=[], by=None, now=NOW)
    assert codes(refusal) == [("email", "taken")]
    change_user(user=bert, name="Bert", email="BERT@example.com", roles=[], by=None, now=NOW)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "  ", "required"),
        ("email", "ana@", "invalid_email"),
        ("email", "a\nb@example.com", "invalid_email"),
        ("zone", "Europe/Nowhere", "unknown_zone"),
        ("zone", "../../etc/passwd", "unknown_zone"),
        ("password", "short", "weak"),
    ],
)
def test_create_user_with_a_bad_value_names_the_field(field, value, code):
    values = {"name": "Ana", "email": "ana@example.com", field: value}
    with pytest.raises(InvalidPerson) as refusal:
        create_user(**values, roles=[], by=None, now=NOW)
    assert (field, code) in codes(refusal)
    assert not User.objects.filter(name="Ana").exists()


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_people_are_kept_up_by_admins_only(role):
    by = make_user(roles=[role])
    target = make_user()
    team = make_team()
    with pytest.raises(NotPermitted):
        create_user(name="Ana", email="ana@example.com", roles=[], by=by, now=NOW)
    with pytest.raises(NotPermitted):
        change_user(user=by, name="Me", email=by.email, roles=[Role.ADMIN], by=by, now=NOW)
    with pytest.raises(NotPermitted):
        create_team(name="New", by=by, now=NOW)
    with pytest.raises(NotPermitted):
        set_membership(team=team, user=target, is_manager=True, by=by, now=NOW)
    assert by.roles == {role.value}


def test_change_user_sets_the_roles_and_leaves_other_groups_alone():
    user = make_user(roles=[Role.AE])
    user.groups.add(Group.objects.create(name="Fire wardens"))
    change_user(
        user=user, name="Ana", email="ana@example.com", roles=[Role.MANAGER], by=None, now=NOW
    )
    assert set(user.groups.values_list("name", flat=True)) == {"Manager", "Fire wardens"}
    assert user.roles == {"manager"}


def test_change_user_taking_the_role_from_the_last_admin_is_refused():
    admin = make_user(roles=[Role.ADMIN])
    with pytest.raises(LastAdmin):
        change_user(user=admin, name="A", email=admin.email, roles=[], by=admin, now=NOW)
    other = make_user(roles=[Role.ADMIN])
    change_user(user=admin, name="A", email=admin.email, roles=[], by=other, now=NOW)
    assert not User.objects.get(pk=admin.pk).is_admin


def test_history_tells_who_and_when_without_a_request():
    admin = make_user(roles=[Role.ADMIN])
    user = make_user()
    change_user(user=user, name="Ana", email=user.email, roles=[], by=admin, now=NOW + DAY)
    latest = user.history.first()
    assert (latest.history_user, latest.history_date) == (admin, NOW + DAY)


def test_set_password_that_is_weak_is_refused_and_keeps_the_old_one():
    user = make_user()
    set_password(user=user, password="correct horse battery", now=NOW)
    with pytest.raises(InvalidPerson):
        set_password(user=user, password="password1234", now=NOW)
    assert User.objects.get(pk=user.pk).check_password("correct horse battery")


def test_create_organisation_twice_is_refused():
    organisation = make_organisation()
    with pytest.raises(InvalidPerson):
        create_organisation(
            name="Second",
            calendar=organisation.calendar,
            fallback_manager=organisation.fallback_manager,
            by=None,
            now=NOW,
        )
    assert Organisation.objects.count() == 1


def test_change_organisation_to_an_inactive_fallback_is_refused():
    organisation = make_organisation()
    gone = make_user()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    with pytest.raises(InvalidPerson) as refusal:
        change_organisation(
            organisation=organisation,
            name="Meridian",
            zone="Europe/Berlin",
            calendar=organisation.calendar,
            fallback_manager=gone,
            by=None,
            now=NOW,
        )
    assert codes(refusal) == [("fallback_manager", "inactive")]


def test_set_membership_adds_once_and_then_changes():
    team, user = make_team(), make_user()
    set_membership(team=team, user=user, by=None, now=NOW)
    set_membership(team=team, user=user, is_manager=True, by=None, now=NOW)
    membership = Membership.objects.get(team=team, user=user)
    assert membership.is_manager
    remove_membership(membership=membership, by=None, now=NOW)
    assert not team.memberships.exists()


def test_pause_user_keeps_its_start_and_moves_its_end():
    user = make_user()
    pause_user(user=user, by=user, now=NOW)
    pause_user(user=user, until=NOW + DAY, by=user, now=NOW + HOUR)
    user.refresh_from_db()
    assert (user.paused_at, user.paused_until) == (NOW, NOW + DAY)
    assert user.is_paused(NOW + DAY - HOUR)
    assert not user.is_paused(NOW + DAY)


def test_pause_user_after_an_old_pause_starts_anew():
    user = make_user()
    pause_user(user=user, until=NOW + HOUR, by=user, now=NOW)
    pause_user(user=user, by=user, now=NOW + DAY)
    user.refresh_from_db()
    assert (user.paused_at, user.paused_until) == (NOW + DAY, None)


def test_pause_user_until_the_past_is_refused():
    user = make_user()
    with pytest.raises(InvalidTimeOff) as refusal:
        pause_user(user=user, until=NOW, by=user, now=NOW)
    assert codes(refusal) == [("until", "not_ahead")]


def test_resume_user_ends_the_pause_and_may_be_repeated():
    user = make_user()
    pause_user(user=user, by=user, now=NOW)
    for _ in range(2):
        resume_user(user=user, by=user, now=NOW)
    user.refresh_from_db()
    assert user.paused_at is None


def test_pause_and_time_off_are_for_oneself_ones_manager_and_admins():
    user, colleague, manager, admin = (
        make_user(),
        make_user(),
        make_user(roles=[Role.MANAGER]),
        make_user(roles=[Role.ADMIN]),
    )
    make_team(managers=[manager], people=[user, colleague])
    stranger = make_user(roles=[Role.MANAGER])
    make_team(managers=[stranger])
    for by in (user, manager, admin, None):
        pause_user(user=user, by=by, now=NOW)
    for by in (colleague, stranger):
        with pytest.raises(NotPermitted):
            pause_user(user=user, by=by, now=NOW)
        with pytest.raises(NotPermitted):
            resume_user(user=user, by=by, now=NOW)
        with pytest.raises(NotPermitted):
            add_time_off(user=user, starts_at=NOW, ends_at=NOW + DAY, by=by, now=NOW)


@pytest.mark.parametrize(
    ("starts", "ends", "problem"),
    [
        (DAY, DAY, ("ends_at", "before_start")),
        (2 * DAY, DAY, ("ends_at", "before_start")),
        (-2 * DAY, -DAY, ("ends_at", "not_ahead")),
        (5 * DAY, 7 * DAY, ("starts_at", "overlap")),
        (timedelta(days=-700_000), DAY, ("starts_at", "out_of_range")),
        (DAY, timedelta(days=700_000), ("ends_at", "out_of_range")),
    ],
)
def test_add_time_off_with_a_bad_span_names_the_field(starts, ends, problem):
    user = make_user()
    add_time_off(user=user, starts_at=NOW + 4 * DAY, ends_at=NOW + 6 * DAY, by=user, now=NOW)
    with pytest.raises(InvalidTimeOff) as refusal:
        add_time_off(user=user, starts_at=NOW + starts, ends_at=NOW + ends, by=user, now=NOW)
    assert codes(refusal) == [problem]


def test_pause_until_a_mistyped_year_is_refused():
    user = make_user()
    with pytest.raises(InvalidTimeOff) as refusal:
        pause_user(user=user, until=NOW.replace(year=9999), by=user, now=NOW)
    assert codes(refusal) == [("until", "out_of_range")]


def test_sign_in_is_remembered_and_leaves_no_line_of_history(client):
    user = make_user()
    lines = user.history.count()
    client.force_login(user)
    user.refresh_from_db()
    assert user.last_login is not None
    assert user.history.count() == lines


def test_name_of_nothing_visible_is_refused():
    with pytest.raises(InvalidPerson) as refusal:
        create_team(name="\u202e\u200b", by=None, now=NOW)
    assert codes(refusal) == [("name", "required")]


def test_add_time_off_that_begins_when_another_ends_is_kept():
    user = make_user()
    add_time_off(user=user, starts_at=NOW, ends_at=NOW + DAY, by=user, now=NOW)
    add_time_off(user=user, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, by=user, now=NOW)
    assert TimeOff.objects.filter(user=user).covering(NOW + DAY).count() == 1


def test_remove_time_off_that_goes_on_ends_it_now():
    user = make_user()
    span = add_time_off(user=user, starts_at=NOW, ends_at=NOW + DAY, by=user, now=NOW)
    remove_time_off(time_off=span, by=user, now=NOW + HOUR)
    span.refresh_from_db()
    assert span.ends_at == NOW + HOUR
    with pytest.raises(InvalidTimeOff):
        remove_time_off(time_off=span, by=user, now=NOW + HOUR)


def test_remove_time_off_ahead_deletes_it():
    user = make_user()
    span = add_time_off(user=user, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, by=user, now=NOW)
    remove_time_off(time_off=span, by=user, now=NOW)
    assert not TimeOff.objects.exists()
