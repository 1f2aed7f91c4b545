"""Every write to calendars.

`by` is the user who does it, or their id, or None where the product itself does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import Max

from core.errors import Conflict, FieldProblem, Refused
from worktime.models import Calendar, CalendarVersion
from worktime.rules import Calendar as RulesCalendar
from worktime.rules import read_open_calendar
from worktime.rules.public_holidays import public_holidays
from worktime.rules.zones import load_zone
from worktime.selectors import content_digest


class HasKey(Protocol):
    """A row of a table above this app."""

    @property
    def pk(self) -> Any: ...


Actor = HasKey | int | None


class CalendarNameInvalid(Refused):
    """The name is empty, too long or taken."""

    code = "calendar_name_invalid"
    title = "This calendar needs another name"


class CalendarRetired(Conflict):
    """A retired calendar gets no new versions and is not retired twice."""

    code = "calendar_retired"
    title = "This calendar is retired: choose another one"


def create_calendar(
    *,
    name: str,
    data: Mapping[str, Any],
    by: Actor,
    now: datetime,
    country: str = "",
    region: str = "",
) -> Calendar:
    """Make a calendar with its first version, from the JSON form of its hours.

    `country` and `region` add public holidays. Raises CalendarNameInvalid and CalendarInvalid.
    """
    version = draft_version(data, country=country, region=region, by=by, now=now)
    calendar = Calendar(name=_checked_name(name), created_at=now)
    try:
        with transaction.atomic():
            calendar.save(force_insert=True)
            _append(calendar, version, n=1)
    except IntegrityError as error:
        if Calendar.objects.filter(name__iexact=calendar.name).exists():
            raise _bad_name("name_taken", f"Another calendar is called {name!r}.") from error
        raise
    return calendar


def publish_calendar_version(
    calendar: Calendar,
    *,
    data: Mapping[str, Any],
    by: Actor,
    now: datetime,
    country: str = "",
    region: str = "",
) -> CalendarVersion:
    """Give the calendar a new current version; clocks that run keep the one they started with.

    Raises CalendarInvalid, and CalendarRetired for a retired calendar.
    """
    version = draft_version(data, country=country, region=region, by=by, now=now)
    with transaction.atomic():
        # Two editors at once: the second one's number follows the first one's.
        locked = Calendar.objects.select_for_update(of=("self",)).get(pk=calendar.pk)
        if locked.is_retired:
            raise CalendarRetired(current={"retired_at": locked.retired_at})
        last = locked.versions.aggregate(last=Max("n"))["last"] or 0
        _append(locked, version, n=last + 1)
    calendar.current_version = version
    return version


def retire_calendar(calendar: Calendar, *, by: Actor, now: datetime) -> Calendar:
    """Offer the calendar no longer; whoever has it keeps it. Raises CalendarRetired if it is."""
    retired = Calendar.objects.filter(pk=calendar.pk, is_retired=False).update(
        is_retired=True, retired_at=now, retired_by=_key(by)
    )
    calendar.refresh_from_db()
    if not retired:
        raise CalendarRetired(current={"retired_at": calendar.retired_at})
    return calendar


def draft_version(
    data: Mapping[str, Any], *, country: str, region: str, by: Actor, now: datetime
) -> CalendarVersion:
    """The version that the data describes, not saved: to be looked at, or kept by the others.

    Raises CalendarInvalid.
    """
    country = country.strip().upper()
    region = region.strip()
    own = RulesCalendar.from_data(data)
    today = now.astimezone(load_zone(own.zone)).date()
    public = [day.to_data() for day in public_holidays(country, region, today.year)]
    content = own.to_data()
    everything = {**content, "holidays": [*content["holidays"], *public]}
    read_open_calendar(everything, today=today)
    zone = content.pop("zone")
    return CalendarVersion(
        zone=zone,
        data=content,
        holiday_country=country,
        holiday_region=region,
        public_holidays=public,
        digest=content_digest(zone, content, public),
        made_by=_key(by),
        created_at=now,
    )


def _append(calendar: Calendar, version: CalendarVersion, *, n: int) -> None:
    version.calendar = calendar
    version.n = n
    version.save(force_insert=True)
    calendar.current_version = version
    calendar.save(update_fields=["current_version"])


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    longest = Calendar._meta.get_field("name").max_length
    if not name:
        raise _bad_name("name_missing", "Give the calendar a name.")
    if longest is not None and len(name) > longest:
        raise _bad_name("name_too_long", f"Shorten the name to {longest} characters.")
    return name


def _bad_name(code: str, message: str) -> CalendarNameInvalid:
    return CalendarNameInvalid(message, problems=[FieldProblem("name", code, message)])


def _key(by: Actor) -> int | None:
    return by if by is None or isinstance(by, int) else int(by.pk)
