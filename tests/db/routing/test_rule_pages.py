"""The pages on which the routing rules are read, drafted, published and brought back."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from core.vocabulary import choices
from handoff.models import HandoffType
from routing.models import ImpactReview, Rule, RuleSet
from routing.rule_forms import data_of
from routing.services import create_pool, publish_rule_set, save_draft
from routing.services.rule_sets import specs_of
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


@pytest.fixture
def north(world):
    return create_pool(name="North", manager=world.manager, by=None, now=NOW)


def address(name, *args):
    return reverse(f"admin:routing_ruleset_{name}", args=args)


def current():
    return RuleSet.objects.get(state="published")


def draft():
    return RuleSet.objects.get(state="draft")


def rule(prefix, pool, *groups, match="all", order=1, **changes):
    """What the browser sends of one rule; each group is a list of fact, comparison and value."""
    data = {
        f"{prefix}-name": "A rule",
        f"{prefix}-pool": pool.pk,
        f"{prefix}-match": match,
        f"{prefix}-ORDER": order,
        f"{prefix}-groups": len(groups) - 1,
        **{f"{prefix}-{name}": value for name, value in changes.items()},
    }
    for number, rows in enumerate(groups):
        group = f"{prefix}-g{number}"
        data |= {f"{group}-TOTAL_FORMS": len(rows), f"{group}-INITIAL_FORMS": 0}
        for n, row in enumerate(rows):
            names = zip(("fact", "op", "value"), row, strict=True)
            data |= {f"{group}-{n}-{name}": value for name, value in names}
    return data


def sent(world, *rules, saves=0, **changes):
    data = {
        "saves": saves,
        "since": current().n,
        "rules-TOTAL_FORMS": len(rules),
        "rules-INITIAL_FORMS": 0,
        "fallback-name": "Everything else",
        "fallback-pool": world.pool.pk,
    }
    for one in rules:
        data |= one
    return data | changes


NOTHING_MOVED = {
    **dict.fromkeys(("leads", "elsewhere", "shifted", "unmatched"), 0),
    **{name: [] for name in ("pools", "people", "moved")},
}
NORTHERN = ("country", "in", "Sweden, Norway")
LARGE = ("size", "gte", "1,000")


def save(client, world, *rules, **changes):
    return client.post(address("edit"), sent(world, *rules, **changes))


def test_rules_are_drafted_read_and_published(client, world, north):
    answer = save(client, world, rule("rules-0", north, [NORTHERN, LARGE], owner_first="on"))
    assert answer.status_code == 302
    assert answer["Location"] == address("publish")
    assert current().n == 1
    page = client.get(address("publish"))
    text = page.content.decode()
    assert "Country is Sweden or Norway and size is 1,000 or more" in text
    assert "whoever looks after the company first" in text
    assert "Every other lead" in text
    assert "Publish version 2 without a review" in text
    answer = client.post(address("publish"), page.context["form"].initial, follow=True)
    assert "Version 2 is in force" in answer.content.decode()
    first, last = current().rules.order_by("position")
    assert first.conditions == {
        "all": [
            {"field": "country", "op": "in", "value": ["Sweden", "Norway"]},
            {"field": "size", "op": "gte", "value": 1000},
        ]
    }
    assert (first.pool, first.owner_first, first.earlier_first) == (north, True, False)
    assert (last.pool, last.conditions, last.name) == (world.pool, {}, "Everything else")


def test_group_within_a_rule_is_joined_the_other_way(client, world, north):
    inner = [("industry", "eq", "Freight"), ("score", "gt", "70")]
    save(client, world, rule("rules-0", north, [NORTHERN], inner))
    conditions = draft().rules.first().conditions
    assert conditions["all"][1] == {
        "any": [
            {"field": "industry", "op": "eq", "value": "Freight"},
            {"field": "score", "op": "gt", "value": 70},
        ]
    }
    form = client.get(address("edit")).context["form"]
    again = sent(world, saves=1, draft=draft().pk) | data_of(specs_of(draft()), choices())
    assert form.initial == {"saves": 1, "draft": draft().pk, "since": 1}
    assert client.post(address("edit"), again).status_code == 302
    assert draft().rules.first().conditions == conditions


def test_conditions_deeper_than_the_page_stay_as_they_are(client, world, north):
    tests = [{"field": "country", "op": "eq", "value": name} for name in "abcdef"]
    deep = {"all": [tests[0], {"any": [tests[1], {"all": [tests[2], {"any": tests[3:]}]}]}]}
    rules = [
        {"name": "Deep", "conditions": deep, "pool": north},
        {"name": "Rest", "conditions": {}, "pool": world.pool},
    ]
    save_draft(rules=rules, by=None, now=NOW, saves=0)
    page = client.get(address("edit")).content.decode()
    assert "This page cannot edit its conditions" in page
    data = sent(world, saves=1) | data_of(rules, choices())
    assert client.post(address("edit"), data).status_code == 302
    assert draft().rules.first().conditions == deep


def test_groups_that_say_nothing_of_their_own_are_read_as_rows(client, world, north):
    test = {"field": "country", "op": "eq", "value": "Sweden"}
    flat = {"all": [test, {"all": [{"any": [test]}]}]}
    rules = [{"name": "A", "conditions": flat, "pool": north}]
    rules.append({"name": "Rest", "conditions": {}, "pool": world.pool})
    data = data_of(rules, choices())
    assert data["rules-0-groups"] == 0
    assert data["rules-0-g0-TOTAL_FORMS"] == 2


def test_unfinished_draft_keeps_all_that_was_typed_and_tells_it_at_its_row(client, world, north):
    rows = [("size", "gte", "two hundred"), ("", "eq", "Sweden"), ("country", "in", "")]
    assert save(client, world, rule("rules-0", north, rows, name="")).status_code == 302
    page = client.get(address("edit"))
    (part,) = page.context["form"].parts
    assert [one["value"].value() for one in part.groups[0]] == ["two hundred", "Sweden", ""]
    assert [len(one.notes) for one in part.groups[0]] == [1, 1, 1]
    assert part.form.notes == ["Give every rule a name."]
    assert "Rule 1: Write a number, such as 200;" in page.content.decode()
    page = client.get(address("publish"))
    assert "To mend:" in page.content.decode()
    assert "Publish version 2" not in page.content.decode()
    answer = client.post(address("publish"), page.context["form"].initial)
    assert answer.status_code == 400
    assert current().n == 1


def test_rule_that_is_never_reached_is_told_and_not_published(client, world, north):
    rules = [
        rule("rules-0", north, [("country", "eq", "Sweden")], name="Sweden"),
        rule("rules-1", north, [("country", "eq", "sweden ")], order=2, name="Swedes"),
    ]
    save(client, world, *rules)
    form = client.get(address("edit")).context["form"]
    assert form.parts[0].form.notes == []
    assert "Sweden" in form.parts[1].form.notes[0]
    assert client.post(address("publish"), draft_said()).status_code == 400


def test_publish_page_tells_from_where_on_nobody_knows_whether_rules_are_reached(
    client, world, north
):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    page = client.get(address("publish")).content.decode()
    assert "no rule was found that can never be reached" in page
    assert "not proven" not in page
    pairs = [
        {"any": [{"field": "source", "op": "contains", "value": f"{n}{end}"} for end in "ab"]}
        for n in range(8)
    ]
    rules = [
        {"name": "Sweden", "conditions": draft().rules.first().conditions, "pool": north},
        {"name": "Many", "conditions": {"all": pairs}, "pool": north},
        {"name": "Rest", "conditions": {}, "pool": world.pool},
    ]
    save_draft(rules=rules, by=None, now=NOW, saves=1)
    page = client.get(address("publish")).content.decode()
    assert "every rule can be reached" not in page
    assert "From rule 2 on this is not proven" in page


def draft_said():
    return {"saves": draft().saves, "draft": draft().pk, "since": current().n}


def test_rule_without_a_pool_is_refused_with_everything_typed_kept(client, world, north):
    data = rule("rules-0", north, [NORTHERN]) | {"rules-0-pool": ""}
    answer = save(client, world, data)
    assert answer.status_code == 422
    assert not RuleSet.objects.filter(state="draft").exists()
    text = answer.content.decode()
    assert "Rule 1: Choose the pool that gets these leads." in text
    assert "Sweden, Norway" in text


def looked(client, world, *rules, **pressed):
    answer = client.post(address("edit"), sent(world, *rules, **pressed))
    assert answer.status_code == 200
    assert not RuleSet.objects.filter(state="draft").exists()
    return answer.context["form"]


def test_buttons_without_a_script_add_and_move(client, world, north):
    one = rule("rules-0", north, [NORTHERN], name="One")
    two = rule("rules-1", north, [LARGE], name="Two", order=2)
    form = looked(client, world, one, two, add="rules")
    assert [part.form["name"].value() for part in form.parts] == ["One", "Two", None]
    assert len(form.parts[2].groups[0].forms) == 1
    form = looked(client, world, one, two, add="rules-1-g0")
    assert [len(part.groups[0].forms) for part in form.parts] == [1, 2]
    form = looked(client, world, one, two, add="rules-0-groups")
    assert [len(rows.forms) for rows in form.parts[0].groups] == [1, 1]
    form = looked(client, world, one, two, look="up-1")
    assert [part.form["name"].value() for part in form.parts] == ["Two", "One"]
    assert [part.form["ORDER"].value() for part in form.parts] == ["1", "2"]
    for nothing in ("up-0", "down-1", "up-7", "up-", "sideways"):
        form = looked(client, world, one, two, look=nothing)
        assert [part.form["name"].value() for part in form.parts] == ["One", "Two"]


def test_rules_are_kept_in_their_places_and_without_those_taken_out(client, world, north):
    one = rule("rules-0", north, [NORTHERN], name="One", order=3)
    two = rule("rules-1", north, [LARGE], name="Two", order=2, DELETE="on")
    three = rule("rules-2", north, [LARGE, NORTHERN], name="Three", order=1)
    save(client, world, one, two, three | {"rules-2-g0-0-DELETE": "on"})
    rules = list(draft().rules.order_by("position"))
    assert [one.name for one in rules] == ["Three", "One", "Everything else"]
    assert len(rules[0].conditions["all"]) == 1


def test_labels_and_quoted_values_are_stored_as_they_compare(client, world, north):
    rows = [
        ("temperature", "in", "Hot, warm"),
        ("type", "eq", world.type.name),
        ("industry", "in", '"Food, drink", Freight'),
        ("source", "known", "whatever"),
    ]
    save(client, world, rule("rules-0", north, rows))
    stored = draft().rules.first().conditions["all"]
    assert [one.get("value") for one in stored] == [
        ["hot", "warm"],
        world.type.key,
        ["Food, drink", "Freight"],
        None,
    ]
    (part,) = client.get(address("edit")).context["form"].parts
    said = [one["value"].value() for one in part.groups[0]]
    assert said == ["Hot, Warm", world.type.name, '"Food, drink", Freight', ""]


def test_opened_and_saved_rule_keeps_its_type_where_another_is_called_alike(client, world, north):
    alike = HandoffType.objects.create(key="zz_second", name=world.type.name.upper())
    HandoffType.objects.create(key="third", name=alike.key)
    tests = [
        {"field": "type", "op": "eq", "value": alike.key},
        {"field": "type", "op": "in", "value": ["third", world.type.key]},
    ]
    rules = [{"name": "A", "conditions": {"all": tests}, "pool": north}]
    rules.append({"name": "Rest", "conditions": {}, "pool": world.pool})
    save_draft(rules=rules, by=None, now=NOW, saves=0)
    page = client.get(address("edit"))
    assert f"{alike.name} (zz_second)" in page.content.decode()
    again = sent(world, saves=1) | data_of(specs_of(draft()), choices())
    assert client.post(address("edit"), again).status_code == 302
    assert draft().rules.first().conditions == {"all": tests}


def test_draft_saved_by_somebody_else_meanwhile_is_not_overwritten(client, world, north):
    first = sent(world, rule("rules-0", north, [NORTHERN], name="Mine"))
    assert client.post(address("edit"), first).status_code == 302
    answer = client.post(address("edit"), first | {"rules-0-name": "Yours"})
    assert answer.status_code == 409
    assert "Yours" in answer.content.decode()
    assert draft().rules.first().name == "Mine"


def test_edit_of_a_version_that_was_replaced_meanwhile_is_no_draft_of_the_new_one(
    client, world, north
):
    said = client.get(address("edit")).context["form"].initial
    assert said == {"saves": 0, "draft": None, "since": 1}
    rules = [{"name": "Everything", "conditions": {}, "pool": north}]
    publish_rule_set(rules=rules, by=None, now=NOW)
    stale = sent(world, rule("rules-0", north, [NORTHERN], name="Mine"), since=said["since"])
    answer = client.post(address("edit"), stale)
    assert answer.status_code == 409
    assert "Mine" in answer.content.decode()
    assert not RuleSet.objects.filter(state="draft").exists()
    assert client.post(address("edit"), stale | {"since": 2}).status_code == 302
    assert draft().based_on == current()


def test_publishing_what_has_changed_since_is_refused(client, world, north):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    said = draft_said()
    save(client, world, rule("rules-0", north, [LARGE]), saves=1)
    assert client.post(address("publish"), said).status_code == 409
    said = draft_said()
    rules = [{"name": "Everything", "conditions": {}, "pool": world.pool}]
    publish_rule_set(rules=rules, by=None, now=NOW)
    assert client.post(address("publish"), said).status_code == 409
    assert current().n == 2


def test_review_on_the_page_is_kept_with_the_version(client, world, north):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    review = ImpactReview.objects.create(
        ruleset=draft(), saves=1, weeks=4, until=NOW, state="done", result=NOTHING_MOVED
    )
    page = client.get(address("publish")).content.decode()
    assert f'name="seen" value="{review.pk}"' in page
    assert "without a review" not in page
    assert client.post(address("publish"), draft_said() | {"seen": 987_654}).status_code == 409
    client.post(address("publish"), draft_said() | {"seen": review.pk})
    assert current().seen == review
    assert "4 weeks replayed" in client.get(address("changelist")).content.decode()
    ImpactReview.objects.update(weeks=1)
    assert "1 week replayed" in client.get(address("changelist")).content.decode()
    ImpactReview.objects.update(weeks=4)
    page = client.get(address("change", current().pk)).content.decode()
    assert "the impact review of 4 weeks" in page


def test_review_is_asked_for_on_the_publish_page(client, world, north):
    assert client.post(address("review"), {"weeks": 4}).status_code == 409
    save(client, world, rule("rules-0", north, [NORTHERN]))
    answer = client.post(address("review"), {"weeks": 4})
    assert (answer.status_code, answer["Location"]) == (302, address("publish"))
    assert ImpactReview.objects.get().weeks == 4


def test_publish_page_names_leads_that_only_the_fallback_takes(client, world, north):
    world.submitted(company__name="Left Over AB", company__country="Sweden")
    world.submitted(company__country="Norway")
    old = NOW - timedelta(weeks=5)
    world.submitted(now=old, company__country="Denmark")
    save(client, world, rule("rules-0", north, [("country", "eq", "Norway")]))
    page = client.get(address("publish")).content.decode()
    assert "Only the fallback takes 1 of 2 leads." in page
    assert "Left Over AB" in page
    assert "Nobody takes leads in" in page


def test_publish_page_takes_as_many_queries_for_many_rules(
    client, world, north, django_assert_max_num_queries
):
    def open_page():
        assert client.get(address("publish")).status_code == 200
        assert client.get(address("edit")).status_code == 200

    save(client, world, rule("rules-0", north, [("country", "eq", "A")]))
    open_page()
    with django_assert_max_num_queries(90) as few:
        open_page()
    count = len(few)
    many = [rule(f"rules-{n}", north, [("country", "eq", f"B{n}")], order=n + 1) for n in range(12)]
    save(client, world, *many, saves=1)
    with django_assert_max_num_queries(count):
        open_page()


def test_discarded_draft_leaves_the_rules_in_force(client, world, north):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    said = client.get(address("discard")).context["form"].initial
    client.post(address("discard"), said)
    assert list(RuleSet.objects.values_list("n", flat=True)) == [1]
    assert "There is no draft." in client.get(address("publish")).content.decode()
    assert client.post(address("publish"), said).status_code == 409


def test_older_version_is_looked_at_and_brought_back(client, world, north):
    old = current()
    save(client, world, rule("rules-0", north, [NORTHERN]))
    client.post(address("publish"), draft_said())
    page = client.get(address("back", old.pk))
    assert "A rule, is gone" in page.content.decode()
    client.post(address("back", old.pk), page.context["form"].initial)
    assert (current().n, current().based_on) == (3, old)
    assert Rule.objects.filter(ruleset=current()).count() == 1
    assert client.post(address("back", old.pk), {"since": 2}).status_code == 409


def test_only_a_version_that_was_replaced_has_a_page_to_bring_it_back(client, world, north):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    for row in (current(), draft()):
        assert client.get(address("back", row.pk)).status_code == 404
        assert client.post(address("back", row.pk), {"since": 1}).status_code == 404
    client.post(address("publish"), draft_said())
    assert client.get(address("back", RuleSet.objects.get(n=1).pk)).status_code == 200


def test_older_version_is_made_a_draft_first(client, world, north):
    old = current()
    save(client, world, rule("rules-0", north, [NORTHERN]))
    client.post(address("publish"), draft_said())
    client.post(address("back", old.pk), {"since": 2, "draft": "1"})
    assert (draft().based_on, draft().rules.count(), current().n) == (old, 1, 2)


def test_versions_are_listed_with_who_published_them_and_on_what(client, world, north):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    client.post(address("publish"), draft_said())
    save(client, world, rule("rules-0", north, [LARGE]))
    page = client.get(address("changelist")).content.decode()
    for words in ("Draft", "Version 2", "Version 1", str(world.admin), "no impact review"):
        assert words in page


def test_pages_of_versions_tell_what_differs_from_the_one_in_force(client, world, north):
    old = current()
    save(client, world, rule("rules-0", north, [NORTHERN]))
    client.post(address("publish"), draft_said())
    page = client.get(address("change", old.pk)).content.decode()
    assert "What bringing it back would change" in page
    assert "A rule, is gone" in page
    assert "Bring back" in page
    page = client.get(address("change", current().pk)).content.decode()
    assert "Edit the rules" in page
    assert "Bring back" not in page


@pytest.mark.parametrize("who", ["sdr", "ae", "manager"])
def test_others_read_the_rules_and_change_nothing(client, world, north, who):
    client.force_login(getattr(world, who))
    page = client.get(address("change", current().pk))
    assert page.status_code == 200
    assert "Edit the rules" not in page.content.decode()
    for name in ("edit", "publish", "discard", "review"):
        assert client.post(address(name), {}).status_code == 403


@pytest.mark.parametrize(("who", "is_told"), [("admin", True), ("manager", True), ("ae", False)])
def test_rules_are_in_the_menu_once_there_is_a_second_pool(client, world, who, is_told):
    client.force_login(getattr(world, who))
    page = reverse("notify:inbox")
    assert address("changelist") not in client.get(page).content.decode()
    create_pool(name="Second", manager=world.manager, by=None, now=NOW)
    assert (address("changelist") in client.get(page).content.decode()) is is_told
    client.force_login(world.admin)
    assert client.get(address("changelist")).status_code == 200


# Conditions that are none: of the right form at first sight only.
MALFORMED = {
    "no list": {"all": 5},
    "no member": {"all": [1]},
    "word": {"any": ["field"]},
    "half": {"all": [{"field": "country"}]},
    "list as a fact": {"all": [{"field": ["x"], "op": "eq"}]},
    "list as a comparison": {"all": [{"field": "country", "op": ["eq"], "value": "x"}]},
    "group as a value": {"all": [{"field": "country", "op": "eq", "value": {"all": []}}]},
    "list in a list": {"all": [{"field": "country", "op": "in", "value": [["x"]]}]},
    "group and test": {"all": [{"field": "country", "op": "eq", "value": "x", "all": []}]},
    "two groups": {"all": [], "any": []},
    "other group": {"none": []},
    "deep": {"any": [{"all": [{"any": [{"all": [7]}]}]}]},
}


@pytest.mark.parametrize("conditions", MALFORMED.values(), ids=MALFORMED)
def test_malformed_conditions_are_refused_and_open_where_they_are_stored(
    client, world, north, conditions
):
    one = rule("rules-0", north, [], kept=json.dumps(conditions))
    answer = save(client, world, one)
    assert answer.status_code == 422
    assert "Rule 1: These conditions cannot be read." in answer.content.decode()
    rules = [{"name": "Bad", "conditions": conditions, "pool": north}]
    rules.append({"name": "Rest", "conditions": {}, "pool": world.pool})
    save_draft(rules=rules, by=None, now=NOW, saves=0)
    for name in ("edit", "publish"):
        assert client.get(address(name)).status_code == 200
    assert client.get(address("change", draft().pk)).status_code == 200
    again = sent(world, saves=1) | data_of(rules, choices())
    assert client.post(address("edit"), again).status_code == 422
    assert client.post(address("edit"), again | {"rules-0-DELETE": "on"}).status_code == 302


HOSTILE = {
    "nul": {"rules-0-name": "a\x00b"},
    "nul in a value": {"rules-0-g0-0-value": "a\x00b"},
    "long name": {"rules-0-name": "x" * 500_000},
    "long value": {"rules-0-g0-0-value": "x" * 500_000},
    "line": {"rules-0-g0-0-value": "a\nb"},
    "fact": {"rules-0-g0-0-fact": "password"},
    "comparison": {"rules-0-g0-0-op": "drop"},
    "match": {"rules-0-match": "none"},
    "pool": {"rules-0-pool": "987654"},
    "no pool": {"rules-0-pool": "\ud800"},
    "fallback": {"fallback-pool": ""},
    "saves": {"saves": "9" * 400},
    "no saves": {"saves": ""},
    "since": {"since": "-1"},
    "no since": {"since": ""},
    "kept": {"rules-0-kept": "[" * 15_000},
    "kept list": {"rules-0-kept": "[1]"},
    "kept deep": {"rules-0-kept": '{"all":' + "[" * 500 + "]" * 500 + "}"},
    "rules": {"rules-TOTAL_FORMS": "99999999"},
    "no rules": {"rules-TOTAL_FORMS": ""},
    "many rules": {"rules-TOTAL_FORMS": "999"},
    "rows": {"rules-0-g0-TOTAL_FORMS": "999"},
    "no rows": {"rules-0-g0-TOTAL_FORMS": "x"},
    "order": {"rules-0-ORDER": "-1x"},
    "groups": {"rules-0-groups": "99"},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("pressed", [{}, {"look": "1"}, {"add": "rules"}, {"look": "up-0"}])
def test_hostile_rules_are_refused_and_named(client, world, north, hostile, pressed):
    data = sent(world, rule("rules-0", north, [NORTHERN])) | hostile | pressed
    body = urlencode(data, errors="surrogatepass")
    kind = "application/x-www-form-urlencoded"
    answer = client.post(address("edit"), body, content_type=kind)
    assert answer.status_code == (200 if pressed else 422)
    assert not RuleSet.objects.filter(state="draft").exists()
    # To move a rule puts all of them into an order again.
    assert answer.context["form"].errors or ("order" in str(hostile).lower() and "up-0" in body)


@pytest.mark.parametrize("name", ["publish", "discard", "review"])
@pytest.mark.parametrize("bad", ["", "-1", "x", "\x00", "9" * 400, "1.5"])
def test_hostile_draft_is_refused(client, world, north, name, bad):
    save(client, world, rule("rules-0", north, [NORTHERN]))
    data = draft_said() | {"saves": bad, "weeks": bad}
    assert client.post(address(name), data).status_code == 422
    assert draft().saves == 1
