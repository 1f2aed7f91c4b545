"""Every write about people.

`by` is who does it, or None where the product itself does: set-up, import, tests. Each function
raises NotPermitted where `by` may not, and Refused where something given cannot be kept.
"""

from accounts.services.absence import add_time_off, pause_user, remove_time_off, resume_user
from accounts.services.errors import InvalidPerson, InvalidTimeOff, LastAdmin
from accounts.services.hours import set_hours
from accounts.services.leaving import deactivate_user, hold_admins
from accounts.services.organisation import change_organisation, create_organisation
from accounts.services.people import change_user, create_user, ensure_roles, set_password
from accounts.services.teams import change_team, create_team, remove_membership, set_membership

__all__ = [
    "InvalidPerson",
    "InvalidTimeOff",
    "LastAdmin",
    "add_time_off",
    "change_organisation",
    "change_team",
    "change_user",
    "create_organisation",
    "create_team",
    "create_user",
    "deactivate_user",
    "ensure_roles",
    "hold_admins",
    "pause_user",
    "remove_membership",
    "remove_time_off",
    "resume_user",
    "set_hours",
    "set_membership",
    "set_password",
]
