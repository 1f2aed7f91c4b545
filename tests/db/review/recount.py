"""Every number once more, from the tales of the events alone and one row at a time."""

from collections import Counter, defaultdict
from datetime import timedelta

from tests.db.review.tale import AGAIN, DAY, OWNER, QUIET, root_of, seconds, tales
from worktime.rules import add, between, is_open

MONTH = timedelta(days=30)
SENT_BACK = ("superseded", "conceded", "returned")


class Recount:
    """`found[metric][week, outcome]` is how many rows there are; `lengths[metric][week]` the
    seconds measured. `week_of` gives the week of an instant.
    """

    def __init__(self, *, now, week_of, hours, contact_seconds):
        self.now, self.week_of, self.hours = now, week_of, hours
        self.contact_seconds = contact_seconds
        self.found = defaultdict(Counter)
        self.lengths = defaultdict(lambda: defaultdict(list))
        self.late = defaultdict(lambda: defaultdict(list))
        everything = tales()
        self.tales = {pk: tale for pk, tale in everything.items() if tale.submitted_at}
        self.roots = {pk: root_of(tale, everything) for pk, tale in self.tales.items()}
        for tale in self.tales.values():
            self.count_handoff(tale)
            self.count_chain(tale)
            self.count_legs(tale)
            self.count_clocks(tale)
            self.count_events(tale)
            self.count_silence(tale)
        self.count_owners()

    def add(self, metric, at, outcome, length=None):
        week = self.week_of(at)
        self.found[metric][week, outcome] += 1
        if length is not None:
            self.lengths[metric][week].append(length)

    # Handoffs, by their submission

    def count_handoff(self, tale):
        at = tale.submitted_at
        self.add("handoffs", at, "again" if tale.previous else "first")
        gone = tale.closed_as == "withdrawn"
        self.add("completeness", at, "withdrawn" if gone else "measured")
        if not gone:
            self.lengths["completeness"][self.week_of(at)].append(tale.completeness)
        introduced = "introduced" if tale.introduced_at else "not_introduced"
        self.add("introduced", at, "withdrawn" if gone else introduced)
        self.add("time-to-accept", *self.accept_time(tale))
        self.add("first-contact", *self.contact_time(tale))
        self.add("second-meeting", *self.second_time(tale))
        for hours in (24, 48, 72):
            outcome = self.follow_up(tale, hours * 3600, "touched", "none")
            self.add(f"no-follow-up-{hours}", at, outcome)
        if tale.temperature == "hot":
            quick = self.follow_up(tale, 300, "quick", "slower")
            self.add("five-minutes", at, quick)
            staffed = is_open(self.hours, at)
            self.add("five-minutes-staffed", at, quick if staffed else "unstaffed")
        if tale.accepted_at:
            self.add("sal-to-sql", at, self.conversion(tale))

    def accept_time(self, tale):
        at = tale.submitted_at
        if tale.accepted_at:
            return at, "accepted", int(between(self.hours, at, tale.accepted_at))
        if tale.status in ("holding", "pending"):
            return at, "waiting"
        if tale.status == "rejected":
            return at, "rejected"
        known = ("superseded", "conceded", "nurture", "withdrawn")
        return at, tale.closed_as if tale.closed_as in known else "closed"

    def contact_time(self, tale):
        at = tale.submitted_at
        if tale.contact_at:
            return at, "contacted", max(int(between(self.hours, at, tale.contact_at)), 0)
        if tale.closed_as == "withdrawn":
            return at, "withdrawn"
        if tale.status == "rejected" or tale.closed_as in SENT_BACK:
            return at, "sent_back"
        return at, "closed" if tale.status == "closed" else "waiting"

    def second_time(self, tale):
        at = tale.submitted_at
        if tale.second_at:
            return at, "held", seconds(at, tale.second_at)
        if tale.closed_as == "withdrawn":
            return at, "withdrawn"
        return at, "ended" if tale.status in ("closed", "rejected") else "waiting"

    def follow_up(self, tale, limit, in_time, late):
        if tale.closed_as == "withdrawn":
            return "withdrawn"
        if tale.submitted_at > self.now - timedelta(seconds=limit):
            return "young"
        if tale.contact_at and seconds(tale.submitted_at, tale.contact_at) <= limit:
            return in_time
        return "ended" if tale.ended_before(limit) else late

    def conversion(self, tale):
        converted = (
            tale.closed_as == "converted" and seconds(tale.accepted_at, tale.closed_at) <= 30 * DAY
        )
        if tale.accepted_at > self.now - MONTH:
            return "early" if converted else "maturing"
        return "converted" if converted else "not_converted"

    # Chains, by the submission of their first handoff

    def count_chain(self, tale):
        at = tale.submitted_at
        if tale.previous is not None:
            return
        if tale.closed_as == "withdrawn":
            for metric in ("gate", "first-pass", "eventual"):
                self.add(metric, at, "withdrawn")
            return
        self.add("gate", at, "refused" if tale.refusals else "passed")
        if tale.is_one_person:
            self.add("first-pass", at, "one_person")
            self.add("eventual", at, "one_person")
            return
        self.add("first-pass", at, self.first_pass(tale))
        chain = [self.tales[pk] for pk, root in self.roots.items() if root == tale.pk]
        accepted = any(
            one.accepted_at and seconds(at, one.accepted_at) <= 30 * DAY for one in chain
        )
        if at > self.now - MONTH:
            self.add("eventual", at, "early" if accepted else "maturing")
        else:
            self.add("eventual", at, "accepted" if accepted else "not_accepted")

    def first_pass(self, tale):
        if tale.accepted_at:
            return "accepted"
        if tale.status in ("holding", "pending"):
            return "waiting"
        is_back = tale.status == "rejected" or tale.closed_as in SENT_BACK
        return "sent_back" if is_back else "closed"

    # Legs, by their first decision

    def count_legs(self, tale):
        for leg in tale.legs.values():
            if leg.decided_at is None and leg.ended_at is None:
                continue
            at = leg.decided_at or leg.ended_at
            outcome = reason = self.decision(tale, leg)
            if outcome in ("rejected", "conflict"):
                reason = {"duplicate": "said_duplicate"}.get(leg.rejection, leg.rejection)
            elif outcome == "accepted" and leg.is_overturned:
                reason = "overturned"
            self.add("acceptance", at, outcome)
            self.add("acceptance-strict", at, outcome)
            self.add("rejections", at, reason)
        for at, is_upheld in tale.rulings:
            self.add("rulings", at, "upheld" if is_upheld else "overturned")

    def decision(self, tale, leg):
        if leg.decided_at is None:
            return "timed_out" if leg.ended_as == "timed_out" else "undecided"
        if leg.receiver == tale.submitter:
            return "one_person"
        return leg.ended_as if leg.ended_as in ("rejected", "conflict") else "accepted"

    # Clocks, by when they fall due

    def count_clocks(self, tale):
        for pk, leg in tale.legs.items():
            met, stopped = leg.answered_at, leg.ended_at
            started, missed = leg.assigned_at, tale.misses.get(("accept", pk))
            self.clock("attainment", leg.due_at, started, met, stopped, missed)
        due, met, stopped = self.contact_clock(tale)
        missed = tale.misses.get(("contact", None))
        self.clock("attainment-contact", due, tale.submitted_at, met, stopped, missed)

    def contact_clock(self, tale):
        """When it was due, met, and stopped unmet; a rejection that fell was a break of it."""
        due = add(self.hours, tale.submitted_at, self.contact_seconds)
        for start, end in tale.breaks:
            if start < due:
                due = add(self.hours, due, between(self.hours, start, end))
        stopped = tale.closed_at
        if tale.rejected_at and tale.status in ("rejected", "closed"):
            rejections = [leg for leg in tale.legs.values() if leg.ended_as == "rejected"]
            stopped = rejections[-1].ended_at if rejections else stopped
        return due, tale.contact_at, stopped

    def clock(self, metric, due, started, met, stopped, missed):
        if met is None and stopped is not None and stopped <= due:
            outcome = "stopped"
        elif met is None and stopped is None and due >= self.now:
            outcome = "open"
        elif not is_open(self.hours, started):
            outcome = "unstaffed"
        else:
            outcome = "met" if met is not None and met <= due else "missed"
        self.add(metric, due, outcome)
        if outcome == "met":
            self.add("logged-late", due, "late" if missed else "in_time")
        elif outcome == "missed" and (met or stopped):
            self.late[metric][self.week_of(due)].append((due, met or stopped))

    # Events

    def count_events(self, tale):
        for at, how in tale.returns:
            self.add("returned", at, how)
            self.add("recycled", at, self.recycled(tale, at))
        for meeting in tale.meetings.values():
            if meeting.settled_at:
                unplanned = meeting.state == "held" and not meeting.is_planned
                outcome = "unplanned" if unplanned else meeting.state
                self.add("show-rate", meeting.settled_at, outcome)
        for _, kind, at, _ in tale.steps:
            self.add("escalations", at, kind)
        alerts = {}
        for step, kind, at, data in tale.steps:
            if kind == "alerted":
                alerts.setdefault(data["clock"], []).append((step, at, data))
        for clock, told in alerts.items():
            _, at, data = min(told, key=lambda one: one[0])
            self.count_alert(tale, clock, at, data)

    def recycled(self, tale, at):
        family = [one for pk, one in self.tales.items() if self.roots[pk] == self.roots[tale.pk]]
        again = any(
            one.submitted_at > at and seconds(at, one.submitted_at) <= AGAIN for one in family
        )
        if at > self.now - MONTH:
            return "early" if again else "maturing"
        return "again" if again else "not_again"

    def count_alert(self, tale, clock, at, data):
        met, stopped = self.end_of(tale, data)
        answered = [when for when in tale.acknowledged.get(clock, []) if when >= at]
        is_open_still = met is None and stopped is None
        rescued = "open" if is_open_still else "rescued" if met else "lost"
        self.add("rescued", at, rescued)
        if answered:
            self.add("acknowledged", at, "acknowledged", seconds(at, min(answered)))
        else:
            self.add("acknowledged", at, "open" if is_open_still else "settled")

    def end_of(self, tale, data):
        if data["clock_kind"] == "contact":
            return self.contact_clock(tale)[1:]
        leg = tale.legs[data["leg"]]
        return leg.answered_at, leg.ended_at

    def count_silence(self, tale):
        logged = sorted(at for at, _ in tale.touches)
        for n, at in enumerate(logged):
            later = logged[n + 1 :]
            over = at + QUIET
            is_quiet = (
                over <= self.now
                and tale.contact_at is not None
                and tale.status != "rejected"
                and not any(seconds(at, one) <= 14 * DAY for one in later)
                and (tale.closed_at is None or seconds(at, tale.closed_at) > 14 * DAY)
                and not any(
                    seconds(at, step) > 14 * DAY for leg in tale.legs.values() for step in leg.steps
                )
            )
            if is_quiet:
                self.add("quiet", over, "revived" if later else "quiet")

    # Leads, by their last change of receiver in a week

    def count_owners(self):
        leads = defaultdict(list)
        for pk, tale in self.tales.items():
            leads[self.roots[pk]] += tale.legs.items()
        for found in leads.values():
            legs, last = [leg for _, leg in sorted(found, key=lambda one: one[0])], {}
            for n, leg in enumerate(legs):
                if any(
                    one.receiver != leg.receiver
                    and seconds(one.assigned_at, leg.assigned_at) <= OWNER
                    for one in legs[:n]
                ):
                    last[self.week_of(leg.assigned_at)] = leg
            for leg in last.values():
                self.add("many-owners", leg.assigned_at, leg.why)
