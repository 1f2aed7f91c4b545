"""What stands agreed or decided about one handoff, as short facts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from handoff.choices import ClosedAs, DealOutcome, DisqualifyReason, Status
from handoff.models import Handoff, Leg
from handoff.selectors.story import clock_time
from worktime.rules import duration_words


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with what it says; ``note`` is what a person wrote about it."""

    label: str
    words: str
    note: str = ""


def agreed_on(row: Handoff, leg: Leg | None, *, now: datetime) -> tuple[Fact, ...]:
    """Meeting, first contact, next step, ownership, value and outcome, as far as they are known."""
    return (*_to_come(row, leg, now=now), *_settled(row, now=now))


def _to_come(row: Handoff, leg: Leg | None, *, now: datetime) -> list[Fact]:
    facts = []
    if row.meeting_at is not None:
        facts.append(Fact("Meeting", clock_time(row.meeting_at)))
    if row.first_contact_at is not None:
        waited = ""
        if row.contact_seconds is not None:
            waited = f", {duration_words(row.contact_seconds)} of working time after it was handed"
            waited += " off"
        facts.append(Fact("First contact", f"{clock_time(row.first_contact_at, now=now)}{waited}"))
    if leg is not None and leg.next_step_at is not None and row.status != Status.CLOSED:
        past = ", which has passed" if leg.next_step_at <= now else ""
        facts.append(Fact("Next step", f"{leg.next_step}, {clock_time(leg.next_step_at)}{past}"))
    if row.status == Status.ACCEPTED and row.freeze_until is not None and row.freeze_until > now:
        until = f"{row.freeze_until.astimezone(now.tzinfo):%-d %b %Y}"
        facts.append(Fact("Ownership", f"{row.owner.name} keeps it until {until}"))
    return facts


def _settled(row: Handoff, *, now: datetime) -> list[Fact]:
    facts = []
    if row.value is not None:
        facts.append(Fact("Value", money_words(row.value, row.currency)))
    if row.deal_outcome:
        facts.append(Fact("Outcome", str(DealOutcome(row.deal_outcome).label), row.deal_note))
    elif row.closed_as == ClosedAs.CONVERTED:
        facts.append(Fact("Outcome", "Not known yet"))
    if row.disqualified_for:
        facts.append(Fact("Disqualified for", str(DisqualifyReason(row.disqualified_for).label)))
    return facts


def money_words(value: Decimal, currency: str) -> str:
    """An amount as people write it: "40,000 EUR", cents only where there are some."""
    is_whole = value == value.to_integral_value()
    return f"{value:,.0f} {currency}" if is_whole else f"{value:,.2f} {currency}"
