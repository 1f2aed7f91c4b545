"""Changes of owner: from whom to whom, why, and whether the owner was fixed at the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.utils.dateparse import parse_datetime

from accounts.models import User
from core.paging import ListPaginator
from handoff.choices import TransferReason
from handoff.models import Event, Transfer
from handoff.rules.ownership import is_frozen
from handoff.selectors.sight import Sight

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One change of owner; `frozen_until` is None where the owner was not fixed at the time."""

    transfer: Transfer
    reason: str
    by: str
    frozen_until: datetime | None


@dataclass(frozen=True, slots=True)
class Transfers:
    """One page of them, newest first."""

    rows: tuple[TransferLine, ...]
    page: Page[int]


def transfers_for(user: User, *, reason: str, number: str) -> Transfers:
    """The changes of owner of the handoffs in the user's sight, narrowed to one reason.

    Without a reason, all but the first ones, by which handoffs came to their receivers.
    """
    rows = Transfer.objects.order_by("-pk")
    rows = rows.filter(reason=reason) if reason else rows.exclude(reason=TransferReason.SUBMITTED)
    if not user.is_admin:
        rows = rows.filter(handoff__in=Sight(user).handoffs().order_by().values("pk"))
    page = ListPaginator(rows.values_list("pk", flat=True), PAGE_SIZE).get_page(number)
    found = Transfer.objects.select_related(
        "handoff__lead__company", "from_user", "to_user", "by"
    ).in_bulk(list(page.object_list))
    shown = [found[pk] for pk in page.object_list]
    frozen = _frozen(shown)
    return Transfers(tuple(_line(one, frozen.get(one.pk)) for one in shown), page)


def _line(transfer: Transfer, frozen_until: datetime | None) -> TransferLine:
    return TransferLine(
        transfer=transfer,
        reason=str(TransferReason(transfer.reason).label),
        by=transfer.by.name if transfer.by else "Handoff itself",
        frozen_until=frozen_until,
    )


def _frozen(transfers: Sequence[Transfer]) -> Mapping[int, datetime]:
    """Until when the owner was fixed at each of the transfers that found it so, by their ids.

    The events of a handoff hold every value that its freeze ever had; one query.
    """
    wanted = {one.pk for one in transfers}
    events = Event.objects.filter(handoff__in={one.handoff_id for one in transfers})
    found: dict[int, datetime] = {}
    # Status and freeze of each handoff as its events were before the present one.
    stood: dict[int, tuple[str, datetime | None]] = {}
    rows = events.order_by("handoff", "seq").values_list("handoff_id", "at", "data")
    for handoff_id, at, data in rows:
        changed = data.get("set", {})
        status, until = stood.get(handoff_id, ("", None))
        moved = changed.get("last_transfer_id")
        if moved in wanted and until and is_frozen(status=status, freeze_until=until, now=at):
            found[moved] = until
        if "freeze_until" in changed:
            until = parse_datetime(changed["freeze_until"]) if changed["freeze_until"] else None
        stood[handoff_id] = (changed.get("status", status), until)
    return found
