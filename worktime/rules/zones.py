"""From dates and wall times in a zone to instants.

Instants are whole microseconds since 1970-01-01 UTC; dates are proleptic ordinals. A wall time
inside a spring gap moves forward by the gap, and an ambiguous one is its first occurrence: both
are what `fold=0` means.
"""

import difflib
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from worktime.rules.errors import DurationInvalid, InstantNaive, InstantOutOfRange, ZoneUnknown

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US

# Years that are searched: the days just before and after them must still be dates.
FIRST_YEAR = 2
LAST_YEAR = 9998

# Files beside the zones that depend on the machine, or count leap seconds.
_NOT_ZONES = ("localtime", "posixrules", "Factory", "posix/", "right/")


def load_zone(name: str) -> ZoneInfo:
    """The IANA zone; raises ZoneUnknown, with names that look alike, where none is installed."""
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        zone = None
    if zone is None or name.startswith(_NOT_ZONES):
        known = (zone for zone in zoneinfo.available_timezones() if zone not in _NOT_ZONES)
        similar = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"Did you mean {similar[0]}?" if similar else "Write it as in Europe/Berlin."
        raise ZoneUnknown(f"The time zone {name[:60]!r} is unknown. {hint}")
    return zone


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """The zones to choose from: places, without the old and the technical names."""
    continents = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe")
    places = (*continents, "Indian", "Pacific")
    known = zoneinfo.available_timezones()
    return ("UTC", *sorted(name for name in known if name.partition("/")[0] in places))


def instant_us(moment: datetime) -> int:
    """The instant of an aware datetime."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InstantNaive(f"{moment} names no instant. Give its time zone too.")
    # Its date in another zone may lie in the year before or after.
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise InstantOutOfRange
    return (moment - EPOCH) // MICROSECOND


def moment_of(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    try:
        return EPOCH + timedelta(microseconds=instant)
    except OverflowError as error:
        raise InstantOutOfRange from error


def duration_us(seconds: float | timedelta) -> int:
    """A length in whole microseconds; a finer fraction is rounded."""
    if isinstance(seconds, timedelta):
        return seconds // MICROSECOND
    try:
        return timedelta(seconds=seconds) // MICROSECOND
    except ValueError as error:
        raise DurationInvalid from error
    except OverflowError as error:
        raise InstantOutOfRange from error


def wall_us(zone: ZoneInfo, ordinal: int, since_midnight: timedelta = timedelta()) -> int:
    """The instant of a wall time, counted from the midnight that starts the date."""
    wall = datetime.fromordinal(ordinal) + since_midnight
    return (wall.replace(tzinfo=zone) - EPOCH) // MICROSECOND


def year_bounds(year: int) -> tuple[int, int]:
    """The ordinals of the first day of the year and of the year after it."""
    return date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def odd_days(zone: ZoneInfo, year: int) -> frozenset[int]:
    """The dates of the year that a clock change touches: its own and both neighbours.

    Every other date is exactly 24 hours long, and so are all wall times that reach into it.
    Each midnight is looked at because changes may lie a week apart (Recife, October 2000).
    """
    first, end = year_bounds(year)
    midnight = datetime.fromordinal(first - 1)
    offsets = []
    for _ in range(first - 1, end + 2):
        offsets.append(zone.utcoffset(midnight))
        midnight += DAY
    odd: set[int] = set()
    for index, ordinal in enumerate(range(first - 1, end + 1)):
        if offsets[index] != offsets[index + 1]:
            odd.update((ordinal - 1, ordinal, ordinal + 1))
    return frozenset(day for day in odd if first <= day < end)
