"""Every write about people.

`by` is who does it, or None where the product itself does: set-up, import, tests. Each function
raises NotPermitted where `by` may not, and Refused where something given cannot be kept.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction

from accounts.choices import Role
from accounts.models import Membership, Organisation, Team, TimeOff, User, UserQuerySet
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import known_zone, relations_to_person
from core.errors import FieldProblem, NotPermitted, Refused
from worktime.models import Calendar

Row = TypeVar("Row", bound=models.Model)
# Time off and pauses lie this near to the present; what is farther was mistyped.
FARTHEST = timedelta(days=3_653)


class InvalidPerson(Refused):
    """A person, team or organisation cannot be kept as given."""

    code = "invalid_person"
    title = "This cannot be saved yet"


class InvalidTimeOff(Refused):
    """A span away, or a pause, cannot be kept as given."""

    code = "invalid_time_off"
    title = "This time off cannot be saved yet"


class LastAdmin(Refused):
    """Without an admin nobody could make another one."""

    code = "last_admin"
    title = "This is the last admin"


def ensure_roles() -> None:
    """Make the groups of the four roles where they are missing."""
    for role in Role:
        Group.objects.get_or_create(name=role.label)


@transaction.atomic
def create_organisation(
    *,
    name: str,
    calendar: Calendar,
    fallback_manager: User,
    by: User | None,
    now: datetime,
    zone: str = "UTC",
) -> Organisation:
    """Set up the one organisation; raise Refused where it is there already."""
    _permit(by, Action.CONFIG_EDIT)
    if Organisation.objects.exists():
        raise InvalidPerson("There is an organisation already; change that one.")
    _raise_for(_name_problems(name) + _zone_problems(zone, is_required=True))
    organisation = Organisation(
        name=name.strip(), zone=zone, calendar=calendar, fallback_manager=fallback_manager
    )
    return _keep(organisation, by=by, now=now)


@transaction.atomic
def change_organisation(
    *,
    organisation: Organisation,
    name: str,
    zone: str,
    calendar: Calendar,
    fallback_manager: User,
    by: User | None,
    now: datetime,
) -> Organisation:
    _permit(by, Action.CONFIG_EDIT)
    problems = _name_problems(name) + _zone_problems(zone, is_required=True)
    if not fallback_manager.is_active:
        problems.append(
            FieldProblem("fallback_manager", "inactive", "Choose somebody who is active.")
        )
    _raise_for(problems)
    organisation.name = name.strip()
    organisation.zone = zone
    organisation.calendar = calendar
    organisation.fallback_manager = fallback_manager
    return _keep(organisation, by=by, now=now)


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
    _permit(by, Action.PEOPLE_EDIT)
    email = User.objects.normalize_email(email.strip())
    problems = _name_problems(name) + _zone_problems(zone) + _email_problems(email, None)
    if password is not None:
        problems += _password_problems(password, User(name=name, email=email))
    _raise_for(problems)
    user = User(email=email, name=name.strip(), zone=zone, calendar=calendar)
    user.set_password(password)
    _keep_person(user, by=by, now=now)
    _write_roles(user, roles)
    for team in teams:
        _keep(Membership(team=team, user=user), by=by, now=now)
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
    _permit(by, Action.PEOPLE_EDIT)
    email = User.objects.normalize_email(email.strip())
    _raise_for(_name_problems(name) + _zone_problems(zone) + _email_problems(email, user))
    # One at a time, so that the last two admins cannot take the role from each other.
    ensure_roles()
    Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN.label)
    if user.is_admin and Role.ADMIN not in roles and not _other_admins(user):
        raise LastAdmin("Make somebody else an admin first; then this role can be taken away.")
    user.name, user.email, user.zone, user.calendar = name.strip(), email, zone, calendar
    _keep_person(user, by=by, now=now, fields=["name", "email", "zone", "calendar"])
    _write_roles(user, roles)
    return user


@transaction.atomic
def set_password(*, user: User, password: str, now: datetime) -> None:
    """Set the password of a person who proved, by a link or the old one, to be the user."""
    _raise_for(_password_problems(password, user))
    user.set_password(password)
    _keep(user, by=user, now=now, fields=["password"])


@transaction.atomic
def create_team(
    *,
    name: str,
    by: User | None,
    now: datetime,
    zone: str = "",
    calendar: Calendar | None = None,
) -> Team:
    _permit(by, Action.PEOPLE_EDIT)
    _raise_for(_name_problems(name) + _zone_problems(zone) + _team_name_problems(name, None))
    return _keep(Team(name=name.strip(), zone=zone, calendar=calendar), by=by, now=now)


@transaction.atomic
def change_team(
    *,
    team: Team,
    name: str,
    by: User | None,
    now: datetime,
    zone: str = "",
    calendar: Calendar | None = None,
) -> Team:
    _permit(by, Action.PEOPLE_EDIT)
    _raise_for(_name_problems(name) + _zone_problems(zone) + _team_name_problems(name, team))
    team.name, team.zone, team.calendar = name.strip(), zone, calendar
    return _keep(team, by=by, now=now, fields=["name", "zone", "calendar"])


@transaction.atomic
def set_membership(
    *, team: Team, user: User, by: User | None, now: datetime, is_manager: bool = False
) -> Membership:
    """Put a person into a team, or change whether they manage it."""
    _permit(by, Action.PEOPLE_EDIT)
    if not user.is_active:
        raise InvalidPerson(f"{user} is not active; choose somebody who is.")
    membership = Membership.objects.filter(team=team, user=user).first()
    if membership is None:
        return _keep(Membership(team=team, user=user, is_manager=is_manager), by=by, now=now)
    if membership.is_manager != is_manager:
        membership.is_manager = is_manager
        _keep(membership, by=by, now=now, fields=["is_manager"])
    return membership


@transaction.atomic
def remove_membership(*, membership: Membership, by: User | None, now: datetime) -> None:
    """Take a person out of a team; what they own stays theirs."""
    _permit(by, Action.PEOPLE_EDIT)
    _sign(membership, by, now)
    membership.delete()


@transaction.atomic
def pause_user(
    *, user: User, by: User | None, now: datetime, until: datetime | None = None
) -> User:
    """Give the user no new leads from now, until then or until somebody resumes them."""
    _permit_for(by, Action.PAUSE_EDIT, user)
    if until is not None and until <= now:
        _refuse_span("until", "not_ahead", "Choose a time that is still ahead.")
    _refuse_far(now, until=until)
    row: User = User.objects.select_for_update().get(pk=user.pk)
    # A pause that is going on keeps its start; only its end moves.
    row.paused_at = row.paused_at if row.is_paused(now) else now
    row.paused_until = until
    return _keep(row, by=by, now=now, fields=["paused_at", "paused_until"])


@transaction.atomic
def resume_user(*, user: User, by: User | None, now: datetime) -> User:
    """End the user's pause; nothing changes where there is none."""
    _permit_for(by, Action.PAUSE_EDIT, user)
    row: User = User.objects.select_for_update().get(pk=user.pk)
    if row.paused_at is not None:
        row.paused_at = row.paused_until = None
        _keep(row, by=by, now=now, fields=["paused_at", "paused_until"])
    return row


@transaction.atomic
def add_time_off(
    *,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    now: datetime,
    note: str = "",
) -> TimeOff:
    """Keep a span, its end not included, in which the user gets no new leads."""
    _permit_for(by, Action.TIME_OFF_EDIT, user)
    _refuse_far(now, starts_at=starts_at, ends_at=ends_at)
    # One at a time for one person, so that two spans cannot pass each other and overlap.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if ends_at <= starts_at:
        _refuse_span("ends_at", "before_start", "The end must come after the start.")
    if ends_at <= now:
        _refuse_span("ends_at", "not_ahead", "This span is over; choose an end that is ahead.")
    if TimeOff.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        _refuse_span("starts_at", "overlap", f"{user} is away in a part of this span already.")
    return TimeOff.objects.create(
        user=user, starts_at=starts_at, ends_at=ends_at, note=note.strip()
    )


@transaction.atomic
def remove_time_off(*, time_off: TimeOff, by: User | None, now: datetime) -> None:
    """Take the rest of a span away: one that is going on ends now, a past one stays."""
    _permit_for(by, Action.TIME_OFF_EDIT, time_off.user)
    if time_off.ends_at <= now:
        raise InvalidTimeOff("This span is over and stays for the record.")
    if time_off.starts_at < now:
        time_off.ends_at = now
        time_off.save(update_fields=["ends_at"])
    else:
        time_off.delete()


def _keep(row: Row, *, by: User | None, now: datetime, fields: Iterable[str] | None = None) -> Row:
    """Save the row; its history tells who and when even where there is no request."""
    _sign(row, by, now)
    row.save(update_fields=fields)
    return row


def _keep_person(
    user: User, *, by: User | None, now: datetime, fields: Iterable[str] | None = None
) -> None:
    try:
        with transaction.atomic():
            _keep(user, by=by, now=now, fields=fields)
    except IntegrityError as error:
        # Somebody else took the same address in the meantime.
        raise InvalidPerson(problems=[_taken(user.email)]) from error


def _sign(row: models.Model, by: User | None, now: datetime) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # simple_history reads it
    row._history_date = now  # type: ignore[attr-defined]  # likewise


def _permit(by: User | None, action: Action) -> None:
    if by is not None and not allows(by.roles, action, frozenset()):
        raise NotPermitted("Only a RevOps admin can do this.")


def _permit_for(by: User | None, action: Action, user: User) -> None:
    if by is None:
        return
    relations: frozenset[Relation] = relations_to_person(by, user)
    if not allows(by.roles, action, relations):
        raise NotPermitted(f"Only {user}, a manager of the team or a RevOps admin can do this.")


def _other_admins(user: User) -> bool:
    others: UserQuerySet = User.objects.active().exclude(pk=user.pk)
    return others.in_roles(Role.ADMIN).exists() or others.filter(is_superuser=True).exists()


def _write_roles(user: User, roles: Iterable[Role]) -> None:
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


def _raise_for(problems: list[FieldProblem]) -> None:
    if problems:
        raise InvalidPerson(problems[0].message, problems=problems)


def _refuse_span(field: str, code: str, message: str) -> None:
    raise InvalidTimeOff(message, problems=[FieldProblem(field, code, message)])


def _refuse_far(now: datetime, **times: datetime | None) -> None:
    for field, at in times.items():
        if at is not None and abs(at - now) > FARTHEST:
            _refuse_span(field, "out_of_range", "Choose a time within ten years of today.")


def _name_problems(name: str) -> list[FieldProblem]:
    message = "Enter a name with a letter or a digit."
    return [] if any(map(str.isalnum, name)) else [FieldProblem("name", "required", message)]


def _zone_problems(zone: str, *, is_required: bool = False) -> list[FieldProblem]:
    if known_zone(zone) or not (zone or is_required):
        return []
    message = f"'{zone}' is no time zone; write one such as Europe/Berlin."
    return [FieldProblem("zone", "unknown_zone", message)]


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


def _team_name_problems(name: str, team: Team | None) -> list[FieldProblem]:
    taken = Team.objects.filter(name=name.strip())
    if team is not None:
        taken = taken.exclude(pk=team.pk)
    return [FieldProblem("name", "taken", f"A team is called {name} already.")] * taken.exists()


def _password_problems(password: str, user: User) -> list[FieldProblem]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [FieldProblem("password", "weak", message) for message in error.messages]
    return []
