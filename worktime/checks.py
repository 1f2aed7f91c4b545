"""System checks of the calendars in use."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.utils import timezone

from worktime.models import Calendar
from worktime.selectors import calendar_problems


@register(Tags.database)
def check_calendars(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """W001: a calendar's zone is gone, or its public holidays are about to run out."""
    for alias in databases or []:
        # Before the first migrate there is nothing to look at.
        if Calendar._meta.db_table not in connections[alias].introspection.table_names():
            continue
        for problem in calendar_problems(today=timezone.now().date()):
            yield checks.Warning(problem.message, obj=problem.calendar, id="worktime.W001")
