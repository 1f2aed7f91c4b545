"""What the racing processes of the handoff tests do. Imported by each of them anew."""

import uuid
from datetime import datetime
from typing import Any

from tests.support.race import Racer

LONG_READ_SECONDS = 240


def decide(
    racer: Racer, step: str, user_id: int, handoff_ids: list[int], at: datetime
) -> list[str]:
    """Accept or reject each handoff in turn, in step with the other racers."""
    from accounts.models import User
    from core.errors import Conflict
    from handoff.models import Handoff
    from handoff.services import accept_handoff, reject_handoff

    by = User.objects.get(pk=user_id)
    outcomes = []
    for pk in handoff_ids:
        row = Handoff(pk=pk)
        racer.line_up()
        try:
            if step == "accept":
                accept_handoff(row, by=by, now=at)
            else:
                reject_handoff(row, reason="no_budget", by=by, now=at)
            outcomes.append(step)
        except Conflict as lost:
            outcomes.append(lost.code)
    return outcomes


def accept_or_sweep(
    racer: Racer, side: str, user_id: int, handoff_ids: list[int], times: list[datetime]
) -> None:
    """One side accepts each handoff at its instant, the other sweeps at the same instants."""
    from accounts.models import User
    from handoff.models import Handoff
    from handoff.services import accept_handoff, apply_escalations
    from sla.services import fire_due_steps

    by = User.objects.get(pk=user_id)
    for pk, at in zip(handoff_ids, times, strict=True):
        racer.line_up()
        if side == "accept":
            accept_handoff(Handoff(pk=pk), by=by, now=at)
        else:
            fire_due_steps(at)
            apply_escalations(at)


def accept_or_time_out(
    racer: Racer, side: str, handoff_ids: list[int], receivers: list[int], at: datetime
) -> list[str]:
    """One side accepts each handoff by its receiver, the other lets the ladder have it."""
    from accounts.models import User
    from core.errors import DomainError
    from handoff.models import Handoff
    from handoff.services import accept_handoff, apply_escalations

    outcomes = []
    for pk, receiver in zip(handoff_ids, receivers, strict=True):
        racer.line_up()
        if side == "ladder":
            apply_escalations(at)
            continue
        try:
            accept_handoff(Handoff(pk=pk), by=User.objects.get(pk=receiver), now=at)
            outcomes.append("accepted")
        except DomainError as lost:
            outcomes.append(lost.code)
    return outcomes


def act_or_time_out(
    racer: Racer,
    side: str,
    people: tuple[int, int],
    handoff_ids: list[int],
    versions: list[int | None],
    times: list[datetime],
) -> list[str]:
    """One of four sides: the receiver accepts or rejects, the manager gives it to another, or
    the ladder passes it on. ``people`` are the manager and that other one.
    """
    from accounts.models import User
    from core.errors import DomainError
    from handoff.models import Handoff
    from handoff.services import (
        accept_handoff,
        apply_escalations,
        reassign_handoff,
        reject_handoff,
    )
    from sla.services import fire_due_steps

    manager, other = (User.objects.get(pk=pk) for pk in people)

    def act(row: Handoff, receiver: User, version: int | None, at: datetime) -> str:
        if side == "accept":
            accept_handoff(row, by=receiver, now=at, version=version)
            return "accepted"
        if side == "reject":
            reject_handoff(row, reason="no_budget", by=receiver, now=at, version=version)
            return "rejected"
        why = {"reason": "manager", "note": "Knows the industry."}
        reassign_handoff(row, to=other, by=manager, now=at, version=version, **why)
        return "reassigned"

    outcomes = []
    for pk, version, at in zip(handoff_ids, versions, times, strict=True):
        row = Handoff.objects.select_related("owner").get(pk=pk)
        if side == "ladder":
            fire_due_steps(at)
        racer.line_up()
        if side == "ladder":
            apply_escalations(at)
            outcomes.append("")
        else:
            try:
                outcomes.append(act(row, row.owner, version, at))
            except DomainError as lost:
                outcomes.append(lost.code)
        # Nobody looks at the next one before everybody is done with this one.
        racer.line_up()
    return outcomes


def submit_or_offboard(
    racer: Racer, side: str, draft_ids: list[int], people: list[tuple[int, int, int]], at: datetime
) -> list[str]:
    """Two sides hand leads off while the third lets a receiver leave."""
    from accounts.models import User
    from handoff.models import Handoff
    from handoff.services import offboard_user, submit_handoff

    outcomes = []
    if side == "leave":
        for by, gone, successor in people:
            racer.line_up()
            done = offboard_user(
                User.objects.get(pk=gone),
                successor=User.objects.get(pk=successor),
                by=User.objects.get(pk=by),
                now=at,
            )
            outcomes.append(str(done.moved + done.held))
        return outcomes
    share = len(draft_ids) // len(people)
    for n in range(len(people)):
        racer.line_up()
        for pk in draft_ids[n * share : (n + 1) * share]:
            row = Handoff.objects.get(pk=pk)
            outcomes.append(submit_handoff(row, by=row.submitted_by, now=at).status)
    return outcomes


def drain_or_submit(racer: Racer, side: str, draft_ids: list[int], at: datetime) -> None:
    """One side gives out what is held until nothing more goes, the other hands new leads off."""
    from handoff.models import Handoff
    from handoff.services import drain_holding, submit_handoff

    rows = [Handoff.objects.select_related("submitted_by").get(pk=pk) for pk in draft_ids]
    racer.line_up()
    if side == "drain":
        while drain_holding(at):
            pass
    for row in rows:
        submit_handoff(row, by=row.submitted_by, now=at)


def submit(racer: Racer, user_id: int, count: int, prefix: str, at: datetime) -> list[int]:
    """Hand off ``count`` new leads, one after the other."""
    from accounts.models import User
    from handoff.models import HandoffType
    from handoff.services import create_draft, submit_handoff

    by = User.objects.get(pk=user_id)
    type_ = HandoffType.objects.get(is_active=True)
    drafts = [
        create_draft(
            type=type_,
            answers=_answers(f"{prefix}{n}"),
            by=by,
            now=at,
            submission_uuid=uuid.uuid4(),
        )
        for n in range(count)
    ]
    racer.line_up()
    return [submit_handoff(draft, by=by, now=at).pk for draft in drafts]


def create_same(racer: Racer, user_id: int, keys: list[str], at: datetime) -> list[Any]:
    """Send each form with the same key as the other racers."""
    from accounts.models import User
    from handoff.models import HandoffType
    from handoff.services import create_draft

    by = User.objects.get(pk=user_id)
    type_ = HandoffType.objects.get(is_active=True)
    made = []
    for n, key in enumerate(keys):
        racer.line_up()
        row = create_draft(
            type=type_,
            answers=_answers(f"same{n}"),
            by=by,
            now=at,
            submission_uuid=uuid.UUID(key),
        )
        made.append(row.pk)
    return made


def submit_same_lead(racer: Racer, user_id: int, draft_ids: list[int], at: datetime) -> list[str]:
    """Hand off drafts that the other racers have a second draft of the same lead for."""
    from accounts.models import User
    from core.errors import Conflict
    from handoff.models import Handoff
    from handoff.services import submit_handoff

    by = User.objects.get(pk=user_id)
    outcomes = []
    for pk in draft_ids:
        racer.line_up()
        try:
            submit_handoff(Handoff(pk=pk), by=by, now=at)
            outcomes.append("submitted")
        except Conflict as lost:
            outcomes.append(lost.code)
    return outcomes


def draft_of_same_company(racer: Racer, user_id: int, tag: str, count: int, at: datetime) -> None:
    """Begin drafts of leads of one's own at companies that the other racers name too."""
    from accounts.models import User
    from handoff.models import HandoffType
    from handoff.services import create_draft

    by = User.objects.get(pk=user_id)
    type_ = HandoffType.objects.get(is_active=True)
    for n in range(count):
        told = _answers(f"{tag}{n}") | {
            "company.name": f"Shared {n}",
            "company.domain": f"shared{n}.example",
        }
        racer.line_up()
        create_draft(type=type_, answers=told, by=by, now=at)


def declare_conflicts(
    racer: Racer, user_id: int, handoff_ids: list[int], at: datetime
) -> list[str]:
    """Pass each handoff on to the next receiver, in step with the other racers."""
    from accounts.models import User
    from handoff.models import Handoff
    from handoff.services import reject_handoff

    by = User.objects.get(pk=user_id)
    statuses = []
    for pk in handoff_ids:
        racer.line_up()
        row = reject_handoff(Handoff(pk=pk), reason="conflict", by=by, now=at)
        statuses.append(row.status)
    return statuses


def _answers(tag: str) -> dict[str, Any]:
    return {
        "company.name": f"Company {tag}",
        "company.size": 50,
        "company.industry": "Manufacturing",
        "company.country": "Germany",
        "contact.last_name": f"Contact {tag}",
        "contact.title": "COO",
        "contact.email": f"contact.{tag}@company.example",
        "pains": ["Paper"],
        "need": "Speed",
        "budget": "40k",
        "authority": "Signs",
        "timeline": "March",
        "next_step": "Call",
        "next_step_on": "2199-12-02",
    }


def write_or_read(
    racer: Racer, side: str, user_id: int, count: int, prefix: str, at: datetime
) -> list[int]:
    """All but one hand off new leads; that one reads as long as they do.

    The reader returns how many events it saw at the begin and at the end of its long read.
    """
    if side == "write":
        made = submit(racer, user_id, count, prefix, at)
        racer.line_up(LONG_READ_SECONDS)
        return made

    from django.db import connection

    from handoff.models import Event

    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        before = Event.objects.count()
        racer.line_up(LONG_READ_SECONDS)
        racer.line_up(LONG_READ_SECONDS)
        after = len(list(Event.objects.values_list("data")))
        cursor.execute("ROLLBACK")
    return [before, after]
