"""The policies in force, as this process has read them.

What was published never changes: triggers of the database keep versions, targets and steps as
they are. So each is read once, and only which versions are in force is asked each time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.prepared import PreparedRead
from sla.choices import PolicyState
from sla.models import PolicyVersion, Target

# A number may be given again after what was rolled back, a draft be published again after that,
# and one process may look at another database: not all three are then the same.
_Key = tuple[int, datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Published:
    """One version in force: what it asks of a handoff, and its targets with their steps."""

    conditions: Mapping[str, Any]
    targets: tuple[Target, ...]

    def fresh_targets(self) -> list[Target]:
        """Copies: what one reader reads along with a target is of that moment only."""
        found = [copy.copy(target) for target in self.targets]
        for target in found:
            target.version = copy.copy(target.version)
        return found


# Those that were replaced stay: there is one for each publication while the process lives.
_known: dict[_Key, Published] = {}


def published_policies() -> list[Published]:
    """The versions in force by position, the default last; in one query, or four after a change."""
    keys: list[_Key] = list(_in_force())
    missing = [key for key in keys if key not in _known]
    if missing:
        _known.update(_read(missing))
    return [_known[key] for key in keys]


_in_force = PreparedRead(
    lambda: (
        PolicyVersion.objects.filter(state=PolicyState.PUBLISHED)
        .order_by("is_default", "position")
        .values_list("pk", "created_at", "published_at")
    )
)


def forget_policies() -> None:
    """Read all anew, as after the tables were emptied."""
    _known.clear()


def _read(keys: list[_Key]) -> dict[_Key, Published]:
    wanted = [pk for pk, *_ in keys]
    targets: dict[int, list[Target]] = {pk: [] for pk in wanted}
    # Few policies have hours of their own: those are read where they count.
    rows = Target.objects.filter(version__in=wanted).select_related("version")
    for target in rows.prefetch_related("steps"):
        targets[target.version_id].append(target)
    versions = PolicyVersion.objects.filter(pk__in=wanted).values_list("pk", "conditions")
    conditions = dict(versions)
    return {key: Published(conditions[key[0]], tuple(targets[key[0]])) for key in keys}
