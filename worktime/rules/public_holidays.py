"""Public holidays by country and region, from the tables of the `holidays` package."""

import re
import warnings
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES

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


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Every country to choose, by code, in the order of the names."""
    known = holiday_regions()
    names = {code: _spaced(name) for name, code, *_ in COUNTRIES.values() if code in known}
    return dict(sorted(names.items(), key=lambda item: item[1]))


@lru_cache(maxsize=256)
def region_names(country: str) -> dict[str, str]:
    """The country's regions by code, each with a name of its own where the tables have one."""
    codes = holiday_regions().get(country, ())
    if not codes:
        return {}
    longest: dict[str, str] = {}
    for name, code in holidays.country_holidays(country).subdivisions_aliases.items():
        # Beside the name there may be shorter forms of it.
        if len(name) > len(longest.get(code, "")):
            longest[code] = name
    return {code: longest.get(code, code) for code in codes}


def region_code(country: str, text: str) -> str:
    """The code of a region that is named by its code or its name, whatever the case.

    Raises CalendarInvalid for an unknown country, and a region that the country does not have.
    """
    if country and country not in holiday_regions():
        message = f"The holidays of {country!r} are unknown. Write its two-letter code, as in DE."
        raise _unknown("country", message)
    if not text:
        return ""
    if not country:
        raise _unknown("country", "Choose the country that the region belongs to.")
    codes = {code.casefold(): code for code in holiday_regions()[country]}
    if codes:
        aliases = holidays.country_holidays(country).subdivisions_aliases
        codes = {name.casefold(): code for name, code in aliases.items()} | codes
    found = codes.get(text.casefold())
    if found is None:
        where = country_names().get(country, country)
        raise _unknown("region", f"{where} has no region {text[:40]!r}. {_choice(country)}")
    return found


def _choice(country: str) -> str:
    names = region_names(country).items()
    known = ", ".join(code if code == name else f"{code} ({name})" for code, name in names)
    return f"Choose one of {known}." if known else "It has none: leave it empty."


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str, year: int) -> tuple[Holiday, ...]:
    """The country's holidays around `year`, those of a region included where one is given.

    From two years before to ten years after, by date, named in English where the tables have
    it. Raises CalendarInvalid for an unknown country or region.
    """
    region = region_code(country, region)
    if not country:
        return ()
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


def _spaced(name: str) -> str:
    """As in "Bosnia and Herzegovina" for the table's own BosniaAndHerzegovina."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"\b(And|Of|The)\b", lambda found: found[0].lower(), words)


def _unknown(field: str, message: str) -> CalendarInvalid:
    return CalendarInvalid([FieldProblem(field, f"{field}_unknown", message)])
