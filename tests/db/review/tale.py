"""Handoffs as their events tell them, one at a time and slowly. No table is read but the log."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handoff.models import Event

DAY = 86_400


def seconds(start, end):
    """From one instant to another, each cut to its second."""
    return int(end.timestamp() // 1) - int(start.timestamp() // 1)


def at_of(text):
    return datetime.fromisoformat(text)


@dataclass
class LegTale:
    handoff: int
    receiver: int
    assigned_at: datetime
    due_at: datetime
    why: str
    note: bool = True
    decided_at: datetime | None = None
    is_accepted: bool = False
    is_overturned: bool = False
    rejection: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str = ""
    steps: list = field(default_factory=list)


@dataclass
class MeetingTale:
    is_planned: bool
    settled_at: datetime | None = None
    state: str = "booked"


# What an assignment follows from, and the reason of the transfer that it makes.
WHY = {
    "submitted": "submitted",
    "conflict": "conflict",
    "timed_out": "sla_breach",
    "drained": "drained",
    "overturned": "overturned",
    "covered": "cover",
}
CLOSING = {
    "withdrawn": "withdrawn",
    "superseded": "superseded",
    "returned": "returned",
    "nurtured": "nurture",
    "disqualified": "disqualified",
    "converted": "converted",
    "merged": "duplicate",
}


class Tale:
    """One handoff."""

    def __init__(self, pk):
        self.pk, self.previous, self.submitter, self.temperature = pk, None, None, ""
        self.completeness, self.refusals = 0, 0
        self.submitted_at = self.closed_at = self.contact_at = self.accepted_at = None
        self.status, self.closed_as, self.rejected_at = "draft", "", None
        self.legs, self.touches, self.meetings, self.held_at = {}, [], {}, []
        self.introduced_at, self.contacted_by = None, set()
        self.returns, self.rulings, self.steps, self.misses = [], [], [], {}
        self.acknowledged, self.why, self.breaks = {}, "", []

    def hear(self, event):
        at, data = event.at, event.data
        told = data.get("set", {})
        for name in ("temperature", "completeness"):
            setattr(self, name, told.get(name, getattr(self, name)))
        self.note_reason(event)
        listener = getattr(self, f"hear_{event.kind}", None)
        if listener is not None:
            listener(at, data)
        if event.kind in CLOSING or event.kind == "conceded":
            self.close(at, CLOSING.get(event.kind) or told["closed_as"])
        if event.escalation_id is not None:
            self.steps.append((event.escalation_id, event.kind, at, data))

    def note_reason(self, event):
        if event.kind in WHY:
            self.why = WHY[event.kind]
        elif event.kind == "reassigned":
            self.why = event.data["reason"]

    @property
    def live(self):
        return next((leg for leg in self.legs.values() if leg.ended_at is None), None)

    def end(self, leg, at, how):
        if leg is not None and leg.ended_at is None:
            leg.ended_at, leg.ended_as = at, how

    def close(self, at, how):
        self.end(self.live, at, how)
        self.status, self.closed_as, self.closed_at = "closed", how, at
        if how in ("returned", "nurture"):
            self.returns.append((at, how))

    def hear_drafted(self, at, data):
        self.submitter = data["set"]["owner_id"]
        self.previous = data["set"].get("previous_id")

    def hear_submission_refused(self, at, data):
        self.refusals += 1

    def hear_introduced(self, at, data):
        self.introduced_at = at_of(data["at"])

    def hear_submitted(self, at, data):
        self.submitted_at, self.status = at, "pending"
        if self.introduced_at:
            self.held_at.append(self.introduced_at)

    def hear_held(self, at, data):
        self.status = "holding"

    def hear_assigned(self, at, data):
        self.status = "pending"
        self.legs[data["leg"]] = LegTale(
            self.pk, data["receiver"], at, at_of(data["due_at"]), self.why
        )

    def hear_accepted(self, at, data):
        leg = self.legs[data["leg"]]
        leg.is_accepted, leg.decided_at = True, leg.decided_at or at
        # A touch accepts as of when it took place.
        leg.answered_at = self.touches[-1][1] if "touch" in data else at
        self.status, self.accepted_at = "accepted", self.accepted_at or at

    def reject(self, at, data):
        leg = self.legs[data["leg"]]
        leg.rejection, leg.answered_at = data["reason"], at
        leg.decided_at = leg.decided_at or at
        return leg

    def hear_rejected(self, at, data):
        self.end(self.reject(at, data), at, "rejected")
        self.status, self.rejected_at = "rejected", at

    def hear_conflict(self, at, data):
        self.end(self.reject(at, data), at, "conflict")

    def hear_upheld(self, at, data):
        self.rulings.append((at, True))

    def hear_overturned(self, at, data):
        leg = self.legs[data["leg"]]
        self.rulings.append((at, False))
        if self.contact_at is None:
            self.breaks.append((leg.ended_at, at))
        leg.is_accepted = leg.is_overturned = True
        leg.ended_at, leg.ended_as = None, ""
        self.status, self.accepted_at = "accepted", self.accepted_at or at

    def hear_timed_out(self, at, data):
        self.end(self.legs[data["leg"]], at, "timed_out")

    def hear_reassigned(self, at, data):
        if data["leg"]:
            self.end(self.legs[data["leg"]], at, "reassigned")

    def hear_touched(self, at, data):
        when = at_of(data["occurred_at"])
        self.touches.append((at, when))
        if data["verdict"] == "meaningful":
            self.contact_at = self.contact_at or when
        meeting = data.get("meeting")
        if meeting is None:
            return
        known = self.meetings.setdefault(meeting, MeetingTale(data["kind"] == "meeting_booked"))
        if data["kind"] == "meeting_held" and known.state == "booked":
            known.state, known.settled_at = "held", at
            self.held_at.append(when)

    def hear_meeting_missed(self, at, data):
        self.settle(data, at, "missed")

    def hear_meeting_called_off(self, at, data):
        self.settle(data, at, "called_off")

    def settle(self, data, at, state):
        known = self.meetings[data["meeting"]]
        known.state, known.settled_at = state, at

    def hear_next_step_dated(self, at, data):
        self.legs[data["leg"]].steps = [at_of(data["at"])]

    def hear_breached(self, at, data):
        self.misses.setdefault((data["clock_kind"], data.get("leg")), at)

    def hear_acknowledged(self, at, data):
        self.acknowledged.setdefault(data["clock"], []).append(at)

    # What follows from all of it

    @property
    def is_one_person(self):
        return any(leg.receiver == self.submitter for leg in self.legs.values())

    def ended_before(self, limit):
        """Whether it was sent back or closed within so many seconds."""
        ends = [leg.ended_at for leg in self.legs.values() if leg.ended_as == "rejected"]
        ends += [self.closed_at] if self.closed_at else []
        return any(seconds(self.submitted_at, end) < limit for end in ends)

    @property
    def second_at(self):
        return sorted(self.held_at)[1] if len(self.held_at) > 1 else None


def tales():
    """By handoff, all that there are."""
    found = {}
    for event in Event.objects.order_by("handoff_id", "seq"):
        found.setdefault(event.handoff_id, Tale(event.handoff_id)).hear(event)
    return found


def root_of(tale, all_tales):
    while tale.previous is not None:
        tale = all_tales[tale.previous]
    return tale.pk


QUIET, AGAIN, OWNER = timedelta(days=14), 30 * DAY, 7 * DAY
