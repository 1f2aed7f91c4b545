"""Which open clocks would be timed otherwise by the policies and hours of now, and when due."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import User
from accounts.selectors import calendars_for, organisation
from handoff.models import HandoffClock
from handoff.selectors.access import submitters_side
from handoff.selectors.facts import facts_of, lead_of
from sla.choices import ClockKind, ClockState
from sla.impact import due_when_retimed, is_missed, policies_in_force
from sla.models import Target
from sla.rules.retiming import Retiming, Scope
from worktime.models import Calendar, CalendarVersion

# The buyer's clocks, which count in the calendar of the policy.
BUYERS = frozenset({"contact", "second_meeting"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A clock with the versions that it would follow; without a target it stays as it is."""

    link: HandoffClock
    target: Target | None
    calendar_version: CalendarVersion
    line: Retiming


def planned_retimings(clock_ids: Collection[int], *, scope: Scope, now: datetime) -> list[Planned]:
    """What re-timing would do to those of the clocks that are open and in the scope, by id.

    What follows the present versions already is left out. In a constant number of queries,
    and a few for each draft of somebody who has left.
    """
    links = (
        HandoffClock.objects.filter(
            clock__in=clock_ids,
            is_current=True,
            clock__state__in=[ClockState.RUNNING, ClockState.PAUSED],
        )
        .select_related(
            "clock__target__version",
            "clock__calendar_version",
            "handoff__type",
            "handoff__lead__company",
            "handoff__owner",
            "handoff__submitted_by",
            "leg__receiver",
        )
        .prefetch_related("clock__pauses")
        .order_by("clock_id")
    )
    policies, found = policies_in_force(), list(links)
    people = {link.pk: person for link in found if (person := _whose_hours(link))}
    hours = calendars_for(list({person.pk: person for person in people.values()}.values()))
    usual = organisation().calendar
    plans = []
    for link in found:
        target = policies.match(facts_of(link.handoff), link.kind)
        person = people.get(link.pk)
        of_policy = None if target is None else target.version.calendar
        calendar = hours.get(person.pk) if person else of_policy or usual
        version = _current(calendar, link)
        if _is_meant(link, target, version, scope):
            plans.append(_planned(link, target, version, now=now))
    return plans


def _whose_hours(link: HandoffClock) -> User | None:
    """Whose working time the clock counts; None for the buyer's, which the policy says."""
    if link.kind in BUYERS:
        return None
    if link.kind == ClockKind.HAND_OFF:
        return submitters_side(link.handoff)
    return link.leg.receiver if link.leg is not None else link.handoff.owner


def _current(calendar: Calendar | None, link: HandoffClock) -> CalendarVersion:
    """The calendar's published hours; where it has none the clock keeps those that it has."""
    version = None if calendar is None else calendar.current_version
    return version or link.clock.calendar_version


def _is_meant(
    link: HandoffClock, target: Target | None, version: CalendarVersion, scope: Scope
) -> bool:
    clock = link.clock
    new = clock.target if target is None else target
    if (new.pk, version.pk) == (clock.target_id, clock.calendar_version_id) and target is not None:
        return False
    return scope.covers(
        policies={clock.target.version.policy_id, new.version.policy_id},
        calendars={clock.calendar_version.calendar_id, version.calendar_id},
    )


def _planned(
    link: HandoffClock, target: Target | None, version: CalendarVersion, *, now: datetime
) -> Planned:
    clock, lead = link.clock, lead_of(link.handoff)
    due_at = None if target is None else due_when_retimed(clock, target, version, now=now)
    is_new = clock.state == ClockState.RUNNING and not is_missed(clock, now=now)
    line = Retiming(
        clock_id=clock.pk,
        handoff_id=link.handoff_id,
        kind=link.kind,
        was_due_at=clock.due_at,
        due_at=due_at,
        is_missed_at_once=is_new and due_at is not None and due_at < now,
        about=f"{lead.name}, {lead.company.name}",
        path=reverse("handoff:detail", args=[link.handoff_id]),
    )
    return Planned(link, target, version, line)


def retimings(clock_ids: Collection[int], scope: Scope, now: datetime) -> list[Retiming]:
    """The same for whoever only shows it."""
    return [plan.line for plan in planned_retimings(clock_ids, scope=scope, now=now)]
