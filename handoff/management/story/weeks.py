"""The plan of the demo: good weeks and bad ones, and a present with something to do."""

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.models import User
from accounts.selectors import organisation
from handoff.management.story import texts
from handoff.management.story.cast import NORTHERN_SDRS, plan_absence
from handoff.management.story.lives import (
    A_WEEK,
    Mood,
    answer_returned,
    contest,
    follow,
    intervene,
)
from handoff.management.story.stage import Happening, Stage
from handoff.models import Handoff, HandoffType
from handoff.rules.presets import MEETING_SET_KEY, QUALIFIED_LEAD_KEY
from handoff.services import (
    accept_handoff,
    create_draft,
    log_touch,
    reject_handoff,
    save_draft,
    submit_handoff,
)
from notify.choices import Channel, Topic
from notify.services import save_ways
from worktime.selectors import rules_calendar

DAYS_A_WEEK = 5
PER_DAY = (8, 8, 9, 9)
HOURS_A_DAY = 8
GOOD, PLAIN, BAD = 0.6, 0.9, 1.6
# Two bad weeks with time to recover: a trend is to be seen, and its end.
MOODS = (PLAIN, GOOD, GOOD, PLAIN, BAD, BAD, PLAIN, GOOD, GOOD, PLAIN, BAD, GOOD)
SETTLED_BEFORE_DAYS = 6
# Working hours ago: enough that everybody in the rotation has something to accept.
NEW_TODAY = (
    (3.7, "warm"),
    (0.7, "hot"),
    (0.6, "warm"),
    (0.4, "cool"),
    (0.3, "warm"),
    (0.2, "warm"),
    (0.1, "cool"),
)
MAILS_FOR_HOURS = 16
"""Working hours before the present from which on people are told by e-mail, too."""


def tell_story(
    people: dict[str, User], *, weeks: int, now: datetime, seed: int, told: Callable[[], None]
) -> Stage:
    """Make the past weeks and today; ``told`` is called for each handoff that begins."""
    stage = _stage(people, now, seed, told)
    _mails(stage, now, is_on=False)
    stage.at(stage.ago(MAILS_FOR_HOURS), lambda when: _mails(stage, when, is_on=True))
    _absences(stage)
    _past(stage, weeks)
    _today(stage)
    stage.tell()
    return stage


def tell_today(people: dict[str, User], *, now: datetime, seed: int) -> Stage:
    """Make only what waits now, for a demo whose own today is some days ago."""
    stage = _stage(people, now, seed, lambda: None)
    _today(stage)
    stage.tell()
    return stage


def _stage(people: dict[str, User], now: datetime, seed: int, told: Callable[[], None]) -> Stage:
    version = organisation().calendar.current_version
    if version is None:
        raise RuntimeError("set_up() publishes the calendar")
    return Stage(
        now=now,
        chance=random.Random(seed),  # noqa: S311  # a story, not a secret
        hours=rules_calendar(version),
        people=people,
        types={each.key: each for each in HandoffType.objects.filter(is_active=True)},
        told=told,
    )


def handoffs_in(weeks: int) -> int:
    """About how many handoffs so many weeks have; progress is counted against it."""
    return round(weeks * DAYS_A_WEEK * sum(PER_DAY) / len(PER_DAY))


def _mails(stage: Stage, when: datetime, *, is_on: bool) -> None:
    """Mails of weeks ago tell nobody anything, and take a good part of the time to write."""
    for person in stage.people.values():
        wanted = {topic: {Channel.EMAIL: is_on} for topic in Topic}
        save_ways(by=person, wanted=wanted, quiet_from=None, quiet_until=None, now=when)


def _absences(stage: Stage) -> None:
    """Leave in the bad weeks, announced a week before, and some that is still ahead."""
    for weeks_ago, days in ((8, 5), (2, 4), (-1, 5)):
        starts = stage.now - timedelta(weeks=weeks_ago)
        said = min(starts - A_WEEK, stage.now)

        def announce(at: datetime, starts: datetime = starts, days: int = days) -> None:
            plan_absence(stage.people, now=at, starts=starts, days=days)

        stage.at(said, announce)


def _past(stage: Stage, weeks: int) -> None:
    for weeks_ago in range(weeks, 0, -1):
        mood_of_week = MOODS[-weeks_ago % len(MOODS)]
        for day in range(DAYS_A_WEEK):
            days_ago = weeks_ago * DAYS_A_WEEK - day
            answered = stage.ago(days_ago * HOURS_A_DAY - 1)
            stage.at_work(answered, lambda at: answer_returned(stage, at))
            stage.at_work(answered, lambda at: intervene(stage, at))
            for _ in range(stage.chance.choice(PER_DAY)):
                begin = stage.ago(days_ago * HOURS_A_DAY - stage.chance.uniform(0.2, 7.5))
                settles = days_ago > SETTLED_BEFORE_DAYS or stage.chance.random() < 0.5
                mood = Mood(slow=mood_of_week, settles=settles)
                stage.at_work(begin, _hand_off_with(stage, mood))


def _hand_off_with(stage: Stage, mood: Mood) -> Happening:
    def hand_off(when: datetime) -> None:
        row = _hand_off(stage, when)
        stage.told()
        follow(stage, row.pk, when, mood)

    return hand_off


def _hand_off(
    stage: Stage, when: datetime, *, temperature: str = "", by_email: str = ""
) -> Handoff:
    row = _draft(stage, when, temperature=temperature, by_email=by_email)
    return submit_handoff(row, by=row.submitted_by, now=when)


def _draft(stage: Stage, when: datetime, *, temperature: str = "", by_email: str = "") -> Handoff:
    email = by_email or stage.chance.choice(
        ("sdr@demo.example", "sdr2@demo.example", "sdr3@demo.example", "sdr4@demo.example")
    )
    has_meeting = stage.chance.random() < 0.08
    answers = texts.answers(
        stage.chance, agreed_on=(when + A_WEEK).date(), is_north=email in NORTHERN_SDRS
    )
    if has_meeting:
        answers = texts.as_meeting(answers, stage.chance, after=when)
    key = MEETING_SET_KEY if has_meeting else QUALIFIED_LEAD_KEY
    return create_draft(
        type=stage.types[key],
        answers=answers,
        by=stage.people[email],
        now=when,
        temperature=temperature or stage.chance.choice(("hot", "warm", "warm", "warm", "cool")),
        submission_uuid=uuid.UUID(int=stage.chance.getrandbits(128), version=4),
    )


def _today(stage: Stage) -> None:
    """What waits now: something late, due soon and new, a rejection, a contest, a draft."""
    for hours, temperature in NEW_TODAY:
        stage.at_work(stage.ago(hours), _new(stage, temperature))
    for hours in (14.5, 9.6):
        stage.at_work(stage.ago(hours), _accepted_and_left(stage))
    stage.at_work(stage.ago(3.0), _sent_back(stage, is_contested=False))
    stage.at_work(stage.ago(6.0), _sent_back(stage, is_contested=True))
    stage.at_work(stage.ago(0.3), lambda when: _unfinished(stage, when))


def _new(stage: Stage, temperature: str) -> Happening:
    def begin(when: datetime) -> None:
        _hand_off(stage, when, temperature=temperature, by_email="sdr@demo.example")

    return begin


def _accepted_and_left(stage: Stage) -> Happening:
    """Accepted at once and not called since: the buyer's clock is late or nearly so."""

    def begin(when: datetime) -> None:
        row = _hand_off(stage, when, temperature="warm", by_email="sdr2@demo.example")
        accept_handoff(row, by=row.owner, now=when + timedelta(minutes=9))
        text = texts.WEAK_MAILS[0]
        at = when + timedelta(minutes=20)
        log_touch(row, kind="email", occurred_at=at, text=text, by=row.owner, now=at)

    return begin


def _sent_back(stage: Stage, *, is_contested: bool) -> Happening:
    def begin(when: datetime) -> None:
        row = _hand_off(stage, when, temperature="warm", by_email="sdr@demo.example")
        at = stage.later(when, 50)
        fields = ["contact.title"] if is_contested else ["company.size", "contact.title"]

        def reject(then: datetime) -> None:
            fresh = Handoff.objects.get(pk=row.pk)
            if is_contested:
                reject_handoff(
                    fresh, reason="no_budget", note=texts.NO_MONEY, by=fresh.owner, now=then
                )
                stage.at_work(
                    stage.later(then, 60), lambda last: contest(stage, row.pk, last, None)
                )
                return
            reject_handoff(
                fresh,
                reason="missing_information",
                fields=fields,
                note=texts.WHO_SIGNS,
                by=fresh.owner,
                now=then,
            )

        stage.at_work(at, reject)

    return begin


def _unfinished(stage: Stage, when: datetime) -> None:
    row = _draft(stage, when, temperature="warm", by_email="sdr@demo.example")
    kept = {key: value for key, value in row.answers.items() if key not in ("budget", "next_step")}
    save_draft(row, answers=kept, by=row.submitted_by, now=when)
