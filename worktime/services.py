"""Every write to calendars.

`by` is the user who does it, or their id, or None where the product itself does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import Max

from core.errors import Conflict, FieldProblem, Refused
from worktime.models import Calendar, CalendarVersion
from worktime.rules import Calendar as RulesCalendar
from worktime.rules import read_open_calendar
from worktime.rules.judging import refuse_slips
from worktime.rules.public_holidays import public_holidays, region_code
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
    title = "This calendar is retired: offer it again first, or choose another one"


class CalendarOffered(Conflict):
    """A calendar that is not retired needs not be offered again."""

    code = "calendar_offered"
    title = "This calendar is offered already"


class CalendarChanged(Conflict):
    """Somebody saved another version since these hours were looked at."""

    code = "calendar_changed"
    title = "These hours were changed in the meantime"


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
    with _name_once(calendar), transaction.atomic():
        calendar.save(force_insert=True)
        _append(calendar, version, n=1)
    return calendar


def rename_calendar(calendar: Calendar, *, name: str) -> Calendar:
    """Give the calendar another name; its hours stay. Raises CalendarNameInvalid."""
    calendar.name = _checked_name(name)
    with _name_once(calendar), transaction.atomic():
        calendar.save(update_fields=["name"])
    return calendar


def publish_calendar_version(
    calendar: Calendar,
    *,
    data: Mapping[str, Any],
    by: Actor,
    now: datetime,
    country: str = "",
    region: str = "",
    since: int | None = None,
) -> CalendarVersion:
    """Give the calendar a new current version; clocks that run keep the one they started with.

    `since` is the number of the version that was looked at before. Raises CalendarInvalid,
    CalendarRetired for a retired calendar, and CalendarChanged where there is a later version
    than `since`.
    """
    version = draft_version(data, country=country, region=region, by=by, now=now)
    with transaction.atomic():
        # Two editors at once: the second one's number follows the first one's.
        locked = Calendar.objects.select_for_update(of=("self",)).get(pk=calendar.pk)
        if locked.is_retired:
            raise CalendarRetired(current={"retired_at": locked.retired_at})
        last = locked.versions.aggregate(last=Max("n"))["last"] or 0
        if since is not None and last != since:
            raise CalendarChanged(
                f"Version {last} was saved meanwhile. What you typed is kept here: look at what "
                f"is different, then save again to put your hours in its place.",
                current={"version": last},
            )
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


def offer_calendar(calendar: Calendar) -> Calendar:
    """Let a retired calendar be chosen and changed again. Raises CalendarOffered if it is not."""
    offered = Calendar.objects.filter(pk=calendar.pk, is_retired=True).update(
        is_retired=False, retired_at=None, retired_by=None
    )
    calendar.refresh_from_db()
    if not offered:
        raise CalendarOffered
    return calendar


def draft_version(
    data: Mapping[str, Any], *, country: str, region: str, by: Actor, now: datetime
) -> CalendarVersion:
    """The version that the data describes, not saved: to be looked at, or kept by the others.

    Raises CalendarInvalid.
    """
    country = country.strip().upper()
    region = region_code(country, region.strip())
    own = RulesCalendar.from_data(data)
    refuse_slips(own)
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


@contextmanager
def _name_once(calendar: Calendar) -> Iterator[None]:
    """Two people may choose the same name at once: the database tells."""
    try:
        yield
    except IntegrityError as error:
        others = Calendar.objects.exclude(pk=calendar.pk)
        if others.filter(name__iexact=calendar.name).exists():
            message = f"Another calendar is called {calendar.name!r}."
            raise _bad_name("name_taken", message) from error
        raise


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
