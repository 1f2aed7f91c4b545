"""What the pages of shares show around the figures: pools and days to choose, words, charts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.selectors import UTC, known_zone, organisation
from core.words import counted
from handoff.models import Handoff, Leg
from routing.models import Pool
from routing.rules.period import Period
from routing.rules.receipt import Counts, Share
from routing.selectors.receipts import (
    COUNTS_WORDS,
    LedgerLine,
    PersonReceipt,
    PoolReceipt,
    ShareLine,
    all_ledger_lines,
    kind_label,
    ledger_lines,
    skip_label,
)

PERCENT = 100
WEEKS_OFFERED = (4, 12, 52)
SHOWN_AS = {
    Counts.RECEIVED: "Received",
    Counts.SKIPPED: "Skipped",
    Counts.OTHERS: "To others",
    Counts.GIVEN_BACK: "Given back",
    Counts.OUTSIDE: "Outside the rotation",
}


def read_period(first: str, last: str, *, now: datetime) -> Period:
    """The days as typed, in the organisation's zone; raises PeriodRefused and NoOrganisation."""
    zone = known_zone(organisation().zone) or UTC
    return Period.parse(first, last, now=now, zone=zone)


def offered_periods(*, now: datetime) -> list[tuple[int, Period]]:
    """The lengths in weeks that a click chooses, each with its days."""
    zone = known_zone(organisation().zone) or UTC
    return [(weeks, Period.of_weeks(weeks, now=now, zone=zone)) for weeks in WEEKS_OFFERED]


def leads_words(number: float) -> str:
    """A number of leads with one decimal and its sign, as in "+1.2"; "0.0" has none."""
    words = f"{number:+.1f}".replace("-", "\u2212")
    return words[1:] if words[1:] == "0.0" else words


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One person's share in words; `badge` is empty without a turn, `tone` says its colour."""

    line: ShareLine
    expected: str
    difference: str
    badge: str
    tone: str


def share_row(line: ShareLine) -> ShareRow:
    """The line in words; a person without a turn has noughts and no badge."""
    share = line.share
    badge, tone = "", ""
    if share.rounds and share.is_within_one:
        badge, tone = "within one turn", "done"
    elif line.is_far:
        badge, tone = "more than 25 % from expected", "soon"
    elif share.rounds:
        badge = "ahead" if share.difference > 0 else "behind"
    return ShareRow(line, f"{share.expected:.1f}", leads_words(share.difference), badge, tone)


def verdict(share: Share, who: str) -> str:
    """The one sentence of the receipt; `who` is a name, or empty where the reader is meant."""
    name, own = (who, "their") if who else ("You", "your")
    got = counted(share.received, "lead")
    if not share.rounds:
        return f"No counted turn of {who or 'yours'} in these days."
    if share.is_within_one:
        return f"{name} got {own} share: {got}, {share.expected:.1f} expected."
    gap = f"{abs(share.difference):.1f}"
    more = "more" if share.difference > 0 else "fewer"
    return f"{name} got {gap} leads {more} than expected: {got}, {share.expected:.1f} expected."


def gap_words(receipt: PersonReceipt) -> str:
    """The difference, and where the others stand, as far as that tells on nobody."""
    share = receipt.line.share
    parts = [f"The difference is {leads_words(share.difference)} leads{_percent(share)}."]
    if receipt.others is not None:
        low, high = leads_words(receipt.others.low), leads_words(receipt.others.high)
        others = f"The other {receipt.other_people} in this pool"
        parts.append(f"{others} are between {low} and {high} from theirs.")
    return " ".join(parts)


def _percent(share: Share) -> str:
    if not share.expected:
        return ""
    return f" ({abs(share.difference) / share.expected * PERCENT:.0f} % of expected)"


def pool_chart(rows: Sequence[ShareRow]) -> Mapping[str, Any] | None:
    """Expected beside received for each person; None where nobody had a turn."""
    shares = [row.line.share for row in rows]
    if not any(share.rounds for share in shares):
        return None
    return {
        "kind": "bar",
        "labels": [str(row.line.user) for row in rows],
        "pairs": [
            {"label": "expected", "values": [round(share.expected, 1) for share in shares]},
            {"label": "received", "values": [share.received for share in shares]},
        ],
    }


def person_chart(receipt: PersonReceipt) -> Mapping[str, Any] | None:
    """Both sums, week after week; None where there was no turn."""
    if not receipt.line.share.rounds:
        return None
    days = [day for day, _ in receipt.period.ends_of_weeks]
    return {
        "kind": "line",
        "labels": [f"{day.day} {day:%b}" for day in days],
        "pairs": [
            {"label": "expected", "values": [round(one.expected, 1) for one in receipt.sums]},
            {"label": "received", "values": [one.received for one in receipt.sums]},
        ],
    }


def weeks_of(receipt: PersonReceipt) -> list[tuple[str, str, int]]:
    """The chart's points as rows: the last day of each week, expected and received so far."""
    days = [day for day, _ in receipt.period.ends_of_weeks]
    return [
        (f"{day.day} {day:%b %Y}", f"{one.expected:.1f}", one.received)
        for day, one in zip(days, receipt.sums, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one thing happened."""

    label: str
    count: int


def kinds_of(receipt: PersonReceipt) -> list[Tally]:
    """By which kinds of turn the received leads came, the most frequent first."""
    return _tallies({kind_label(kind): n for kind, n in receipt.kinds.items()})


def skips_of(receipt: PersonReceipt) -> list[Tally]:
    return _tallies({skip_label(code): n for code, n in receipt.skips.items()})


def _tallies(found: Mapping[str, int]) -> list[Tally]:
    return [Tally(label, n) for label, n in sorted(found.items(), key=lambda one: (-one[1], one))]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One turn with its handoff, where the reader may open that."""

    line: LedgerLine
    handoff: Handoff | None


def ledger_rows(receipt: PersonReceipt, turn_ids: Sequence[int], reader: User) -> list[LedgerRow]:
    """The turns in words with their handoffs, in two queries."""
    lines = ledger_lines(receipt, turn_ids, names=_may_know_names(reader, receipt))
    found = _handoffs(turn_ids, reader)
    return [LedgerRow(line, found.get(line.turn.pk)) for line in lines]


def _may_know_names(reader: User, receipt: PersonReceipt) -> bool:
    return reader.is_admin or (reader.is_manager and receipt.pool.manager_id == reader.pk)


def _handoffs(turn_ids: Collection[int], reader: User) -> dict[int, Handoff]:
    """What the turns were about, by their ids, as far as the reader may read it."""
    readable = Handoff.objects.for_user(reader).filter(legs__turn__in=turn_ids)
    legs = Leg.objects.filter(turn__in=turn_ids, handoff__in=readable.values("pk"))
    shown = legs.select_related("handoff__lead__company").order_by()
    return {leg.turn_id: leg.handoff for leg in shown}


SHARES_HEAD = (
    "pool", "from", "to", "person", "candidate_in", "expected", "received", "difference",
    "given_back", "outside_the_rotation",
)  # fmt: skip


def share_cells(receipt: PoolReceipt) -> Iterator[Sequence[str]]:
    """Every line of the table under `SHARES_HEAD`."""
    period = receipt.period
    for line in receipt.lines:
        share = line.share
        yield (
            str(receipt.pool),
            period.first.isoformat(),
            period.last.isoformat(),
            str(line.user),
            str(share.rounds),
            f"{share.expected:.3f}",
            str(share.received),
            f"{share.difference:.3f}",
            str(share.given_back),
            str(share.outside),
        )


LEDGER_HEAD = (
    "pool", "turn", "at", "person", "counts_as", "why", "part", "credit_before", "credit_after",
    "given_back_at", "given_back_because", "credit_given_back", "handoff", "lead", "company",
)  # fmt: skip


def ledger_cells(receipt: PersonReceipt, reader: User) -> Iterator[Sequence[str]]:
    """The whole ledger under `LEDGER_HEAD`, read in portions; times in the organisation's zone."""
    names = _may_know_names(reader, receipt)
    for lines in all_ledger_lines(receipt, names=names):
        found = _handoffs([line.turn.pk for line in lines], reader)
        for line in lines:
            yield _ledger_cells(receipt, line, found.get(line.turn.pk))


def _ledger_cells(
    receipt: PersonReceipt, line: LedgerLine, handoff: Handoff | None
) -> Sequence[str]:
    zone = receipt.period.zone
    return (
        str(receipt.pool),
        str(line.turn.sequence),
        timezone.localtime(line.turn.at, zone).isoformat(timespec="seconds"),
        str(receipt.line.user),
        COUNTS_WORDS[line.counts],
        line.why,
        line.part,
        _cell(line.before),
        _cell(line.after),
        timezone.localtime(line.given_back_at, zone).isoformat(timespec="seconds")
        if line.given_back_at
        else "",
        line.given_back_why,
        _cell(line.amount),
        _cell(handoff.pk if handoff else None),
        handoff.lead.name if handoff else "",
        handoff.lead.company.name if handoff else "",
    )


def _cell(number: int | None) -> str:
    return "" if number is None else str(number)


def pool_of(pools: Sequence[Pool], asked: str) -> Pool | None:
    """The pool of that number among those, else the first one; None where there is none."""
    return next((pool for pool in pools if str(pool.pk) == asked), next(iter(pools), None))
