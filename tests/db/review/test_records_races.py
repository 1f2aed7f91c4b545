"""Several people at once: one review, one close, one decision, nothing lost in silence."""

from datetime import date

import pytest

from accounts.models import Team, User
from core.errors import Conflict
from review.models import ActionItem, Miss, Review, ReviewEvent
from review.services import add_action, close_review, decide_miss, open_review
from tests.db.review.test_records import MONDAY, TUESDAY, W46, begin
from tests.factories.review import HOUR, make_scene
from tests.support.race import race

RACERS = 4
START_SECONDS = 200

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.races,
    pytest.mark.timeout(300),
]


def act(racer, name, *arguments):
    """The part of that name; True where it was done, None where somebody was first."""
    racer.line_up(START_SECONDS)
    try:
        globals()[name](*arguments)
    except Conflict:
        return None
    return True


def open_one(team, by):
    open_review(W46, team=Team.objects.get(pk=team), by=User.objects.get(pk=by), now=MONDAY)


def close_one(pk, by):
    close_review(Review.objects.get(pk=pk), by=User.objects.get(pk=by), now=MONDAY)


def decide_one(pk, by, version):
    user = User.objects.get(pk=by)
    decide_miss(
        Miss.objects.get(pk=pk),
        root_cause="other",
        decision=f"Said by {by}",
        owner=user,
        due_on=date(2026, 11, 20),
        by=user,
        now=MONDAY,
        version=version,
    )


def add_one(pk, by):
    review, user = Review.objects.get(pk=pk), User.objects.get(pk=by)
    due = date(2026, 11, 20)
    add_action(team=None, review=review, text="Mine", owner=user, due_on=due, by=user, now=MONDAY)


@pytest.fixture
def scene():
    scene = make_scene()
    scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)
    return scene


def both(scene):
    return [scene.manager.pk, scene.admin.pk] * (RACERS // 2)


def test_one_of_many_opens_the_review(scene):
    found = race(act, [("open_one", scene.team.pk, by) for by in both(scene)])
    assert found.count(True) == 1
    assert Review.objects.get().misses.count() == 1


def test_one_of_many_closes_the_review(scene):
    review = begin(scene)
    found = race(act, [("close_one", review.pk, by) for by in both(scene)])
    assert found.count(True) == 1
    assert ReviewEvent.objects.filter(kind="closed").count() == 1


def test_one_of_many_decides_on_the_same_state(scene):
    miss = begin(scene).misses.get()
    found = race(act, [("decide_one", miss.pk, by, 1) for by in both(scene)])
    assert found.count(True) == 1
    item = ActionItem.objects.get()
    assert item.text == Miss.objects.get().decision


def test_everybody_adds_at_once_and_nothing_is_lost(scene):
    review = begin(scene)
    found = race(act, [("add_one", review.pk, by) for by in both(scene)])
    assert found == [True] * RACERS
    assert ActionItem.objects.count() == RACERS


def test_decision_and_close_at_once_leave_no_decision_after_the_close(scene):
    review = begin(scene)
    miss = review.misses.get()
    decided, closed = race(
        act,
        [("decide_one", miss.pk, scene.admin.pk, 1), ("close_one", review.pk, scene.manager.pk)],
    )
    assert closed
    frozen = Review.objects.get().snapshot["misses"]["decided"]
    assert frozen == (1 if decided else 0)
