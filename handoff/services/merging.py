"""Two handoffs of one lead become one: the duplicate closes, the other keeps the earlier start."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import ClosedAs, EventKind, LegEnd
from handoff.errors import MergeRefused
from handoff.models import Handoff, Lead
from handoff.rules.transitions import SURVIVING, Step
from handoff.selectors.merged import family_of, last_of
from handoff.services import tell
from handoff.services.change import (
    append_event,
    apply_change,
    close_row,
    lock_handoff,
    open_for,
    require,
)
from handoff.services.clocks import contact_clock, earliest_due, meet_clocks, retarget_contact
from handoff.services.closing import end_live_leg
from handoff.services.decide import free
from handoff.services.touches import first_contact
from sla.choices import ClockKind
from sla.models import Clock


def merge_duplicate(
    handoff: Handoff, *, into: Handoff, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Close this handoff as a duplicate of ``into``, which keeps the earliest start of the two.

    The buyer has waited since the earlier submission, and a first contact with either counts.

    Raises:
        MergeRefused: ``into`` is this one, of another type, or not open.
        HandoffNotOpen, StaleVersion: somebody was first; the message says who and when.
        NotPermitted, NotVisible: it is not this person's to merge, or they may not read ``into``.
    """
    with transaction.atomic():
        # Both under lock before either is judged, in the order of their ids.
        both = [handoff.pk, into.pk]
        list(Handoff.objects.select_for_update().filter(pk__in=both).order_by("pk"))
        row = open_for(
            handoff.pk,
            step=Step.MERGE,
            action=Action.HANDOFF_MERGE,
            by=by,
            now=now,
            version=version,
        )
        survivor = _survivor(row, into, by=by, now=now)
        _join_leads(row, survivor)
        started = contact_clock(row)
        leg = end_live_leg(row, Step.MERGE, LegEnd.CLOSED, note="", now=now)
        _take_over(survivor, row, started.started_at if started else None, by=by, now=now)
        data = {"leg": leg.pk if leg else None, "into": survivor.pk}
        close_row(row, EventKind.MERGED, ClosedAs.DUPLICATE, by=by, now=now, data=data)
        tell.about_closing("merged", row, leg, by=by, now=now)
        tell.owner_absorbed(survivor, by=by, duplicate=row, now=now)
        free(leg, now=now)
        return row


def _survivor(row: Handoff, into: Handoff, *, by: User, now: datetime) -> Handoff:
    survivor = lock_handoff(into.pk)
    require(survivor, by=by, action=Action.HANDOFF_READ, now=now)
    if survivor.pk == row.pk:
        raise _refused("This is the same handoff. Choose the other one of the two.")
    if survivor.type_id != row.type_id:
        raise _refused("The two are of different types. Choose a handoff of the same type.")
    if survivor.status not in SURVIVING:
        raise _refused("That handoff is not open any more. Choose one that is.")
    return survivor


def _refused(message: str) -> MergeRefused:
    return MergeRefused(message, problems=[FieldProblem("into", "not_possible", message)])


def _take_over(
    survivor: Handoff, row: Handoff, started_at: datetime | None, *, by: User, now: datetime
) -> None:
    """Bring the survivor's first contact and its clock up to the earlier of the two."""
    data: dict[str, Any] = {"from": row.pk}
    contacted_at = row.first_contact_at if survivor.first_contact_at is None else None
    before = contact_clock(survivor)
    if started_at is not None and before is not None and started_at < before.started_at:
        clock = retarget_contact(survivor, started_at=started_at, until=contacted_at, now=now)
        if clock is not None:
            data |= {"clock": clock.pk, "due_at": clock.due_at.isoformat()}
            _tell_of_breach(survivor, clock, now=now)
    changes: dict[str, Any] = {}
    if contacted_at is not None:
        meet_clocks(survivor, [ClockKind.CONTACT], at=contacted_at, now=now)
        changes = first_contact(survivor, at=contacted_at, since=row.submitted_at)
    apply_change(
        survivor,
        event=EventKind.RETARGETED,
        by=by,
        now=now,
        changes={**changes, "next_due_at": earliest_due(survivor)},
        data=data,
    )


def _tell_of_breach(survivor: Handoff, clock: Clock, *, now: datetime) -> None:
    """A breach that the clock before had already is the new one's too, without a step of it."""
    old = clock.replaces
    if clock.breached_at is not None and old is not None and old.breached_at is not None:
        data = {"clock": clock.pk, "clock_kind": clock.kind, "reason": "retargeted"}
        append_event(survivor, kind=EventKind.BREACHED, by=None, now=now, data=data)


def _join_leads(row: Handoff, survivor: Handoff) -> None:
    """The duplicate's lead points to the one that goes on, unless that one points back.

    So do those that were merged into either before: one step leads to the one that goes on.
    """
    both = {row.lead_id, survivor.lead_id}
    known = family_of(both)
    leads = Lead.objects.filter(pk__in=known).order_by("pk")
    list(leads.select_for_update(no_key=True).values_list("pk"))
    into = family_of(both)
    if not into.keys() <= known.keys():
        raise _refused(
            "One of the two leads was merged a moment ago. Nothing was changed: try again."
        )
    last = last_of(survivor.lead_id, into)
    if into[row.lead_id] is None and last != row.lead_id:
        Lead.objects.filter(pk__in=into).exclude(pk=last).update(merged_into=last)
