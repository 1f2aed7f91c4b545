"""Steps that move nothing: a miss on record, a reminder, an alert, a post to a channel.

Those of many clocks are acted on in one transaction, with a few statements for all of them: what
decides is read under the locks of their handoffs, what follows is written at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from accounts.selectors import manager_of, senior_of
from core.inserts import insert_rows
from core.lookups import Among
from handoff.choices import EventKind, Status
from handoff.models import Event, Handoff, HandoffClock
from handoff.selectors.ladder_moves import hold_of_alert
from handoff.services import tell
from handoff.services.tell import Notice
from notify.models import Destination
from notify.selectors import channel_of
from routing.models import Pool
from sla.choices import ClockKind, ClockState, StepAction
from sla.models import Clock, Escalation
from sla.rules.targets import is_before_due
from sla.services import defer_escalation, finish_escalations

TELLING = frozenset(
    {
        StepAction.BREACH,
        StepAction.REMIND,
        StepAction.ALERT_MANAGER,
        StepAction.NOTIFY_CHANNEL,
    }
)
ALERTS = (StepAction.ALERT_MANAGER, StepAction.NOTIFY_CHANNEL)
_TOLD = {
    StepAction.REMIND: (EventKind.REMINDED, tell.REMIND),
    StepAction.ALERT_MANAGER: (EventKind.ALERTED, tell.LATE),
}
# By whom a notice is known while steps are gathered: the clock, and a person's id or a channel's.
Notices = dict[tuple[int, str, int], Notice]


class Overtaken(Exception):
    """Somebody else has finished one of the steps meanwhile: nothing of this may stay."""


@dataclass(slots=True)
class _Batch:
    """What one transaction acts on, as it is under the locks, and what it is going to write."""

    now: datetime
    links: Mapping[int, HandoffClock]
    rows: Mapping[int, Handoff]
    clocks: Mapping[int, Clock]
    waiting: Collection[int]
    handled: list[int] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    managers: dict[tuple[int, int | None], User | None] = field(default_factory=dict)
    seniors: dict[int, User | None] = field(default_factory=dict)
    channels: dict[int, Destination | None] = field(default_factory=dict)


def act_on_all(steps: Sequence[Escalation], notices: Notices, *, now: datetime) -> set[int]:
    """Act on steps of many clocks, but for those whose handoff somebody else holds right now.

    Returns the ids of the clocks that were acted on. ``notices`` gathers whom to tell of what;
    the caller queues them in the same transaction. Raises Overtaken.
    """
    return _act(steps, notices, now=now, is_patient=False)


def act_on(steps: Sequence[Escalation], notices: Notices, *, now: datetime) -> None:
    """The same for steps of one clock, once nobody else holds its handoff."""
    _act(steps, notices, now=now, is_patient=True)


def _act(
    steps: Sequence[Escalation], notices: Notices, *, now: datetime, is_patient: bool
) -> set[int]:
    batch = _read(steps, now=now, is_patient=is_patient)
    done = {pk for pk, link in batch.links.items() if link.handoff_id in batch.rows}
    for step in steps:
        # Whoever acknowledged the clock meanwhile wants quiet until later.
        if step.clock_id in done and step.pk in batch.waiting:
            _judge(step, batch, notices)
    _write(batch)
    return done


def _read(steps: Sequence[Escalation], *, now: datetime, is_patient: bool) -> _Batch:
    """Lock the handoffs, in the order of their ids, and read what decides as it is then."""
    clock_ids = {step.clock_id for step in steps}
    found = HandoffClock.objects.filter(Among("clock_id", clock_ids))
    # First the locks, and nothing joined to: that would be as it was before the wait.
    held = Handoff.objects.select_for_update(skip_locked=not is_patient)
    rows = {
        row.pk: row
        for row in held.filter(pk__in=found.values("handoff"))
        .only("status", "temperature", "owner", "submitted_by", "pool")
        .order_by("pk")
    }
    links = {
        link.clock_id: link
        for link in found.select_related("leg").only("clock", "handoff", "kind", "leg__receiver")
    }
    clocks = (
        Clock.objects.filter(Among("id", clock_ids))
        .select_related("replaces")
        .only(
            "state",
            "breached_at",
            "started_at",
            "due_at",
            "is_unstaffed",
            "replaces__cancelled_at",
        )
    )
    waiting = Escalation.objects.filter(
        Among("clock_id", clock_ids), not_before__lte=now, handled_at=None
    )
    return _Batch(
        now=now,
        links=links,
        rows=_with_people(rows, links.values()),
        clocks={clock.pk: clock for clock in clocks},
        waiting=set(waiting.values_list("pk", flat=True)),
    )


def _with_people(rows: dict[int, Handoff], links: Iterable[HandoffClock]) -> dict[int, Handoff]:
    """The handoffs, and the legs of the clocks, with their people: each person is read once."""
    pools = Pool.objects.select_related("manager").in_bulk({row.pool_id for row in rows.values()})
    legs = [link.leg for link in links if link.leg is not None]
    wanted = {leg.receiver_id for leg in legs}
    wanted |= {pk for row in rows.values() for pk in (row.owner_id, row.submitted_by_id)}
    people = User.objects.in_bulk(wanted)
    for row in rows.values():
        row.owner, row.submitted_by = people[row.owner_id], people[row.submitted_by_id]
        row.pool = None if row.pool_id is None else pools[row.pool_id]
    for leg in legs:
        leg.receiver = people[leg.receiver_id]
    return rows


def _judge(step: Escalation, batch: _Batch, notices: Notices) -> None:
    link, clock = batch.links[step.clock_id], batch.clocks[step.clock_id]
    row = batch.rows[link.handoff_id]
    if not _is_due(step, clock):
        batch.superseded.append(step.pk)
        _record(step, EventKind.STEP_SUPERSEDED, batch)
        return
    if step.step.action in ALERTS:
        until = hold_of_alert(row, clock, now=batch.now)
        if until is not None:
            defer_escalation(escalation=step, until=until)
            return
    batch.handled.append(step.pk)
    if step.step.action == StepAction.BREACH:
        # With the reason where the clock was late when it began, by another target or start.
        replaced_at = clock.replaces.cancelled_at if clock.replaces else None
        is_begun_late = replaced_at is not None and replaced_at > clock.due_at
        more = {"reason": "retargeted"} if is_begun_late else {}
        _record(step, EventKind.BREACHED, batch, more=more)
    elif step.step.action == StepAction.NOTIFY_CHANNEL:
        _post(step, row, link, batch, notices)
    else:
        _tell(step, row, link, batch, notices)


def _is_due(step: Escalation, clock: Clock) -> bool:
    """A miss and its alert stand once the due time is missed; a reminder, and what alerts before
    due, only while the clock runs on.
    """
    if step.step.action == StepAction.REMIND:
        return clock.state == ClockState.RUNNING
    if clock.breached_at is None and is_before_due(step.step.offset):
        return clock.state == ClockState.RUNNING
    return clock.breached_at is not None


def _tell(
    step: Escalation, row: Handoff, link: HandoffClock, batch: _Batch, notices: Notices
) -> None:
    """Note whom the step tells; whom an earlier one tells already hears of both at once."""
    event, kind = _TOLD[StepAction(step.step.action)]
    to = _recipients(step, row, link, batch)
    _record(step, event, batch, told=to)
    for user in to:
        new = Notice(kind, row, link.leg, user, link.clock_id)
        notice = notices.setdefault((link.clock_id, "user", user.pk), new)
        notice.steps.append(step.pk)
        if kind == tell.LATE:
            notice.kind = kind


def _post(
    step: Escalation, row: Handoff, link: HandoffClock, batch: _Batch, notices: Notices
) -> None:
    """Note that the channel of whoever is late hears of it, where there is one by now."""
    late = late_one(row, link)
    if late.pk not in batch.channels:
        batch.channels[late.pk] = channel_of(late)
    channel = batch.channels[late.pk]
    more = {"channel": channel.pk, "team": channel.team_id} if channel else {"channel": None}
    _record(step, EventKind.POSTED, batch, more=more)
    if channel is not None:
        new = Notice(tell.LATE, row, link.leg, channel, link.clock_id)
        notices.setdefault((link.clock_id, "channel", channel.pk), new).steps.append(step.pk)


def _recipients(step: Escalation, row: Handoff, link: HandoffClock, batch: _Batch) -> list[User]:
    """The people whom the step names, each once; who is not active is told nothing."""
    late = late_one(row, link)
    found: dict[int, User] = {}
    for name in step.step.recipients:
        user = _named(name, row, link, late, batch)
        if user is not None and user.is_active:
            found.setdefault(user.pk, user)
    return list(found.values())


def _named(name: str, row: Handoff, link: HandoffClock, late: User, batch: _Batch) -> User | None:
    if name == "submitter":
        return submitter_now(row)
    if name == "senior":
        if late.pk not in batch.seniors:
            batch.seniors[late.pk] = senior_of(late)
        senior = batch.seniors[late.pk]
        if senior is not None:
            return senior
    if name in ("manager", "senior"):
        pool_manager = pool_manager_for(row, link)
        key = (late.pk, pool_manager.pk if pool_manager else None)
        if key not in batch.managers:
            batch.managers[key] = manager_of(late, pool_manager=pool_manager)
        return batch.managers[key]
    return late if name == "receiver" else row.owner


def pool_manager_for(row: Handoff, link: HandoffClock) -> User | None:
    """The pool's manager, who does not answer for what is not handed off."""
    is_theirs = link.kind == ClockKind.HAND_OFF
    return row.pool.manager if row.pool and not is_theirs else None


def late_one(row: Handoff, link: HandoffClock) -> User:
    """Whose clock it is: the leg's receiver, the submitter, or whoever has the lead now."""
    if link.leg is not None:
        return link.leg.receiver
    return submitter_now(row) if link.kind == ClockKind.HAND_OFF else row.owner


def submitter_now(row: Handoff) -> User:
    """Who works on what is not handed off: the submitter, or who took over from one that left."""
    return row.owner if row.status in (Status.DRAFT, Status.REJECTED) else row.submitted_by


def step_data(step: Escalation, link: HandoffClock) -> dict[str, Any]:
    """What every event of a step says of it."""
    data: dict[str, Any] = {
        "clock": link.clock_id,
        "clock_kind": link.kind,
        "leg": link.leg_id,
        "step": step.step_id,
        "action": step.step.action,
        "step_at": step.at.isoformat(),
    }
    if step.step.action in ALERTS and is_before_due(step.step.offset):
        data["before_due"] = True
    return data


def _record(
    step: Escalation,
    kind: EventKind,
    batch: _Batch,
    *,
    told: Iterable[User] = (),
    more: Mapping[str, Any] | None = None,
) -> None:
    link = batch.links[step.clock_id]
    data = step_data(step, link) | dict(more or {})
    people = [user.pk for user in told]
    if people:
        data |= {"told": people[0], "also_told": people[1:]}
    batch.events.append(
        {
            "handoff_id": link.handoff_id,
            "kind": kind,
            "at": batch.now,
            "data": data,
            "escalation_id": step.pk,
        }
    )


def _write(batch: _Batch) -> None:
    """The steps' ends and their events, numbered on from the last one of each handoff."""
    for ids, is_superseded in ((batch.handled, False), (batch.superseded, True)):
        if ids and finish_escalations(ids=ids, now=batch.now, superseded=is_superseded) != len(ids):
            raise Overtaken
    logged = Event.objects.filter(
        Among("handoff_id", {event["handoff_id"] for event in batch.events})
    )
    last = dict(logged.order_by().values_list("handoff").annotate(last=Max("seq")))
    for event in batch.events:
        pk = event["handoff_id"]
        event["seq"] = last[pk] = last.get(pk, 0) + 1
    insert_rows(Event, batch.events)
