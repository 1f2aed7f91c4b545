"""Clocks change, and zones vanish: every breach is found at its time, and no page fails."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.checks import run_checks

from accounts.models import Organisation, User
from core.loops import database_now
from handoff.models import Event
from handoff.services import apply_escalations
from sla.models import Clock, Escalation
from sla.rules.targets import WORKING_MINUTES, TargetSpec
from sla.services import fire_due_steps, publish_policy
from tests.factories.handoff import REMIND_AND_ALERT, make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.invariants import broken_at_once
from tests.support.servers import wait_for
from tests.support.visitor import Visitor, with_real_password
from worktime.models import CalendarVersion
from worktime.rules import preset_calendars
from worktime.rules.calendar import WEEKDAYS
from worktime.rules.presets import ALWAYS
from worktime.selectors import rules_calendar
from worktime.services import create_calendar

pytestmark = [pytest.mark.deep, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

UP = 120
HEALED = 60
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=10)
TARGET_MINUTES = 150
BERLIN = ZoneInfo("Europe/Berlin")
ATLANTIS = "Europe/Atlantis"
# The evening before either change of the clocks, at eight; the change is at one o'clock in UTC.
EVENINGS = {
    "an hour is left out": datetime(2027, 3, 27, 20, tzinfo=BERLIN).astimezone(UTC),
    "an hour comes twice": datetime(2027, 10, 30, 20, tzinfo=BERLIN).astimezone(UTC),
}
HANDED_OFF_EVERY = timedelta(minutes=40)
HANDED_OFF_FOR = timedelta(hours=8)


def promise_working_minutes(minutes):
    only_accept()
    publish_policy(
        key="inbound",
        name="Inbound",
        position=100,
        conditions={},
        is_default=True,
        targets=[TargetSpec("accept", minutes, WORKING_MINUTES, REMIND_AND_ALERT)],
        by_id=None,
        now=database_now(),
    )


def work_at_night():
    night = [{"day": day, "start": "22:00", "end": "06:00"} for day in WEEKDAYS]
    data = {**preset_calendars("Europe/Berlin")[ALWAYS], "windows": night}
    calendar = create_calendar(name="Night desk", data=data, by=None, now=database_now())
    Organisation.objects.update(calendar=calendar)


def is_open(moment):
    """By looking at a wall clock, and at nothing else."""
    hour = moment.astimezone(BERLIN).hour
    return hour >= 22 or hour < 6


def due_by_counting(start):
    left, at = TARGET_MINUTES, start
    while left:
        left -= is_open(at)
        at += MINUTE
    return at


@pytest.mark.parametrize("evening", EVENINGS.values(), ids=list(EVENINGS))
@pytest.mark.fault(
    "F20",
    "clocks change in a night that is swept each minute",
    held="every breach once, in its minute",
)
def test_night_of_a_clock_change_finds_every_breach_in_its_minute(transactional_db, evening):
    world = make_world(preset="inbound")
    promise_working_minutes(TARGET_MINUTES)
    work_at_night()
    begun = [evening + n * HANDED_OFF_EVERY for n in range(HANDED_OFF_FOR // HANDED_OFF_EVERY)]
    waiting, now = list(begun), evening
    while waiting or Clock.objects.filter(state="running", breached_at=None).exists():
        while waiting and waiting[0] <= now:
            world.submitted(now=waiting.pop(0))
        fire_due_steps(now)
        apply_escalations(now)
        now += MINUTE
        assert now < evening + timedelta(days=2), "not every breach is found"

    clocks = list(Clock.objects.filter(kind="accept").order_by("started_at"))
    assert [clock.due_at for clock in clocks] == [due_by_counting(start) for start in begun]
    for clock in clocks:
        assert (clock.breached_at, clock.detected_at) == (clock.due_at, clock.due_at + MINUTE)
    for kind in ("reminded", "breached", "alerted"):
        assert Event.objects.filter(kind=kind).count() == len(clocks)
    assert Escalation.objects.count() == 3 * len(clocks)
    assert broken_at_once(now) == []


@pytest.mark.fault(
    "F20",
    "a zone that is no longer known",
    held="read in UTC; the admin is told, no page fails",
)
def test_zone_that_is_lost_is_said_to_the_admin_and_read_in_utc(transactional_db, settings):
    world = make_world(preset="inbound", receivers=1)
    promise_working_minutes(5)
    for user in (world.admin, world.sdr, world.ae):
        with_real_password(user, settings)
    calendar = work_always()
    early = world.submitted(now=database_now() - 5 * MINUTE + SOON)
    # As after an update of the zone data that knows the name no more.
    version = calendar.current_version
    calendar.current_version = CalendarVersion.objects.create(
        calendar=calendar, n=2, zone=ATLANTIS, data=version.data
    )
    calendar.save()
    User.objects.update(zone=ATLANTIS)
    Organisation.objects.update(zone=ATLANTIS)

    (problem,) = [
        found for found in run_checks(databases=["default"]) if found.id == "worktime.W001"
    ]
    assert ATLANTIS in problem.msg
    with box() as machine:
        machine.start("web")
        machine.start(CLOCK)
        late = world.submitted(now=database_now() - 10 * MINUTE)
        pages = ("/handoffs/", "/inbox/", "/time-off/", f"/handoffs/{late.pk}/")
        for user in (world.sdr, world.ae, world.admin):
            visitor = Visitor(machine.port)
            wait_for(visitor.is_answered, UP, "the web does not answer")
            visitor.sign_in(user.email)
            for path in pages:
                assert visitor.ask("GET", path)[0] == 200, (path, visitor.read)
        assert visitor.ask("GET", "/health/")[0] == 200
        assert ATLANTIS in visitor.read.decode()
        for row in (early, late):
            wait_for(row.events.filter(kind="breached").exists, HEALED, f"no breach of {row}")
        wait_until_caught_up()
        assert "loop failed" not in machine.said(CLOCK)
    clock = Clock.objects.get(kind="accept", handoff_clock__handoff=late)
    assert rules_calendar(clock.calendar_version).zone == "UTC"
