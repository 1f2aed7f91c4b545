"""Lists of handoffs and leads, and how they are searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.core.paginator import Page
from django.db import models

from accounts.models import User
from core.paging import ListPaginator
from handoff.choices import ClosedAs, LegEnd, RejectReason, Status
from handoff.models import Contest, Handoff, Lead, Leg
from handoff.models.handoff import OPEN, HandoffQuerySet
from handoff.models.lead import LeadQuerySet
from handoff.rules.values import visible
from handoff.selectors.clocks import ShownClock, most_urgent, shown_clocks
from handoff.selectors.merged import survivors_of
from handoff.selectors.sight import Sight
from handoff.selectors.story import clock_time
from sla.choices import ClockKind

PAGE_SIZE = 25
LONGEST_SEARCH = 100
MOST_WORDS = 5
LEADS_OFFERED = 8
FEW_LEADS = 500
_NEEDS_SUBMITTER = [Status.DRAFT, Status.REJECTED]
_SHOWN_WITH = ("lead__company", "submitted_by", "owner", "previous")
_SEARCHED = ("first_name", "last_name", "external_id", "company__name")


@dataclass(frozen=True, slots=True)
class ListRow:
    """One handoff in a list: how it stands, who has or had it, its clock, the first contact.

    ``needs`` says what its submitter has to do, where that is anything.
    """

    handoff: Handoff
    state: str
    when: str
    clock: ShownClock | None
    receiver: str
    contact: str
    needs: str


@dataclass(frozen=True, slots=True)
class HandoffList:
    """What needs the reader, on the first page only, then one page of the rest."""

    needs: tuple[ListRow, ...]
    rows: tuple[ListRow, ...]
    page: Page[int]


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead with its open handoff, where the reader may open one."""

    lead: Lead
    open_handoff: int | None


@dataclass(frozen=True, slots=True)
class LeadList:
    """One page of leads, and the sources to choose from; `source` is the one chosen, if any."""

    rows: tuple[LeadRow, ...]
    page: Page[int]
    sources: Sequence[str]
    source: str


def in_sentence(label: object) -> str:
    """A label as it reads within a sentence: "Wrong ICP" becomes "wrong ICP"."""
    text = str(label)
    return text[:1].lower() + text[1:]


def search_words(text: str) -> list[str]:
    """The words to look for: what is visible, cut to a sensible length."""
    return visible(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]


def handoff_list(
    user: User, *, status: str, words: Sequence[str], now: datetime, zone: tzinfo, number: str
) -> HandoffList:
    """The handoffs in the user's sight, newest first, narrowed by status and words.

    Without narrowing, the user's own drafts and rejections stand apart at the top, what is due
    first leading.
    """
    sight = Sight(user)
    rows = sight.handoffs(status=status)
    needs: list[Handoff] = []
    if not status and not words:
        waiting = _needs(user)
        if number in {"", "1"}:
            needs = list(waiting.select_related(*_SHOWN_WITH)[:PAGE_SIZE])
        rows = rows.exclude(pk__in=waiting.values("pk"))
    if words:
        rows = rows.filter(_of_leads(words, sight))
    page = sight.page(rows.order_by("-id"), PAGE_SIZE, number)
    # The sight finds them quickly; what is shown is what `for_user` lets through, as everywhere.
    found = Handoff.objects.filter(pk__in=list(page)).for_user(user).select_related(*_SHOWN_WITH)
    shown = list(found.order_by("-id"))
    clocks = shown_clocks([*needs, *shown], now=now, zone=zone)
    receivers = _receivers([*needs, *shown])
    contested = _contested([*needs, *shown])

    def line(row: Handoff) -> ListRow:
        own = clocks.get(row.pk, ())
        waits = row.pk in contested
        return ListRow(
            handoff=row,
            state="Rejected and contested" if waits else _state(row),
            when=_when(row, now),
            clock=most_urgent(own),
            receiver=receivers.get(row.pk, ""),
            contact=_contact(row, own, now),
            needs=_needed(row, waits=waits),
        )

    return HandoffList(tuple(map(line, needs)), tuple(map(line, shown)), page)


def _needs(user: User) -> HandoffQuerySet:
    """Own drafts and rejections; a rejection that is being fixed is seen in its draft."""
    fixes = Handoff.objects.filter(previous=models.OuterRef("pk"), status=Status.DRAFT)
    return (
        Handoff.objects.filter(owner=user, status__in=_NEEDS_SUBMITTER)
        .exclude(models.Exists(fixes))
        .order_by(models.F("next_due_at").asc(nulls_last=True), "-status", "-id")
    )


def _receivers(rows: Sequence[Handoff]) -> dict[int, str]:
    """Who has each handoff or had it last, by its id; one query."""
    legs = Leg.objects.filter(handoff__in=[row.pk for row in rows]).order_by("pk")
    return dict(legs.values_list("handoff", "receiver__name"))


def _contested(rows: Sequence[Handoff]) -> set[int]:
    """The rejected ones whose contest waits for its ruling; one query."""
    waiting = Contest.objects.filter(
        leg__handoff__in=[row.pk for row in rows if row.status == Status.REJECTED],
        leg__ended_as=LegEnd.REJECTED,
        ruled_at=None,
    )
    return set(waiting.values_list("leg__handoff", flat=True))


def _needed(row: Handoff, *, waits: bool) -> str:
    if waits:
        return "A manager rules on it"
    if row.status == Status.REJECTED:
        return "Fix, concede or contest"
    if row.status != Status.DRAFT:
        return ""
    if row.previous is not None and row.previous.status == Status.REJECTED:
        return "Finish the fix"
    if row.previous is not None:
        return "Came back: work on it again"
    return f"Finish the draft, {row.completeness} % complete"


def _contact(row: Handoff, clocks: Sequence[ShownClock], now: datetime) -> str:
    """What is known of the first contact with the buyer; empty before there can be one."""
    if row.first_contact_at is not None:
        is_late = any(one.kind == ClockKind.CONTACT and one.is_logged_late for one in clocks)
        late = ", logged late" if is_late else ""
        return f"{clock_time(row.first_contact_at, now=now)}{late}"
    return "Not yet" if row.status in {Status.PENDING, Status.ACCEPTED} else ""


def _of_leads(words: Sequence[str], sight: Sight) -> models.Q:
    """Handoffs whose lead has all of the words."""
    each = [_any_of("", word) for word in words]
    few = _few(Lead.objects.filter(*each)) if sight.is_wide else None
    if few is not None:
        return models.Q(lead__in=few)
    return models.Q(*(_any_of("lead__", word) for word in words))


def _few(leads: LeadQuerySet) -> list[int] | None:
    """Their ids, where they are few: what is rare is then looked for once."""
    found = list(leads.order_by().values_list("pk", flat=True)[: FEW_LEADS + 1])
    return found if len(found) <= FEW_LEADS else None


def _any_of(prefix: str, word: str) -> models.Q:
    found = models.Q()
    for column in _SEARCHED:
        found |= models.Q(**{f"{prefix}{column}__icontains": word})
    return found


def _state(row: Handoff) -> str:
    if row.status == Status.CLOSED:
        return f"Closed: {in_sentence(ClosedAs(row.closed_as).label)}"
    if row.status == Status.REJECTED:
        return f"Rejected: {in_sentence(RejectReason(row.reason).label)}"
    if row.status == Status.DRAFT and row.previous is not None:
        return "Draft: fix" if row.previous.status == Status.REJECTED else "Draft: returned"
    return str(Status(row.status).label)


def _when(row: Handoff, now: datetime) -> str:
    if row.closed_at:
        return f"Closed {clock_time(row.closed_at, now=now)}"
    if row.first_accepted_at:
        return f"Accepted {clock_time(row.first_accepted_at, now=now)}"
    if row.submitted_at:
        return f"Handed off {clock_time(row.submitted_at, now=now)}"
    return f"Begun {clock_time(row.created_at, now=now)}"


def leads_for(user: User, *, words: Sequence[str]) -> LeadQuerySet:
    """The leads in the user's sight, newest first, narrowed by words."""
    return _leads(Sight(user), words).select_related("company", "claimed_by")


def _leads(sight: Sight, words: Sequence[str]) -> LeadQuerySet:
    leads = sight.leads()
    each = [_any_of("", word) | models.Q(email__icontains=word) for word in words]
    few = _few(leads.filter(*each)) if words and sight.is_wide else None
    leads = leads.filter(*each) if few is None else Lead.objects.filter(pk__in=few)
    return leads.order_by("-id")


def lead_list(user: User, *, words: Sequence[str], source: str, number: str) -> LeadList:
    """One page of the leads in the user's sight, newest first, narrowed by words and source.

    A source that no lead has narrows nothing.
    """
    sight = Sight(user)
    rows = _leads(sight, words)
    # Read once for the page, its count and the sources: to find what is in sight costs the most.
    read = list(rows.values_list("pk", "source")[: ListPaginator.most + 1])
    sources = {has for _, has in read if has}
    chosen = source if source in sources or words else ""
    if chosen and len(read) > ListPaginator.most:
        page = sight.page(rows.filter(source=chosen), PAGE_SIZE, number)
    else:
        ids = [pk for pk, has in read if not chosen or has == chosen]
        page = ListPaginator(ids, PAGE_SIZE).get_page(number)
    found = Lead.objects.filter(pk__in=list(page)).for_user(user)
    leads = found.select_related("company", "claimed_by")
    return LeadList(
        rows=lead_rows(list(leads.order_by("-id")), user),
        page=page,
        sources=sorted(sources | {chosen} - {""}, key=str.casefold),
        source=chosen,
    )


def lead_rows(leads: Sequence[Lead], user: User) -> tuple[LeadRow, ...]:
    """The leads with the newest open handoff of each that the user may read; one query.

    What was merged into another has that one's too.
    """
    last = survivors_of(leads)
    handoffs = Handoff.objects.for_user(user).filter(
        lead__in={*last, *last.values()}, status__in=OPEN
    )
    newest = dict(handoffs.order_by("id").values_list("lead_id", "pk"))
    return tuple(LeadRow(lead, newest.get(lead.pk) or newest.get(last[lead.pk])) for lead in leads)


def lead_for(user: User, pk: int) -> Lead | None:
    """The lead, when the user may read it."""
    return Lead.objects.for_user(user).select_related("company").filter(pk=pk).first()
