"""Hours that make a test say the same on every day and in every night."""

from accounts.models import Organisation
from core.loops import database_now
from worktime.models import Calendar
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import create_calendar


def work_always(zone: str = "Europe/Berlin") -> Calendar:
    """Let everybody work around the clock: else alerts of the real time wait for the morning."""
    data = preset_calendars(zone)[ALWAYS]
    calendar = create_calendar(name="Always", data=data, by=None, now=database_now())
    Organisation.objects.update(calendar=calendar)
    return calendar
