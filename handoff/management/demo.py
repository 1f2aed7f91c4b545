"""A small believable organisation with three weeks behind it, made through the services.

Everything is done at its own time: the services are called with the instants at which things
would have happened, and the loops are run at those instants too. The same seed gives the same
story, told relative to ``now``.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from django.db import transaction

from accounts.choices import Role
from accounts.models import User
from accounts.selectors import organisation
from accounts.services import create_team, create_user, set_membership
from handoff.management import demo_texts as texts
from handoff.models import Handoff, HandoffType
from handoff.services import (
    accept_handoff,
    apply_escalations,
    concede_handoff,
    create_draft,
    drain_holding,
    reject_handoff,
    save_draft,
    set_up,
    start_fix,
    submit_handoff,
)
from notify.models import Message
from notify.services import deliver_due, mark_read
from routing.models import Pool
from routing.services import add_member, change_pool, set_capacity
from sla.services import fire_due_steps
from worktime.rules import Calendar, add, next_open, subtract
from worktime.selectors import rules_calendar

PASSWORD = "handoff-demo-2026"  # noqa: S105  # the demo's logins are printed for everybody to use
ZONE = "Europe/Berlin"
DAYS = 15
HOUR = 3_600
READ_AFTER_HOURS = 4
A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    role: Role


PEOPLE = (
    Person("Helen Brandt", "manager@demo.example", Role.MANAGER),
    Person("Sam Okafor", "sdr@demo.example", Role.SDR),
    Person("Jonas Bauer", "sdr2@demo.example", Role.SDR),
    Person("Priya Nair", "ae@demo.example", Role.AE),
    Person("Tom Reuter", "ae2@demo.example", Role.AE),
    Person("Maya Lindqvist", "ae3@demo.example", Role.AE),
)
ADMIN = Person("Rita Vogel", "admin@demo.example", Role.ADMIN)


@dataclass
class Story:
    """The demo being told: who is there, what happens next, and at which instant."""

    now: datetime
    chance: random.Random
    hours: Calendar
    people: dict[str, User]
    type: HandoffType
    told: Callable[[], None]
    _queue: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    _count: int = 0

    def at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        self._count += 1
        heappush(self._queue, (when, self._count, what))

    def tell(self) -> None:
        """Let everything happen, in the order of its time; what lies ahead stays undone."""
        while self._queue and self._queue[0][0] <= self.now:
            when, _, what = heappop(self._queue)
            run_loops(when)
            what(when)
            self.told()
        run_loops(self.now)
        for person in self.people.values():
            old = Message.objects.inbox_of(person).filter(sent_at__lt=self.ago(READ_AFTER_HOURS))
            ids = list(old.values_list("pk", flat=True))
            mark_read(user=person, message_ids=ids, now=self.now)

    def ago(self, hours: float) -> datetime:
        """The instant so many working hours before now."""
        return subtract(self.hours, self.now, hours * HOUR)

    def later(self, when: datetime, minutes: float) -> datetime:
        return add(self.hours, when, minutes * 60)


def run_loops(now: datetime) -> None:
    """What the loops would have done until then, the mail included."""
    fire_due_steps(now)
    apply_escalations(now)
    drain_holding(now)
    deliver_due(now)


def tell_story(
    people: dict[str, User], *, now: datetime, seed: int, told: Callable[[], None]
) -> None:
    """Make the past three weeks and today; ``told`` is called after each thing that happened."""
    version = organisation().calendar.current_version
    if version is None:
        raise RuntimeError("set_up() publishes the calendar")
    story = Story(
        now=now,
        chance=random.Random(seed),  # noqa: S311  # a story, not a secret
        hours=rules_calendar(version),
        people=people,
        type=HandoffType.objects.get(key="qualified_lead"),
        told=told,
    )
    _past(story)
    _today(story)
    story.tell()


@transaction.atomic
def make_people(now: datetime) -> dict[str, User]:
    """Make the organisation, everybody in it, and their pool; the people by e-mail address."""
    since = now - timedelta(days=40)
    set_up(
        organisation="Meridian Field Software",
        zone=ZONE,
        admin_name=ADMIN.name,
        admin_email=ADMIN.email,
        password=PASSWORD,
        now=since,
        preset="temperatures",
    )
    admin = User.objects.get(email=ADMIN.email)
    team = create_team(name="DACH", by=admin, now=since)
    pool = Pool.objects.get()
    made = {ADMIN.email: admin}
    for person in PEOPLE:
        user = create_user(
            name=person.name,
            email=person.email,
            roles=[person.role],
            by=admin,
            now=since,
            teams=[team],
            password=PASSWORD,
        )
        made[person.email] = user
        if person.role is Role.MANAGER:
            set_membership(team=team, user=user, is_manager=True, by=admin, now=since)
            change_pool(pool=pool, name="DACH mid-market", manager=user, by=admin, now=since)
        if person.role is Role.AE:
            add_member(pool=pool, user=user, by=admin, now=since)
            set_capacity(user=user, capacity=8, by=admin, now=since)
    return made


def _past(story: Story) -> None:
    """Three weeks of handoffs, most of them accepted in time, all of them settled."""
    for day in range(DAYS, 0, -1):
        for _ in range(story.chance.choice((2, 3, 3, 4))):
            begin = story.ago(day * 8 + story.chance.uniform(0.5, 7.5))
            _handoff(story, begin, settle=True)


def _today(story: Story) -> None:
    """What waits now: one late, one nearly due, one new, one sent back, one draft."""
    for hours, temperature in ((5.2, "warm"), (3.7, "warm"), (0.3, "hot"), (0.1, "cool")):
        _handoff(story, story.ago(hours), settle=False, temperature=temperature)
    begin = story.ago(2.5)
    _handoff(story, begin, settle=False, then=_send_back)
    story.at(story.ago(0.2), lambda when: _draft_only(story, when))


def _handoff(
    story: Story,
    begin: datetime,
    *,
    settle: bool,
    temperature: str | None = None,
    then: Callable[[Story, Handoff, datetime], None] | None = None,
) -> None:
    def submit(when: datetime) -> None:
        by = story.people[story.chance.choice(("sdr@demo.example", "sdr2@demo.example"))]
        warmth = temperature or story.chance.choice(("hot", "warm", "warm", "cool"))
        row = _draft(story, by, when, warmth)
        row = submit_handoff(row, by=by, now=when)
        if settle:
            _decide_later(story, row, when)
        elif then is not None:
            then(story, row, when)

    story.at(next_open(story.hours, begin), submit)


def _draft(story: Story, by: User, when: datetime, temperature: str) -> Handoff:
    return create_draft(
        type=story.type,
        answers=texts.answers(story.chance, agreed_on=(when + A_WEEK).date()),
        by=by,
        now=when,
        temperature=temperature,
        submission_uuid=uuid.UUID(int=story.chance.getrandbits(128), version=4),
    )


def _draft_only(story: Story, when: datetime) -> None:
    row = _draft(story, story.people["sdr@demo.example"], when, "warm")
    kept = {key: value for key, value in row.answers.items() if key not in ("budget", "next_step")}
    save_draft(row, answers=kept, by=story.people["sdr@demo.example"], now=when)


def _decide_later(story: Story, row: Handoff, when: datetime) -> None:
    minutes = {"hot": 30, "warm": 110, "cool": 200}[row.temperature]
    waited = minutes * story.chance.choice((0.2, 0.5, 0.8, 1.0, 1.3, 2.4))
    decided_at = story.later(when, waited)
    # Whatever is left over from the past is settled by now, so that today's queue is today's.
    story.at(min(decided_at, story.now), lambda at: _decide(story, row.pk, at))


def _decide(story: Story, pk: int, at: datetime) -> None:
    row = Handoff.objects.get(pk=pk)
    if row.status != "pending":
        return
    roll = story.chance.random()
    if roll < 0.78:
        accept_handoff(row, by=row.owner, now=at)
    elif roll < 0.82:
        reject_handoff(row, reason="conflict", note=texts.CONFLICT, by=row.owner, now=at)
        story.at(min(story.later(at, 45), story.now), lambda then: _accept(pk, then))
    else:
        _reject(story, row, at)


def _accept(pk: int, at: datetime) -> None:
    row = Handoff.objects.get(pk=pk)
    if row.status == "pending":
        accept_handoff(row, by=row.owner, now=at)


def _reject(story: Story, row: Handoff, at: datetime) -> None:
    reason, fields, note = story.chance.choice(texts.REJECTIONS)
    row = reject_handoff(row, reason=reason, fields=fields, note=note, by=row.owner, now=at)
    answered_at = min(story.later(at, story.chance.uniform(30, 300)), story.now)
    if reason == "missing_information":
        story.at(answered_at, lambda then: _fix(story, row.pk, fields, then))
    else:
        story.at(answered_at, lambda then: _concede(row.pk, then))


def _concede(pk: int, at: datetime) -> None:
    row = Handoff.objects.get(pk=pk)
    concede_handoff(row, by=row.submitted_by, now=at, to="nurture")


def _fix(story: Story, pk: int, fields: tuple[str, ...], at: datetime) -> None:
    row = Handoff.objects.get(pk=pk)
    draft = start_fix(row, by=row.submitted_by, now=at)
    added: dict[str, Any] = {key: texts.FIXES[key] for key in fields}
    added["next_step_on"] = (at + A_WEEK).date().isoformat()
    save_draft(draft, answers={**draft.answers, **added}, by=row.submitted_by, now=at)
    fixed = submit_handoff(draft, by=row.submitted_by, now=at)
    story.at(min(story.later(at, 40), story.now), lambda then: _accept(fixed.pk, then))


def _send_back(story: Story, row: Handoff, when: datetime) -> None:
    def reject(at: datetime) -> None:
        fresh = Handoff.objects.get(pk=row.pk)
        reject_handoff(
            fresh,
            reason="missing_information",
            fields=["authority", "timeline"],
            note=texts.WHO_SIGNS,
            by=fresh.owner,
            now=at,
        )

    story.at(story.later(when, 60), reject)
