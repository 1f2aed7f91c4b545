"""People, teams and the organisation, as a RevOps admin keeps them up."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import services
from accounts.choices import Role
from accounts.forms import (
    ManagingForm,
    MemberForm,
    NewPersonForm,
    OrganisationForm,
    PersonForm,
    TeamForm,
)
from accounts.impact import organisation_words, person_words, team_words
from accounts.models import Membership, Organisation, Team, User
from accounts.rules.policy import Action
from accounts.selectors import NoOrganisation, calendar_for, zone_for
from core.admin import ConfigAdmin, Dialog, person, register
from worktime.models import Calendar

ONLY_ONCE = "It works once, within a week."


def invitation_link(user: User) -> str:
    """The address where the person sets a password; setting one, or signing in, uses it up."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return settings.SITE_URL + reverse("accounts:welcome", args=[uid, token])


def add_person(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    user = services.create_user(**values, by=person(request, User), now=timezone.now())
    return f"{user} is added. Send them this link: {invitation_link(user)} {ONLY_ONCE}"


def change_person(request: HttpRequest, row: User, values: dict[str, Any]) -> str:
    before = (row.calendar_id, row.zone, row.roles)
    user = services.change_user(user=row, **values, by=person(request, User), now=timezone.now())
    told = [f"{user} is changed."]
    hours = _hours(user)
    if (user.calendar_id, user.zone) != before[:2] and hours is not None:
        told.append(person_words(user, hours))
    if user.roles != before[2]:
        named = ", ".join(user.role_names) or "no role"
        told.append(f"From the next page on they work as {named}.")
    return " ".join(told)


def _hours(user: User) -> Calendar | None:
    """None before there is an organisation: people are there first, and their pages with them."""
    if not user.is_active:
        return user.calendar
    try:
        return calendar_for(user)
    except NoOrganisation:
        return None


def invite(request: HttpRequest, row: User, values: dict[str, Any]) -> str:
    return f"Send {row} this link to set a password: {invitation_link(row)} {ONLY_ONCE}"


def person_as_it_is(request: HttpRequest, row: User) -> dict[str, Any]:
    return {
        "initial": {
            "name": row.name,
            "email": row.email,
            "roles": [role for role in Role if role.value in row.roles],
            "zone": row.zone,
            "calendar": row.calendar,
        }
    }


@register(User)
class UserAdmin(ConfigAdmin):
    view_action = edit_action = Action.PEOPLE_EDIT
    list_title = "People"
    list_display = ["name", "role_list", "team_list", "hours", "open_leads", "is_active"]
    list_filter = ["is_active", "groups", "memberships__team"]
    first_filter = "is_active__exact=1"
    search_fields = ["name", "email"]
    ordering = ["name", "id"]
    row_template = "accounts/user.html"
    row_fields = ["email", "role_list", "is_active"]
    dialogs = [
        Dialog(
            "new",
            "Add a person",
            add_person,
            NewPersonForm,
            of_list=True,
            is_main=True,
            consequence="They cannot sign in before they set a password, by a link that you get.",
        ),
        Dialog(
            "edit",
            "Change",
            change_person,
            PersonForm,
            arguments=person_as_it_is,
            consequence="New roles hold from the next page on.",
        ),
        Dialog(
            "invite",
            "Link to set a password",
            invite,
            consequence="The link lets whoever has it sign in as this person, once.",
            is_shown=lambda row: row is not None and row.is_active,
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        # What a person carries stands in an app above; it is reached from the person.
        return rows.select_related("calendar", "load").prefetch_related(
            "groups", "memberships__team__calendar"
        )

    def hours(self, row: User) -> str:
        """The calendar by name: their own, else the oldest team's, else the organisation's."""
        teams = sorted(row.memberships.all(), key=lambda one: one.pk)
        of_team = (one.team.calendar for one in teams if one.team.calendar_id)
        found = row.calendar or next(of_team, None)
        return str(found) if found else "the organisation's"

    def open_leads(self, row: User) -> str:
        load = getattr(row, "load", None)
        if load is None:
            return ""
        return (
            str(load.open_count)
            if load.capacity is None
            else f"{load.open_count} of {load.capacity}"
        )

    open_leads.short_description = "open leads"  # type: ignore[attr-defined]  # read by Django

    def row_context(self, request: HttpRequest, row: User) -> dict[str, Any]:
        return {
            "hours": _hours(row),
            "hours_zone": zone_for(row).key,
            "offboard_url": _offboard_address(row) if row.is_active else "",
            "load": getattr(row, "load", None),
            "seats": row.pool_members.select_related("pool", "backup__user"),
        }

    def role_list(self, row: User) -> str:
        return ", ".join(group.name for group in row.groups.all())

    role_list.short_description = "roles"  # type: ignore[attr-defined]  # read by Django

    def team_list(self, row: User) -> str:
        return ", ".join(membership.team.name for membership in row.memberships.all())

    team_list.short_description = "teams"  # type: ignore[attr-defined]  # read by Django


def _offboard_address(row: User) -> str:
    """The page on which somebody takes over from the person; empty where there is none."""
    try:
        return reverse("handoff:offboard", args=[row.pk])
    except NoReverseMatch:
        return ""


def add_team(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    team = services.create_team(**values, by=person(request, User), now=timezone.now())
    return f"{team} is added. Its people and its manager are added on its own page."


def change_team(request: HttpRequest, row: Team, values: dict[str, Any]) -> str:
    before = (row.calendar_id, row.zone)
    team = services.change_team(team=row, **values, by=person(request, User), now=timezone.now())
    if (team.calendar_id, team.zone) == before:
        return f"{team} is changed. Nobody's hours change by it."
    return f"{team} is changed. {team_words(team)}"


def add_to_team(request: HttpRequest, row: Team, values: dict[str, Any]) -> str:
    membership = services.set_membership(
        team=row, **values, by=person(request, User), now=timezone.now()
    )
    if membership.is_manager:
        return f"{membership.user} manages {row} and sees its handoffs from the next page on."
    return f"{membership.user} is in {row}: from the next page on its managers see their handoffs."


@register(Team)
class TeamAdmin(ConfigAdmin):
    view_action = edit_action = Action.PEOPLE_EDIT
    list_title = "Teams"
    list_display = ["name", "people", "calendar", "zone"]
    list_select_related = ["calendar"]
    search_fields = ["name"]
    row_template = "accounts/team.html"
    row_fields = ["calendar", "zone", "senior"]
    dialogs = [
        Dialog("new", "Add a team", add_team, TeamForm, of_list=True, is_main=True),
        Dialog(
            "edit",
            "Change",
            change_team,
            TeamForm,
            arguments=lambda request, row: {
                "initial": {
                    "name": row.name,
                    "zone": row.zone,
                    "calendar": row.calendar,
                    "senior": row.senior,
                }
            },
        ),
        Dialog(
            "member",
            "Add somebody",
            add_to_team,
            MemberForm,
            is_main=True,
            consequence="The team's managers see what this person submits and receives.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        counted: models.QuerySet[Any] = rows.annotate(size=models.Count("memberships"))
        return counted

    def people(self, row: Any) -> int:
        size: int = row.size
        return size

    def row_context(self, request: HttpRequest, row: Team) -> dict[str, Any]:
        members = row.memberships.select_related("user").order_by("-is_manager", "user__name")
        return {"members": members}


def team_address(row: Membership) -> str:
    return reverse("admin:accounts_team_change", args=[row.team_id])


def change_member(request: HttpRequest, row: Membership, values: dict[str, Any]) -> str:
    services.set_membership(
        team=row.team, user=row.user, **values, by=person(request, User), now=timezone.now()
    )
    if values["is_manager"]:
        return f"{row.user} manages {row.team} and sees its handoffs from the next page on."
    return f"{row.user} no longer manages {row.team} and sees only their own from the next page on."


def remove_member(request: HttpRequest, row: Membership, values: dict[str, Any]) -> str:
    services.remove_membership(membership=row, by=person(request, User), now=timezone.now())
    return (
        f"{row.user} is no longer in {row.team}. What they own stays theirs; hours that came from "
        "the team hold for clocks that run, and no longer for new ones."
    )


@register(Membership)
class MembershipAdmin(ConfigAdmin):
    view_action = edit_action = Action.PEOPLE_EDIT
    list_title = "Memberships"
    list_display = ["user", "team", "is_manager"]
    list_select_related = ["user", "team"]
    row_fields = ["user", "team", "is_manager"]
    dialogs = [
        Dialog(
            "edit",
            "Change",
            change_member,
            ManagingForm,
            back=team_address,
            arguments=lambda request, row: {"initial": {"is_manager": row.is_manager}},
        ),
        Dialog(
            "remove",
            "Take out of the team",
            remove_member,
            back=team_address,
            is_danger=True,
            consequence="What they own stays theirs; this team's managers no longer see it.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("user", "team")


def change_organisation(request: HttpRequest, row: Organisation, values: dict[str, Any]) -> str:
    changed = services.change_organisation(
        organisation=row, **values, by=person(request, User), now=timezone.now()
    )
    return f"{changed} is changed. {organisation_words(changed)}"


@register(Organisation)
class OrganisationAdmin(ConfigAdmin):
    list_title = "Organisation"
    list_display = ["name", "zone", "calendar", "fallback_manager"]
    list_select_related = ["calendar", "fallback_manager"]
    row_fields: Sequence[str] = ["name", "zone", "calendar", "fallback_manager"]
    dialogs = [
        Dialog(
            "edit",
            "Change",
            change_organisation,
            OrganisationForm,
            is_main=True,
            arguments=lambda request, row: {
                "initial": {
                    "name": row.name,
                    "zone": row.zone,
                    "calendar": row.calendar,
                    "fallback_manager": row.fallback_manager,
                }
            },
            consequence="Weeks and people without hours of their own follow from the next page on.",
        ),
    ]
