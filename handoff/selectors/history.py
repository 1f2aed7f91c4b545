"""What happened to one handoff, one sentence per event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from handoff.choices import ClosedAs, EventKind, RejectReason
from handoff.models import Event, Handoff, Leg
from handoff.rules.form import Form
from handoff.selectors.late import exclusion_sentences
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time

LABELS_NAMED = 3


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event: ``head`` says what changed, ``rest`` goes on in the same sentence."""

    at: datetime
    when: str
    icon: str
    head: str
    rest: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with all that its sentence names."""

    event: Event
    row: Handoff
    form: Form
    people: Mapping[int, User]
    legs: Mapping[int, Leg]
    now: datetime

    @property
    def by(self) -> str:
        return self.event.by.name if self.event.by else "Handoff"

    def person(self, key: str) -> str:
        found = self.people.get(self.event.data.get(key, 0))
        return found.name if found else "somebody"

    @property
    def receiver(self) -> str:
        leg = self.legs.get(self.event.data.get("leg") or 0)
        return leg.receiver.name if leg else "the receiver"

    def labels(self, keys: Sequence[str]) -> str:
        """The fields by name, the first few of them."""
        found = [self.form.get(key) for key in keys]
        names = [field.label for field in found if field is not None]
        more = len(names) - LABELS_NAMED
        return ", ".join(names[:LABELS_NAMED]) + (f" and {more} more" if more > 0 else "")


def event_lines(
    row: Handoff, form: Form, legs: Sequence[Leg], *, now: datetime
) -> tuple[EventLine, ...]:
    """All events of the handoff, newest first, in two queries."""
    events = list(Event.objects.filter(handoff_id=row.pk).select_related("by").order_by("-seq"))
    people = User.objects.in_bulk(_people(events))
    by_id = {leg.pk: leg for leg in legs}
    return tuple(_line(_Told(event, row, form, people, by_id, now)) for event in events)


def _people(events: Sequence[Event]) -> set[int]:
    named = {event.data.get(key) for event in events for key in ("receiver", "told", "owner")}
    skipped = {skip["user"] for event in events for skip in event.data.get("exclusions", ())}
    return {pk for pk in named | skipped if pk is not None}


def _line(told: _Told) -> EventLine:
    kind = EventKind(told.event.kind)
    icon, write = _WRITERS[kind]
    head, rest = write(told)
    return EventLine(
        at=told.event.at,
        when=clock_time(told.event.at, now=told.now),
        icon=icon,
        head=head,
        rest=rest,
        is_late=kind == EventKind.BREACHED,
    )


def _drafted(told: _Told) -> tuple[str, str]:
    what = "Fix begun" if told.row.previous_id else "Draft begun"
    return what, f"by {told.by}."


def _edited(told: _Told) -> tuple[str, str]:
    fields = told.labels(told.event.data.get("fields", ()))
    return "Draft changed", f"by {told.by}" + (f": {fields}." if fields else ".")


def _refused(told: _Told) -> tuple[str, str]:
    keys = [problem[0] for problem in told.event.data.get("problems", ())]
    return "Not ready to hand off:", f"{told.labels(keys)}. Nothing was changed."


def _submitted(told: _Told) -> tuple[str, str]:
    percent = told.event.data.get("set", {}).get("completeness")
    share = f", {percent} % complete" if percent is not None else ""
    return "Handed off", f"by {told.by}{share}."


def _held(told: _Told) -> tuple[str, str]:
    reasons = " ".join(exclusion_sentences(told.event, dict(told.people)))
    return "Nobody was eligible.", f"{told.person('owner')} has this lead. {reasons}".strip()


def _assigned(told: _Told) -> tuple[str, str]:
    due = told.event.data.get("due_at")
    until = ""
    if due:
        until = f" Accept is due {clock_time(datetime.fromisoformat(due), now=told.now)}."
    return f"{told.person('receiver')} has it.", until.strip()


def _rejected(told: _Told) -> tuple[str, str]:
    reason = _reason(told)
    fields = told.labels(told.event.data.get("fields", ()))
    marked = f" Marked: {fields}." if fields else ""
    return "Rejected", f"by {told.by}: {reason}.{marked}{_note(told)}"


def _conflict(told: _Told) -> tuple[str, str]:
    return "Conflict declared", f"by {told.by}.{_note(told)}"


def _note(told: _Told) -> str:
    """What the receiver wrote beside the reason, in their words."""
    leg = told.legs.get(told.event.data.get("leg") or 0)
    return f" \u201c{leg.note}\u201d" if leg is not None and leg.note else ""


def _reason(told: _Told) -> str:
    code = told.event.data.get("reason", "")
    return in_sentence(RejectReason(code).label) if code in RejectReason.values else code


def _closed(head: str) -> Callable[[_Told], tuple[str, str]]:
    def write(told: _Told) -> tuple[str, str]:
        outcome = told.event.data.get("set", {}).get("closed_as")
        back = " The lead goes back to nurture." if outcome == ClosedAs.NURTURE else ""
        return head, f"by {told.by}.{back}"

    return write


def _by(head: str) -> Callable[[_Told], tuple[str, str]]:
    return lambda told: (head, f"by {told.by}.")


def _superseded_step(told: _Told) -> tuple[str, str]:
    return "A step was no longer needed,", "so nobody was told."


_WRITERS: dict[EventKind, tuple[str, Callable[[_Told], tuple[str, str]]]] = {
    EventKind.DRAFTED: ("edit_note", _drafted),
    EventKind.EDITED: ("edit", _edited),
    EventKind.SUBMISSION_REFUSED: ("block", _refused),
    EventKind.SUBMITTED: ("send", _submitted),
    EventKind.HELD: ("hourglass_empty", _held),
    EventKind.DRAINED: ("output", lambda _: ("Somebody became eligible.", "")),
    EventKind.ASSIGNED: ("arrow_forward", _assigned),
    EventKind.ACCEPTED: ("check", _by("Accepted")),
    EventKind.REJECTED: ("undo", _rejected),
    EventKind.CONFLICT: ("swap_horiz", _conflict),
    EventKind.CONCEDED: ("flag", _closed("Rejection conceded")),
    EventKind.WITHDRAWN: ("close", _by("Withdrawn")),
    EventKind.SUPERSEDED: ("redo", _by("Handed off again")),
    EventKind.REMINDED: (
        "notifications",
        lambda told: (f"{told.person('told')} was reminded", "that accept is due."),
    ),
    EventKind.BREACHED: (
        "error",
        lambda told: ("Accept missed", f"by {told.receiver}."),
    ),
    EventKind.ALERTED: (
        "campaign",
        lambda told: (
            f"{told.person('told')} was alerted:",
            f"{told.receiver} did not accept in time.",
        ),
    ),
    EventKind.STEP_SUPERSEDED: ("remove", _superseded_step),
}
