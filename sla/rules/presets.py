"""Sets of policies that ship with the product, as starting points that an admin can replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sla.rules.targets import (
    ALERT_MANAGER,
    ELAPSED_MINUTES,
    REASSIGN,
    REMIND,
    RETURN_TO_SUBMITTER,
    WORKING_DAYS,
    WORKING_MINUTES,
    StepSpec,
    TargetSpec,
)

HOUR = 60
HAND_OFF, ACCEPT, CONTACT, NEXT_STEP = "hand_off", "accept", "contact", "next_step"
CONTACT_LEG, BOOKING, SECOND_MEETING = "contact_leg", "booking", "second_meeting"

_ALERT = StepSpec(0, ALERT_MANAGER, ("manager",))
HAND_OFF_LADDER = (StepSpec(-25, REMIND, ("submitter",)), _ALERT)
ACCEPT_LADDER = (
    StepSpec(-25, REMIND, ("receiver",)),
    _ALERT,
    StepSpec(0, REASSIGN, ()),
)
CONTACT_ALERTS = (StepSpec(-25, REMIND, ("owner",)), _ALERT)
CONTACT_LADDER = (*CONTACT_ALERTS, StepSpec(100, RETURN_TO_SUBMITTER, ()))
CONTACT_LEG_LADDER = (StepSpec(0, REASSIGN, ()),)
ALERT_LADDER = (_ALERT,)
BOOKING_LADDER = (StepSpec(0, ALERT_MANAGER, ("senior",)),)


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy as the service that publishes it takes it."""

    key: str
    name: str
    position: int
    targets: tuple[TargetSpec, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    is_default: bool = False


def _temperature(value: str) -> dict[str, Any]:
    return {"all": [{"field": "temperature", "op": "eq", "value": value}]}


def _hours(n: int) -> tuple[int, str]:
    return n * HOUR, WORKING_MINUTES


def _days(n: int) -> tuple[int, str]:
    return n, WORKING_DAYS


def _around_the_clock(hours: int) -> tuple[TargetSpec, ...]:
    """Accepted and contacted within so many hours, nights and weekends included."""
    return (
        TargetSpec(ACCEPT, hours * HOUR, ELAPSED_MINUTES, ACCEPT_LADDER),
        TargetSpec(CONTACT, hours * HOUR, ELAPSED_MINUTES, CONTACT_LADDER),
    )


def _last_minute(who: str) -> StepSpec:
    return StepSpec(None, REMIND, (who,), -1)


def _by_warmth(
    hand_off: tuple[int, str],
    accept: tuple[int, str],
    contact: tuple[int, str],
    second_meeting: tuple[int, str],
) -> tuple[TargetSpec, ...]:
    return (
        TargetSpec(HAND_OFF, *hand_off, HAND_OFF_LADDER),
        TargetSpec(ACCEPT, *accept, ACCEPT_LADDER),
        TargetSpec(CONTACT, *contact, CONTACT_LADDER),
        TargetSpec(CONTACT_LEG, *contact, CONTACT_LEG_LADDER),
        TargetSpec(NEXT_STEP, *_days(2), ALERT_LADDER),
        TargetSpec(BOOKING, *_days(3), BOOKING_LADDER),
        TargetSpec(SECOND_MEETING, *second_meeting, ALERT_LADDER),
    )


PRESETS: dict[str, tuple[PolicySpec, ...]] = {
    # One promise for every lead: what a small team starts with.
    "standard": (
        PolicySpec(
            "standard",
            "Standard",
            100,
            (
                TargetSpec(ACCEPT, *_hours(4), ACCEPT_LADDER),
                TargetSpec(CONTACT, *_days(1), CONTACT_LADDER),
            ),
            is_default=True,
        ),
    ),
    "temperatures": (
        PolicySpec(
            "hot",
            "Hot leads",
            10,
            _by_warmth(_hours(4), _hours(1), _hours(4), _days(10)),
            conditions=_temperature("hot"),
        ),
        PolicySpec(
            "cool",
            "Cool leads",
            20,
            _by_warmth(_days(3), _days(1), _days(5), _days(20)),
            conditions=_temperature("cool"),
        ),
        PolicySpec(
            "warm",
            "Warm leads",
            100,
            _by_warmth(_days(1), _hours(4), _days(1), _days(15)),
            is_default=True,
        ),
    ),
    # Somebody waits at the other end, whatever the hour; going back would only take longer.
    "inbound": (
        PolicySpec(
            "inbound",
            "Inbound",
            100,
            (
                TargetSpec(
                    ACCEPT,
                    5,
                    ELAPSED_MINUTES,
                    (_last_minute("receiver"), _ALERT, StepSpec(0, REASSIGN, ())),
                ),
                TargetSpec(CONTACT, 5, ELAPSED_MINUTES, (_last_minute("owner"), _ALERT)),
            ),
            is_default=True,
        ),
    ),
    "four_hours_or_a_day": (
        PolicySpec("hot", "Hot leads", 10, _around_the_clock(4), conditions=_temperature("hot")),
        PolicySpec("within_a_day", "Within a day", 100, _around_the_clock(24), is_default=True),
    ),
    "two_days": (
        PolicySpec(
            "two_days",
            "Within two days",
            100,
            (
                *_around_the_clock(48),
                TargetSpec(NEXT_STEP, 48 * HOUR, ELAPSED_MINUTES, ALERT_LADDER),
            ),
            is_default=True,
        ),
    ),
}

# What each set is for, as it is told before it is used.
PRESET_NAMES: dict[str, tuple[str, str]] = {
    "standard": (
        "One promise for every lead",
        "An answer within half a working day and a first contact within one: for a start.",
    ),
    "temperatures": (
        "Hot, warm and cool",
        "The hotter the lead the shorter the time, in working hours and days, for all that a "
        "handoff asks for.",
    ),
    "inbound": (
        "Inbound in 5 minutes",
        "Somebody waits at the other end: an answer and a contact within 5 minutes, day and night.",
    ),
    "four_hours_or_a_day": (
        "4 hours, or 24",
        "Hot leads within 4 hours and all others within 24, around the clock.",
    ),
    "two_days": (
        "48 hours with a dated next step",
        "Accepted, contacted and with a dated next step within 48 hours each, around the clock.",
    ),
}
