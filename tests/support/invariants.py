"""What must hold in the database whatever was killed, and when everything is caught up."""

from collections import Counter
from datetime import datetime

from django.db.models import Max
from django.utils.dateparse import parse_datetime

from core.loops import database_now
from handoff.choices import EventKind
from handoff.models import Event, Leg
from handoff.selectors.verify import findings
from notify.models import Attempt, Message
from routing.models import Member
from sla.models import Clock, Escalation

EVENT_OF_ACTION = {
    "breach": EventKind.BREACHED,
    "remind": EventKind.REMINDED,
    "alert_manager": EventKind.ALERTED,
    "notify_channel": EventKind.POSTED,
    "reassign": EventKind.TIMED_OUT,
    "return_to_submitter": EventKind.RETURNED,
    "to_nurture": EventKind.NURTURED,
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


def written() -> dict[str, int | None]:
    """The last row of each kind that the loops write."""
    kinds = (Event, Escalation, Message, Attempt, Leg)
    return {kind.__name__: kind.objects.aggregate(last=Max("pk"))["last"] for kind in kinds}


def broken() -> list[str]:
    """Everything that is not as it must be; to be asked when nothing is unfinished."""
    now = database_now()
    return [
        *broken_promises(now, settled=True),
        *_broken_clocks(),
        *_broken_escalations(),
        *_broken_messages(),
        *_broken_rotation(),
    ]


def broken_at_once(now: datetime) -> list[str]:
    """What must hold at every instant, caught up or not; ``now`` is that of the test's story."""
    return [*broken_promises(now), *_broken_rotation()]


def broken_promises(now: datetime, *, settled: bool = False) -> list[str]:
    """What `manage.py verify` finds; with ``settled`` what waits longer than it must, too."""
    return [f"{found.check}: {found.text}" for found in findings(now, moving=not settled)]


def _broken_clocks() -> list[str]:
    """Exactly the steps that fired are written, and nothing stopped in time is breached."""
    found = []
    for clock in Clock.objects.prefetch_related("escalations"):
        fired = {(step, parse_datetime(at)) for step, at, _ in clock.schedule[: clock.fired]}
        written = Counter((each.step_id, each.at) for each in clock.escalations.all())
        if written != Counter(fired):
            found.append(f"clock {clock.pk} fired {len(fired)} steps and has {dict(written)}")
        stopped = clock.met_at or clock.cancelled_at
        if clock.breached_at and stopped and stopped <= clock.due_at:
            found.append(f"clock {clock.pk} is breached and stopped at {stopped}, in time")
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
    # Posts to a channel are asked for by their own steps, and have no inbox.
    to_people = Message.objects.filter(kind__in=kinds, recipient__isnull=False)
    queued = Counter(to_people.values_list("kind", "channel"))
    found = [] if queued == +expected else [f"messages: {queued}, and not {expected}"]
    lost = Message.objects.exclude(state__in=["sent", "dropped"]).values_list("pk", "state")
    return found + [f"message {pk} is {state}" for pk, state in lost]


_CHANNELS = ("inbox", "email")


def _broken_rotation() -> list[str]:
    """Who has left takes part nowhere, and no one's place is taken by themselves."""
    gone = Member.objects.filter(is_active=True, user__is_active=False)
    return [f"{member} left and still takes part" for member in gone] + _broken_backups()


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
