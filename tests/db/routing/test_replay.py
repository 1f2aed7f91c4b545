"""What a replay reads: where rotations stood, and who was away when."""

from datetime import timedelta

import pytest

from accounts.services import pause_user, resume_user
from routing.models import ImpactReview, Turn
from routing.selectors.replay import setting_of, starts_of
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW - 60 * DAY, tick=False)
    return make_world(receivers=2)


def turn(world, sequence, candidates):
    return Turn.objects.create(
        pool=world.pool,
        user=world.ae,
        sequence=sequence,
        kind="rotation" if candidates else "manual",
        at=NOW + sequence * HOUR,
        candidates=candidates,
        exclusions=[],
        credit_before=0,
        credit_after=0,
    )


def test_start_of_weeks_that_begin_by_hand_takes_the_credits_of_the_next_pick(world):
    a, b = (user.pk for user in world.aes)
    turn(world, 1, [[a, 1, 7], [b, 1, -7]])
    turn(world, 2, [])
    turn(world, 3, [])
    turn(world, 4, [[a, 1, 5], [b, 1, -5]])
    (start,) = starts_of({world.pool.pk: 2})
    assert (start.sequence, start.credits) == (1, {a: 5, b: -5})
    assert start.last_picked == {a: 1}
    (start,) = starts_of({world.pool.pk: 1})
    assert start.credits == {a: 7, b: -7}


def test_start_of_weeks_given_by_hand_throughout_is_0(world):
    turn(world, 1, [])
    (start,) = starts_of({world.pool.pk: 1})
    assert start.credits == {}


def pause(world, time_machine, start, end):
    time_machine.move_to(start, tick=False)
    pause_user(user=world.ae, until=None, by=world.admin, now=start)
    time_machine.move_to(end, tick=False)
    resume_user(user=world.ae, by=world.admin, now=end)


def test_setting_knows_pauses_that_reach_into_the_weeks_and_no_others(world, time_machine):
    since = NOW - 14 * DAY
    spans = [
        (NOW - 40 * DAY, NOW - 39 * DAY),
        (NOW - 20 * DAY, NOW - 10 * DAY),
        (NOW - 5 * DAY, NOW - 4 * DAY),
    ]
    for start, end in spans:
        pause(world, time_machine, start, end)
    review = ImpactReview(ruleset_id=0, weeks=2, until=NOW)
    assert setting_of(review, since=since).people[world.ae.pk].away == tuple(spans[1:])
    assert setting_of(review, since=NOW - 42 * DAY).people[world.ae.pk].away == tuple(spans)
    assert setting_of(review, since=NOW - 3 * DAY).people[world.ae.pk].away == ()
