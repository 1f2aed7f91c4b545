"""What must hold in the database whatever was killed, and when everything is caught up."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, Q
from django.utils.dateparse import parse_datetime

from core.loops import database_now
from handoff.choices import EventKind
from handoff.models import Event, Handoff, Leg
from notify.models import Message
from routing.models import Load, Member, Pool, Turn
from sla.models import Clock, Escalation

EVENT_OF_ACTION = {
    "breach": EventKind.BREACHED,
    "remind": EventKind.REMINDED,
    "alert_manager": EventKind.ALERTED,
    "reassign": EventKind.TIMED_OUT,
    "return_to_submitter": EventKind.RETURNED,
}


def unfinished() -> dict[str, int]:
    """How much of what is due by now still has to be done, by what it is."""
    now = database_now()
    waiting = {
        "clocks": Clock.objects.filter(state="running", next_step_at__lt=now),
        "escalations": Escalation.objects.filter(state="pending", not_before__lte=now),
        "messages": Message.objects.filter(state__in=["pending", "sending"]),
    }
    return {name: rows.count() for name, rows in waiting.items() if rows.exists()}


def broken() -> list[str]:
    """Everything that is not as it must be; to be asked when nothing is unfinished."""
    return [
        *_broken_clocks(),
        *_broken_escalations(),
        *_broken_messages(),
        *broken_at_once(),
    ]


def broken_at_once() -> list[str]:
    """What must hold at every instant, caught up or not."""
    return [*_broken_logs(), *_broken_owners(), *_broken_rotation()]


def _broken_clocks() -> list[str]:
    now = database_now()
    found = []
    for clock in Clock.objects.prefetch_related("escalations"):
        fired = {(step, parse_datetime(at)) for step, at, _ in clock.schedule[: clock.fired]}
        written = Counter((each.step_id, each.at) for each in clock.escalations.all())
        if written != Counter(fired):
            found.append(f"clock {clock.pk} fired {len(fired)} steps and has {dict(written)}")
        until = clock.met_at or clock.cancelled_at or now
        if (clock.due_at < until) != (clock.breached_at is not None):
            found.append(f"clock {clock.pk} is breached: {clock.breached_at}, due {clock.due_at}")
        if clock.breached_at and not clock.breached_at == clock.due_at <= clock.detected_at:
            found.append(f"clock {clock.pk} was breached or detected at the wrong time")
    return found


def _broken_escalations() -> list[str]:
    found = []
    for escalation in Escalation.objects.select_related("step"):
        kinds = list(Event.objects.filter(escalation=escalation).values_list("kind", flat=True))
        expected = {
            "handled": [EVENT_OF_ACTION[escalation.step.action]],
            "superseded": [EventKind.STEP_SUPERSEDED],
        }.get(escalation.state)
        if kinds != expected:
            found.append(f"escalation {escalation.pk} is {escalation.state} with events {kinds}")
    breached = Clock.objects.filter(breached_at__isnull=False).count()
    events = Event.objects.filter(kind=EventKind.BREACHED).count()
    if breached != events:
        found.append(f"{breached} clocks are breached, and {events} events say so")
    return found


def _broken_messages() -> list[str]:
    """Each alert and reminder is queued once for each way, and each new leg for its receiver."""
    expected = Counter({("assigned", channel): Leg.objects.count() for channel in _CHANNELS})
    for kind, event in (("late", EventKind.ALERTED), ("remind", EventKind.REMINDED)):
        events = Event.objects.filter(kind=event, data__told__isnull=False)
        others = sum(
            len(data.get("also_told", ())) for data in events.values_list("data", flat=True)
        )
        expected.update({(kind, channel): events.count() + others for channel in _CHANNELS})
    kinds = ["assigned", "late", "remind"]
    queued = Counter(Message.objects.filter(kind__in=kinds).values_list("kind", "channel"))
    found = [] if queued == +expected else [f"messages: {queued}, and not {expected}"]
    lost = Message.objects.exclude(state__in=["sent", "dropped"]).values_list("pk", "state")
    return found + [f"message {pk} is {state}" for pk, state in lost]


_CHANNELS = ("inbox", "email")


def _broken_logs() -> list[str]:
    found = []
    for handoff in Handoff.objects.prefetch_related("events"):
        events = sorted(handoff.events.all(), key=lambda event: event.seq)
        if [event.seq for event in events] != list(range(1, len(events) + 1)):
            found.append(f"handoff {handoff.pk} has a gap in its events")
        told: dict[str, Any] = {}
        for event in events:
            told.update(event.data.get("set", {}))
        wrong = [name for name, value in told.items() if _plain(getattr(handoff, name)) != value]
        if wrong:
            found.append(f"handoff {handoff.pk} is not what its events say: {wrong}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _broken_owners() -> list[str]:
    submitted = Handoff.objects.filter(submitted_at__isnull=False).annotate(
        live=Count("legs", filter=Q(legs__ended_at__isnull=True))
    )
    ownerless = Handoff.objects.open().filter(owner__is_active=False)
    unlogged = submitted.exclude(last_transfer__to_user=F("owner"))
    without_leg = submitted.filter(status="pending").exclude(live=1)
    return [
        f"{count} handoffs {words}"
        for count, words in (
            (ownerless.count(), "have an inactive owner"),
            (unlogged.count(), "have an owner without a transfer"),
            (without_leg.count(), "are pending without one live leg"),
        )
        if count
    ]


def _broken_rotation() -> list[str]:
    pools = Pool.objects.annotate(last=Max("turns__sequence"), made=Count("turns"))
    found = [
        f"pool {pool.pk} counts {pool.sequence} turns and has {pool.made}"
        for pool in pools
        if not pool.sequence == (pool.last or 0) == pool.made
    ]
    legs = Leg.objects.count()
    if Turn.objects.count() != legs:
        found.append(f"there are {Turn.objects.count()} turns and {legs} legs")
    gone = Member.objects.filter(is_active=True, user__is_active=False)
    found += [f"{member} left and still takes part" for member in gone]
    found += _broken_backups()
    for load in Load.objects.all():
        live = Leg.objects.carried().filter(receiver=load.user_id).count()
        if load.open_count != live:
            found.append(f"user {load.user_id} carries {live}, and the load says {load.open_count}")
    return found


def _broken_backups() -> list[str]:
    """Nobody stands in for themselves, and nobody who has left stands in at all."""
    members = Member.objects.filter(backup__isnull=False).select_related("backup__user")
    backups = {member.pk: member.backup for member in members}
    found = []
    for pk, backup in backups.items():
        if not backup.user.is_active:
            found.append(f"{backup} left and still stands in")
        seen, here = set(), backup
        while here is not None and here.pk not in seen:
            seen.add(here.pk)
            here = backups.get(here.pk)
        if pk in seen:
            found.append(f"member {pk} stands in for themselves")
    return found
