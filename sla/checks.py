"""System checks of what the engine stands on."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import connections
from django.db.models import Exists, OuterRef

from sla.choices import PolicyState, StepAction
from sla.models import PolicyVersion, Step, Target


@register(Tags.database)
def check_default_policy(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """E001: a handoff that no other policy fits would have no clocks, and nobody would notice.

    Before the first policy is published that is only a reminder, W001: the set-up is not done.
    """
    for alias in _databases_with_tables(databases):
        published = PolicyVersion.objects.using(alias).filter(state=PolicyState.PUBLISHED)
        if published.filter(is_default=True).exists():
            continue
        hint = "Publish a default policy, or install a preset."
        if PolicyVersion.objects.using(alias).exclude(state=PolicyState.DRAFT).exists():
            yield Error(
                f"Database {alias!r} has no published default policy.", hint=hint, id="sla.E001"
            )
        else:
            yield Caution(f"Database {alias!r} has no policy yet.", hint=hint, id="sla.W001")


@register(Tags.database)
def check_breach_steps(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """E002: without its step `breach` a target could be missed without a trace."""
    for alias in _databases_with_tables(databases):
        breach = Step.objects.filter(target=OuterRef("pk"), action=StepAction.BREACH)
        lacking = Target.objects.using(alias).filter(
            ~Exists(breach), version__state=PolicyState.PUBLISHED
        )
        # By columns that have always been there: this also runs before the next migrate.
        found = lacking.values_list("kind", "version__n", "version__policy__name")
        for kind, n, name in found:
            yield Error(
                f"{name}, version {n}: the target {kind!r} has no step 'breach'.",
                hint="Publish the policy again.",
                id="sla.E002",
            )


def _databases_with_tables(databases: Sequence[str] | None) -> Iterable[str]:
    """Those that have been migrated: the checks also run before the first migrate."""
    for alias in databases or []:
        if PolicyVersion._meta.db_table in connections[alias].introspection.table_names():
            yield alias
