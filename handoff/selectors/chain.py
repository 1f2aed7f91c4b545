"""The handoffs of one chain, told as one story."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from handoff.choices import ClosedAs, RejectReason, Status, TransferReason
from handoff.models import Handoff, Transfer
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time

PASSED_ON = 2
"""To be handed off is one change of owner; from the second one on there is a story."""


@dataclass(frozen=True, slots=True)
class Passing:
    """One change of owner: when, from whom to whom, and why."""

    when: str
    sentence: str
    note: str


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One handoff of the chain with how it ended, and everybody it passed through."""

    handoff: Handoff
    title: str
    end: str
    passings: tuple[Passing, ...]
    is_this: bool


def chain_of(row: Handoff, user: User, *, now: datetime) -> tuple[ChainLink, ...]:
    """The handoffs of the chain that the reader may open, the first one leading; two queries.

    A handoff alone in its chain is told too, once it has passed on from its first receiver.
    """
    if row.chain_id is None:
        return ()
    members = Handoff.objects.for_user(user).filter(chain_id=row.chain_id)
    found = list(members.select_related("owner", "submitted_by").order_by("pk"))
    transfers = Transfer.objects.filter(handoff__in=[one.pk for one in found])
    passed: dict[int, list[Transfer]] = {}
    for transfer in transfers.select_related("from_user", "to_user", "by").order_by("pk"):
        passed.setdefault(transfer.handoff_id, []).append(transfer)
    if len(found) == 1 and sum(map(len, passed.values())) < PASSED_ON:
        return ()
    return tuple(_link(one, n, passed.get(one.pk, ()), row, now) for n, one in enumerate(found, 1))


def _link(
    one: Handoff, n: int, transfers: Sequence[Transfer], row: Handoff, now: datetime
) -> ChainLink:
    title = "First handoff" if n == 1 else f"Handed off again, {_ordinal(n)} time"
    if one.status == Status.DRAFT:
        title = "Draft" if n == 1 else "Next draft"
    return ChainLink(
        handoff=one,
        title=title,
        end=_end(one, now),
        passings=tuple(_passings(transfers, now)),
        is_this=one.pk == row.pk,
    )


def _ordinal(n: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(n % 10 if n % 100 not in (11, 12, 13) else 0, "th")
    return f"{n}{suffix}"


def _end(one: Handoff, now: datetime) -> str:
    if one.status == Status.CLOSED:
        at = f" {clock_time(one.closed_at, now=now)}" if one.closed_at else ""
        return f"{ClosedAs(one.closed_as).label}{at}"
    if one.status == Status.REJECTED:
        return f"Rejected: {in_sentence(RejectReason(one.reason).label)}"
    if one.status == Status.DRAFT:
        return f"{one.owner.name} is writing it"
    return f"{Status(one.status).label}, {one.owner.name} has it"


def _passings(transfers: Iterable[Transfer], now: datetime) -> Iterable[Passing]:
    for transfer in transfers:
        why = in_sentence(TransferReason(transfer.reason).label)
        by = ""
        if transfer.by is not None and transfer.by_id not in {
            transfer.from_user_id,
            transfer.to_user_id,
        }:
            by = f", by {transfer.by.name}"
        moved = f"{transfer.from_user.name} to {transfer.to_user.name}"
        yield Passing(clock_time(transfer.at, now=now), f"{moved}: {why}{by}", transfer.note)
