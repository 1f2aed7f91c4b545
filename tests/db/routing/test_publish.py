"""Rule sets: what is refused, what is in force, and which rule a lead falls under."""

import pytest

from accounts.choices import Role
from core.errors import NotPermitted
from routing.models import Rule, RuleSet
from routing.selectors import match_rule
from routing.services import InvalidRules, publish_rule_set
from tests.factories.accounts import NOW, make_user
from tests.factories.routing import make_pool

pytestmark = pytest.mark.django_db


def rule(pool, name="Everything", *tests):
    return {"name": name, "pool": pool, "conditions": {"all": list(tests)} if tests else {}}


def country(name):
    return {"field": "country", "op": "eq", "value": name}


def published(*rules, by=None):
    return publish_rule_set(rules=list(rules), by=by, now=NOW)


def test_publish_puts_the_rules_in_force_in_order():
    dach, rest = make_pool(), make_pool()
    admin = make_user(roles=[Role.ADMIN])
    made = published(rule(dach, " Germany ", country("Germany")), rule(rest), by=admin)
    assert (made.n, made.state, made.published_at) == (1, "published", NOW)
    assert made.published_by == admin
    assert list(made.rules.values_list("position", "name", "pool")) == [
        (1, "Germany", dach.pk),
        (2, "Everything", rest.pk),
    ]


def test_publish_replaces_what_was_in_force_and_keeps_it():
    pool = make_pool()
    first, second = published(rule(pool)), published(rule(pool, "All"))
    assert second.n == 2
    assert RuleSet.objects.get(pk=first.pk).state == "retired"
    assert match_rule({}).name == "All"
    assert Rule.objects.count() == 2


def problems(*rules):
    with pytest.raises(InvalidRules) as caught:
        published(*rules)
    assert not RuleSet.objects.exists()
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_publish_refuses_rules_that_leave_a_lead_without_one():
    pool = make_pool()
    only_germany = rule(pool, "Germany", country("Germany"))
    assert problems() == [("rules", "required")]
    assert problems(only_germany) == [("rules[0].conditions", "no_fallback")]
    assert problems(rule(pool), only_germany) == [
        ("rules[0].conditions", "unreachable"),
        ("rules[1].conditions", "no_fallback"),
    ]
    assert problems(rule(pool), rule(pool)) == [("rules[0].conditions", "unreachable")]


def test_publish_refuses_bad_conditions_and_blank_names():
    pool = make_pool()
    broken = rule(pool, " ", {"field": "city", "op": "eq", "value": "Berlin"})
    assert problems(broken, rule(pool)) == [
        ("rules[0].name", "required"),
        ("rules[0].conditions.all[0].field", "field_unknown"),
    ]


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_publish_by_anybody_but_an_admin_is_refused(role):
    with pytest.raises(NotPermitted):
        published(rule(make_pool()), by=make_user(roles=[role]))


def test_match_rule_takes_the_first_that_holds():
    pool = make_pool()
    published(
        rule(
            pool, "Large Germany", country("Germany"), {"field": "size", "op": "gte", "value": 50}
        ),
        rule(pool, "Germany", country("Germany")),
        rule(pool),
    )
    assert match_rule({"country": "Germany", "size": 50}).name == "Large Germany"
    assert match_rule({"country": "Germany", "size": None}).name == "Germany"
    assert match_rule({"country": "France", "size": 500}).name == "Everything"
    assert match_rule({}).name == "Everything"


def test_match_rule_before_anything_was_published_is_none():
    assert match_rule({"country": "Germany"}) is None


def test_match_rule_is_one_query(django_assert_num_queries):
    pool = make_pool()
    published(rule(make_pool(), "Germany", country("Germany")), rule(pool))
    with django_assert_num_queries(1):
        found = match_rule({})
        assert found.pool_id == pool.pk
