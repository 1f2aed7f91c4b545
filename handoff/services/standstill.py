"""After a standstill of the whole product an admin may let leads be moved before the time."""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, NotPermitted
from core.standstill import Standstill, release
from sla.services import release_escalations

logger = logging.getLogger(__name__)


class NothingHeld(Conflict):
    """The moves go on already: by themselves, or because somebody was first."""

    code = "nothing_held"
    title = "No moves are held"


@transaction.atomic
def release_moves(*, by: User, now: datetime) -> Standstill:
    """Let the moves go on that wait since the product stood still; who did it is kept.

    Raises:
        NotPermitted: only an admin does this.
        NothingHeld: they go on already.
    """
    if not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only an admin lets held moves go on.")
    released = release(by_id=by.pk, now=now)
    if released is None:
        raise NothingHeld("Nothing was changed: no moves are held any more.")
    count = release_escalations(held_until=released.held_until, now=now)
    logger.info("held moves released", extra={"by_id": by.pk, "count": count})
    return released
