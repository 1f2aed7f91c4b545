"""Reads for whoever is about to change a policy or a calendar: what runs by it, and what is next.

Only clocks that still run are counted, by the index over live clocks, so that the price does not
grow with the clocks that are done.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, QuerySet

from core.words import counted
from sla.choices import PolicyState
from sla.models import Clock, PolicyVersion


def published_policies() -> QuerySet[PolicyVersion]:
    """Those in force in the order in which they are tried, with all that they say."""
    return (
        PolicyVersion.objects.filter(state=PolicyState.PUBLISHED)
        .order_by("is_default", "position")
        .select_related("policy", "calendar")
        .prefetch_related("targets__steps")
    )


def running_by_version() -> dict[int, int]:
    """How many clocks run by each version of each policy, by the version's id."""
    rows = Clock.objects.live().order_by().values_list("target__version")
    return dict(rows.annotate(n=Count("pk")))


def running_by_policy() -> dict[int, int]:
    """How many clocks run by any version of each policy, by the policy's id."""
    rows = Clock.objects.live().order_by().values_list("target__version__policy")
    return dict(rows.annotate(n=Count("pk")))


def running_in_calendar(calendar_id: int) -> int:
    """How many clocks run by any version of the calendar."""
    rows = Clock.objects.live().order_by().values_list("calendar_version__calendar")
    found: dict[int, int] = dict(rows.annotate(n=Count("pk")))
    return found.get(calendar_id, 0)


def policies_following(calendar_id: int) -> Iterator[str]:
    """The policies whose clocks for the buyer count in the calendar."""
    published = PolicyVersion.objects.filter(state=PolicyState.PUBLISHED)
    count = published.filter(calendar=calendar_id).count()
    if count:
        yield counted(count, "policy", "policies")


def publish_words(*, n: int, running: int) -> str:
    """What publishing version `n` will do, told before and after it."""
    if n == 1:
        return "New clocks from now on follow version 1; clocks that run keep what they have."
    if running == 0:
        return f"No clock runs by it now; new clocks from now on use version {n}."
    kept = f"{counted(running, 'running clock')} {'keeps' if running == 1 else 'keep'}"
    what = "what it has" if running == 1 else "what they have"
    return f"{kept} {what}; new clocks from now on use version {n}."
