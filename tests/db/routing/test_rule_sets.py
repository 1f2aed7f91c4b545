"""Drafts of rules: kept, published as they were looked at, forgotten; versions brought back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.choices import Role
from core.errors import Conflict, NotPermitted
from routing.models import ImpactReview, Rule, RuleSet
from routing.selectors import match_rule
from routing.services import (
    DraftChanged,
    InvalidRules,
    RulesChanged,
    bring_back,
    discard_draft,
    publish_draft,
    publish_rule_set,
    save_draft,
)
from routing.services.rule_sets import specs_of
from tests.factories.accounts import NOW, make_user
from tests.factories.routing import make_pool

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def pool():
    return make_pool()


@pytest.fixture
def admin():
    return make_user(roles=[Role.ADMIN])


@pytest.fixture
def first(pool):
    return publish_rule_set(rules=[last(pool, "Everything")], by=None, now=NOW)


def last(pool, name="Rest", **changes):
    return {"name": name, "conditions": {}, "pool": pool, **changes}


def germany(pool, **changes):
    conditions = {"all": [{"field": "country", "op": "eq", "value": "Germany"}]}
    return {"name": "Germany", "conditions": conditions, "pool": pool, **changes}


def save(rules, *, by=None, saves=0, **options):
    return save_draft(rules=rules, by=by, now=NOW, saves=saves, **options)


def reviewed(draft, **changes):
    said = {"ruleset": draft, "saves": draft.saves, "weeks": 4, "until": NOW, "state": "done"}
    return ImpactReview.objects.create(**said | changes)


def test_draft_routes_nothing_until_it_is_published(pool, first, admin):
    other = make_pool()
    draft = save([germany(other, owner_first=True, earlier_first=True), last(pool)], by=admin)
    assert (draft.n, draft.state, draft.saves, draft.based_on) == (None, "draft", 1, first)
    assert (draft.edited_by, draft.edited_at) == (admin, NOW)
    assert match_rule({"country": "Germany"}).name == "Everything"
    made = publish_draft(by=admin, now=LATER, saves=1, draft_id=draft.pk, since=1)
    assert (made.pk, made.n, made.state, made.seen) == (draft.pk, 2, "published", None)
    assert (made.published_by, made.published_at) == (admin, LATER)
    assert RuleSet.objects.get(pk=first.pk).state == "retired"
    rule = match_rule({"country": "Germany"})
    assert (rule.pool, rule.owner_first, rule.earlier_first) == (other, True, True)


@pytest.mark.parametrize(("since", "is_kept"), [(None, True), (1, True), (0, False), (2, False)])
def test_new_draft_is_made_from_the_version_that_was_looked_at(pool, first, since, is_kept):
    if is_kept:
        assert save([last(pool)], since=since).based_on == first
    else:
        with pytest.raises(DraftChanged):
            save([last(pool)], since=since)
    assert RuleSet.objects.filter(state="draft").exists() is is_kept


def test_draft_is_saved_again_whatever_is_in_force_by_then(pool, first):
    draft = save([last(pool)], since=1)
    publish_rule_set(rules=[last(pool)], by=None, now=NOW)
    again = save([last(pool)], saves=1, draft_id=draft.pk, since=1)
    assert (again.saves, again.based_on) == (2, first)


def test_draft_keeps_what_is_not_finished_and_says_so_when_published(pool, first):
    typed = {"all": [{"field": "size", "op": "gte", "value": "two hundred"}]}
    save([{"name": "", "conditions": typed, "pool": pool}, last(pool)])
    assert specs_of(RuleSet.objects.get(state="draft"))[0]["conditions"] == typed
    with pytest.raises(InvalidRules) as caught:
        publish_draft(by=None, now=NOW, saves=1)
    assert [(one.field, one.code) for one in caught.value.problems] == [
        ("rules[0].name", "required"),
        ("rules[0].conditions.all[0].value", "value_not_number"),
    ]
    assert RuleSet.objects.get(state="published") == first
    assert RuleSet.objects.get(state="draft").saves == 1


def test_draft_saved_again_takes_the_place_of_what_it_said(pool, first):
    draft = save([germany(pool), last(pool)])
    again = save([last(pool, "All")], saves=1, draft_id=draft.pk)
    assert (again.pk, again.saves) == (draft.pk, 2)
    assert [spec["name"] for spec in specs_of(again)] == ["All"]


def test_draft_that_is_not_the_one_looked_at_is_left_alone(pool, first):
    draft = save([last(pool, "Mine")])
    for said in ({"saves": 0}, {"saves": 2}, {"saves": 1, "draft_id": draft.pk + 1}):
        with pytest.raises(DraftChanged):
            save([last(pool, "Yours")], **said)
    for act in (publish_draft, discard_draft):
        with pytest.raises(DraftChanged):
            act(by=None, now=NOW, saves=2)
        with pytest.raises(DraftChanged):
            act(by=None, now=NOW, saves=1, draft_id=draft.pk + 1)
    assert specs_of(RuleSet.objects.get(state="draft"))[0]["name"] == "Mine"


def test_draft_without_fallback_or_with_what_cannot_be_kept_is_refused(pool):
    for rules in ([], [germany(pool)], [germany(pool) | {"name": "a\x00"}, last(pool)]):
        with pytest.raises(InvalidRules):
            save(rules)
    assert not RuleSet.objects.exists()


def test_draft_is_not_published_over_rules_that_nobody_looked_at(pool, first):
    save([germany(pool), last(pool)])
    publish_rule_set(rules=[last(pool, "Meanwhile")], by=None, now=NOW)
    with pytest.raises(RulesChanged):
        publish_draft(by=None, now=NOW, saves=1, since=1)
    assert match_rule({"country": "Germany"}).name == "Meanwhile"
    assert publish_draft(by=None, now=NOW, saves=1, since=2).n == 3


def test_first_rules_may_come_from_a_draft(pool):
    draft = save([last(pool)])
    assert draft.based_on is None
    assert publish_draft(by=None, now=NOW, saves=1, since=0).n == 1


def test_review_that_was_seen_is_kept_with_the_version(pool, first):
    draft = save([last(pool)])
    review = reviewed(draft)
    assert publish_draft(by=None, now=NOW, saves=1, seen=review).seen == review


def test_review_of_an_earlier_state_or_another_draft_was_not_seen(pool, first):
    draft = save([last(pool)])
    early = reviewed(draft)
    draft = save([last(pool, "All")], saves=1)
    for review in (early, reviewed(first, saves=2), reviewed(draft, state="running")):
        with pytest.raises(InvalidRules) as caught:
            publish_draft(by=None, now=NOW, saves=2, seen=review)
        assert caught.value.problems[0].code == "review_void"
    assert RuleSet.objects.get(state="published") == first


def test_discarded_draft_is_gone_with_its_rules_and_reviews(pool, first):
    draft = save([germany(pool), last(pool)])
    reviewed(draft)
    discard_draft(by=None, now=NOW, saves=1, draft_id=draft.pk)
    assert list(RuleSet.objects.all()) == [first]
    assert not ImpactReview.objects.exists()
    assert Rule.objects.count() == 1
    with pytest.raises(DraftChanged):
        discard_draft(by=None, now=NOW, saves=1)


def test_older_version_brought_back_is_a_new_one_with_its_rules(pool, first, admin):
    other = make_pool()
    publish_rule_set(rules=[germany(other), last(pool, "Second")], by=None, now=NOW)
    draft = save([last(pool, "Draft")])
    old = RuleSet.objects.get(n=1)
    made = bring_back(version=old, by=admin, now=LATER, since=2)
    assert (made.n, made.based_on, made.published_by) == (3, old, admin)
    assert match_rule({"country": "Germany"}).name == "Everything"
    states = dict(RuleSet.objects.values_list("n", "state"))
    assert states == {1: "retired", 2: "retired", 3: "published", None: "draft"}
    assert RuleSet.objects.get(state="draft") == draft


def test_version_in_force_or_draft_is_not_brought_back(pool, first):
    draft = save([last(pool)])
    for version in (first, draft):
        with pytest.raises(Conflict):
            bring_back(version=version, by=None, now=NOW)
    publish_rule_set(rules=[last(pool)], by=None, now=NOW)
    with pytest.raises(RulesChanged):
        bring_back(version=RuleSet.objects.get(n=1), by=None, now=NOW, since=1)
    assert RuleSet.objects.filter(state="published").get().n == 2


def test_older_version_can_be_made_a_draft_to_look_at(pool, first):
    publish_rule_set(rules=[last(pool, "Second")], by=None, now=NOW)
    draft = save(specs_of(first), based_on=first)
    assert (draft.based_on, specs_of(draft)) == (first, specs_of(first))


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_rules_are_only_an_admins_to_write(pool, first, role):
    by = make_user(roles=[role])
    with pytest.raises(NotPermitted):
        save([last(pool)], by=by)
    save([last(pool)])
    with pytest.raises(NotPermitted):
        publish_draft(by=by, now=NOW, saves=1)
    with pytest.raises(NotPermitted):
        discard_draft(by=by, now=NOW, saves=1)
    with pytest.raises(NotPermitted):
        bring_back(version=first, by=by, now=NOW)


def test_table_refuses_a_second_draft(pool):
    save([last(pool)])
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSet.objects.create()
