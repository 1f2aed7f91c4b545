"""The loops of the engine."""

from datetime import timedelta

from django.conf import settings

from core.loops import Loop, register
from sla.services import fire_due_steps, reconcile

FIRE_DUE_STEPS = register(
    Loop(
        "sla.fire_due_steps",
        timedelta(seconds=1),
        fire_due_steps,
        "Finds the reminders and due times that have come",
    )
)
RECONCILE = register(
    Loop(
        "sla.reconcile",
        timedelta(seconds=settings.RECONCILE_SECONDS),
        reconcile,
        "Checks that no clock is behind",
    )
)
