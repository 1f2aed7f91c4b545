"""What an admin does about a step that was set aside."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import NotPermitted, NotVisible
from handoff.choices import EventKind
from handoff.models import Handoff, HandoffClock
from handoff.services.change import append_event, lock_handoff
from sla.models import Escalation
from sla.services import retry_escalation


@transaction.atomic
def retry_step(*, escalation_id: int, by: User, now: datetime) -> Handoff:
    """Have a step that was set aside tried again at once; returns the handoff that it is about.

    Raises:
        NotPermitted: only an admin does this.
        NotVisible: there is no such step.
        StepNotSetAside: somebody was first.
    """
    if not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only an admin can have a step tried again.")
    try:
        escalation = Escalation.objects.select_related("step").get(pk=escalation_id)
        link = HandoffClock.objects.get(clock_id=escalation.clock_id)
    except (Escalation.DoesNotExist, HandoffClock.DoesNotExist):
        raise NotVisible("There is no such step.") from None
    row = lock_handoff(link.handoff_id)
    retry_escalation(escalation=escalation, now=now)
    # The step's own event is yet to come, so this one names it among its facts only.
    data = {
        "clock": link.clock_id,
        "clock_kind": link.kind,
        "leg": link.leg_id,
        "step": escalation.step_id,
        "action": escalation.step.action,
        "tried_again": escalation.pk,
    }
    append_event(row, kind=EventKind.STEP_RETRIED, by=by, now=now, data=data)
    return row
