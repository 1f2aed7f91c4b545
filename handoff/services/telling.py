"""Steps that move nothing: a miss on record, a reminder, an alert, a post to a channel.

Those of many clocks are acted on in one transaction, with a few statements for all of them: what
decides is read under the locks of their handoffs, what follows is written at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

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


# Plain values: of thousands of late clocks each model object would cost more than what it says.
class _Link(NamedTuple):
    """Of which handoff and leg a clock is; `leg__receiver` None without a leg."""

    clock_id: int
    handoff_id: int
    kind: str
    leg_id: int | None
    leg__receiver: int | None


class _Row(NamedTuple):
    """What decides of a handoff."""

    pk: int
    status: str
    temperature: str
    owner_id: int
    submitted_by_id: int
    pool_id: int | None


class _Clock(NamedTuple):
    """What decides of a clock."""

    pk: int
    state: str
    breached_at: datetime | None
    started_at: datetime
    due_at: datetime
    is_unstaffed: bool
    replaces__cancelled_at: datetime | None


@dataclass(slots=True)
class _Batch:
    """What one transaction acts on, as it is under the locks, and what it is going to write."""

    now: datetime
    links: Mapping[int, _Link]
    rows: Mapping[int, _Row]
    clocks: Mapping[int, _Clock]
    waiting: Collection[int]
    people: Mapping[int, User]
    pools: Mapping[int, Pool]
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
    locked = held.filter(pk__in=found.values("handoff")).order_by("pk")
    rows = [_Row(*row) for row in locked.values_list(*_Row._fields)]
    links = [_Link(*link) for link in found.values_list(*_Link._fields)]
    clocks = Clock.objects.filter(Among("id", clock_ids)).values_list(*_Clock._fields)
    waiting = Escalation.objects.filter(
        Among("clock_id", clock_ids), not_before__lte=now, handled_at=None
    )
    people = {link.leg__receiver for link in links} | {row.owner_id for row in rows}
    people |= {row.submitted_by_id for row in rows}
    pools = {row.pool_id for row in rows}
    return _Batch(
        now=now,
        links={link.clock_id: link for link in links},
        rows={row.pk: row for row in rows},
        clocks={clock[0]: _Clock(*clock) for clock in clocks},
        waiting=set(waiting.values_list("pk", flat=True)),
        people=User.objects.in_bulk([pk for pk in people if pk is not None]),
        pools=Pool.objects.select_related("manager").in_bulk([pk for pk in pools if pk]),
    )


def _judge(step: Escalation, batch: _Batch, notices: Notices) -> None:
    link, clock = batch.links[step.clock_id], batch.clocks[step.clock_id]
    row = batch.rows[link.handoff_id]
    if not _is_due(step, clock):
        batch.superseded.append(step.pk)
        _record(step, EventKind.STEP_SUPERSEDED, batch)
        return
    if step.step.action in ALERTS:
        until = hold_of_alert(row.pool_id, clock, now=batch.now)
        if until is not None:
            defer_escalation(escalation=step, until=until)
            return
    batch.handled.append(step.pk)
    if step.step.action == StepAction.BREACH:
        # With the reason where the clock was late when it began, by another target or start.
        replaced_at = clock.replaces__cancelled_at
        is_begun_late = replaced_at is not None and replaced_at > clock.due_at
        more = {"reason": "retargeted"} if is_begun_late else {}
        _record(step, EventKind.BREACHED, batch, more=more)
    elif step.step.action == StepAction.NOTIFY_CHANNEL:
        _post(step, row, link, batch, notices)
    else:
        _tell(step, row, link, batch, notices)


def _is_due(step: Escalation, clock: _Clock) -> bool:
    """A miss and its alert stand once the due time is missed; a reminder, and what alerts before
    due, only while the clock runs on.
    """
    if step.step.action == StepAction.REMIND:
        return clock.state == ClockState.RUNNING
    if clock.breached_at is None and is_before_due(step.step.offset):
        return clock.state == ClockState.RUNNING
    return clock.breached_at is not None


def _tell(step: Escalation, row: _Row, link: _Link, batch: _Batch, notices: Notices) -> None:
    """Note whom the step tells; whom an earlier one tells already hears of both at once."""
    event, kind = _TOLD[StepAction(step.step.action)]
    to = _recipients(step, row, link, batch)
    _record(step, event, batch, told=to)
    for user in to:
        key = (link.clock_id, "user", user.pk)
        notice = notices.setdefault(key, _notice(kind, row, link, user))
        notice.steps.append(step.pk)
        if kind == tell.LATE:
            notice.kind = kind


def _notice(kind: str, row: _Row, link: _Link, to: User | Destination) -> Notice:
    return Notice(kind, row.pk, row.temperature, link.leg_id, to, link.clock_id)


def _post(step: Escalation, row: _Row, link: _Link, batch: _Batch, notices: Notices) -> None:
    """Note that the channel of whoever is late hears of it, where there is one by now."""
    late = batch.people[late_id(row, link.kind, link.leg__receiver)]
    if late.pk not in batch.channels:
        batch.channels[late.pk] = channel_of(late)
    channel = batch.channels[late.pk]
    more = {"channel": channel.pk, "team": channel.team_id} if channel else {"channel": None}
    _record(step, EventKind.POSTED, batch, more=more)
    if channel is not None:
        key = (link.clock_id, "channel", channel.pk)
        notice = notices.setdefault(key, _notice(tell.LATE, row, link, channel))
        notice.steps.append(step.pk)


def _recipients(step: Escalation, row: _Row, link: _Link, batch: _Batch) -> list[User]:
    """The people whom the step names, each once; who is not active is told nothing."""
    late = batch.people[late_id(row, link.kind, link.leg__receiver)]
    found: dict[int, User] = {}
    for name in step.step.recipients:
        user = _named(name, row, link, late, batch)
        if user is not None and user.is_active:
            found.setdefault(user.pk, user)
    return list(found.values())


def _named(name: str, row: _Row, link: _Link, late: User, batch: _Batch) -> User | None:
    if name == "submitter":
        return batch.people[_submitter_now(row)]
    if name == "senior":
        if late.pk not in batch.seniors:
            batch.seniors[late.pk] = senior_of(late)
        senior = batch.seniors[late.pk]
        if senior is not None:
            return senior
    if name in ("manager", "senior"):
        pool = batch.pools[row.pool_id] if row.pool_id is not None else None
        pool_manager = manager_of_pool(pool, link.kind)
        key = (late.pk, pool_manager.pk if pool_manager else None)
        if key not in batch.managers:
            batch.managers[key] = manager_of(late, pool_manager=pool_manager)
        return batch.managers[key]
    return late if name == "receiver" else batch.people[row.owner_id]


def manager_of_pool(pool: Pool | None, kind: str) -> User | None:
    """The pool's manager, who does not answer for what is not handed off."""
    return pool.manager if pool is not None and kind != ClockKind.HAND_OFF else None


def late_id(row: Handoff | _Row, kind: str, receiver: int | None) -> int:
    """Whose clock it is: the leg's receiver, the submitter, or whoever has the lead now."""
    if receiver is not None:
        return receiver
    return _submitter_now(row) if kind == ClockKind.HAND_OFF else row.owner_id


def _submitter_now(row: Handoff | _Row) -> int:
    """Who works on what is not handed off: the submitter, or who took over from one that left."""
    is_back = row.status in (Status.DRAFT, Status.REJECTED)
    return row.owner_id if is_back else row.submitted_by_id


def step_data(step: Escalation, link: HandoffClock | _Link) -> dict[str, Any]:
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
