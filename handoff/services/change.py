"""One change of one handoff: lock, check, conditional update, event.

Every service of this package goes through here, so that a change can neither be lost nor be made
twice, and never without its event. Locks are taken in one order everywhere: people by id, where
they must not leave meanwhile, handoffs by id, leads by id, clocks by id, pools by id, loads by id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, F

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, NotPermitted, NotVisible
from core.inserts import insert_rows
from core.prepared import PreparedRead
from handoff.choices import ClosedAs, EventKind, Status, TransferReason
from handoff.errors import (
    HandoffNotAccepted,
    HandoffNotDraft,
    HandoffNotOpen,
    HandoffNotPending,
    HandoffNotRejected,
    OwnershipFrozen,
    StaleVersion,
)
from handoff.models import Event, Handoff, Transfer
from handoff.rules.ownership import is_frozen, may_move
from handoff.rules.transitions import TRANSITIONS, Step
from handoff.selectors.access import relations_of, stands_in_for, was_taken_back
from handoff.selectors.story import current_state, what_happened_last

_NOT_POSSIBLE: dict[Step, type[Conflict]] = {
    Step.SUBMIT: HandoffNotDraft,
    Step.DRAIN: HandoffNotPending,
    Step.ACCEPT: HandoffNotPending,
    Step.REJECT: HandoffNotPending,
    Step.CONFLICT: HandoffNotPending,
    Step.TIME_OUT: HandoffNotPending,
    Step.SUPERSEDE: HandoffNotRejected,
    Step.CONCEDE: HandoffNotRejected,
    Step.CONTEST: HandoffNotRejected,
    Step.UPHOLD: HandoffNotRejected,
    Step.OVERTURN: HandoffNotRejected,
    Step.CONVERT: HandoffNotAccepted,
}

# What people wrote stands on the row and not in the log, which is for good.
_UNTOLD = frozenset({"answers", "deal_note"})


def hold_people(pk: int) -> None:
    """Let nobody leave whom the handoff may come back to, until the transaction ends.

    Before the handoff's own lock: whoever offboards somebody takes the two in this order.
    """
    held: set[int] = set()
    # Who has left before the lock is seen under it, and whoever stands in then is held too.
    while not (people := _may_come_back_to(pk)) <= held:
        rows = User.objects.select_for_update(no_key=True).filter(pk__in=people)
        list(rows.order_by("pk").values_list("pk"))
        held |= people


def _may_come_back_to(pk: int) -> set[int]:
    """Submitter, owner and receivers, and who stands in for a submitter that has left; by id."""
    row = Handoff.objects.filter(pk=pk).order_by()
    rows = row.values_list("submitted_by", "owner", "legs__receiver")
    people = {user for found in rows for user in found if user is not None}
    gone = User.objects.filter(pk__in=people, is_active=False, submitted=pk).first()
    return people if gone is None else {*people, stands_in_for(gone).pk}


def lock_handoff(pk: int, *, along: Collection[str] = ()) -> Handoff:
    """The row as it is now, locked until the transaction ends; what it reads along is not.

    Raises:
        NotVisible: there is no such handoff.
    """
    rows = Handoff.objects.select_for_update(of=("self",))
    try:
        # With its type, which every policy and rule asks for.
        return rows.select_related("type", *along).get(pk=pk)
    except Handoff.DoesNotExist:
        raise NotVisible("There is no such handoff.") from None


def open_for(
    pk: int,
    *,
    step: Step,
    action: Action,
    by: User | None,
    now: datetime,
    version: int | None,
    along: Collection[str] = (),
) -> Handoff:
    """Lock a handoff for a change by a person, or by the product itself where ``by`` is None.

    ``along`` names what is read with it, without a lock of its own.

    Raises:
        NotVisible: there is no such handoff for this person.
        NotPermitted: the person may read it and may not do this.
        Conflict: it is no longer in a state in which this can be done, or no longer theirs, or
            it has changed since ``version``; the message says who did what when.
    """
    return open_in(
        pk,
        states=TRANSITIONS[step].sources,
        otherwise=_NOT_POSSIBLE.get(step, HandoffNotOpen),
        action=action,
        by=by,
        now=now,
        version=version,
        along=along,
    )


def open_in(
    pk: int,
    *,
    states: frozenset[str],
    otherwise: type[Conflict],
    action: Action,
    by: User | None,
    now: datetime,
    version: int | None,
    along: Collection[str] = (),
) -> Handoff:
    """The same for what changes no state: possible in ``states``, else refused as ``otherwise``."""
    row = lock_handoff(pk, along=along)
    if by is not None:
        require(row, by=by, action=action, now=now)
    if row.status not in states:
        raise otherwise(what_happened_last(row, now=now), current=current_state(row))
    expect_version(row, version, now=now)
    return row


def require(row: Handoff, *, by: User, action: Action, now: datetime) -> None:
    """Refuse what the policy does not allow; a row that may not be read does not exist."""
    relations = relations_of(row, by)
    if not by.is_active or not allows(by.roles, Action.HANDOFF_READ, relations):
        raise NotVisible("There is no such handoff.")
    if was_taken_back(by, action, relations):
        raise HandoffNotPending(what_happened_last(row, now=now), current=current_state(row))
    if not allows(by.roles, action, relations):
        raise NotPermitted("You can read this handoff, but this is not yours to do.")


def expect_version(row: Handoff, version: int | None, *, now: datetime) -> None:
    """Refuse a change that was decided on an older state. None: the caller saw no state."""
    if version is not None and version != row.version:
        raise StaleVersion(what_happened_last(row, now=now), current=current_state(row))


def apply_change(
    row: Handoff,
    *,
    event: EventKind,
    by: User | None,
    now: datetime,
    changes: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    escalation_id: int | None = None,
) -> Event:
    """Write the changed columns and the event that says so; ``row`` then shows the new state."""
    stored = write_changes(row, changes, now=now)
    return append_event(
        row,
        kind=event,
        by=by,
        now=now,
        data={**(data or {}), "set": stored},
        escalation_id=escalation_id,
    )


def write_changes(row: Handoff, changes: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Write the changed columns; returns them as the event, which the caller adds, tells them.

    The update is conditional on the version that was read: together with the row lock, that
    makes two changes of the same state impossible on either database.
    """
    updated = Handoff.objects.filter(pk=row.pk, version=row.version, status=row.status).update(
        **changes, version=F("version") + 1
    )
    if updated != 1:
        raise StaleVersion(what_happened_last(row, now=now), current=current_state(row))
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    return {name: _plain(value) for name, value in changes.items() if name not in _UNTOLD}


def close_row(
    row: Handoff,
    event: EventKind,
    closed_as: ClosedAs,
    *,
    by: User | None,
    now: datetime,
    changes: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    escalation_id: int | None = None,
) -> None:
    """Write the end and its event; clocks and leg have been stopped by the caller."""
    apply_change(
        row,
        event=event,
        by=by,
        now=now,
        changes={
            **(changes or {}),
            "status": Status.CLOSED,
            "closed_as": closed_as,
            "closed_at": now,
            "next_due_at": None,
        },
        data=data,
        escalation_id=escalation_id,
    )


def append_event(
    row: Handoff,
    *,
    kind: EventKind,
    by: User | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    escalation_id: int | None = None,
) -> Event:
    """Add one event to the handoff's log. The caller holds the handoff's row lock."""
    return Event.objects.create(
        handoff_id=row.pk,
        seq=last_seq(row) + 1,
        kind=kind,
        by=by,
        at=now,
        data=dict(data or {}),
        escalation_id=escalation_id,
    )


def last_seq(row: Handoff) -> int:
    """The number of the last event; under the handoff's row lock it stays so."""
    return next((seq for (seq,) in _last_seq(handoff=row.pk)), 0)


_last_seq = PreparedRead(
    lambda handoff: (
        Event.objects.filter(handoff_id=handoff).order_by("-seq").values_list("seq")[:1]
    ),
    handoff=BigIntegerField(),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An event that is about to be added with others; `append_event` says what each part means."""

    kind: EventKind
    by: User | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    escalation_id: int | None = None


def append_events(row: Handoff, told: Sequence[Told], *, after: int, now: datetime) -> int:
    """Add several events in one statement after the last one; returns the number of the newest.

    The caller has read ``after`` by `last_seq` under the handoff's row lock.
    """
    rows = [
        {
            "handoff_id": row.pk,
            "seq": after + n,
            "kind": one.kind,
            "by_id": one.by.pk if one.by else None,
            "at": now,
            "data": dict(one.data),
            "escalation_id": one.escalation_id,
        }
        for n, one in enumerate(told, start=1)
    ]
    insert_rows(Event, rows)
    return after + len(rows)


def transfer_to(
    row: Handoff,
    *,
    to_id: int,
    reason: TransferReason,
    by: User | None,
    now: datetime,
    note: str = "",
) -> dict[str, Any]:
    """Record who takes over from whom and why; returns the columns to change on the handoff.

    Raises:
        OwnershipFrozen: it was accepted a short time ago, and the reason does not pass the freeze.
    """
    frozen = is_frozen(status=row.status, freeze_until=row.freeze_until, now=now)
    if not may_move(reason, frozen=frozen):
        raise OwnershipFrozen(current=current_state(row))
    transfer = Transfer.objects.create(
        handoff_id=row.pk,
        from_user_id=row.owner_id,
        to_user_id=to_id,
        reason=reason,
        by=by,
        at=now,
        note=note,
    )
    return {"owner_id": to_id, "last_transfer_id": transfer.pk}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    # In one zone, whatever the zone of who acts: what is stored is read back in it.
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
