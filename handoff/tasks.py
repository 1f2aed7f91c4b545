"""The loops of handoffs; the drivers, Celery among them, find them by their names."""

from datetime import timedelta

from core.loops import Loop, register
from handoff.services import (
    apply_cover,
    apply_escalations,
    drain_holding,
    remind_of_meetings,
    replay_drafts,
    tell_of_stuck,
)

APPLY_ESCALATIONS = register(
    Loop(
        "handoff.apply_escalations",
        timedelta(seconds=1),
        apply_escalations,
        "Reminds, alerts and moves leads",
    )
)
DRAIN_HOLDING = register(
    Loop("handoff.drain_holding", timedelta(seconds=5), drain_holding, "Places leads that are held")
)
REMIND_OF_MEETINGS = register(
    Loop(
        "handoff.remind_of_meetings",
        timedelta(seconds=10),
        remind_of_meetings,
        "Reminds of meetings",
    )
)
APPLY_COVER = register(
    Loop(
        "handoff.apply_cover",
        timedelta(seconds=10),
        apply_cover,
        "Passes leads of people who are away to their cover",
    )
)
TELL_OF_STUCK = register(
    Loop(
        "handoff.tell_of_stuck",
        timedelta(seconds=60),
        tell_of_stuck,
        "Sends the daily list of stuck leads",
    )
)
REPLAY_DRAFTS = register(
    Loop(
        "handoff.replay_drafts",
        timedelta(seconds=2),
        replay_drafts,
        "Replays past handoffs through drafts of the rules",
    )
)
