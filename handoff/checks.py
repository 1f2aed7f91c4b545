"""What must be in place before anybody can hand off; run by ``check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import DatabaseError

from handoff.models import HandoffType


@checks.register(checks.Tags.database)
def check_types_have_forms(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn about an active type that nobody can submit because it has no form."""
    if not databases:
        return []
    try:
        bare = list(
            HandoffType.objects.filter(is_active=True, current_form=None).values_list(
                "key", flat=True
            )
        )
    except DatabaseError:
        # Not migrated yet: there is nothing to check.
        return []
    return [
        checks.Warning(
            f"The handoff type {key} has no form, so nobody can hand it off.",
            hint="Publish a form version for it, or switch the type off.",
            id="handoff.W001",
        )
        for key in bare
    ]
