"""Sets of policies that ship with the product, as starting points that an admin can replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sla.rules.targets import (
    ALERT_MANAGER,
    ELAPSED_MINUTES,
    REMIND,
    WORKING_DAYS,
    WORKING_MINUTES,
    StepSpec,
    TargetSpec,
)

HOUR = 60
ACCEPT = "accept"
ACCEPT_LADDER = (
    StepSpec(-25, REMIND, ("receiver",)),
    StepSpec(0, ALERT_MANAGER, ("manager",)),
)


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy as the service that publishes it takes it."""

    key: str
    name: str
    position: int
    targets: tuple[TargetSpec, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    is_default: bool = False


def _accept(amount: int, unit: str) -> tuple[TargetSpec, ...]:
    return (TargetSpec(ACCEPT, amount, unit, ACCEPT_LADDER),)


def _temperature(value: str) -> dict[str, Any]:
    return {"all": [{"field": "temperature", "op": "eq", "value": value}]}


_HOT = PolicySpec(
    "hot", "Hot leads", 10, _accept(HOUR, WORKING_MINUTES), conditions=_temperature("hot")
)

PRESETS: dict[str, tuple[PolicySpec, ...]] = {
    # One promise for every lead: what a small team starts with.
    "standard": (
        PolicySpec(
            "standard", "Standard", 100, _accept(4 * HOUR, WORKING_MINUTES), is_default=True
        ),
    ),
    "temperatures": (
        _HOT,
        PolicySpec(
            "cool", "Cool leads", 20, _accept(1, WORKING_DAYS), conditions=_temperature("cool")
        ),
        PolicySpec("warm", "Warm leads", 100, _accept(4 * HOUR, WORKING_MINUTES), is_default=True),
    ),
    # Somebody waits at the other end, whatever the hour.
    "inbound": (
        PolicySpec("inbound", "Inbound", 100, _accept(5, ELAPSED_MINUTES), is_default=True),
    ),
    "four_hours_or_a_day": (
        PolicySpec(
            "hot",
            "Hot leads",
            10,
            _accept(4 * HOUR, ELAPSED_MINUTES),
            conditions=_temperature("hot"),
        ),
        PolicySpec(
            "within_a_day",
            "Within a day",
            100,
            _accept(24 * HOUR, ELAPSED_MINUTES),
            is_default=True,
        ),
    ),
    "two_days": (
        PolicySpec(
            "two_days",
            "Within two days",
            100,
            _accept(48 * HOUR, ELAPSED_MINUTES),
            is_default=True,
        ),
    ),
}
