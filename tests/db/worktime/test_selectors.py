from datetime import UTC, date, datetime

import pytest
from django.core.checks import run_checks

from accounts.models import Organisation
from tests.factories.accounts import make_organisation
from worktime.models import Calendar, CalendarVersion
from worktime.rules import is_open, preset_calendars
from worktime.rules.presets import ALWAYS, OFFICE_HOURS
from worktime.selectors import calendar_problem, calendar_problems, rules_calendar
from worktime.services import create_calendar, publish_calendar_version, retire_calendar

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def made(name="Leipzig office", zone="Europe/Berlin", preset=OFFICE_HOURS, **change):
    data = preset_calendars(zone)[preset]
    return create_calendar(name=name, data=data, by=None, now=NOW, **change)


def lost_zone():
    """A calendar whose zone a later release of the zone data no longer has."""
    calendar = made()
    current = calendar.current_version
    calendar.current_version = CalendarVersion.objects.create(
        calendar=calendar, n=2, zone="Europe/Atlantis", data=current.data
    )
    calendar.save()
    return calendar


def test_rules_calendar_of_a_version_is_computed_once(django_assert_num_queries):
    version = made().current_version
    again = CalendarVersion.objects.get(pk=version.pk)
    with django_assert_num_queries(0):
        assert rules_calendar(version) is rules_calendar(again)


def test_rules_calendar_of_equal_hours_is_shared_and_of_others_is_not():
    one, same = made("One").current_version, made("Two").current_version
    other = made("Three", preset=ALWAYS).current_version
    assert rules_calendar(one) is rules_calendar(same)
    assert rules_calendar(one) is not rules_calendar(other)


def test_rules_calendar_without_a_digest_follows_its_content():
    """As after a restore that left the column out."""
    office, always = made().current_version, made("Always", preset=ALWAYS).current_version
    office.digest = always.digest = ""
    assert not is_open(rules_calendar(office), datetime(2026, 11, 21, 9, tzinfo=UTC))
    assert is_open(rules_calendar(always), datetime(2026, 11, 21, 9, tzinfo=UTC))


def test_rules_calendar_in_a_lost_zone_is_read_in_utc():
    rules = rules_calendar(lost_zone().current_version)
    assert rules.zone == "UTC"
    assert not is_open(rules, MORNING)


def test_calendar_problems_names_a_lost_zone():
    calendar = lost_zone()
    (problem,) = calendar_problems(today=NOW.date())
    assert (problem.calendar, problem.code) == (calendar, "zone_unknown")
    assert "Europe/Atlantis" in problem.message


def test_calendar_problems_of_sound_calendars_is_empty():
    made(country="DE")
    made("Always", preset=ALWAYS)
    assert calendar_problems(today=NOW.date()) == []


def test_calendar_problem_of_a_table_that_ends_does_not_ask_to_save_again():
    calendar = made("Colombo", zone="Asia/Colombo", country="LK")
    for message in (problem_of(calendar), problem_of(saved_again(calendar))):
        assert "None later are known of Sri Lanka: enter them as own closed days." in message
        assert "Save it again" not in message


def test_calendar_problem_of_a_retired_calendar_asks_to_give_another_one():
    calendar = made(country="DE")
    retire_calendar(calendar, by=None, now=NOW)
    message = problem_of(calendar, today=date(2036, 3, 1))
    assert "Give those who keep it another calendar, or offer it again" in message


@pytest.mark.parametrize("country", ["UA", "BV", "HM", "IO"])
def test_calendar_problem_of_a_country_without_public_holidays_says_so(country):
    message = problem_of(made(country=country))
    assert "no public holidays are known of" in message
    assert "Enter them as own closed days, and choose None as the country." in message


def problem_of(calendar, today=date(2026, 11, 20)):
    return calendar_problem(calendar, today=today).message


def saved_again(calendar):
    version = calendar.current_version
    data = {**version.data, "zone": version.zone}
    publish_calendar_version(
        calendar, data=data, country=version.holiday_country, by=None, now=NOW, since=version.n
    )
    calendar.refresh_from_db()
    return calendar


def test_calendar_problems_names_holidays_that_run_out():
    calendar = made(country="DE")
    (problem,) = calendar_problems(today=date(2036, 3, 1))
    assert (problem.calendar, problem.code) == (calendar, "holidays_end")
    assert "2036-12-26" in problem.message


def test_calendar_problems_leaves_retired_calendars_alone():
    retire_calendar(made(country="DE"), by=None, now=NOW)
    assert calendar_problems(today=date(2036, 3, 1)) == []


def test_calendar_problems_names_a_retired_calendar_that_somebody_still_has():
    calendar = lost_zone()
    organisation = make_organisation()
    Organisation.objects.filter(pk=organisation.pk).update(calendar=calendar)
    retire_calendar(calendar, by=None, now=NOW)
    assert [problem.calendar for problem in calendar_problems(today=NOW.date())] == [calendar]


def test_publishing_again_mends_holidays_that_run_out():
    calendar = made(country="DE")
    data = preset_calendars("Europe/Berlin")[OFFICE_HOURS]
    later = datetime(2036, 3, 1, tzinfo=UTC)
    publish_calendar_version(calendar, data=data, country="DE", by=None, now=later)
    assert calendar_problems(today=later.date()) == []


def test_system_check_shows_a_lost_zone():
    lost_zone()
    messages = run_checks(databases=["default"], tags=["database"])
    assert [each.id for each in messages if each.id.startswith("worktime")] == ["worktime.W001"]


def test_offered_leaves_out_calendars_without_a_version():
    Calendar.objects.create(name="Empty")
    complete = made()
    assert list(Calendar.objects.offered()) == [complete]
