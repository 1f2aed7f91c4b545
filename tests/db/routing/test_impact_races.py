"""Several processes ask for a review, or reach for one, at the same moment."""

import pytest

from routing.models import ImpactReview, RuleSet
from routing.services import save_draft
from routing.services.impact_reviews import AlreadyAsked, ask_for_review, claim_review
from tests.factories.accounts import NOW
from tests.factories.routing import make_pool
from tests.support.race import race

PROCESSES = 4
# Interpreters on busy cores take a while to start.
START_SECONDS = 200

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.races,
    pytest.mark.timeout(300),
]


def drafted():
    rule = {"name": "Everything", "conditions": {}, "pool": make_pool()}
    return save_draft(rules=[rule], by=None, now=NOW, saves=0)


def reach(racer):
    racer.line_up(START_SECONDS)
    return claim_review(now=NOW) is not None


def ask(racer, draft_id):
    draft = RuleSet.objects.get(pk=draft_id)
    racer.line_up(START_SECONDS)
    try:
        ask_for_review(ruleset=draft, weeks=4, by=None, now=NOW)
    except AlreadyAsked:
        return False
    return True


def test_claim_by_several_workers_gives_it_to_one():
    ask_for_review(ruleset=drafted(), weeks=4, by=None, now=NOW)
    assert sorted(race(reach, [()] * PROCESSES)) == [False, False, False, True]


def test_ask_by_several_people_makes_one_review():
    draft = drafted()
    assert sorted(race(ask, [(draft.pk,)] * PROCESSES)) == [False, False, False, True]
    assert ImpactReview.objects.count() == 1
