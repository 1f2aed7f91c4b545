"""Calendars, targets and clocks to test with."""

import itertools
from datetime import UTC, datetime, timedelta

from sla import selectors
from sla.models import Clock, Policy, PolicyVersion, Step, Target
from sla.rules import schedule
from sla.services import publish_policy
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS, OFFICE_HOURS
from worktime.services import create_calendar

# Monday 16 November 2026, 10:00 in Berlin, an hour into its office hours.
START = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)

REMIND = (-25, "remind")
ALERT = (0, "alert_manager")
ACCEPT_LADDER = (REMIND, ALERT)

_counter = itertools.count(1)


def make_calendar_version(hours=OFFICE_HOURS, zone="Europe/Berlin"):
    """Version 1 of a new calendar: Monday to Friday 09:00 to 17:00, in Berlin."""
    calendar = create_calendar(
        name=f"Hours {next(_counter)}",
        data=preset_calendars(zone)[hours],
        by=None,
        now=START,
    )
    return calendar.current_version


def make_always_open():
    return make_calendar_version(ALWAYS, "UTC")


def make_target(*, kind="accept", amount=240, unit="working_minutes", ladder=ACCEPT_LADDER):
    """A target with its breach and the ladder's (offset, action), in a replaced policy.

    An offset is a percent of the target, or a timedelta of whole minutes.
    """
    n = next(_counter)
    version = PolicyVersion.objects.create(
        policy=Policy.objects.create(key=f"policy-{n}", name=f"Policy {n}"),
        n=1,
        state="retired",
        position=n,
    )
    target = Target.objects.create(version=version, kind=kind, amount=amount, unit=unit)
    for offset, action in ((0, "breach"), *ladder):
        in_minutes = isinstance(offset, timedelta)
        Step.objects.create(
            target=target,
            offset_percent=None if in_minutes else offset,
            offset_minutes=offset // timedelta(minutes=1) if in_minutes else None,
            action=action,
            recipients=["manager"],
        )
    return target


def build_clock(target, version, *, started_at=START, **fields):
    """An unsaved clock with the due time and schedule that the engine gives it."""
    plan = schedule.plan(
        selectors.ladder_of(target), selectors.pace_of(target, version), started_at
    )
    return Clock(
        kind=target.kind,
        started_at=started_at,
        target=target,
        calendar_version=version,
        due_at=plan.due_at,
        schedule=schedule.encode(plan.rungs),
        next_step_at=plan.next_at(0),
        **fields,
    )


def make_clock(target=None, version=None, *, started_at=START, **fields):
    """A clock that runs; without a target: accept within 4 h of working time, due 14:00 Berlin."""
    clock = build_clock(
        target or make_target(), version or make_calendar_version(), started_at=started_at, **fields
    )
    clock.save()
    return clock


def make_clocks(count, *, started_at=START, apart=timedelta(0), **target):
    """Many clocks of one target, each starting `apart` after the one before."""
    one, version = make_target(**target), make_calendar_version()
    return Clock.objects.bulk_create(
        build_clock(one, version, started_at=started_at + apart * n) for n in range(count)
    )


def publish_one(*targets, key="standard", position=100, conditions=None, now=START):
    """Publish a policy with these targets: the default where it has no conditions."""
    return publish_policy(
        key=key,
        name=key.capitalize(),
        position=position,
        conditions=conditions or {},
        is_default=not conditions,
        targets=list(targets),
        by_id=1,
        now=now,
    )
