"""The review against a slow recount that reads nothing but the events.

Random lives are led through the services over five weeks; afterwards every outcome of every week
must be the one that the events tell, one handoff and one leg at a time.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from accounts.choices import Role
from handoff.models import Event
from handoff.services import (
    accept_handoff,
    concede_handoff,
    reject_handoff,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from review.rules.figures import spread
from review.rules.weeks import Week, WeekRow
from review.selectors.sources import decided_legs, due_clocks, submitted_handoffs
from review.selectors.tallies import spreads, tally
from routing.services import add_member
from sla.services import fire_due_steps
from tests.factories.handoff import make_world
from worktime.rules import between, is_open
from worktime.selectors import rules_calendar

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
WEEKS = [Week(2026, 45).shifted(n) for n in range(5)]
START = WEEKS[0].starts_at(BERLIN)
NOW = WEEKS[-1].starts_at(BERLIN) + timedelta(days=2)
HANDOFFS = 30


def lead_a_life(world, submitters, dice, at):
    """One handoff from its submission on, by chance."""
    row = world.submitted(by=dice.choice(submitters), now=at)
    while True:
        at += timedelta(minutes=dice.choice([5, 60, 239, 240, 241, 600, 3000, 8000]))
        if at >= NOW or row.status == "holding" or dice.random() < 0.1:
            return
        if dice.random() < 0.3:
            fire_due_steps(at)
        by = world.receiver_of(row)
        act = dice.choice(["accept", "accept", "reject", "conflict", "withdraw"])
        if act == "accept":
            accept_handoff(row, by=by, now=at)
            return
        if act == "withdraw":
            withdraw_handoff(row, by=row.submitted_by, now=at)
            return
        reason = "conflict" if act == "conflict" else "no_budget"
        row = reject_handoff(row, reason=reason, by=by, now=at)
        if act == "conflict":
            continue
        at += timedelta(minutes=dice.choice([10, 500]))
        answer = dice.choice(["fix", "concede", "nurture", "nothing"])
        if at >= NOW or answer == "nothing":
            return
        if answer != "fix":
            to = "conceded" if answer == "concede" else "nurture"
            concede_handoff(row, to=to, by=row.submitted_by, now=at)
            return
        draft = start_fix(row, by=row.submitted_by, now=at)
        row = submit_handoff(draft, by=row.submitted_by, now=at)


@dataclass
class LegTale:
    receiver: int
    assigned_at: datetime
    due_at: datetime
    outcome: str = ""
    ended_at: datetime | None = None


class Tale:
    """One handoff as its events tell it."""

    def __init__(self):
        self.submitter = None
        self.submitted_at = None
        self.accepted_at = None
        self.outcome = ""
        self.legs = {}

    def hear(self, event):
        listener = getattr(self, f"hear_{event.kind}", None)
        if listener is not None:
            listener(event.at, event.data)

    def hear_drafted(self, at, data):
        self.submitter = data["set"]["owner_id"]

    def hear_submitted(self, at, data):
        self.submitted_at, self.outcome = at, "waiting"

    def hear_assigned(self, at, data):
        due = datetime.fromisoformat(data["due_at"])
        self.legs[data["leg"]] = LegTale(data["receiver"], at, due)

    def hear_accepted(self, at, data):
        self.decide("accepted", at, data)
        self.outcome, self.accepted_at = "accepted", at

    def hear_rejected(self, at, data):
        self.decide("rejected", at, data)
        self.outcome = "rejected"

    def hear_conflict(self, at, data):
        self.decide("conflict", at, data)

    def decide(self, outcome, at, data):
        leg = self.legs[data["leg"]]
        leg.outcome, leg.ended_at = outcome, at

    def hear_withdrawn(self, at, data):
        self.outcome = "withdrawn"
        for leg in self.legs.values():
            if leg.ended_at is None:
                leg.outcome, leg.ended_at = "undecided", at

    def hear_conceded(self, at, data):
        self.outcome = data["set"]["closed_as"]

    def hear_superseded(self, at, data):
        self.outcome = "superseded"


class Recount:
    """Outcomes by metric and week, counted one event at a time."""

    def __init__(self, hours):
        self.hours = hours
        self.legs, self.clocks, self.handoffs = Counter(), Counter(), Counter()
        self.times = {week: [] for week in WEEKS}
        tales = {}
        for event in Event.objects.order_by("handoff_id", "seq"):
            tales.setdefault(event.handoff_id, Tale()).hear(event)
        for tale in tales.values():
            if tale.submitted_at is not None:
                self.count(tale)

    def count(self, tale):
        week = Week.containing(tale.submitted_at, BERLIN)
        self.handoffs[week, tale.outcome] += 1
        if tale.accepted_at is not None:
            waited = int(between(self.hours, tale.submitted_at, tale.accepted_at))
            self.times[week].append(waited)
        for leg in tale.legs.values():
            self.clocks[Week.containing(leg.due_at, BERLIN), self.clock_outcome(leg)] += 1
            if leg.ended_at is not None:
                decided = leg.outcome != "undecided"
                own = decided and leg.receiver == tale.submitter
                outcome = "one_person" if own else leg.outcome
                self.legs[Week.containing(leg.ended_at, BERLIN), outcome] += 1

    def clock_outcome(self, leg):
        in_time = leg.ended_at is not None and leg.ended_at <= leg.due_at
        if in_time and leg.outcome == "undecided":
            return "stopped"
        if leg.ended_at is None and leg.due_at >= NOW:
            return "open"
        if not is_open(self.hours, leg.assigned_at):
            return "unstaffed"
        return "met" if in_time else "missed"


def flat(found):
    return Counter({(week, key): n for week, line in found.items() for key, n in line.items()})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tiles_equal_a_recount_of_the_events_alone(seed):
    world, dice = make_world(receivers=2), random.Random(seed)
    both = world.person("Max Both", Role.SDR, Role.AE)
    add_member(pool=world.pool, user=both, by=world.admin, now=START)
    span = (NOW - START) // timedelta(minutes=1)
    for minute in sorted(dice.sample(range(span), HANDOFFS)):
        lead_a_life(world, [world.sdr, both], dice, START + timedelta(minutes=minute))
    row = WeekRow.of(WEEKS, BERLIN)
    around = (world.admin, row.start, row.end, NOW)

    recount = Recount(rules_calendar(world.organisation.calendar.current_version))
    inside = set(WEEKS)

    def only_inside(counter):
        return Counter({key: n for key, n in counter.items() if key[0] in inside})

    assert sum(recount.handoffs.values()) >= HANDOFFS
    assert {"accepted", "conflict", "one_person"} <= {key for _, key in recount.legs}
    assert {"met", "missed", "unstaffed", "stopped"} <= {key for _, key in recount.clocks}
    assert flat(tally(submitted_handoffs(*around), row)) == only_inside(recount.handoffs)
    assert flat(tally(decided_legs(*around), row)) == only_inside(recount.legs)
    assert flat(tally(due_clocks(*around), row)) == only_inside(recount.clocks)
    accepted = submitted_handoffs(*around).filter(accept_seconds__isnull=False)
    found = spreads(accepted, F("accept_seconds"), row)
    assert found == {week: spread(times) for week, times in recount.times.items()}
