"""What the tables of the review refuse whoever writes to them."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import triggers
from review.models import Attendee, Miss, Review, ReviewEvent
from review.services import close_review
from tests.db.review.test_records import MONDAY, TUESDAY, begin
from tests.factories.review import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def review(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)
    return begin(scene)


@pytest.fixture
def closed(scene, review):
    return close_review(review, by=scene.manager, now=MONDAY)


def refused(action, match):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        action()


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_triggers_are_there():
    assert triggers.missing() == []


def test_closed_review_refuses_every_change(scene, closed):
    rows = Review.objects.filter(pk=closed.pk)
    for attempt in (
        lambda: rows.update(notes="Otherwise"),
        lambda: rows.update(snapshot={}),
        lambda: rows.update(state="open", closed_at=None, closed_by=None, snapshot=None),
        lambda: execute("UPDATE review_review SET notes = 'x' WHERE id = %s", closed.pk),
        lambda: rows._raw_delete(rows.db),
    ):
        refused(attempt, "a closed review is frozen")


def test_parts_of_a_closed_review_are_frozen(scene, closed):
    miss = Miss.objects.get()
    for attempt in (
        lambda: Miss.objects.update(decision="Otherwise"),
        lambda: Miss.objects.filter(pk=miss.pk)._raw_delete("default"),
        lambda: Miss.objects.create(
            review=closed,
            position=2,
            kind="rejected",
            handoff=miss.handoff,
            leg=miss.handoff.legs.first(),
            at=TUESDAY,
        ),
        lambda: Attendee.objects.create(review=closed, user=scene.ae),
        lambda: Attendee.objects.update(user=scene.ae),
        lambda: Attendee.objects.all()._raw_delete("default"),
    ):
        refused(attempt, "a closed review is frozen")


def test_rows_of_an_open_review_do_not_move_into_a_closed_one(scene, closed):
    other = begin(scene, by=scene.admin, team=None)
    refused(lambda: Miss.objects.filter(review=other).update(review=closed), "frozen")


def test_open_review_may_change(scene, review):
    Review.objects.update(notes="x")
    Miss.objects.update(position=3)
    Attendee.objects.create(review=review, user=scene.ae)
    Attendee.objects.all().delete()


def test_log_is_for_good(review):
    for attempt in (
        lambda: ReviewEvent.objects.update(kind="closed"),
        lambda: ReviewEvent.objects.all()._raw_delete("default"),
    ):
        refused(attempt, "append-only")


def test_constraints_hold_what_they_say(scene, review):
    rows = Review.objects.filter(pk=review.pk)
    for attempt, name in (
        (lambda: rows.update(state="closed"), "closed_is_frozen"),
        (lambda: rows.update(snapshot={}), "closed_is_frozen"),
        (lambda: rows.update(closes_at=review.opened_at), "closes_after_opening"),
        (lambda: Miss.objects.update(root_cause="other"), "decided_is_whole"),
        (lambda: Miss.objects.update(kind="rejected"), "names_its_row"),
    ):
        refused(attempt, name)
