"""Everything that the page of one handoff shows, in a constant number of queries."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from accounts.models import User
from accounts.rules.policy import Relation
from accounts.selectors import manager_of
from core.words import counted
from handoff.choices import ClosedAs, Status
from handoff.models import Contest, Handoff, HandoffClock, Leg
from handoff.rules.form import Form
from handoff.rules.placeholders import TEXT
from handoff.selectors.access import relations_of
from handoff.selectors.agreed import Fact, agreed_on
from handoff.selectors.answers import (
    Answer,
    Answers,
    answer_lines,
    sections_of,
    story_of,
)
from handoff.selectors.care import Care, care_of
from handoff.selectors.chain import ChainLink, chain_of
from handoff.selectors.clocks import ShownClock, most_urgent, show_clock
from handoff.selectors.drafts import (
    Progress,
    Rejection,
    labels_of,
    progress,
    rejection_of,
)
from handoff.selectors.held import held_rows
from handoff.selectors.history import EventLine, event_lines
from handoff.selectors.lists import in_sentence
from handoff.selectors.meetings import MeetingLine, meeting_lines, meetings_of
from handoff.selectors.offers import contest_of, offers_on, way_on
from handoff.selectors.story import clock_time
from handoff.selectors.timeline import TimelineView, timeline_of
from handoff.selectors.touch_log import TouchLine, touch_lines, touches_of
from handoff.selectors.wait_lines import WaitLines, wait_lines
from routing.selectors import TurnExplanation, explain_turn
from sla.choices import ClockKind, StepAction
from sla.selectors import ClockView

__all__ = ["Detail", "answer_lines", "contact_of", "detail", "offers_on"]

NOTHING = Care(frozenset(), ())
LISTED = 25
"""How many touches, and how many events, the page lists, unless it is to be whole."""
_RARE = frozenset({"disqualify", "nurture", "return", "merge", "reassign"})


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call and where; ``dial`` is the number as a phone takes it.

    ``traits`` are words about company and lead that are not known of everybody.
    """

    name: str
    company: str
    title: str
    phone: str
    dial: str
    email: str
    is_email: bool
    traits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """What a clock will do by itself while nobody decides."""

    at: datetime
    when: str
    icon: str
    what: str


@dataclass(frozen=True, slots=True)
class ClockCard:
    """One current clock; ``coming`` is what it does by itself.

    ``care`` is what people have said about it, and what the reader may do.
    """

    pk: int
    shown: ShownClock
    sentence: str
    coming: tuple[Coming, ...]
    care: Care
    is_missed: bool

    @property
    def view(self) -> ClockView:
        return self.shown.view


@dataclass(frozen=True, slots=True)
class ContestLine:
    """The objection to the rejection, and the ruling on it where there is one."""

    by: str
    when: str
    note: str
    is_open: bool
    verdict: str
    ruling: str


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one handoff as one reader may see it.

    ``clock`` is the one that is due first, or else the last receiver's accept clock.
    """

    row: Handoff
    contact: Contact
    status: str
    submitted: str
    offers: frozenset[str]
    main: str
    story: tuple[Answer, ...]
    sections: tuple[Answers, ...]
    agreed: tuple[Fact, ...]
    clocks: tuple[ClockCard, ...]
    clock: ClockCard | None
    urgent: ShownClock | None
    coming: tuple[Coming, ...]
    why: TurnExplanation | None
    why_title: str
    meetings: tuple[MeetingLine, ...]
    touches: tuple[TouchLine, ...]
    touch_count: int
    events: tuple[EventLine, ...]
    has_older_events: bool
    chain: tuple[ChainLink, ...]
    rejection: Rejection | None
    marked: tuple[str, ...]
    contest: ContestLine | None
    held_because: tuple[str, ...]
    progress: Progress | None
    is_receipt: bool
    timeline: TimelineView | None
    waits: tuple[WaitLines, ...]

    @property
    def open_clocks(self) -> tuple[ClockCard, ...]:
        return tuple(card for card in self.clocks if card.view.is_open)

    @property
    def has_older_touches(self) -> bool:
        return self.touch_count > len(self.touches)

    @property
    def settled_clocks(self) -> tuple[ClockCard, ...]:
        return tuple(card for card in self.clocks if not card.view.is_open)

    @property
    def settled_words(self) -> str:
        """How many clocks have stopped, and how many of them were missed."""
        settled = self.settled_clocks
        missed = sum(card.is_missed for card in settled)
        stopped = f"{counted(len(settled), 'clock')} settled"
        return f"{stopped}, {missed} missed" if missed else stopped

    @property
    def has_more(self) -> bool:
        """Whether there is something to do that is done once in a while."""
        return bool(self.offers & _RARE)


def detail(
    row: Handoff, user: User, *, now: datetime, zone: tzinfo, is_whole: bool = False
) -> Detail:
    """The page of the handoff for this reader, who may read it; its newest touches and events
    only, unless it is to be whole.
    """
    form = Form.from_layout(row.form_version.layout)
    legs = list(
        Leg.objects.filter(handoff_id=row.pk)
        .select_related("receiver", "turn__pool", "turn__rule__ruleset", "turn__credit_note")
        .order_by("pk")
    )
    links = _links(row)
    touches = touches_of(row)
    events = event_lines(row, form, legs, now=now, most=None if is_whole else LISTED + 1)
    last = legs[-1] if legs else None
    relations = relations_of(row, user)
    cards = tuple(_cards(row, links, user, relations, now=now, zone=zone))
    contest = contest_of(row)
    rejection = rejection_of(row, now=now) if row.status == Status.REJECTED else None
    offers = offers_on(row, user, relations)
    return Detail(
        row=row,
        contact=contact_of(row),
        status=_status(row, user, contest),
        submitted=clock_time(row.submitted_at, now=now) if row.submitted_at else "",
        offers=offers,
        main=_main(row, offers, user, last, now=now),
        story=story_of(form, row.answers),
        sections=sections_of(form, row.answers),
        agreed=agreed_on(row, last, now=now),
        clocks=cards,
        clock=cards[0] if cards else None,
        urgent=most_urgent(card.shown for card in cards),
        coming=tuple(sorted((one for card in cards for one in card.coming), key=_when)),
        why=explain_turn(last.turn) if last else None,
        why_title="Why you" if last and last.receiver_id == user.pk else _why_title(last),
        meetings=meeting_lines(row, meetings_of(row), user, relations, now=now),
        touches=touch_lines(touches if is_whole else touches[:LISTED], links, now=now),
        touch_count=len(touches),
        events=events if is_whole else events[:LISTED],
        has_older_events=not is_whole and len(events) > LISTED,
        chain=chain_of(row, user, now=now),
        rejection=rejection,
        marked=labels_of(form, rejection.fields) if rejection else (),
        contest=_contest_line(contest, now=now) if contest else None,
        held_because=_held_because(row, now=now),
        progress=progress(form, row.answers) if row.status == Status.DRAFT else None,
        is_receipt=row.submitted_by_id == user.pk
        and row.status in {Status.PENDING, Status.HOLDING},
        timeline=timeline_of(row, links, legs, touches, now=now, zone=zone),
        waits=wait_lines(row, user, now=now),
    )


def _main(
    row: Handoff, offers: frozenset[str], user: User, last: Leg | None, *, now: datetime
) -> str:
    if row.status == Status.HOLDING and "reassign" in offers:
        return "reassign"
    return way_on(
        offers,
        is_contacted=row.first_contact_at is not None,
        has_step=bool(last and last.next_step_at and last.next_step_at > now),
        is_own=row.owner_id == user.pk,
    )


def contact_of(row: Handoff) -> Contact:
    """The contact; a draft's answers come before what lead and company tell so far."""
    lead, answers = row.lead, row.answers if row.status == Status.DRAFT else {}

    def known(key: str, stored: object) -> str:
        said = answers.get(key)
        if isinstance(said, dict):
            # Of half an answer, what else was said: the list of answers says that it is half.
            said = said.get(TEXT)
        return str(next((value for value in (said, stored) if value not in (None, "")), ""))

    traits = {
        "{}": known("company.segment", lead.company.segment),
        "Asks about {}": known("contact.product", lead.product),
        "Speaks {}": known("contact.language", lead.language),
        "Score {}": known("contact.score", lead.score),
    }

    first = known("contact.first_name", lead.first_name)
    last = known("contact.last_name", lead.last_name)
    phone = known("contact.phone", lead.phone)
    email = known("contact.email", lead.email)
    digits = re.sub(r"[^0-9]", "", phone)
    return Contact(
        name=f"{first} {last}".strip() or lead.name,
        company=known("company.name", lead.company.name),
        title=known("contact.title", lead.title),
        phone=phone,
        dial=("+" if phone.lstrip().startswith("+") else "") + digits if len(digits) > 5 else "",
        email=email,
        is_email=re.fullmatch(r"[^@\s?&]+@[^@\s?&]+", email) is not None,
        traits=tuple(words.format(value) for words, value in traits.items() if value),
    )


def _status(row: Handoff, user: User, contest: Contest | None) -> str:
    owner = "you" if row.owner_id == user.pk else row.owner.name
    has = "have" if owner == "you" else "has"
    if row.status == Status.CLOSED:
        return f"Closed: {in_sentence(ClosedAs(row.closed_as).label)}"
    if row.status == Status.REJECTED and contest is not None and contest.ruled_at is None:
        return "Rejected and contested: waiting for a ruling"
    return {
        Status.DRAFT.value: "Draft",
        Status.HOLDING.value: f"Holding: nobody is eligible, {owner} {has} it",
        Status.PENDING.value: f"Pending: waiting for {owner} to accept",
        Status.ACCEPTED.value: f"Accepted: {owner} {has} it",
        Status.REJECTED.value: f"Rejected: waiting for {owner} to answer",
    }[row.status]


def _why_title(leg: Leg | None) -> str:
    return f"Why {leg.receiver.name}" if leg else ""


def _when(coming: Coming) -> datetime:
    return coming.at


def _links(row: Handoff) -> list[HandoffClock]:
    """Every clock of the handoff with what showing it reads, in two queries."""
    return list(
        HandoffClock.objects.filter(handoff_id=row.pk)
        .select_related(
            "clock__target__version__policy", "clock__calendar_version__calendar", "leg__receiver"
        )
        .prefetch_related("clock__pauses")
        .order_by("clock__due_at", "pk")
    )


def _cards(
    row: Handoff,
    links: Sequence[HandoffClock],
    user: User,
    relations: frozenset[Relation],
    *,
    now: datetime,
    zone: tzinfo,
) -> Iterable[ClockCard]:
    """The current clocks: those that run by due time, then those that are settled."""
    current = [link for link in links if link.is_current]
    care = care_of(current, user, relations, now=now)
    cards = [
        _card(row, link, care.get(link.clock_id, NOTHING), now=now, zone=zone) for link in current
    ]
    return sorted(cards, key=lambda card: not card.view.is_open)


def _card(
    row: Handoff, link: HandoffClock, care: Care, *, now: datetime, zone: tzinfo
) -> ClockCard:
    clock = link.clock
    shown = show_clock(clock, now=now, zone=zone)
    return ClockCard(
        pk=clock.pk,
        shown=shown,
        sentence=f"{shown.view.label} {shown.view.next_step}".strip(),
        coming=_coming(row, link, now=now) if shown.view.is_open else (),
        care=care,
        is_missed=clock.breached_at is not None,
    )


def _coming(row: Handoff, link: HandoffClock, *, now: datetime) -> tuple[Coming, ...]:
    clock = link.clock
    ahead = clock.schedule[clock.fired :]
    who = link.leg.receiver if link.leg else row.owner
    told = "the manager"
    if any(action == StepAction.ALERT_MANAGER for _, _, action in ahead):
        manager = manager_of(who, pool_manager=row.pool.manager if row.pool else None)
        told = manager.name if manager else told
    name = str(ClockKind(link.kind).label)
    words = _coming_words(name, who.name, told, row.submitted_by.name)
    return tuple(
        Coming(
            datetime.fromisoformat(at),
            clock_time(datetime.fromisoformat(at), now=now),
            *words[action],
        )
        for _, at, action in ahead
        if action in words
    )


def _coming_words(name: str, who: str, told: str, submitter: str) -> Mapping[str, tuple[str, str]]:
    undecided = ", if still undecided" if name == "Accept" else f": {in_sentence(name)} is due"
    return {
        StepAction.REMIND.value: ("notifications", f"Reminder to {who}{undecided}"),
        StepAction.ALERT_MANAGER.value: ("campaign", f"{name} is late: {told} is alerted"),
        StepAction.NOTIFY_CHANNEL.value: ("tag", f"{name}: the team's channel is told"),
        StepAction.REASSIGN.value: ("sync_alt", f"{name} is late: it moves to the next receiver"),
        StepAction.RETURN_TO_SUBMITTER.value: (
            "undo",
            f"{name} is far too late: it goes back to {submitter}",
        ),
        StepAction.TO_NURTURE.value: ("eco", f"{name} is far too late: it goes back to nurture"),
    }


def _contest_line(contest: Contest, *, now: datetime) -> ContestLine:
    verdict = ""
    if contest.ruled_at is not None and contest.ruled_by is not None:
        ruled = "upheld" if contest.is_upheld else "overturned"
        at = clock_time(contest.ruled_at, now=now)
        verdict = f"{contest.ruled_by.name} {ruled} the rejection {at}."
    return ContestLine(
        by=contest.by.name,
        when=clock_time(contest.at, now=now),
        note=contest.note,
        is_open=contest.ruled_at is None,
        verdict=verdict,
        ruling=contest.ruling,
    )


def _held_because(row: Handoff, *, now: datetime) -> tuple[str, ...]:
    if row.status != Status.HOLDING:
        return ()
    return held_rows([row], now=now)[0].reasons
