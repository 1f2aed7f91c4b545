"""How each kind of event reads: what changed, then who did it and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import User
from handoff.choices import (
    ClosedAs,
    DealOutcome,
    DisqualifyReason,
    EventKind,
    RejectReason,
    TouchKind,
    TransferReason,
    Verdict,
)
from handoff.models import Event, Handoff, Leg
from handoff.rules.form import Form
from handoff.selectors.agreed import money_words
from handoff.selectors.held import exclusion_sentences
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time
from sla.choices import ClockKind, StepAction

LABELS_NAMED = 3
LATE = frozenset({EventKind.BREACHED, EventKind.TIMED_OUT})
_FIRST_RECEIVERS = frozenset({EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CONFLICT})


@dataclass(frozen=True, slots=True)
class Told:
    """An event with all that its sentence names."""

    event: Event
    row: Handoff
    form: Form
    people: Mapping[int, User]
    legs: Mapping[int, Leg]
    now: datetime

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.event.data
        return found

    @property
    def by(self) -> str:
        """Who did it, and for whom where it was the receiver's to do."""
        if self.event.by is None:
            return "Handoff"
        leg = self.leg
        if leg is not None and leg.receiver_id != self.event.by_id and self._is_receivers:
            return f"{self.event.by.name} for {leg.receiver.name}"
        return self.event.by.name

    @property
    def _is_receivers(self) -> bool:
        return self.event.kind in _FIRST_RECEIVERS

    @property
    def leg(self) -> Leg | None:
        return self.legs.get(self.data.get("leg") or 0)

    def person(self, *keys: str) -> str:
        """The first of these people whom the event names."""
        found = (self.people.get(self.data.get(key) or 0) for key in keys)
        return next((one.name for one in found if one is not None), "somebody")

    @property
    def receiver(self) -> str:
        return self.leg.receiver.name if self.leg else "the receiver"

    @property
    def clock(self) -> str:
        """The clock that the event is about."""
        kind = self.data.get("clock_kind") or self.data.get("kind")
        return str(ClockKind(kind).label) if kind in ClockKind.values else "Accept"

    @property
    def late_one(self) -> str:
        """Whose clock it is: the leg's receiver, else the submitter or who has the handoff."""
        if self.leg is not None:
            return self.leg.receiver.name
        is_submitters = self.data.get("clock_kind") == ClockKind.HAND_OFF
        return self.row.submitted_by.name if is_submitters else self.row.owner.name

    def labels(self, keys: Sequence[str]) -> str:
        """The fields by name, the first few of them."""
        found = [self.form.get(key) for key in keys]
        names = [field.label for field in found if field is not None]
        more = len(names) - LABELS_NAMED
        return ", ".join(names[:LABELS_NAMED]) + (f" and {more} more" if more > 0 else "")

    def at(self, key: str) -> str:
        """A stored instant as people say it; empty where there is none."""
        try:
            at = datetime.fromisoformat(str(self.data.get(key) or ""))
        except ValueError:
            return ""
        return clock_time(at, now=self.now)


def _drafted(told: Told) -> tuple[str, str]:
    what = "Next draft begun" if told.row.previous_id else "Draft begun"
    left_out = len(told.data.get("left_out", ()))
    if not left_out:
        return what, f"by {told.by}."
    answers = "1 answer" if left_out == 1 else f"{left_out} answers"
    kept = f"handoff {told.row.previous_id} keeps {answers} that the form asks no more"
    return what, f"by {told.by}; {kept}."


def _edited(told: Told) -> tuple[str, str]:
    fields = told.labels(told.data.get("fields", ()))
    return "Draft changed", f"by {told.by}" + (f": {fields}." if fields else ".")


def _refused(told: Told) -> tuple[str, str]:
    keys = [problem[0] for problem in told.data.get("problems", ())]
    return "Not ready to hand off:", f"{told.labels(keys)}. Nothing was changed."


def _submitted(told: Told) -> tuple[str, str]:
    percent = told.data.get("set", {}).get("completeness")
    share = f", {percent} % complete" if percent is not None else ""
    return "Handed off", f"by {told.by}{share}."


def _held(told: Told) -> tuple[str, str]:
    reasons = " ".join(exclusion_sentences(told.event, dict(told.people)))
    return "Nobody was eligible.", f"{told.person('owner')} has this lead. {reasons}".strip()


def _assigned(told: Told) -> tuple[str, str]:
    due = told.at("due_at")
    return f"{told.person('receiver')} has it.", f"Accept is due {due}." if due else ""


def _rejected(told: Told) -> tuple[str, str]:
    fields = told.labels(told.data.get("fields", ()))
    marked = f" Marked: {fields}." if fields else ""
    return "Rejected", f"by {told.by}: {_reason(told)}.{marked}{_note(told)}"


def _conflict(told: Told) -> tuple[str, str]:
    return "Conflict declared", f"by {told.by}.{_note(told)}"


def _note(told: Told) -> str:
    """What the receiver wrote beside the reason, in their words."""
    return f" \u201c{told.leg.note}\u201d" if told.leg is not None and told.leg.note else ""


def _reason(told: Told) -> str:
    code = told.data.get("reason", "")
    return in_sentence(RejectReason(code).label) if code in RejectReason.values else code


def _closed(head: str) -> Callable[[Told], tuple[str, str]]:
    def write(told: Told) -> tuple[str, str]:
        outcome = told.data.get("set", {}).get("closed_as")
        back = " The lead goes back to nurture." if outcome == ClosedAs.NURTURE else ""
        return head, f"by {told.by}.{back}"

    return write


def _by(head: str) -> Callable[[Told], tuple[str, str]]:
    return lambda told: (head, f"by {told.by}.")


def _touched(told: Told) -> tuple[str, str]:
    kind = told.data.get("kind", "")
    what = str(TouchKind(kind).label) if kind in TouchKind.values else "Touch logged"
    verdict = told.data.get("verdict", "")
    said = in_sentence(Verdict(verdict).label) if verdict in Verdict.values else ""
    when = told.at("occurred_at")
    at = f", {when}" if when else ""
    return what, f"by {told.by}{at}: {said}." if said else f"by {told.by}{at}."


def _dated(told: Told) -> tuple[str, str]:
    at = told.at("at") or told.at("next_step_at")
    return "Next step dated", f"by {told.by}" + (f": {at}." if at else ".")


def _timed_out(told: Told) -> tuple[str, str]:
    undone = (
        "Buyer not contacted" if told.data.get("clock_kind") == "contact_leg" else "Not accepted"
    )
    return f"{undone} in time", f"by {told.receiver}. It moved on."


def _moved(head: str) -> Callable[[Told], tuple[str, str]]:
    def write(told: Told) -> tuple[str, str]:
        to = told.person("to", "receiver", "cover")
        code = told.data.get("reason", "")
        known = code in TransferReason.values
        why = f": {in_sentence(TransferReason(code).label)}" if known else ""
        whom = f"to {to} " if to != "somebody" else ""
        return head, f"{whom}by {told.by}{why}."

    return write


def _nurtured(told: Told) -> tuple[str, str]:
    why = ": nobody contacted the buyer in time" if told.event.by is None else ""
    return "Back to nurture,", f"by {told.by}{why}."


def _disqualified(told: Told) -> tuple[str, str]:
    code = told.data.get("set", {}).get("disqualified_for") or told.data.get("reason", "")
    known = code in DisqualifyReason.values
    why = f": {in_sentence(DisqualifyReason(code).label)}" if known else ""
    return "Disqualified", f"by {told.by}{why}."


def _converted(told: Told) -> tuple[str, str]:
    stored = told.data.get("set", {})
    worth = ""
    if stored.get("value"):
        worth = f", worth {money_words(Decimal(stored['value']), stored.get('currency', ''))}"
    is_kept = "company_owner" in told.data
    kept = f" {told.receiver} looks after the company from now on." if is_kept else ""
    return "Became an opportunity,", f"by {told.by}{worth.rstrip()}.{kept}"


def _outcome(told: Told) -> tuple[str, str]:
    code = told.data.get("set", {}).get("deal_outcome") or told.data.get("outcome", "")
    known = code in DealOutcome.values
    return "Outcome recorded", f"by {told.by}" + (
        f": {in_sentence(DealOutcome(code).label)}." if known else "."
    )


def _clocked(head: str) -> Callable[[Told], tuple[str, str]]:
    def write(told: Told) -> tuple[str, str]:
        until = told.at("until") or told.at("ends_at")
        by = f"by {told.by}" if told.event.by else ""
        till = f"until {until}" if until else ""
        return f"{told.clock} {head}", " ".join(filter(None, (by, till))).strip() + "."

    return write


def _reminded(told: Told) -> tuple[str, str]:
    return f"{told.person('told')} was reminded", f"that {in_sentence(told.clock)} is due."


def _breached(told: Told) -> tuple[str, str]:
    why = ": it was timed anew and was past due already" if told.data.get("reason") else ""
    return f"{told.clock} missed", f"by {told.late_one}{why}."


def _alerted(told: Told) -> tuple[str, str]:
    return f"{told.person('told')} was alerted:", _late_with(told)


def _posted(told: Told) -> tuple[str, str]:
    if told.data.get("channel") is None:
        return "There was no channel to post to:", _late_with(told)
    return "The team's channel was told:", _late_with(told)


def _late_with(told: Told) -> str:
    """What it was about; some alert before due."""
    due = told.data.get("before_due")
    if told.clock == "Accept":
        return f"{told.late_one} {'has not accepted yet' if due else 'did not accept in time'}."
    named = in_sentence(told.clock)
    return f"{told.late_one}: {named} is due." if due else f"{told.late_one} was late with {named}."


def _unstaffed(told: Told) -> tuple[str, str]:
    until = told.at("until")
    head = f"Nobody was at work{f' until {until}' if until else ''}:"
    return head, f"{told.person('told')} was alerted."


def _retimed(told: Told) -> tuple[str, str]:
    """Each clock with its new due time, and the old one where it moved."""
    said = []
    for clock in told.data.get("clocks", ()):
        kind, due_at = clock.get("clock_kind"), str(clock.get("due_at") or "")
        if kind not in ClockKind.values or not due_at:
            continue
        due, was_at = datetime.fromisoformat(due_at), str(clock.get("was_due_at") or due_at)
        moved = datetime.fromisoformat(was_at) != due
        was = f" instead of {clock_time(datetime.fromisoformat(was_at), now=told.now)}"
        due_words = clock_time(due, now=told.now)
        said.append(f"{ClockKind(kind).label} is due {due_words}{was if moved else ' as before'}")
    return "Open clocks re-timed", f"by {told.by}: {'; '.join(said)}." if said else f"by {told.by}."


def _retried(told: Told) -> tuple[str, str]:
    action = told.data.get("action", "")
    name = StepAction(action).label if action in StepAction.values else action
    return "A step that had failed is tried again", f"by {told.by}: {in_sentence(name)}."


def _meeting(what: str) -> Callable[[Told], tuple[str, str]]:
    def write(told: Told) -> tuple[str, str]:
        at, was = told.at("at"), told.at("was_at")
        when = f", {at}" if at else ""
        return what, f"by {told.by}{when}{f' instead of {was}' if was else ''}."

    return write


def _introduced(told: Told) -> tuple[str, str]:
    at = told.at("at")
    return f"{told.person('receiver')} met the buyer live", f"{at}, says {told.by}."


WRITERS: dict[EventKind, tuple[str, Callable[[Told], tuple[str, str]]]] = {
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
    EventKind.CONTESTED: ("gavel", _by("Rejection contested")),
    EventKind.OVERTURNED: ("gavel", _by("Rejection overturned")),
    EventKind.UPHELD: ("gavel", _by("Rejection upheld")),
    EventKind.TOUCHED: ("call", _touched),
    EventKind.NEXT_STEP_DATED: ("event", _dated),
    EventKind.TIMED_OUT: ("timer_off", _timed_out),
    EventKind.REASSIGNED: ("swap_horiz", _moved("Given")),
    EventKind.COVERED: ("event_busy", _moved("Passed")),
    EventKind.RETURNED: ("undo", _by("Returned to the submitter")),
    EventKind.NURTURED: ("eco", _nurtured),
    EventKind.DISQUALIFIED: ("block", _disqualified),
    EventKind.CONVERTED: ("trending_up", _converted),
    EventKind.OUTCOME_RECORDED: ("flag", _outcome),
    EventKind.MERGED: ("merge", _by("Merged with another handoff of this buyer")),
    EventKind.RETARGETED: ("update", _clocked("was timed anew")),
    EventKind.RETIMED: ("update", _retimed),
    EventKind.EXTENDED: ("more_time", _clocked("got more time")),
    EventKind.PAUSED: ("pause", _clocked("was paused")),
    EventKind.RESUMED: ("play_arrow", _clocked("was resumed")),
    EventKind.ACKNOWLEDGED: ("visibility", _by("Alert acknowledged")),
    EventKind.MEETING_MOVED: ("event_repeat", _meeting("Meeting moved")),
    EventKind.MEETING_MISSED: ("event_busy", _meeting("Meeting did not take place")),
    EventKind.MEETING_CALLED_OFF: ("event_busy", _meeting("Meeting called off")),
    EventKind.INTRODUCED: ("groups", _introduced),
    EventKind.NOT_INTRODUCED: ("remove", _by("Live introduction taken back")),
    EventKind.MEETING_REMINDED: (
        "notifications",
        lambda told: (f"{told.person('told', 'receiver')} was reminded", "of the meeting."),
    ),
    EventKind.REMINDED: ("notifications", _reminded),
    EventKind.BREACHED: ("error", _breached),
    EventKind.ALERTED: ("campaign", _alerted),
    EventKind.POSTED: ("tag", _posted),
    EventKind.UNSTAFFED: ("bedtime", _unstaffed),
    EventKind.STEP_SUPERSEDED: (
        "remove",
        lambda _: ("A step was no longer needed,", "so nobody was told."),
    ),
    EventKind.STEP_RETRIED: ("refresh", _retried),
}
