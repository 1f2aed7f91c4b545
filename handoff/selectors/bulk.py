"""Drafts that are handed off together: which are ready, and what became of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from accounts.models import User
from accounts.selectors import zone_for
from core.words import listed
from handoff.choices import LegEnd, Status
from handoff.models import Handoff, Leg
from handoff.models.handoff import HandoffQuerySet
from handoff.rules.form import Form
from handoff.rules.gate import gate_problems
from handoff.selectors.lists import in_sentence

NAMED = 4


class BulkState(StrEnum):
    """How one of the selected drafts stands."""

    READY = "ready"
    LACKING = "lacking"
    REFUSED = "refused"
    HANDED_OFF = "handed_off"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One draft of the selection, or the handoff that it has become; `words` say the rest."""

    handoff: Handoff
    state: BulkState
    words: str


def own_drafts(user: User) -> HandoffQuerySet:
    """The person's own drafts, oldest first."""
    drafts = Handoff.objects.for_user(user).filter(submitted_by=user, status=Status.DRAFT)
    return drafts.order_by("pk")


def drafts_among(user: User, ids: Collection[int]) -> list[int]:
    """Which of these are drafts that the user may read, oldest first."""
    drafts = Handoff.objects.for_user(user).filter(pk__in=list(ids), status=Status.DRAFT)
    return list(drafts.order_by("pk").values_list("pk", flat=True))


def readiness(user: User, ids: Sequence[int], *, now: datetime) -> dict[int, str]:
    """What each of these drafts still lacks, in a sentence; an empty one where it is ready.

    A constant number of queries. Who is no draft any more is left out.
    """
    drafts = list(
        Handoff.objects.for_user(user)
        .filter(pk__in=list(ids), status=Status.DRAFT)
        .select_related("form_version")
        .order_by("pk")
    )
    marked = _marked(drafts)
    today = now.astimezone(zone_for(user)).date()
    # Thousands of drafts share a few forms, and reading one takes longer than asking it.
    forms: dict[int, Form] = {}
    found = {}
    for row in drafts:
        form = forms.get(row.form_version_id)
        if form is None:
            form = forms[row.form_version_id] = Form.from_layout(row.form_version.layout)
        problems = gate_problems(
            form, row.answers, marked=marked.get(row.previous_id or 0, ()), today=today, now=now
        )
        found[row.pk] = _lacks(form, [problem.field for problem in problems])
    return found


def _marked(drafts: Iterable[Handoff]) -> dict[int, list[str]]:
    """The fields that a receiver wants answered, by the rejected handoff; one query."""
    previous = {row.previous_id for row in drafts} - {None}
    legs = Leg.objects.filter(
        handoff__in=previous, handoff__status=Status.REJECTED, ended_as=LegEnd.REJECTED
    )
    return dict(legs.order_by("pk").values_list("handoff", "rejected_fields"))


def _lacks(form: Form, keys: Sequence[str]) -> str:
    if not keys:
        return ""
    fields = [form.get(key) for key in keys[:NAMED]]
    named = [in_sentence(field.label) for field in fields if field is not None]
    rest = len(keys) - len(named)
    return f"Not ready: {listed([*named, *([f'{rest} more'] if rest else [])])}."


def bulk_rows(
    user: User, ids: Sequence[int], *, lacking: Mapping[int, str], refused: Mapping[int, str]
) -> tuple[BulkRow, ...]:
    """One page of the selection in the given order, in a constant number of queries.

    `lacking` says of the drafts what they lack, `refused` why some were refused when they were
    to be handed off. What the user may not read any more is left out.
    """
    rows = Handoff.objects.for_user(user).select_related("lead__company", "owner", "pool")
    found = rows.in_bulk(list(ids))
    legs = Leg.objects.filter(handoff__in=list(ids)).order_by("pk")
    # The first leg: who got it when it was handed off, whoever has it since.
    receivers = dict(reversed(list(legs.values_list("handoff", "receiver__name"))))
    return tuple(
        _row(found[pk], receivers.get(pk, ""), lacking.get(pk, ""), refused.get(pk, ""))
        for pk in ids
        if pk in found
    )


def _row(row: Handoff, receiver: str, lacks: str, refusal: str) -> BulkRow:
    if row.status == Status.DRAFT:
        if refusal:
            return BulkRow(row, BulkState.REFUSED, refusal)
        state = BulkState.LACKING if lacks else BulkState.READY
        return BulkRow(row, state, lacks)
    if receiver:
        return BulkRow(row, BulkState.HANDED_OFF, receiver)
    if row.status == Status.HOLDING:
        return BulkRow(row, BulkState.HELD, f"Nobody is eligible now: {row.owner} has it.")
    return BulkRow(row, BulkState.REFUSED, refusal or "It was closed before it was handed off.")
