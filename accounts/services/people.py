"""People, their roles and their passwords."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.choices import Role
from accounts.models import Membership, Team, User
from accounts.rules.policy import Action
from accounts.selectors import is_last_admin
from accounts.services.errors import InvalidPerson, LastAdmin
from accounts.services.keeping import keep, name_problems, permit, raise_for, zone_problems
from core.errors import FieldProblem
from worktime.models import Calendar


def ensure_roles() -> None:
    """Make the groups of the four roles where they are missing."""
    for role in Role:
        Group.objects.get_or_create(name=role.label)


@transaction.atomic
def create_user(
    *,
    name: str,
    email: str,
    roles: Iterable[Role],
    by: User | None,
    now: datetime,
    teams: Iterable[Team] = (),
    zone: str = "",
    calendar: Calendar | None = None,
    password: str | None = None,
) -> User:
    """Make a person with these roles, in these teams.

    Without a password they cannot sign in until they set one by the link of an invitation.
    """
    permit(by, Action.PEOPLE_EDIT)
    email = User.objects.normalize_email(email.strip())
    problems = name_problems(name) + zone_problems(zone) + _email_problems(email, None)
    if password is not None:
        problems += _password_problems(password, User(name=name, email=email))
    raise_for(problems)
    user = User(email=email, name=name.strip(), zone=zone, calendar=calendar)
    user.set_password(password)
    keep_person(user, by=by, now=now)
    write_roles(user, roles)
    for team in teams:
        keep(Membership(team=team, user=user), by=by, now=now)
    return user


@transaction.atomic
def change_user(
    *,
    user: User,
    name: str,
    email: str,
    roles: Collection[Role],
    by: User | None,
    now: datetime,
    zone: str = "",
    calendar: Calendar | None = None,
) -> User:
    """Change a person and their roles; raise LastAdmin rather than leave nobody in charge."""
    permit(by, Action.PEOPLE_EDIT)
    email = User.objects.normalize_email(email.strip())
    raise_for(name_problems(name) + zone_problems(zone) + _email_problems(email, user))
    # One at a time, so that the last two admins cannot take the role from each other.
    ensure_roles()
    Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN.label)
    if Role.ADMIN not in roles and is_last_admin(user):
        raise LastAdmin("Make somebody else an admin first; then this role can be taken away.")
    user.name, user.email, user.zone, user.calendar = name.strip(), email, zone, calendar
    keep_person(user, by=by, now=now, fields=["name", "email", "zone", "calendar"])
    write_roles(user, roles)
    return user


@transaction.atomic
def set_password(*, user: User, password: str, now: datetime) -> None:
    """Set the password of a person who proved, by a link or the old one, to be the user."""
    raise_for(_password_problems(password, user))
    user.set_password(password)
    keep(user, by=user, now=now, fields=["password"])


def keep_person(
    user: User, *, by: User | None, now: datetime, fields: Iterable[str] | None = None
) -> None:
    try:
        with transaction.atomic():
            keep(user, by=by, now=now, fields=fields)
    except IntegrityError as error:
        # Somebody else took the same address in the meantime.
        raise InvalidPerson(problems=[_taken(user.email)]) from error


def write_roles(user: User, roles: Iterable[Role]) -> None:
    """Set the product's groups and leave any other group as it is."""
    ensure_roles()
    wanted = {Role(role) for role in roles}
    for role in Role:
        group = Group.objects.get(name=role.label)
        if role in wanted:
            user.groups.add(group)
        else:
            user.groups.remove(group)
    user.__dict__.pop("roles", None)


def _email_problems(email: str, user: User | None) -> list[FieldProblem]:
    try:
        validate_email(email)
    except ValidationError:
        return [FieldProblem("email", "invalid_email", "Enter a whole e-mail address.")]
    taken = User.objects.filter(email__iexact=email)
    if user is not None:
        taken = taken.exclude(pk=user.pk)
    if taken.exists():
        return [_taken(email)]
    return []


def _taken(email: str) -> FieldProblem:
    return FieldProblem("email", "taken", f"Somebody signs in with {email} already.")


def _password_problems(password: str, user: User) -> list[FieldProblem]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [FieldProblem("password", "weak", message) for message in error.messages]
    return []
