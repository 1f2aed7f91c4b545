"""Public holidays by country and region, from the tables of the `holidays` package."""

import warnings
from functools import lru_cache

import holidays

from core.errors import FieldProblem
from worktime.rules.calendar import Holiday
from worktime.rules.errors import CalendarInvalid

# Stored with a version, so that a later release of the tables cannot move a running deadline.
YEARS_BEFORE = 2
YEARS_AFTER = 10

_ENGLISH = ("en_US", "en_GB", "en_AU", "en_CA", "en")


@lru_cache(maxsize=1)
def holiday_regions() -> dict[str, tuple[str, ...]]:
    """Every country whose holidays are known, by two-letter code, with its regions."""
    return {
        code: tuple(regions)
        for code, regions in sorted(holidays.list_supported_countries().items())
        if len(code) == 2
    }


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str, year: int) -> tuple[Holiday, ...]:
    """The country's holidays around `year`, those of a region included where one is given.

    From two years before to ten years after, by date, named in English where the tables have
    it. Raises CalendarInvalid for an unknown country or region.
    """
    if not country:
        if region:
            raise _unknown("country", country, "Choose the country that the region belongs to.")
        return ()
    regions = holiday_regions().get(country)
    if regions is None:
        raise _unknown("country", country, "Write its two-letter code, as in DE.")
    if region and region not in regions:
        known = f"Choose one of {', '.join(regions)}." if regions else "Leave it empty."
        raise _unknown("region", region, f"{country} has no such region. {known}")
    with warnings.catch_warnings():
        # Some tables (India's) end sooner, and say so by a warning; the answer just ends there.
        warnings.simplefilter("ignore", UserWarning)
        table = holidays.country_holidays(
            country,
            subdiv=region or None,
            years=range(year - YEARS_BEFORE, year + YEARS_AFTER + 1),
            language=_language(country),
        )
    return tuple(Holiday(date=day, name=name) for day, name in sorted(table.items()))


def _language(country: str) -> str | None:
    """Named, because the tables would otherwise follow the language of the machine."""
    table = holidays.country_holidays(country)
    english = [each for each in _ENGLISH if each in table.supported_languages]
    return english[0] if english else table.default_language


def _unknown(field: str, value: str, fix: str) -> CalendarInvalid:
    message = f"The holidays of {value!r} are unknown. {fix}" if value else fix
    return CalendarInvalid([FieldProblem(field, f"{field}_unknown", message)])
