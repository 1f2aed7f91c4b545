"""The fairness receipt, the pages of shares and picking, and the transfers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.policy import Action, Relation
from core.admin import page, person, signed_in
from core.errors import NotPermitted
from core.sheets import csv_lines
from handoff.choices import TransferReason
from handoff.selectors.picking import LABELS, picked_legs, pool_picking
from handoff.selectors.shares import (
    LEDGER_HEAD,
    SHARES_HEAD,
    SHOWN_AS,
    gap_words,
    kinds_of,
    ledger_cells,
    ledger_rows,
    offered_periods,
    person_chart,
    pool_chart,
    pool_of,
    read_period,
    share_cells,
    share_row,
    skips_of,
    verdict,
    weeks_of,
)
from handoff.selectors.transfers import transfers_for
from routing.models import Pool
from routing.rules.period import Period, PeriodRefused
from routing.rules.receipt import Counts
from routing.selectors.receipts import (
    PersonReceipt,
    person_in_sight,
    person_receipt,
    pool_receipt,
    pools_in_sight,
)

PAGE_SIZE = 25
MANAGERS_ONLY = "Managers and admins see what others got."


@dataclass(frozen=True, slots=True)
class Frame:
    """What the reader chose: a pool and days; `typed` is what stands in the fields.

    `problems` are by field what is wrong with the days, which are None then. `query` keeps the
    choice on the way to another page, with a final &.
    """

    pools: list[Pool]
    pool: Pool | None
    period: Period | None
    typed: dict[str, str]
    problems: dict[str, str]
    offered: list[tuple[int, Period]]
    query: str

    @property
    def status(self) -> int:
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.problems else HTTPStatus.OK

    @property
    def chosen(self) -> tuple[Pool, Period] | None:
        """The pool and the days where both are there."""
        return (self.pool, self.period) if self.pool and self.period else None


def _frame(request: HttpRequest, pools: list[Pool], *, now: datetime) -> Frame:
    pool = pool_of(pools, request.GET.get("pool", ""))
    typed = {name: request.GET.get(name, "").strip() for name in ("from", "to")}
    period, problems = None, {}
    try:
        period = read_period(typed["from"], typed["to"], now=now)
    except PeriodRefused as error:
        problems = {one.field: one.message for one in error.problems}
    kept = {"pool": pool.pk if pool and len(pools) > 1 else "", **typed}
    query = urlencode({key: value for key, value in kept.items() if value})
    if period is not None:
        typed = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    return Frame(
        pools=pools,
        pool=pool,
        period=period,
        typed=typed,
        problems=problems,
        offered=offered_periods(now=now),
        query=f"{query}&" if query else "",
    )


def _manager(request: HttpRequest, action: Action = Action.SHARES_READ) -> User:
    user = person(request, User)
    if not user.may(action):
        raise NotPermitted(MANAGERS_ONLY)
    return user


@require_safe
@signed_in
def shares(request: HttpRequest) -> HttpResponse:
    """What each person of a pool could expect in some days, and got."""
    user = _manager(request)
    frame = _frame(request, pools_in_sight(user), now=timezone.now())
    context: dict[str, Any] = {"frame": frame, "tab": "shares", "query": frame.query}
    if frame.chosen:
        receipt = pool_receipt(user, *frame.chosen)
        listed = Paginator(receipt.lines, PAGE_SIZE).get_page(request.GET.get("page"))
        rows = [share_row(line) for line in listed.object_list]
        context |= {"receipt": receipt, "rows": rows, "page": listed, "chart": pool_chart(rows)}
    return page(request, "handoff/shares.html", context, status=frame.status)


@require_safe
@signed_in
def shares_csv(request: HttpRequest) -> HttpResponse:
    """The whole table as a file."""
    user = _manager(request)
    frame = _frame(request, pools_in_sight(user), now=timezone.now())
    found = _chosen(frame)
    cells = share_cells(pool_receipt(user, *found)) if found else ()
    return _file("shares", frame, csv_lines(SHARES_HEAD, cells))


@require_safe
@signed_in
def my_share(request: HttpRequest) -> HttpResponse:
    """The reader's own receipt."""
    user = person(request, User)
    return _share_page(request, user, _whose(user, user.pk))


@require_safe
@signed_in
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's receipt."""
    user = person(request, User)
    return _share_page(request, user, _whose(user, pk))


@require_safe
@signed_in
def share_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's whole ledger as a file."""
    user = person(request, User)
    who = _whose(user, pk)
    frame = _frame(request, pools_in_sight(user, of=who), now=timezone.now())
    found = _chosen(frame)
    cells = ledger_cells(person_receipt(who, *found), user) if found else ()
    return _file(f"share-{who.pk}", frame, csv_lines(LEDGER_HEAD, cells))


def _share_page(request: HttpRequest, user: User, who: User) -> HttpResponse:
    frame = _frame(request, pools_in_sight(user, of=who), now=timezone.now())
    context: dict[str, Any] = {"frame": frame, "who": who, "is_own": who == user}
    if frame.chosen:
        receipt = person_receipt(who, *frame.chosen)
        context |= _receipt_context(request, user, receipt, frame)
    return page(request, "handoff/share.html", context, status=frame.status)


def _receipt_context(
    request: HttpRequest, user: User, receipt: PersonReceipt, frame: Frame
) -> dict[str, Any]:
    asked = request.GET.get("show", "")
    show = Counts(asked) if asked in list(Counts) else None
    listed = Paginator(receipt.turn_ids(show), PAGE_SIZE).get_page(request.GET.get("page"))
    line = receipt.line
    tabs = [("", "All", receipt.count())]
    tabs += [(key.value, label, receipt.count(key)) for key, label in SHOWN_AS.items()]
    return {
        "receipt": receipt,
        "row": share_row(line),
        "verdict": verdict(line.share, "" if line.user == user else str(line.user)),
        "gap": gap_words(receipt),
        "kinds": kinds_of(receipt),
        "skips": skips_of(receipt),
        "chart": person_chart(receipt),
        "weeks": weeks_of(receipt),
        "tabs": [tab for tab in tabs if tab[2] or tab[0] in ("", show)],
        "show": show or "",
        "page": listed,
        "ledger": ledger_rows(receipt, list(listed.object_list), user),
        "query": f"{frame.query}show={show}&" if show else frame.query,
    }


def _whose(user: User, pk: int) -> User:
    """The person, when the reader may see their share; absent and hidden look the same."""
    if not user.may(Action.SHARE_READ, frozenset(Relation)):
        raise NotPermitted("Receivers see their own share, managers and admins those of others.")
    who = person_in_sight(user, pk)
    if who is None:
        raise Http404
    return who


@require_safe
@signed_in
def picking(request: HttpRequest) -> HttpResponse:
    """What each receiver rejected or let time out, beside the others of the pool."""
    user = _manager(request)
    frame = _frame(request, pools_in_sight(user), now=timezone.now())
    context: dict[str, Any] = {"frame": frame, "tab": "picking", "query": frame.query}
    if frame.chosen:
        found = pool_picking(user, *frame.chosen)
        listed = Paginator(found.lines, PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {"found": found, "page": listed}
    return page(request, "handoff/share_picking.html", context, status=frame.status)


@require_safe
@signed_in
def picked(request: HttpRequest, pk: int) -> HttpResponse:
    """The handoffs behind one count of one receiver."""
    user = _manager(request)
    who = _whose(user, pk)
    frame = _frame(request, pools_in_sight(user, of=who), now=timezone.now())
    asked = request.GET.get("show", "")
    kind = asked if asked in LABELS else "received"
    context: dict[str, Any] = {
        "frame": frame,
        "who": who,
        "kind": kind,
        "label": LABELS[kind],
        "kinds": LABELS.items(),
        "query": f"{frame.query}show={kind}&",
    }
    if frame.chosen:
        number = request.GET.get("page", "")
        found = picked_legs(user, who, *frame.chosen, kind=kind, number=number)
        context |= {"found": found, "page": found.page}
    return page(request, "handoff/share_legs.html", context, status=frame.status)


@require_safe
@signed_in
def transfers(request: HttpRequest) -> HttpResponse:
    """Who passed which handoff to whom, and why."""
    user = _manager(request, Action.TRANSFER_READ)
    asked = request.GET.get("reason", "")
    reason = asked if asked in TransferReason.values else ""
    shown = transfers_for(user, reason=reason, number=request.GET.get("page", ""))
    context = {
        "transfers": shown,
        "page": shown.page,
        "reason": reason,
        "reasons": TransferReason.choices,
        "may_search": user.may(Action.LEDGER_READ),
        "query": f"reason={reason}&" if reason else "",
    }
    return page(request, "handoff/transfers.html", context)


def _chosen(frame: Frame) -> tuple[Pool, Period] | None:
    """For files, which have no fields to put a problem beside."""
    if frame.problems:
        raise PeriodRefused(" ".join(frame.problems.values()))
    return frame.chosen


def _file(name: str, frame: Frame, lines: Iterator[str]) -> HttpResponse:
    """The lines as they are made; the days stand in the file's name."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    days = f"{frame.typed['from']}-{frame.typed['to']}"
    response["Content-Disposition"] = f'attachment; filename="{name}-{days}.csv"'
    # The shell's views are typed by what nearly all of them answer with.
    return cast("HttpResponse", response)
