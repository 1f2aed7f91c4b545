"""Who would get a lead, by which rule and why, without anything being done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from core import vocabulary
from core.words import listed
from handoff.choices import LegEnd, Status
from handoff.models import Company, Handoff, HandoffType, Lead, Leg
from handoff.rules.form import Form
from handoff.rules.kinds import is_partial
from handoff.rules.values import is_empty
from handoff.selectors.facts import asks_from, facts_of
from handoff.selectors.held import skip_words, ways_to_free
from handoff.selectors.holding import barred_on_chain, is_exhausted, is_queued
from handoff.selectors.meetings import introduction_of
from handoff.selectors.stickiness import sticky_receivers
from routing.choices import Strategy, TurnKind
from routing.models import Pool, Rule
from routing.rules import Excluded, Pick, choose
from routing.rules.conditions import FIELD_LABELS, FIELDS, Conditions, holds
from routing.rules.deciding import deciding
from routing.rules.sentences import conditions_words, first_words
from routing.selectors import MemberStanding, member_standings, published_rules

Labels = Mapping[str, Mapping[str, str]]
# Which answer of a form becomes which fact.
_ANSWERS = {
    "country": "company.country",
    "industry": "company.industry",
    "segment": "company.segment",
    "size": "company.size",
    "product": "contact.product",
    "language": "contact.language",
    "score": "contact.score",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The lead that is tried: what rules may ask about it, and what its past decides.

    `row` is the handoff; of a lead that is not handed off yet, one that is not stored. A lead that
    is typed in has none.
    """

    title: str
    facts: Mapping[str, Any]
    row: Handoff | None = None
    company: Company | None = None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in force. `why` says which conditions decided, and what the lead has instead."""

    position: int
    name: str
    words: str
    pool: str
    is_chosen: bool
    is_held: bool
    why: str


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of the pool that was chosen; `why` is empty for one who is eligible."""

    user: User
    weight: int
    credit: int
    open_count: int
    why: str
    is_picked: bool


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would happen. `receiver` is None where the lead would be held, or no rule holds.

    `verdict` and `because` are sentences; `asides` tell who would have gone first and cannot, and
    `helps` what would get a lead moving that would be held.
    """

    verdict: str
    because: str
    facts: tuple[tuple[str, str], ...]
    rules: tuple[RuleLine, ...]
    pool: Pool | None = None
    strategy: str = ""
    members: tuple[MemberLine, ...] = ()
    receiver: User | None = None
    asides: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The members of the pool with why each is passed over, and who goes first for which reason."""

    standings: Sequence[MemberStanding]
    skips: Mapping[int, Excluded]
    people: Mapping[int, User]
    firsts: Mapping[int, TurnKind] = field(default_factory=dict)


def subject_of_handoff(row: Handoff) -> Subject:
    lead = row.lead
    title = f"{lead.name}, {lead.company.name}"
    return Subject(title, {**facts_of(row), **_written_by(row)}, row=row, company=lead.company)


def _written_by(row: Handoff) -> dict[str, Any]:
    """What a draft says beside what is known: handing it off would write that through first."""
    if row.pk is None or row.status != Status.DRAFT:
        return {}
    asked = {field.key for field in Form.from_layout(row.form_version.layout).asked(row.answers)}
    return {
        name: row.answers[key]
        for name, key in _ANSWERS.items()
        if key in asked and not is_empty(row.answers.get(key)) and not is_partial(row.answers[key])
    }


def subject_of_lead(lead: Lead, type_: HandoffType) -> Subject:
    """The lead as if it were handed off now with what is known of it."""
    return subject_of_handoff(Handoff(lead=lead, type=type_, temperature=lead.temperature))


def subject_of_facts(facts: Mapping[str, Any], *, company: Company | None) -> Subject:
    """A lead that is typed in; whoever looks after the company may go first."""
    title = f"A lead of {company.name}" if company else "This lead"
    return Subject(title, facts, company=company)


def company_called(name: str, user: User) -> Company | None:
    """The company of that name in the user's sight, the oldest of several."""
    found = Company.objects.filter(name__iexact=name).for_user(user)
    return found.select_related("owner").order_by("pk").first()


def try_routing(subject: Subject, *, now: datetime, at: datetime) -> DryRun:
    """Who would get the lead at the instant `at`, in a constant number of queries.

    People are judged as of then, by what is known now of their hours, pauses and time off; credits
    and open leads are those of now. Nothing is written and nothing is locked.
    """
    labels = vocabulary.choices()
    rules = published_rules()
    chosen = next((rule for rule in rules if holds(rule.conditions, subject.facts)), None)
    lines = tuple(_rule_line(rule, chosen, subject.facts, labels) for rule in rules)
    facts = tuple(_facts_shown(subject.facts, labels))
    if chosen is None:
        message = "No rule holds for it, so it cannot be handed off. Ask an admin to publish one."
        return DryRun("Nobody would get it", message, facts, lines)
    pool = Pool.objects.select_related("manager").get(pk=chosen.pool_id)
    found = _candidates(subject, chosen, at=at)
    seats = [one.to_seat() for one in found.standings if one.user_id not in found.skips]
    choice = choose(pool.strategy, seats, tuple(found.firsts))
    blocked = _held_because(subject, pool, found)
    receiver = found.people[choice.seat.user_id] if choice and not blocked else None
    return DryRun(
        verdict=_verdict(pool, receiver),
        because=blocked or _because(subject, pool, found, choice),
        facts=facts,
        rules=lines,
        pool=pool,
        strategy=str(Strategy(pool.strategy).label),
        members=_member_lines(found, choice if receiver else None, now=now),
        receiver=receiver,
        asides=tuple(_asides(found, choice, now=now)),
        helps=() if choice or blocked else _ways(found, now=now),
    )


def _ways(found: _Candidates, *, now: datetime) -> tuple[str, ...]:
    return tuple(ways_to_free(found.skips, found.people, now=now))


def _verdict(pool: Pool, receiver: User | None) -> str:
    if receiver is None:
        return f"It would be held, and {pool.manager} would have it"
    return f"{receiver} would get it"


def _candidates(subject: Subject, rule: Rule, *, at: datetime) -> _Candidates:
    standings = member_standings(rule.pool_id, now=at, asks=asks_from(subject.facts))
    skips = {one.user_id: one.excluded for one in standings if one.excluded is not None}
    if subject.row is not None and subject.row.pk is not None:
        barred = barred_on_chain(subject.row)
        skips |= {
            one.user_id: Excluded(barred[one.user_id])
            for one in standings
            if one.user_id in barred and one.user_id not in skips
        }
    firsts = _firsts(subject, rule)
    people = User.objects.in_bulk({*(one.user_id for one in standings), *firsts})
    return _Candidates(standings, skips, people, firsts)


def _firsts(subject: Subject, rule: Rule) -> dict[int, TurnKind]:
    """Who goes before the rotation when eligible, in this order, with the reason."""
    row = subject.row
    found: list[tuple[int, TurnKind]] = []
    if row is not None and row.pk is not None:
        found += _from_before(row)
    if row is not None:
        found += sticky_receivers(row, rule)
    elif rule.owner_first and subject.company is not None and subject.company.owner_id:
        found.append((subject.company.owner_id, TurnKind.OWNER))
    # Named twice, it is the first reason that counts.
    kinds: dict[int, TurnKind] = {}
    for user_id, kind in found:
        kinds.setdefault(user_id, kind)
    return kinds


def _from_before(row: Handoff) -> list[tuple[int, TurnKind]]:
    """Whoever sent back what this draft is the fix of, and whoever was introduced live."""
    found = []
    legs = Leg.objects.filter(
        handoff=row.previous_id, handoff__status=Status.REJECTED, ended_as=LegEnd.REJECTED
    )
    back = legs.order_by("-pk").values_list("receiver", flat=True).first()
    if back is not None:
        found.append((back, TurnKind.RETURNING))
    introduced = introduction_of(row)
    if introduced is not None and introduced.receiver_id is not None:
        found.append((introduced.receiver_id, TurnKind.INTRODUCED))
    return found


def _held_because(subject: Subject, pool: Pool, found: _Candidates) -> str:
    """Why it would be held although somebody is free; empty where that is no reason."""
    row = subject.row
    if row is not None and row.pk is not None and is_exhausted(row, pool_id=pool.pk):
        return "Everybody whom the pool may ask has had it. A manager decides what next."
    free = {one.user_id for one in found.standings} - set(found.skips)
    if is_queued(row or Handoff(), pool=pool, free=free):
        return f"Older leads wait in {pool} and go first. It is placed right after them."
    return ""


def _because(subject: Subject, pool: Pool, found: _Candidates, choice: Pick | None) -> str:
    if choice is None:
        return f"Nobody in {pool} is eligible."
    receiver = found.people[choice.seat.user_id]
    kind = found.firsts.get(receiver.pk)
    company = subject.company.name if subject.company else "the company"
    told = {
        TurnKind.RETURNING: f"{receiver} sent it back, and a fixed lead goes to whoever did.",
        TurnKind.INTRODUCED: f"{receiver} was introduced to the buyer live.",
        TurnKind.OWNER: f"{receiver} looks after {company} and goes first.",
        TurnKind.EARLIER: f"{receiver} had this lead before and goes first.",
    }
    if kind is not None:
        return told[kind]
    count = len(choice.candidates)
    if count == 1:
        return f"The only one in {pool} who is eligible."
    if pool.strategy == Strategy.LEAST_LOADED:
        return f"The fewest open leads for the weight, of {count} in {pool}."
    return f"Next of {count} in {pool}: weight and credit together are the highest."


def _asides(found: _Candidates, choice: Pick | None, *, now: datetime) -> list[str]:
    """Who would have gone first and is passed over, as far as they come before who is picked."""
    members = {one.user_id for one in found.standings}
    words = {
        TurnKind.RETURNING: "sent it back",
        TurnKind.INTRODUCED: "was introduced to the buyer",
        TurnKind.OWNER: "looks after the company",
        TurnKind.EARLIER: "had the lead before",
    }
    told = []
    for user_id, kind in found.firsts.items():
        if choice is not None and choice.seat.user_id == user_id:
            break
        skip = found.skips.get(user_id)
        why = skip_words(skip, now=now) if skip else "eligible"
        if user_id not in members:
            why = "not in this pool"
        told.append(f"{found.people[user_id]} {words[kind]}, but is passed over: {why}.")
    return told


def _member_lines(
    found: _Candidates, choice: Pick | None, *, now: datetime
) -> tuple[MemberLine, ...]:
    """Those who are eligible first, who would get it leading; then the others, by name."""
    picked = choice.seat.user_id if choice else None
    asked = {seat.user_id for seat in choice.candidates} if choice else None
    lines = [
        MemberLine(
            user=found.people[one.user_id],
            weight=one.standing.weight,
            credit=one.credit,
            open_count=one.standing.open_count,
            why=_why_not(one.user_id, found, asked, now=now),
            is_picked=one.user_id == picked,
        )
        for one in found.standings
    ]
    lines.sort(key=lambda line: (not line.is_picked, bool(line.why), str(line.user)))
    return tuple(lines)


def _why_not(user_id: int, found: _Candidates, asked: set[int] | None, *, now: datetime) -> str:
    """Why this member is no candidate; `asked` are those who are, where somebody is picked."""
    if user_id in found.skips:
        return skip_words(found.skips[user_id], now=now)
    is_second = asked is not None and user_id not in asked
    return "outside working hours: those at work go first" if is_second else ""


def _rule_line(
    rule: Rule, chosen: Rule | None, facts: Mapping[str, Any], labels: Labels
) -> RuleLine:
    is_held = holds(rule.conditions, facts)
    goes_first = first_words(owner_first=rule.owner_first, earlier_first=rule.earlier_first)
    why = _why_rule(rule.conditions, facts, labels, is_held=is_held)
    if is_held and chosen is not None and rule.pk != chosen.pk:
        why = f"Holds too, but rule {chosen.position} comes first."
    return RuleLine(
        position=rule.position,
        name=rule.name,
        words=conditions_words(rule.conditions, labels=labels)
        + (f"; {goes_first}" if goes_first else ""),
        pool=str(rule.pool),
        is_chosen=chosen is not None and rule.pk == chosen.pk,
        is_held=is_held,
        why=why,
    )


def _why_rule(
    conditions: Conditions, facts: Mapping[str, Any], labels: Labels, *, is_held: bool
) -> str:
    tests = deciding(conditions, facts)
    if not tests:
        return "Holds for every lead."
    # The same test may stand in several groups.
    said = list(dict.fromkeys(conditions_words({"all": [test]}, labels=labels) for test in tests))
    if is_held:
        return f"Holds: {listed(said)}."
    fields = dict.fromkeys(test["field"] for test in tests)
    has = listed([f"{name} is {_shown(name, facts.get(name), labels)}" for name in fields])
    return f"Does not hold: it asks that {' or that '.join(said)}; here {has}."


def _facts_shown(facts: Mapping[str, Any], labels: Labels) -> list[tuple[str, str]]:
    return [(FIELD_LABELS[name], _shown(name, facts.get(name), labels)) for name in FIELDS]


def _shown(name: str, value: Any, labels: Labels) -> str:
    if value is None or value == "":
        return "not known"
    return labels.get(name, {}).get(str(value), f"{value:,}" if isinstance(value, int) else value)
