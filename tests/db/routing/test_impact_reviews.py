"""Asking for an impact review, and who works on it."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from core.errors import NotPermitted
from routing.choices import ImpactState
from routing.models import ImpactReview, RuleSet
from routing.services import save_draft
from routing.services.impact_reviews import (
    LEASE,
    SAVED_SINCE,
    AlreadyAsked,
    InvalidReview,
    NoDraft,
    ask_for_review,
    claim_review,
    fail_review,
    finish_review,
    keep_progress,
)
from tests.factories.accounts import NOW, make_user
from tests.factories.routing import make_pool

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def admin(db):
    return make_user(roles=[Role.ADMIN])


@pytest.fixture
def draft(admin):
    return saved(make_pool(), admin)


def saved(pool, admin, saves=0, conditions=None):
    rule = {"name": "Everything", "pool": pool, "conditions": conditions or {}}
    return save_draft(rules=[rule], by=admin, now=NOW, saves=saves)


def asked(draft, admin, weeks=4):
    return ask_for_review(ruleset=draft, weeks=weeks, by=admin, now=NOW)


def test_ask_waits_for_whoever_works_on_it(draft, admin):
    review = asked(draft, admin)
    assert (review.state, review.weeks, review.until) == (ImpactState.WAITING, 4, NOW)
    assert (review.saves, review.asked_by) == (draft.saves, admin)


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_ask_is_for_admins(draft, role):
    with pytest.raises(NotPermitted):
        asked(draft, make_user(roles=[role]))


@pytest.mark.parametrize("weeks", [0, -1, 27, 10**30])
def test_ask_for_other_than_one_to_26_weeks_is_refused(draft, admin, weeks):
    with pytest.raises(InvalidReview) as refused:
        asked(draft, admin, weeks)
    assert refused.value.problems[0].field == "weeks"
    assert not ImpactReview.objects.exists()


@pytest.mark.parametrize("weeks", [1, 26])
def test_ask_for_the_fewest_and_the_most_weeks(draft, admin, weeks):
    assert asked(draft, admin, weeks).weeks == weeks


def test_ask_twice_for_the_same_draft_is_refused_while_one_is_made(draft, admin):
    asked(draft, admin)
    with pytest.raises(AlreadyAsked):
        asked(draft, admin, weeks=2)
    claimed = claim_review(now=NOW)
    with pytest.raises(AlreadyAsked):
        asked(draft, admin)
    fail_review(review=claimed, message="No.", now=NOW)
    assert asked(draft, admin).state == ImpactState.WAITING


def test_ask_of_what_is_no_draft_is_refused(draft, admin):
    RuleSet.objects.filter(pk=draft.pk).update(n=1, state="published", published_at=NOW)
    with pytest.raises(NoDraft):
        asked(draft, admin)
    with pytest.raises(NoDraft):
        asked(RuleSet(pk=draft.pk + 99), admin)


def test_ask_of_rules_that_cannot_be_read_names_the_place(admin):
    draft = saved(make_pool(), admin)
    draft.rules.update(conditions={"all": [{"field": "colour", "op": "eq", "value": "red"}]})
    with pytest.raises(InvalidReview) as refused:
        asked(draft, admin)
    assert refused.value.problems[0].field.startswith("rules[0].conditions")


def test_two_workers_claim_a_review_once(draft, admin):
    review = asked(draft, admin)
    mine = claim_review(now=NOW)
    assert mine.pk == review.pk
    assert mine.state == ImpactState.RUNNING
    assert claim_review(now=NOW) is None


def test_review_of_a_worker_that_is_gone_is_taken_over_after_its_lease(draft, admin):
    asked(draft, admin)
    gone = claim_review(now=NOW)
    assert claim_review(now=NOW + LEASE - SECOND) is None
    other = claim_review(now=NOW + LEASE)
    assert other.pk == gone.pk
    # It was only slow: nothing of what it says is written any more.
    assert not keep_progress(review=gone, so_far={"old": 1}, done=9, total=9)
    assert not finish_review(review=gone, result={"old": 1}, done=9, now=NOW)
    assert not fail_review(review=gone, message="Old.", now=NOW)
    assert keep_progress(review=other, so_far={"at": 3}, done=5, total=10)
    other.refresh_from_db()
    assert (other.done, other.total, other.result) == (5, 10, {"so_far": {"at": 3}})


def test_progress_lets_the_next_worker_go_on_at_once(draft, admin):
    asked(draft, admin)
    keep_progress(review=claim_review(now=NOW), so_far={}, done=1, total=2)
    assert claim_review(now=NOW).done == 1


def test_review_of_a_draft_that_was_saved_since_is_ended(draft, admin):
    old = asked(draft, admin)
    saved(make_pool(), admin, saves=draft.saves)
    new = asked(RuleSet.objects.get(pk=draft.pk), admin)
    assert claim_review(now=NOW).pk == new.pk
    old.refresh_from_db()
    assert (old.state, old.error) == (ImpactState.FAILED, SAVED_SINCE)


def test_finished_review_is_not_claimed_again(draft, admin):
    asked(draft, admin)
    assert finish_review(review=claim_review(now=NOW), result={"leads": 0}, done=0, now=NOW)
    assert claim_review(now=NOW + LEASE) is None
    review = ImpactReview.objects.get()
    assert (review.state, review.finished_at, review.result) == ("done", NOW, {"leads": 0})
