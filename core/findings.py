"""What the product has found out about itself, one row of each kind: the last word."""

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from core.models import Finding

CLOCK_JUMPED = "core.clock_jumped"
STOOD_STILL = "core.stood_still"


def keep_finding(
    kind: str, *, at: datetime, data: dict[str, Any], using: str = DEFAULT_DB_ALIAS
) -> None:
    """Write it in place of what was found of this kind before."""
    Finding.objects.using(using).update_or_create(kind=kind, defaults={"at": at, "data": data})


def findings() -> dict[str, Finding]:
    """All of them by their kind, in one query."""
    return {finding.kind: finding for finding in Finding.objects.all()}
