"""Random lives of handoffs, led through the services in the order of time."""

import heapq
import itertools
from datetime import timedelta

from core.errors import DomainError
from handoff.models import Handoff, Meeting
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    apply_escalations,
    concede_handoff,
    contest_rejection,
    convert_handoff,
    date_next_step,
    disqualify_handoff,
    drop_meeting,
    hold_meeting,
    introduce_live,
    log_touch,
    nurture_handoff,
    reassign_handoff,
    reject_handoff,
    return_handoff,
    rule_on_contest,
    save_draft,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from sla.services import fire_due_steps

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GAPS = [MINUTE * n for n in (2, 2, 5, 60, 239, 240, 241, 600, 1500, 3000, 8000)]
SILENCES = [*GAPS, 15 * DAY, 17 * DAY]
STOP = 0.04
SWEEPS = 0.35


def sweep(now):
    fire_due_steps(now)
    while apply_escalations(now):
        pass


class Lives:
    """Everybody's lives at once: whoever is next in time goes on, and now and then a sweep."""

    def __init__(self, world, submitters, dice, until):
        self.world, self.submitters, self.dice, self.until = world, submitters, dice, until
        self.agenda, self.order, self.refused = [], itertools.count(), 0

    def begin(self, at):
        life = self.life()
        next(life)
        heapq.heappush(self.agenda, (at, next(self.order), life))

    def lead(self):
        while self.agenda:
            now, _, life = heapq.heappop(self.agenda)
            if self.dice.random() < SWEEPS:
                sweep(now)
            try:
                gap = life.send(now)
            except StopIteration:
                continue
            if now + gap < self.until:
                heapq.heappush(self.agenda, (now + gap, next(self.order), life))

    def life(self):
        now = yield
        row = self.submit_first(now)
        while row is not None:
            now = yield self.dice.choice(SILENCES if row.status == "accepted" else GAPS)
            row = Handoff.objects.get(pk=row.pk)
            if self.dice.random() < STOP:
                return
            try:
                row = self.step(row, now)
            except DomainError:
                self.refused += 1

    def submit_first(self, now):
        by = self.dice.choice(self.submitters)
        warmth = self.dice.choice(["hot", "warm", "warm", None])
        if self.dice.random() < 0.3:
            draft = self.world.draft(by=by, now=now, need="", temperature=warmth)
            try:
                submit_handoff(draft, by=by, now=now)
            except DomainError:
                self.refused += 1
            answers = {**draft.answers, "need": "Proof of delivery within the hour"}
            draft = save_draft(draft, answers=answers, by=by, now=now)
        else:
            more = {} if self.dice.random() < 0.5 else {"objections": "Price"}
            draft = self.world.draft(by=by, now=now, temperature=warmth, **more)
        if self.dice.random() < 0.25:
            ae = self.dice.choice(self.world.aes)
            introduce_live(draft, receiver=ae, at=now - HOUR, by=by, now=now)
        return submit_handoff(draft, by=by, now=now)

    def step(self, row, now):
        """One act on the handoff as it stands; the handoff to go on with, None at its end."""
        if row.status == "closed":
            return self.after_the_end(row, now)
        acts = {
            "holding": [self.wait, self.give],
            "pending": [
                *[self.accept] * 3,
                *[self.call] * 2,
                *[self.reject] * 3,
                self.conflict,
                self.withdraw,
                self.give,
                self.give_back,
                self.wait,
                self.acknowledge,
            ],
            "accepted": [
                *[self.call] * 2,
                self.mail,
                *[self.book] * 3,
                *[self.settle] * 4,
                self.date,
                self.convert,
                self.give_back,
                self.nurture,
                self.disqualify,
                self.give,
                self.wait,
                self.acknowledge,
            ],
            "rejected": [*[self.fix] * 2, self.concede, *[self.contest] * 2, self.wait],
        }
        return self.dice.choice(acts[row.status])(row, now)

    def after_the_end(self, row, now):
        draft = Handoff.objects.filter(previous=row, status="draft").first()
        if draft is None or self.dice.random() < 0.3:
            return None
        return submit_handoff(draft, by=draft.submitted_by, now=now)

    def wait(self, row, now):
        return row

    def accept(self, row, now):
        return accept_handoff(row, by=row.owner, now=now)

    def reject(self, row, now):
        reason = self.dice.choice(["no_budget", "wrong_icp", "duplicate"])
        return reject_handoff(row, reason=reason, by=row.owner, now=now)

    def conflict(self, row, now):
        return reject_handoff(row, reason="conflict", by=row.owner, now=now)

    def withdraw(self, row, now):
        return withdraw_handoff(row, by=row.submitted_by, now=now)

    def give(self, row, now):
        others = [ae for ae in self.world.aes if ae.pk != row.owner_id]
        reason = self.dice.choice(["manager", "territory"])
        to, by = self.dice.choice(others), self.world.manager
        return reassign_handoff(row, to=to, reason=reason, note="Balance", by=by, now=now)

    def give_back(self, row, now):
        return_handoff(row, note="Not yet", by=row.owner, now=now)
        return Handoff.objects.get(pk=row.pk)

    def nurture(self, row, now):
        return nurture_handoff(row, by=row.owner, now=now)

    def disqualify(self, row, now):
        return disqualify_handoff(row, reason="no_need", by=row.owner, now=now)

    def convert(self, row, now):
        return convert_handoff(row, by=row.owner, now=now)

    def touch(self, row, now, kind, **more):
        # Some are logged later than they took place, the clock having run out meanwhile.
        at = now - self.dice.choice([MINUTE * 0, MINUTE * 0, MINUTE, HOUR, 3 * HOUR])
        at = max(at, row.submitted_at)
        log_touch(row, kind=kind, occurred_at=at, by=row.owner, now=now, **more)
        return Handoff.objects.get(pk=row.pk)

    def call(self, row, now):
        return self.touch(row, now, "call")

    def mail(self, row, now):
        return self.touch(row, now, "email", text="Just checking in.")

    def book(self, row, now):
        at = now + self.dice.choice([MINUTE, MINUTE, HOUR, 9 * DAY])
        return self.touch(row, now, "meeting_booked", meeting_at=at)

    def settle(self, row, now):
        booked = Meeting.objects.filter(handoff=row, state="booked", starts_at__lte=now).first()
        if booked is None:
            return self.touch(row, now, "meeting_held")
        how = self.dice.choice([*["held"] * 4, "missed", "called_off"])
        if how == "held":
            hold_meeting(row, meeting_id=booked.pk, by=row.owner, now=now)
        else:
            drop_meeting(row, meeting_id=booked.pk, state=how, by=row.owner, now=now)
        return Handoff.objects.get(pk=row.pk)

    def date(self, row, now):
        at = now + self.dice.choice([DAY, 20 * DAY, 40 * DAY])
        return date_next_step(row, step="Demo", at=at, by=row.owner, now=now)

    def acknowledge(self, row, now):
        acknowledge_late(row, kind="accept", by=self.world.manager, now=now)
        return row

    def fix(self, row, now):
        draft = start_fix(row, by=row.submitted_by, now=now)
        return submit_handoff(draft, by=row.submitted_by, now=now)

    def concede(self, row, now):
        to = self.dice.choice(["conceded", "nurture"])
        return concede_handoff(row, to=to, by=row.submitted_by, now=now)

    def contest(self, row, now):
        waiting = row.legs.filter(contest__isnull=False, contest__ruled_at=None).exists()
        if not waiting:
            contest_rejection(row, note="It fits", by=row.submitted_by, now=now)
            return Handoff.objects.get(pk=row.pk)
        upheld = self.dice.random() < 0.5
        return rule_on_contest(row, is_upheld=upheld, by=self.world.manager, now=now)
