"""People, teams and the organisation."""

import itertools
from datetime import UTC, datetime

from accounts.choices import Role
from accounts.models import Membership, Organisation, Team
from accounts.services import create_user
from worktime.rules import preset_calendars
from worktime.rules.presets import OFFICE_HOURS
from worktime.services import create_calendar

NOW = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)

_counter = itertools.count(1)


def make_user(email=None, roles=(Role.AE,), *, name=None, teams=()):
    """A person with these roles; without a password nobody signs in as them."""
    n = next(_counter)
    return create_user(
        name=name or f"Person {n}",
        email=email or f"person{n}@people.example",
        roles=roles,
        teams=teams,
        by=None,
        now=NOW,
    )


def make_team(name=None, *, managers=(), people=()):
    team = Team.objects.create(name=name or f"Team {next(_counter)}")
    for user in managers:
        Membership.objects.create(team=team, user=user, is_manager=True)
    for user in people:
        Membership.objects.create(team=team, user=user)
    return team


def make_organisation(*, zone="Europe/Berlin", fallback_manager=None):
    calendar = create_calendar(
        name="Office hours", data=preset_calendars(zone)[OFFICE_HOURS], by=None, now=NOW
    )
    manager = fallback_manager or make_user(roles=[Role.MANAGER])
    return Organisation.objects.create(
        name="Meridian", zone=zone, calendar=calendar, fallback_manager=manager
    )
