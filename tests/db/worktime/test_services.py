from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError

from core import triggers
from worktime.models import Calendar, CalendarVersion
from worktime.rules import CalendarInvalid, add, preset_calendars
from worktime.rules.presets import OFFICE_HOURS
from worktime.selectors import rules_calendar
from worktime.services import (
    CalendarChanged,
    CalendarNameInvalid,
    CalendarOffered,
    CalendarRetired,
    create_calendar,
    offer_calendar,
    publish_calendar_version,
    rename_calendar,
    retire_calendar,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OFFICE = preset_calendars("Europe/Berlin")[OFFICE_HOURS]
LATE = {**OFFICE, "windows": [{"day": "mon", "start": "12:00", "end": "24:00"}]}


def made(name="Leipzig office", **change):
    return create_calendar(**{"name": name, "data": OFFICE, "by": None, "now": NOW, **change})


class TestCreate:
    def test_create_makes_the_first_version_current(self):
        calendar = made(by=7)
        version = Calendar.objects.get(pk=calendar.pk).current_version
        assert version.n == 1
        assert version.calendar == calendar
        assert version.zone == "Europe/Berlin"
        assert version.data == {key: value for key, value in OFFICE.items() if key != "zone"}
        assert version.made_by == 7
        assert version.created_at == NOW

    def test_create_by_a_row_keeps_its_id(self):
        assert made(by=SimpleNamespace(pk=11)).current_version.made_by == 11

    @pytest.mark.parametrize("name", ["leipzig OFFICE", "  Leipzig   office "])
    def test_create_with_a_taken_name_is_refused(self, name):
        made()
        with pytest.raises(CalendarNameInvalid) as refusal:
            made(name=name)
        assert [problem.code for problem in refusal.value.problems] == ["name_taken"]
        assert Calendar.objects.count() == CalendarVersion.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "code"), [(" ", "name_missing"), ("x" * 101, "name_too_long")]
    )
    def test_create_with_a_bad_name_is_refused(self, name, code):
        with pytest.raises(CalendarNameInvalid) as refusal:
            made(name=name)
        assert [problem.code for problem in refusal.value.problems] == [code]

    def test_create_in_an_unknown_zone_says_which_zone_is_meant(self):
        with pytest.raises(CalendarInvalid) as refusal:
            made(data={**OFFICE, "zone": "Europe/Berln"})
        (problem,) = refusal.value.problems
        assert (problem.field, problem.code) == ("zone", "zone_unknown")
        assert "Did you mean Europe/Berlin?" in problem.message
        assert not Calendar.objects.exists()

    def test_create_without_open_time_in_two_years_is_refused(self):
        past = [{"date": "2026-11-19", "windows": [{"start": "09:00", "end": "17:00"}]}]
        with pytest.raises(CalendarInvalid) as refusal:
            made(data={"zone": "UTC", "shifts": past})
        assert [problem.code for problem in refusal.value.problems] == ["never_open"]

    def test_create_judges_open_time_by_the_calendars_own_date(self):
        today = [{"date": "2026-11-20", "windows": [{"start": "09:00", "end": "17:00"}]}]
        late = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
        assert made(name="West", data={"zone": "America/Los_Angeles", "shifts": today}, now=late)
        with pytest.raises(CalendarInvalid):
            made(name="East", data={"zone": "Asia/Tokyo", "shifts": today}, now=late)

    def test_create_with_a_slip_is_refused_and_a_stored_slip_is_read(self):
        swapped = [{"day": "mon", "start": "17:00", "end": "09:00"}]
        with pytest.raises(CalendarInvalid) as refusal:
            made(data={"zone": "UTC", "windows": swapped})
        assert [problem.code for problem in refusal.value.problems] == ["night_too_long"]
        version = made().current_version
        version.data = {**version.data, "windows": swapped}
        version.digest = ""
        assert rules_calendar(version).windows[0].end == 9 * 60


class TestPublicHolidays:
    @pytest.mark.parametrize("region", ["SN", "sn", "Sachsen", " sachsen "])
    def test_create_keeps_the_code_of_a_region_however_it_is_named(self, region):
        assert made(country="DE", region=region).current_version.holiday_region == "SN"

    def test_create_for_the_region_of_another_country_names_those_of_this_one(self):
        with pytest.raises(CalendarInvalid) as refusal:
            made(country="DE", region="CA")
        (problem,) = refusal.value.problems
        assert problem.field == "region"
        assert "Germany has no region 'CA'" in problem.message
        assert "SN (Sachsen)" in problem.message

    def test_create_by_country_and_region_closes_their_holidays(self):
        rules = rules_calendar(made(country="de", region="SN").current_version)
        start = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
        assert add(rules, start, 7200) == datetime(2026, 11, 19, 9, 0, tzinfo=UTC)

    def test_create_keeps_own_and_public_holidays_apart(self):
        own = [{"date": "2026-12-25", "name": "Closed for the year"}]
        version = made(data={**OFFICE, "holidays": own}, country="DE").current_version
        assert version.data["holidays"] == own
        assert version.holiday_country == "DE"
        assert {"date": "2036-12-25", "name": "Christmas Day"} in version.public_holidays

    def test_own_holiday_keeps_its_name_on_a_public_one(self):
        own = [{"date": "2026-12-25", "name": "Closed for the year"}]
        version = made(data={**OFFICE, "holidays": own}, country="DE").current_version
        rules = rules_calendar(version)
        christmas = datetime(2026, 12, 25, tzinfo=UTC).toordinal()
        assert rules.timeline.plan.holiday(christmas) == "Closed for the year"

    @pytest.mark.parametrize(
        ("country", "region", "code"),
        [("XX", "", "country_unknown"), ("DE", "QQ", "region_unknown")],
    )
    def test_create_for_an_unknown_place_is_refused(self, country, region, code):
        with pytest.raises(CalendarInvalid) as refusal:
            made(country=country, region=region)
        assert [problem.code for problem in refusal.value.problems] == [code]


class TestPublish:
    def test_publish_makes_the_next_number_current(self):
        calendar = made()
        first = calendar.current_version
        second = publish_calendar_version(calendar, data=LATE, by=3, now=NOW)
        assert second.n == 2
        assert calendar.current_version == second
        assert Calendar.objects.get().current_version == second
        assert CalendarVersion.objects.get(pk=first.pk).data == first.data

    def test_publish_counts_on_from_the_last_version_whatever_the_caller_holds(self):
        calendar = made()
        stale = Calendar.objects.get()
        publish_calendar_version(calendar, data=LATE, by=None, now=NOW)
        assert publish_calendar_version(stale, data=OFFICE, by=None, now=NOW).n == 3

    def test_publish_past_a_version_that_was_not_looked_at_is_refused(self):
        calendar = made()
        publish_calendar_version(calendar, data=LATE, by=None, now=NOW, since=1)
        with pytest.raises(CalendarChanged) as refusal:
            publish_calendar_version(calendar, data=OFFICE, by=None, now=NOW, since=1)
        assert refusal.value.current == {"version": 2}
        assert CalendarVersion.objects.count() == 2
        assert publish_calendar_version(calendar, data=OFFICE, by=None, now=NOW, since=2).n == 3

    def test_publish_of_bad_data_changes_nothing(self):
        calendar = made()
        with pytest.raises(CalendarInvalid):
            publish_calendar_version(calendar, data={**OFFICE, "windows": []}, by=None, now=NOW)
        assert CalendarVersion.objects.count() == 1

    def test_publish_for_a_retired_calendar_is_refused(self):
        calendar = made()
        retire_calendar(Calendar.objects.get(), by=None, now=NOW)
        with pytest.raises(CalendarRetired):
            publish_calendar_version(calendar, data=LATE, by=None, now=NOW)
        assert CalendarVersion.objects.count() == 1


class TestRename:
    def test_rename_keeps_the_hours(self):
        calendar = made()
        rename_calendar(calendar, name="  Saxony   office ")
        assert str(Calendar.objects.get()) == "Saxony office"
        assert Calendar.objects.get().current_version == calendar.current_version

    def test_rename_to_another_case_of_its_own_name_is_kept(self):
        assert str(rename_calendar(made(), name="LEIPZIG office")) == "LEIPZIG office"

    @pytest.mark.parametrize("name", ["", "x" * 101, "taken"])
    def test_rename_to_a_bad_name_is_refused(self, name):
        made(name="Taken")
        calendar = made()
        with pytest.raises(CalendarNameInvalid):
            rename_calendar(calendar, name=name)
        assert Calendar.objects.filter(name="Leipzig office").exists()


class TestOffer:
    def test_offer_lets_a_retired_calendar_be_chosen_and_changed(self):
        calendar = retire_calendar(made(), by=5, now=NOW)
        offer_calendar(calendar)
        assert (calendar.is_retired, calendar.retired_at, calendar.retired_by) == (
            False,
            None,
            None,
        )
        assert list(Calendar.objects.offered()) == [calendar]
        assert publish_calendar_version(calendar, data=LATE, by=None, now=NOW).n == 2

    def test_offer_of_one_that_is_offered_is_refused(self):
        with pytest.raises(CalendarOffered):
            offer_calendar(made())


class TestRetire:
    def test_retire_takes_the_calendar_out_of_the_offer_and_keeps_it(self):
        calendar = retire_calendar(made(), by=5, now=NOW)
        assert (calendar.is_retired, calendar.retired_at, calendar.retired_by) == (True, NOW, 5)
        assert list(Calendar.objects.offered()) == []
        assert rules_calendar(calendar.current_version)

    def test_retire_twice_is_refused_and_keeps_the_first_time(self):
        calendar = made()
        retire_calendar(calendar, by=5, now=NOW)
        with pytest.raises(CalendarRetired) as refusal:
            retire_calendar(calendar, by=6, now=datetime(2026, 12, 1, tzinfo=UTC))
        assert refusal.value.current == {"retired_at": NOW}
        assert Calendar.objects.get().retired_by == 5


class TestVersionsStayAsTheyAre:
    @pytest.mark.parametrize(
        "change",
        [
            lambda version: CalendarVersion.objects.update(zone="UTC"),
            lambda version: version.save(),
            lambda version: CalendarVersion.objects.filter(pk=version.pk)._raw_delete("default"),
        ],
    )
    def test_change_or_removal_is_refused_by_the_database(self, change):
        version = made().current_version
        with pytest.raises(IntegrityError), transaction.atomic():
            change(version)
        assert CalendarVersion.objects.get() == version

    def test_change_passes_without_the_trigger(self):
        version = made().current_version
        with triggers.suspended():
            assert CalendarVersion.objects.filter(pk=version.pk).update(zone="UTC") == 1

    def test_calendar_with_a_version_cannot_be_deleted(self):
        with pytest.raises(ProtectedError):
            made().delete()

    def test_two_versions_of_one_number_are_refused(self):
        version = made().current_version
        with pytest.raises(IntegrityError, match=r"worktime_calendarversion|calendar_id"):
            version.__class__.objects.create(
                calendar=version.calendar, n=1, zone="UTC", data=version.data
            )

    @pytest.mark.parametrize(
        "bad",
        [{"n": 0}, {"zone": ""}, {"holiday_region": "SN"}],
    )
    def test_version_that_cannot_be_is_refused_by_the_database(self, bad):
        calendar = made()
        with pytest.raises(DatabaseError):
            CalendarVersion.objects.create(
                **{"calendar": calendar, "n": 2, "zone": "UTC", "data": {}, **bad}
            )

    @pytest.mark.parametrize("bad", [{"name": ""}, {"is_retired": True}, {"retired_at": NOW}])
    def test_calendar_that_cannot_be_is_refused_by_the_database(self, bad):
        with pytest.raises(IntegrityError):
            Calendar.objects.create(**{"name": "Somewhere", **bad})
