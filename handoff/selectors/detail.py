"""Everything that the page of one handoff shows, in a constant number of queries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import manager_of
from handoff.choices import ClosedAs, LegEnd, RejectReason, Status
from handoff.models import Handoff, HandoffClock, Leg
from handoff.rules.form import OPTIONAL, Form, FormField
from handoff.rules.transitions import Step, may
from handoff.rules.values import is_empty
from handoff.selectors.access import relations_of
from handoff.selectors.drafts import (
    Progress,
    Rejection,
    labels_of,
    progress,
    rejection_of,
)
from handoff.selectors.history import EventLine, event_lines
from handoff.selectors.late import held_rows
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time
from routing.selectors import TurnExplanation, explain_turn
from sla.choices import ClockKind, StepAction
from sla.models import Clock
from sla.selectors import ClockView, clock_view, explain_clock
from worktime.rules import Span, duration_words

_STORY = ("why_now", "pains", "need", "budget", "authority", "timeline", "objections")
_NEXT_STEP, _NEXT_STEP_ON = "next_step", "next_step_on"
_OFFERED: dict[str, tuple[Step, Action]] = {
    "accept": (Step.ACCEPT, Action.HANDOFF_ACCEPT),
    "reject": (Step.REJECT, Action.HANDOFF_REJECT),
    "fix": (Step.SUPERSEDE, Action.HANDOFF_FIX),
    "concede": (Step.CONCEDE, Action.HANDOFF_CONCEDE),
    "withdraw": (Step.WITHDRAW, Action.HANDOFF_WITHDRAW),
    "edit": (Step.SUBMIT, Action.HANDOFF_EDIT),
    "submit": (Step.SUBMIT, Action.HANDOFF_SUBMIT),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to read: ``lines`` has one entry per paragraph or point."""

    label: str
    lines: tuple[str, ...]
    is_list: bool
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """A section of the form, answered."""

    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call and where; ``dial`` is the number as a phone takes it."""

    name: str
    company: str
    title: str
    phone: str
    dial: str
    email: str
    is_email: bool


@dataclass(frozen=True, slots=True)
class ExplainedSpan:
    """A stretch of time that counted towards a deadline, or was skipped."""

    start: str
    end: str
    what: str
    length: str
    total: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """What a clock will do by itself while nobody decides."""

    when: str
    icon: str
    what: str


@dataclass(frozen=True, slots=True)
class LegLine:
    """One receiver's time on the handoff, with its accept clock."""

    receiver: User
    since: str
    outcome: str
    clock: ClockView | None


@dataclass(frozen=True, slots=True)
class ClockCard:
    """The current accept clock, explained."""

    view: ClockView
    sentence: str
    spans: tuple[ExplainedSpan, ...]
    source: str
    coming: tuple[Coming, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one handoff as one reader may see it."""

    row: Handoff
    contact: Contact
    status: str
    submitted: str
    offers: frozenset[str]
    story: tuple[Answer, ...]
    sections: tuple[Answers, ...]
    clock: ClockCard | None
    why: TurnExplanation | None
    why_title: str
    legs: tuple[LegLine, ...]
    events: tuple[EventLine, ...]
    chain: tuple[Handoff, ...]
    rejection: Rejection | None
    marked: tuple[str, ...]
    held_because: tuple[str, ...]
    progress: Progress | None
    is_receipt: bool


def offers_on(row: Handoff, user: User) -> frozenset[str]:
    """What the user may do with the handoff as it stands."""
    relations = relations_of(row, user)
    return frozenset(
        name
        for name, (step, action) in _OFFERED.items()
        if may(step, row.status) and user.may(action, relations)
    )


def detail(row: Handoff, user: User, *, now: datetime, zone: tzinfo) -> Detail:
    """The page of the handoff for this reader, who may read it."""
    form = Form.from_layout(row.form_version.layout)
    legs = list(
        Leg.objects.filter(handoff_id=row.pk)
        .select_related("receiver", "turn__pool", "turn__rule__ruleset", "turn__credit_note")
        .order_by("pk")
    )
    clocks = _clocks_by_leg(row)
    last = legs[-1] if legs else None
    rejection = rejection_of(row, now=now) if row.status == Status.REJECTED else None
    is_own = row.submitted_by_id == user.pk
    return Detail(
        row=row,
        contact=contact_of(row),
        status=_status(row, user),
        submitted=clock_time(row.submitted_at, now=now) if row.submitted_at else "",
        offers=offers_on(row, user),
        story=_story(form, row.answers),
        sections=_sections(form, row.answers),
        clock=_clock_card(row, last, clocks, now=now, zone=zone),
        why=explain_turn(last.turn) if last else None,
        why_title="Why you" if last and last.receiver_id == user.pk else _why_title(last),
        legs=tuple(_leg_line(leg, clocks.get(leg.pk), now=now, zone=zone) for leg in legs),
        events=event_lines(row, form, legs, now=now),
        chain=_chain(row, user),
        rejection=rejection,
        marked=labels_of(form, rejection.fields) if rejection else (),
        held_because=_held_because(row, now=now),
        progress=progress(form, row.answers) if row.status == Status.DRAFT else None,
        is_receipt=is_own and row.status in {Status.PENDING, Status.HOLDING},
    )


def contact_of(row: Handoff) -> Contact:
    """The contact; a draft's answers come before what lead and company tell so far."""
    lead, answers = row.lead, row.answers if row.status == Status.DRAFT else {}

    def known(key: str, stored: str) -> str:
        return str(answers.get(key) or stored)

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
    )


def _status(row: Handoff, user: User) -> str:
    owner = "you" if row.owner_id == user.pk else row.owner.name
    if row.status == Status.CLOSED:
        return f"Closed: {in_sentence(ClosedAs(row.closed_as).label)}"
    return {
        Status.DRAFT.value: "Draft",
        Status.HOLDING.value: f"Holding: nobody is eligible, {owner} has it",
        Status.PENDING.value: f"Pending: waiting for {owner} to accept",
        Status.ACCEPTED.value: f"Accepted: {owner} has it",
        Status.REJECTED.value: f"Rejected: waiting for {owner} to fix or concede",
    }[row.status]


def _why_title(leg: Leg | None) -> str:
    return f"Why {leg.receiver.name}" if leg else ""


def answer_lines(field: FormField, value: object) -> tuple[str, ...]:
    """An answer as it reads, one entry per line; nothing where it is empty."""
    if is_empty(value):
        return ()
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, int):
        return (f"{value:,}",)
    if field.kind == "date":
        return (_day(str(value)),)
    return tuple(line for line in str(value).splitlines() if line.strip())


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%a} {day.day} {day:%b %Y}"


def _answer(field: FormField, answers: Mapping[str, Any]) -> Answer:
    value = answers.get(field.key)
    return Answer(
        label=field.label,
        lines=answer_lines(field, value),
        is_list=field.kind == "lines",
        is_wanted=field.need != OPTIONAL,
    )


def _story(form: Form, answers: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The handoff's own answers in the order in which a colleague would tell them."""
    told = [field for key in _STORY if (field := form.get(key)) is not None]
    known = {*_STORY, _NEXT_STEP, _NEXT_STEP_ON}
    told += [
        field for field in form.fields() if field.target == "handoff" and field.key not in known
    ]
    story = [_answer(field, answers) for field in told]
    step, day = form.get(_NEXT_STEP), form.get(_NEXT_STEP_ON)
    if step is not None:
        lines = answer_lines(step, answers.get(_NEXT_STEP))
        on = answer_lines(day, answers.get(_NEXT_STEP_ON)) if day else ()
        together = ", ".join((*lines, *on))
        story.append(Answer(step.label, (together,) if together else (), False, True))
    return tuple(story)


def _sections(form: Form, answers: Mapping[str, Any]) -> tuple[Answers, ...]:
    return tuple(
        Answers(part.title, tuple(_answer(field, answers) for field in part.fields))
        for part in form.sections
    )


def _clocks_by_leg(row: Handoff) -> dict[int, Clock]:
    """The accept clock of each leg, in two queries."""
    clocks = (
        Clock.objects.with_view()
        .filter(handoff_clock__handoff_id=row.pk, handoff_clock__kind=ClockKind.ACCEPT)
        .select_related("handoff_clock", "calendar_version__calendar", "target__version__policy")
        .order_by("pk")
    )
    found = {}
    for clock in clocks:
        link: HandoffClock = clock.handoff_clock
        if link.leg_id is not None:
            found[link.leg_id] = clock
    return found


def _leg_line(leg: Leg, clock: Clock | None, *, now: datetime, zone: tzinfo) -> LegLine:
    outcome = "Has it now" if leg.ended_at is None else ""
    if leg.ended_at is not None:
        ended = clock_time(leg.ended_at, now=now)
        outcome = f"{LegEnd(leg.ended_as).label} {ended}"
        if leg.reason and leg.ended_as == LegEnd.REJECTED:
            outcome += f": {in_sentence(RejectReason(leg.reason).label)}"
    elif leg.accepted_at is not None:
        outcome = f"Accepted {clock_time(leg.accepted_at, now=now)}"
    return LegLine(
        receiver=leg.receiver,
        since=clock_time(leg.assigned_at, now=now),
        outcome=outcome,
        clock=clock_view(clock, now=now, zone=zone) if clock else None,
    )


def _clock_card(
    row: Handoff, leg: Leg | None, clocks: Mapping[int, Clock], *, now: datetime, zone: tzinfo
) -> ClockCard | None:
    clock = clocks.get(leg.pk) if leg else None
    if clock is None or leg is None:
        return None
    view = clock_view(clock, now=now, zone=zone)
    version = clock.calendar_version
    policy = clock.target.version
    return ClockCard(
        view=view,
        sentence=f"{view.label} {view.next_step}".strip(),
        spans=_explained(explain_clock(clock, until=clock.due_at), now=now),
        source=(
            f"Target {view.target} from the policy \u201c{policy.policy.name}\u201d, "
            f"version {policy.n}. Calendar \u201c{version.calendar.name}\u201d, "
            f"version {version.n}, {version.zone}. Both stay fixed for this clock."
        ),
        coming=_coming(row, leg, clock, now=now) if view.is_open else (),
    )


def _explained(spans: Sequence[Span], *, now: datetime) -> tuple[ExplainedSpan, ...]:
    lines = []
    counted = 0.0
    for span in spans:
        counted += span.seconds if span.counted else 0
        length = duration_words(span.seconds)
        note = span.note[:1].upper() + span.note[1:]
        lines.append(
            ExplainedSpan(
                start=clock_time(span.start, now=now),
                end=clock_time(span.end, now=now),
                what=note or "Open",
                length=length if span.counted else f"skipped {length}",
                total=duration_words(counted),
                counted=span.counted,
            )
        )
    return tuple(lines)


def _coming(row: Handoff, leg: Leg, clock: Clock, *, now: datetime) -> tuple[Coming, ...]:
    manager = manager_of(leg.receiver, pool_manager=row.pool.manager if row.pool else None)
    told = manager.name if manager else "The manager"
    name = leg.receiver.name
    words = {
        StepAction.REMIND.value: ("notifications", f"Reminder to {name}, if still undecided"),
        StepAction.ALERT_MANAGER.value: ("campaign", f"Accept is late: {told} is alerted"),
    }
    return tuple(
        Coming(clock_time(datetime.fromisoformat(at), now=now), *words[action])
        for _, at, action in clock.schedule[clock.fired :]
        if action in words
    )


def _chain(row: Handoff, user: User) -> tuple[Handoff, ...]:
    """The handoffs of the chain that the reader may open; empty where there is only this one."""
    if row.chain_id is None:
        return ()
    members = Handoff.objects.for_user(user).filter(chain_id=row.chain_id).select_related("owner")
    found = tuple(members.order_by("pk"))
    return found if len(found) > 1 else ()


def _held_because(row: Handoff, *, now: datetime) -> tuple[str, ...]:
    if row.status != Status.HOLDING:
        return ()
    return held_rows([row], now=now)[0].reasons
