"""A person leaves: the one door by which somebody stops being active."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.choices import Role
from accounts.models import Organisation, User
from accounts.rules.policy import Action
from accounts.selectors import is_last_admin
from accounts.services.errors import LastAdmin
from accounts.services.keeping import keep, permit
from accounts.services.people import ensure_roles


def hold_admins() -> None:
    """Let nobody else become or stop being an admin until the transaction ends."""
    ensure_roles()
    Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN.label)


@transaction.atomic
def deactivate_user(*, user: User, successor: User, by: User, now: datetime) -> bool:
    """Close the person's account; True where they were the fallback manager, whom `successor` is
    from now on.

    Their password goes too, and with it every session and link that was made with it. What they
    own is handed over before, in the same transaction. Raises NotPermitted, and LastAdmin rather
    than leave nobody in charge.
    """
    permit(by, Action.PERSON_OFFBOARD)
    hold_admins()
    if is_last_admin(user):
        raise LastAdmin("Make somebody else an admin first; then this person can leave.")
    answered = Organisation.objects.filter(fallback_manager=user).first()
    if answered is not None:
        answered.fallback_manager = successor
        keep(answered, by=by, now=now, fields=["fallback_manager"])
    user.is_active = False
    user.set_unusable_password()
    keep(user, by=by, now=now, fields=["is_active", "password"])
    return answered is not None
