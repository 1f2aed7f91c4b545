"""Several admins at once: one draft, one publisher, nothing lost in silence."""

import pytest

from routing.models import RuleSet
from routing.services import (
    DraftChanged,
    RulesChanged,
    bring_back,
    publish_draft,
    publish_rule_set,
    save_draft,
)
from routing.services.rule_sets import specs_of
from tests.factories.accounts import NOW
from tests.factories.routing import make_pool
from tests.support.race import race

RACERS = 4
START_SECONDS = 200

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.races,
    pytest.mark.timeout(300),
]


def rules(pool, name):
    return [{"name": name, "conditions": {}, "pool": pool}]


def act(racer, name, *arguments):
    """The part of that name; what it did, or None where somebody was first."""
    racer.line_up(START_SECONDS)
    try:
        return globals()[name](*arguments)
    except (DraftChanged, RulesChanged):
        return None


def publish(saves, since):
    return publish_draft(by=None, now=NOW, saves=saves, since=since).n


def save(name, saves):
    spec = specs_of(RuleSet.objects.get(n=1))[0]
    made = save_draft(rules=[spec | {"name": name}], by=None, now=NOW, saves=saves)
    return made.saves


def back(since):
    return bring_back(version=RuleSet.objects.get(n=1), by=None, now=NOW, since=since).n


@pytest.fixture
def pool():
    pool = make_pool()
    publish_rule_set(rules=rules(pool, "First"), by=None, now=NOW)
    publish_rule_set(rules=rules(pool, "Second"), by=None, now=NOW)
    return pool


def test_one_of_many_publishes_the_draft(pool):
    save_draft(rules=rules(pool, "Draft"), by=None, now=NOW, saves=0)
    assert sorted(filter(None, race(act, [("publish", 1, 2)] * RACERS))) == [3]
    assert RuleSet.objects.get(state="published").n == 3


def test_one_of_many_begins_the_draft_and_one_saves_it_again(pool):
    assert race(act, [("save", f"by {n}", 0) for n in range(RACERS)]).count(1) == 1
    assert race(act, [("save", f"by {n}", 1) for n in range(RACERS)]).count(2) == 1
    draft = RuleSet.objects.get(state="draft")
    assert (draft.saves, draft.rules.count()) == (2, 1)


def test_draft_and_older_version_published_at_once_do_not_overwrite_each_other(pool):
    save_draft(rules=rules(pool, "Draft"), by=None, now=NOW, saves=0)
    found = race(act, [("publish", 1, 2), ("back", 2), ("back", 2)])
    assert [n for n in found if n] == [3]
    assert RuleSet.objects.filter(state="published").get().n == 3


def test_draft_saved_while_it_is_published_is_never_published_half(pool):
    save_draft(rules=rules(pool, "Draft"), by=None, now=NOW, saves=0)
    published, saved, _ = race(act, [("publish", 1, 2), ("save", "Mine", 1), ("save", "Other", 1)])
    assert bool(published) != bool(saved or _)
    if published:
        assert [one["name"] for one in specs_of(RuleSet.objects.get(n=3))] == ["Draft"]
    else:
        assert RuleSet.objects.get(state="draft").saves == 2
