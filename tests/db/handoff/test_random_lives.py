"""Random people do random things in random order; after each of them the promises hold."""

import random
import uuid
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import TimeOff, User
from accounts.services import add_time_off, pause_user, remove_time_off, resume_user
from core.errors import DomainError
from handoff import services
from handoff.choices import DisqualifyReason, RejectReason, TouchKind
from handoff.models import Handoff, Lead
from handoff.selectors.verify import findings
from routing.models import Member
from routing.services import set_backup, set_capacity
from sla.choices import ClockKind
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db

STEPS = 45
LONG = "We went through the three sites today and she asked for the price list before Friday noon."


class Life:
    """A small installation in which chance decides who does what next."""

    def __init__(self, chance):
        self.chance = chance
        self.now = NOW
        self.world = make_world(receivers=3, capacity=3, preset="temperatures")
        self.did = Counter()
        second = self.world.person("Jonas Bauer", "sdr")
        stranger = self.world.person("Olga Else", "sdr", team=False)
        self.people = [
            *(self.world.admin, self.world.manager, self.world.sdr, second, stranger),
            *self.world.aes,
        ]
        self.acts = [
            *(self.draft,) * 4,
            *(self.draft_again,) * 2,
            *(self.submit,) * 6,
            *(self.accept,) * 5,
            *(self.reject,) * 3,
            *(self.touch,) * 4,
            *(self.wait,) * 4,
            *(self.fix, self.concede, self.withdraw, self.contest, self.rule, self.next_step),
            *(self.convert, self.outcome, self.disqualify, self.nurture, self.send_back),
            *(self.reassign, self.merge, self.extend, self.pause_clock, self.resume_clock),
            *(self.acknowledge, self.away, self.back, self.pause, self.resume, self.backup),
            *(self.capacity, self.leave),
        ]

    def step(self):
        act = self.chance.choice(self.acts)
        try:
            with transaction.atomic():
                act()
        except DomainError as refusal:
            self.did[f"{act.__name__} refused: {refusal.code}"] += 1
        else:
            self.did[act.__name__] += 1
        self.now += timedelta(seconds=self.chance.randint(1, 1_500))
        self.run_loops()
        broken = [f"{found.check}: {found.text}" for found in findings(self.now)]
        assert not broken, (act.__name__, broken)

    def run_loops(self):
        while fire_due_steps(self.now):
            pass
        while services.apply_escalations(self.now):
            pass
        services.apply_cover(self.now)
        services.drain_holding(self.now)

    @property
    def by(self):
        return User.objects.get(pk=self.chance.choice(self.people).pk)

    def any(self, **which):
        """Some handoff in a state in which the act makes sense, or any at all."""
        rows = list(Handoff.objects.filter(**which).order_by("pk"))
        if not rows or self.chance.random() < 0.1:
            rows = list(Handoff.objects.order_by("pk"))
        if not rows:
            self.draft()
            rows = list(Handoff.objects.all())
        return self.chance.choice(rows)

    def owner_or_anyone(self, row):
        return row.owner if self.chance.random() < 0.8 else self.by

    def submitter_or_anyone(self, row):
        return row.submitted_by if self.chance.random() < 0.8 else self.by

    def on(self, row, act, *, by=None, **given):
        act(row, by=by or self.owner_or_anyone(row), now=self.now, **given)

    def draft(self):
        services.create_draft(
            type=self.world.type,
            answers=answers(),
            by=self.chance.choice([self.world.sdr, self.by]),
            now=self.now,
            temperature=self.chance.choice(["hot", "warm", "cool"]),
            submission_uuid=uuid.UUID(int=self.chance.getrandbits(128), version=4),
        )

    def draft_again(self):
        """Of a lead that is known, perhaps handed off, closed or merged before."""
        leads = list(Lead.objects.order_by("pk"))
        if leads:
            by = self.chance.choice([self.world.admin, self.by])
            lead = self.chance.choice(leads)
            draft = services.create_draft(
                type=self.world.type,
                answers={},
                lead=lead,
                by=by,
                now=self.now,
                submission_uuid=uuid.UUID(int=self.chance.getrandbits(128), version=4),
            )
            services.save_draft(draft, answers=answers(), by=by, now=self.now)

    def submit(self):
        row = self.any(status="draft")
        self.on(row, services.submit_handoff, by=self.submitter_or_anyone(row))

    def accept(self):
        self.on(self.any(status="pending"), services.accept_handoff)

    def reject(self):
        reason = self.chance.choice(RejectReason.values)
        fields = ["budget"] if reason == "missing_information" else []
        row = self.any(status="pending")
        self.on(row, services.reject_handoff, reason=reason, fields=fields)

    def fix(self):
        row = self.any(status="rejected")
        self.on(row, services.start_fix, by=self.submitter_or_anyone(row))

    def concede(self):
        row = self.any(status="rejected")
        self.on(row, services.concede_handoff, by=self.submitter_or_anyone(row))

    def withdraw(self):
        row = self.any(status__in=["draft", "pending", "holding"])
        self.on(row, services.withdraw_handoff, by=self.submitter_or_anyone(row))

    def contest(self):
        row = self.any(status="rejected")
        by = self.submitter_or_anyone(row)
        self.on(row, services.contest_rejection, by=by, note="The CFO said so.")

    def rule(self):
        row = self.any(legs__contest__ruled_at__isnull=True, status="rejected")
        by = self.chance.choice([self.world.manager, self.by])
        upheld = self.chance.random() < 0.5
        self.on(row, services.rule_on_contest, by=by, is_upheld=upheld, note="Heard both.")

    def touch(self):
        row = self.any(status__in=["pending", "accepted"])
        back = timedelta(minutes=self.chance.choice([0, 0, 1, 30, 300, 3_000]))
        self.on(
            row,
            services.log_touch,
            kind=self.chance.choice([k for k in TouchKind.values if k != "converted"]),
            occurred_at=self.now - back,
            text=self.chance.choice(["", "Hello?", LONG]),
            is_automated=self.chance.random() < 0.1,
        )

    def next_step(self):
        at = self.now + timedelta(days=2)
        self.on(self.any(status="accepted"), services.date_next_step, step="Demo", at=at)

    def convert(self):
        row = self.any(status="accepted")
        self.on(row, services.convert_handoff, value=Decimal("12000"), currency="EUR")

    def outcome(self):
        row = self.any(closed_as="converted")
        self.on(row, services.record_outcome, outcome=self.chance.choice(["won", "lost"]))

    def disqualify(self):
        reason = self.chance.choice(DisqualifyReason.values)
        self.on(self.any(status="accepted"), services.disqualify_handoff, reason=reason)

    def nurture(self):
        self.on(self.any(status="accepted"), services.nurture_handoff, note="Next year.")

    def send_back(self):
        row = self.any(status__in=["accepted", "pending"])
        self.on(row, services.return_handoff, note="Left the company.")

    def reassign(self):
        row = self.any(status__in=["pending", "accepted", "holding"])
        self.on(
            row,
            services.reassign_handoff,
            by=self.chance.choice([self.world.manager, self.by]),
            to=self.chance.choice([*self.world.aes, self.by]),
            reason=self.chance.choice(["manager", "territory"]),
            note="Knows the industry.",
        )

    def merge(self):
        row = self.any(status__in=["accepted", "pending"])
        into = self.any(status__in=["accepted", "pending"])
        self.on(row, services.merge_duplicate, into=into)

    def extend(self):
        row = self.any(status__in=["pending", "accepted"])
        self.on(
            row,
            services.extend_clock,
            by=self.chance.choice([self.world.manager, self.by]),
            kind=self.chance.choice(ClockKind.values),
            until=self.now + timedelta(hours=self.chance.randint(1, 90)),
            reason="Buyer is on a trip.",
        )

    def pause_clock(self):
        self._clock_act(services.pause_clocks, reason="Buyer asked for it.")

    def resume_clock(self):
        self._clock_act(services.resume_clocks)

    def acknowledge(self):
        self._clock_act(services.acknowledge_late, note="Seen.")

    def _clock_act(self, act, **given):
        row = self.any(status__in=["pending", "accepted"])
        by = self.chance.choice([self.world.manager, self.by])
        self.on(row, act, by=by, kind=self.chance.choice(ClockKind.values), **given)

    def away(self):
        user = self.chance.choice(self.world.aes)
        starts = self.now + timedelta(hours=self.chance.randint(0, 30))
        ends = starts + timedelta(hours=self.chance.randint(1, 72))
        add_time_off(user=user, starts_at=starts, ends_at=ends, by=user, now=self.now)

    def back(self):
        spans = list(TimeOff.objects.order_by("pk"))
        if spans:
            remove_time_off(time_off=self.chance.choice(spans), by=self.world.admin, now=self.now)

    def pause(self):
        user = self.chance.choice(self.world.aes)
        pause_user(user=user, by=user, now=self.now)

    def resume(self):
        user = self.chance.choice(self.world.aes)
        resume_user(user=user, by=user, now=self.now)

    def backup(self):
        members = list(Member.objects.order_by("pk"))
        member, other = self.chance.choice(members), self.chance.choice([*members, None])
        set_backup(member=member, backup=other, by=self.world.admin, now=self.now)

    def capacity(self):
        set_capacity(
            user=self.chance.choice(self.world.aes),
            capacity=self.chance.choice([None, 1, 3]),
            by=self.world.admin,
            now=self.now,
        )

    def leave(self):
        if self.chance.random() < 0.2:
            services.offboard_user(
                User.objects.get(pk=self.chance.choice(self.people).pk),
                successor=self.by,
                by=self.world.admin,
                now=self.now,
            )

    def wait(self):
        self.now += timedelta(minutes=self.chance.choice([20, 90, 400, 1_500, 6_000]))


@pytest.mark.timeout(400)
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=6,
    # A life is one random number, which cannot be made simpler.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_random_lives_keep_every_promise(seed):
    outer = transaction.atomic()
    # The loops demand to be outermost; what is around them here is only the test's own undo.
    outer._from_testcase = True
    with outer:
        life = Life(random.Random(seed))
        for _ in range(STEPS):
            life.step()
        transaction.set_rollback(True)
