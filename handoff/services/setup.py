"""What a new installation needs before the first handoff."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.choices import Role
from accounts.models import Organisation, User
from accounts.services import create_organisation, create_user, ensure_roles
from handoff.errors import AlreadySetUp
from handoff.models import Field, FormVersion, HandoffType
from handoff.rules.catalogue import CATALOGUE
from handoff.rules.form import Form, FormField
from handoff.rules.presets import QUALIFIED_LEAD_KEY, TYPES
from routing.models import Pool
from routing.services import create_pool, publish_rule_set
from sla.services import install_preset
from worktime.rules import preset_calendars
from worktime.rules.presets import OFFICE_HOURS
from worktime.services import create_calendar

MAIN_POOL = "Main pool"


@transaction.atomic
def set_up(
    *,
    organisation: str,
    zone: str,
    admin_name: str,
    admin_email: str,
    password: str,
    now: datetime,
    preset: str = "standard",
    types: Collection[str] = (QUALIFIED_LEAD_KEY,),
) -> Organisation:
    """Make the organisation with its first admin and all that a small team needs.

    Office hours from Monday to Friday in ``zone``, the types that ship with the product with
    their forms, of which ``types`` are switched on, one policy, one pool and the rule that sends
    everything there. The admin adds the people.

    Raises:
        AlreadySetUp: there is an organisation already.
        Refused: something given is not usable; ``problems`` names the fields.
    """
    if Organisation.objects.exists():
        raise AlreadySetUp("There is an organisation already; change it in the admin.")
    ensure_roles()
    calendar = create_calendar(
        name="Office hours", data=preset_calendars(zone)[OFFICE_HOURS], by=None, now=now
    )
    admin = create_user(
        name=admin_name,
        email=admin_email,
        roles=[Role.ADMIN],
        by=None,
        now=now,
        password=password,
    )
    made = create_organisation(
        name=organisation,
        zone=zone,
        calendar=calendar,
        fallback_manager=admin,
        by=None,
        now=now,
    )
    _install_defaults(preset, types, by=admin, now=now)
    return made


def _install_defaults(preset: str, types: Collection[str], *, by: User, now: datetime) -> None:
    """The types, the policies, the pool and the rule that a small team starts with."""
    for key, name, form in TYPES:
        install_type(
            key=key,
            name=name,
            form=form,
            submitters=[Role.SDR],
            receivers=[Role.AE],
            by=by,
            now=now,
            is_active=key in types,
        )
    keep_fields(CATALOGUE.values())
    install_preset(name=preset, by_id=by.pk, now=now)
    pool = create_pool(name=MAIN_POOL, manager=by, by=by, now=now)
    publish_fallback(pool, by=by, now=now)


def publish_fallback(pool: Pool, *, by: User | None, now: datetime) -> None:
    """Publish the rule set with one rule: everything goes to this pool."""
    publish_rule_set(rules=[{"name": "Everything", "conditions": {}, "pool": pool}], by=by, now=now)


@transaction.atomic
def install_type(
    *,
    key: str,
    name: str,
    form: Form,
    submitters: Iterable[Role],
    receivers: Iterable[Role],
    by: User | None,
    now: datetime | None = None,
    is_active: bool = True,
) -> HandoffType:
    """Make a handoff type with its fields and first form, or a new form where it differs."""
    made, _ = HandoffType.objects.get_or_create(
        key=key, defaults={"name": name, "is_active": is_active}
    )
    made.submitter_groups.set(_groups(submitters))
    made.receiver_groups.set(_groups(receivers))
    layout = form.to_layout()
    if made.current_form is not None and made.current_form.layout == layout:
        return made
    keep_fields(form.fields())
    last = FormVersion.objects.filter(type=made).order_by("-n").first()
    made.current_form = FormVersion.objects.create(
        type=made, n=last.n + 1 if last else 1, layout=layout, made_by=by, published_at=now
    )
    made.save(update_fields=["current_form"])
    return made


def keep_fields(fields: Iterable[FormField]) -> None:
    """Have these fields in the catalogue; what an admin has changed there since is kept."""
    wanted = {field.key: field for field in fields}
    known = set(Field.objects.filter(key__in=wanted).values_list("key", flat=True))
    for key, item in wanted.items():
        if key not in known:
            Field.objects.create(
                key=key,
                label=item.label,
                help=item.help,
                target=item.target,
                kind=item.kind,
                options=list(item.options),
                partial=list(item.partial),
                is_ahead=item.is_ahead,
            )


def _groups(roles: Iterable[Role]) -> list[Group]:
    return list(Group.objects.filter(name__in=[role.label for role in roles]))
