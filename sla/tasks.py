"""The engine's loop."""

from datetime import timedelta

from core.loops import Loop, register
from sla.services import fire_due_steps

FIRE_DUE_STEPS = register(Loop("sla.fire_due_steps", timedelta(seconds=1), fire_due_steps))
