"""The loop that speaks to the world outside, where an address for it is set."""

from datetime import timedelta

from django.conf import settings

from config.dead_man import LOOP, ping_dead_man
from core.loops import Loop, register

if settings.DEAD_MAN_URL:
    register(
        Loop(
            LOOP,
            timedelta(seconds=settings.DEAD_MAN_SECONDS),
            ping_dead_man,
            "Tells the dead man's switch that all loops tick",
        )
    )
