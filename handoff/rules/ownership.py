"""Who may take over what when: the freeze that begins with an acceptance."""

from __future__ import annotations

from datetime import datetime

# The ladder, absence and people who decide pass the freeze; the router by itself does not.
PASSES_FREEZE = frozenset({"sla_breach", "cover", "territory", "manager", "left"})
# These are no changes of owner but ends of the lead's time with its receiver.
BY_LIFECYCLE = frozenset({"returned", "overturned"})
RESTARTS_FREEZE = frozenset({"territory", "manager"})
BY_MANAGER = frozenset({"territory", "manager"})
"""Reasons that a person may give for a reassignment."""


def is_frozen(*, status: str, freeze_until: datetime | None, now: datetime) -> bool:
    """Whether the owner is kept at ``now``: from acceptance on, for the time of the freeze."""
    return status == "accepted" and freeze_until is not None and now < freeze_until


def may_move(reason: str, *, frozen: bool) -> bool:
    """Whether the owner may change for this reason."""
    return not frozen or reason in PASSES_FREEZE | BY_LIFECYCLE
