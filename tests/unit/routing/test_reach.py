"""Which rules are called unreachable: never one that takes a lead, and all that take none."""

import sys
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.conditions import compiled, folded, problems
from routing.rules.domains import Numbers, numbers_of
from routing.rules.reach import (
    HIDDEN,
    IMPOSSIBLE,
    MOST_BOXES,
    MOST_WORK,
    left_over,
    unreachable,
)


def ask(field, op, value=None):
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def rule(name, *tests, group="all"):
    return {"name": name, "conditions": {group: list(tests)} if tests else {}}


EVERYBODY = rule("Everybody")


def found(*rules, **more):
    never = unreachable([*rules, EVERYBODY], **more).never
    return [(one.index, one.code, one.hidden_by) for one in never]


DE, FR = ask("country", "eq", "DE"), ask("country", "eq", "FR")
LARGE, SMALL = ask("size", "gte", 500), ask("size", "lte", 100)


@pytest.mark.parametrize(
    "tests",
    [
        (DE, FR),
        (DE, ask("country", "ne", "de ")),
        (LARGE, SMALL),
        (ask("size", "gt", 4), ask("size", "lt", 5)),
        (ask("size", "gte", 4.2), ask("size", "lte", 4.8)),
        (ask("size", "eq", 4.5),),
        (ask("size", "in", [1, 2]), ask("size", "not_in", [2, 1])),
        (ask("size", "gte", 4), ask("size", "lte", 5), ask("size", "ne", 4), ask("size", "ne", 5)),
        (ask("country", "in", ["DE", "AT"]), ask("country", "in", ["FR", "CH"])),
        (ask("country", "known"), ask("country", "unknown")),
        (ask("country", "unknown"), DE),
        (ask("size", "unknown"), SMALL),
        (ask("score", "known"), ask("score", "unknown")),
        (ask("source", "contains", "web"), ask("source", "unknown")),
        (ask("source", "contains", "web"), ask("source", "in", ["fair", "partner"])),
        (ask("source", "starts_with", "we"), ask("source", "eq", "a web form")),
        (DE, {"any": [FR, {"all": [DE, LARGE, SMALL]}]}),
    ],
)
def test_unreachable_names_a_rule_that_contradicts_itself(tests):
    assert found(rule("Nobody", *tests)) == [(0, IMPOSSIBLE, ())]


@pytest.mark.parametrize(
    "tests",
    [
        (DE, LARGE),
        (ask("size", "gt", 4), ask("size", "lt", 6)),
        (ask("size", "gte", 5), ask("size", "lte", 5)),
        (ask("country", "ne", "DE"), ask("country", "unknown")),
        (ask("source", "contains", "web"), ask("source", "contains", "form")),
        (ask("source", "contains", "web"), ask("source", "starts_with", "form")),
        (ask("source", "contains", "web"), ask("source", "not_in", ["web", "webinar"])),
        (ask("country", "not_in", ["DE", "AT"]), ask("country", "known")),
    ],
)
def test_unreachable_is_not_said_of_a_rule_that_can_hold(tests):
    assert found(rule("Somebody", *tests)) == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([DE], [DE]),
        ([DE], [DE, LARGE]),
        ([ask("country", "in", ["DE", "AT"])], [DE]),
        ([ask("country", "ne", "FR")], [DE]),
        ([ask("country", "not_in", ["FR"])], [ask("country", "unknown")]),
        ([ask("country", "known")], [ask("country", "contains", "d")]),
        ([ask("size", "gte", 200)], [ask("size", "gt", 199)]),
        ([ask("size", "gte", 200)], [LARGE, DE]),
        ([ask("size", "known")], [SMALL]),
        ([ask("source", "contains", "eb")], [ask("source", "starts_with", "web form")]),
        ([ask("source", "starts_with", "web")], [ask("source", "starts_with", "web form")]),
        ([ask("source", "contains", "web")], [ask("source", "in", ["web", "webinar"])]),
        ([{"any": [DE, FR]}], [ask("country", "in", ["FR", "DE"]), SMALL]),
        ([DE], [{"any": [{"all": [DE, LARGE]}, {"all": [DE, SMALL]}]}]),
    ],
)
def test_unreachable_names_the_rule_that_hides_another(earlier, later):
    assert found(rule("First", *earlier), rule("Second", *later)) == [(1, HIDDEN, (0,))]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([DE, LARGE], [DE]),
        ([DE], [ask("country", "in", ["DE", "AT"])]),
        ([ask("size", "gte", 200)], [ask("size", "gte", 199)]),
        ([ask("size", "gte", 0)], [ask("size", "ne", 5)]),
        ([ask("source", "starts_with", "web")], [ask("source", "contains", "web")]),
        ([ask("source", "contains", "web")], [ask("source", "in", ["web", "fair"])]),
        ([DE, FR], [DE]),
    ],
)
def test_unreachable_is_not_said_of_a_rule_that_is_hidden_in_part(earlier, later):
    assert (1, HIDDEN, (0,)) not in found(rule("First", *earlier), rule("Second", *later))


def test_unreachable_names_the_rules_that_hide_another_together():
    rules = [
        rule("Large", ask("size", "gte", 200)),
        rule("France", FR),
        rule("Small", ask("size", "lt", 200)),
        rule("Sized", DE, ask("size", "known")),
    ]
    assert found(*rules) == [(3, HIDDEN, (0, 2))]


def test_unreachable_names_them_past_a_rule_that_holds_for_nobody():
    rules = [
        rule("Germans", DE),
        rule("Nobody", DE, FR),
        rule("Others", ask("country", "ne", "DE")),
        rule("Large", LARGE),
    ]
    assert found(*rules) == [(1, IMPOSSIBLE, ()), (3, HIDDEN, (0, 2))]


def test_unreachable_counts_the_only_values_that_there_are():
    rules = [rule(name, ask("temperature", "eq", name)) for name in ("hot", "warm", "cool")]
    rules.append(rule("Germans", DE))
    assert found(*rules) == []
    assert found(*rules, choices={"temperature": ["hot", "warm", "cool"]}) == [
        (3, HIDDEN, (0, 1, 2))
    ]


def test_unreachable_leaves_room_for_types_to_come():
    rules = [rule("Leads", ask("type", "eq", "qualified_lead")), rule("Germans", DE)]
    assert found(*rules, choices={"type": ["qualified_lead"]}) == []


def test_unreachable_says_nothing_of_the_fallback_at_the_end():
    assert found(rule("All", ask("size", "known")), rule("None", ask("size", "unknown"))) == []


def test_unreachable_names_what_comes_after_a_rule_for_every_lead():
    assert found(EVERYBODY, rule("Germans", DE)) == [(1, HIDDEN, (0,))]


def test_unreachable_claims_nothing_of_conditions_that_are_too_many():
    often = [
        {"any": [ask("source", "contains", f"{n}a"), ask("source", "contains", f"{n}b")]}
        for n in range(8)
    ]
    assert 2 ** len(often) > MOST_BOXES
    assert found(rule("Many", *often, DE, FR)) == []


def bounded(function, *args):
    """What the function gives; stopped where it calls more functions of the rules than it may."""
    count = 0

    def tell(frame, event, arg):
        nonlocal count
        count += event == "call" and "/routing/rules/" in frame.f_code.co_filename
        assert count < 2 * MOST_WORK

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        return function(*args)
    finally:
        sys.setprofile(before)


def nested(depth, width, group, test):
    if depth == 0:
        return test
    other = "any" if group == "all" else "all"
    return {group: [nested(depth - 1, width, other, test) for _ in range(width)]}


@pytest.mark.parametrize("group", ["all", "any"])
@pytest.mark.parametrize("test", [LARGE, ask("source", "contains", "web")])
def test_unreachable_gives_up_on_conditions_that_multiply(group, test):
    conditions = nested(5, 4, group, test)
    assert not list(problems(conditions))
    rules = [rule("First", DE), {"name": "Deep", "conditions": conditions}, rule("Last", FR)]
    reach = bounded(unreachable, [*rules, EVERYBODY])
    assert (reach.never, reach.unproven_from) == ((), 1)


def numbered(n, op="in"):
    return rule(f"R{n}", ask("size", op, list(range(n, 200 * 60, 60))))


def test_unreachable_proves_many_rules_of_many_numbers():
    rules = [numbered(n) for n in range(20)]
    hidden = rule("Hidden", ask("size", "in", [3, 60, 121]))
    reach = unreachable([*rules, hidden, EVERYBODY])
    assert [one.hidden_by for one in reach.never] == [(0, 1, 3)]
    assert reach.unproven_from is None


@pytest.mark.parametrize("op", ["in", "not_in"])
def test_unreachable_is_proven_as_far_as_the_work_allows(op):
    rules = [numbered(n, op) for n in range(59)]
    reach = bounded(unreachable, [*rules, EVERYBODY])
    assert 20 < reach.unproven_from < 59
    assert all(one.index < reach.unproven_from for one in reach.never)


class Counted(float):
    """A number that counts how often it is compared."""

    compared = 0

    def __lt__(self, other):
        Counted.compared += 1
        return float(self) < float(other)

    def __gt__(self, other):
        Counted.compared += 1
        return float(self) > float(other)

    def __le__(self, other):
        Counted.compared += 1
        return float(self) <= float(other)


def test_spans_are_cut_in_as_many_steps_as_there_are():
    def spans(start):
        return tuple((Counted(n), Counted(n + 1)) for n in range(start, 4_000, 4))

    one, other = Numbers(spans(0), has_none=False), Numbers(spans(1), has_none=True)
    Counted.compared = 0
    assert (one & other).spans == tuple((n, n) for n in range(1, 4_000, 4))
    assert Counted.compared <= 4 * (one.weight + other.weight)


POINTS = st.sets(st.integers(-3, 12))


@given(POINTS, POINTS, st.booleans(), st.booleans())
def test_numbers_that_are_cut_or_turned_are_those_of_sets(mine, theirs, is_mine, is_theirs):
    one, other = numbers_of("in", list(mine)), numbers_of("in", list(theirs))
    one, other = one if is_mine else ~one, other if is_theirs else ~other

    def has(numbers, n):
        return any(low <= n <= high for low, high in numbers.spans)

    for n in range(-5, 15):
        is_in_both = ((n in mine) is is_mine) and ((n in theirs) is is_theirs)
        assert has(one & other, n) is is_in_both
    assert (one & other).has_none is (not is_mine and not is_theirs)


def test_unreachable_says_in_a_sentence_which_rule_and_why():
    rules = [rule("Germany", DE), rule("Large Germans", DE, LARGE), rule("Mixed", DE, FR)]
    hidden, impossible = unreachable([*rules, EVERYBODY]).never
    assert hidden.message == (
        "\u201cLarge Germans\u201d is never reached: rule 1, \u201cGermany\u201d, comes before it "
        "and takes every lead that it asks for. Move it up, or take the rule out."
    )
    assert impossible.message == (
        "\u201cMixed\u201d holds for no lead, because its conditions contradict each other: "
        "country is DE and country is FR. Change one of them, or take the rule out."
    )
    assert (hidden.problem.field, hidden.problem.code) == ("rules[1].conditions", "unreachable")


def test_unreachable_says_in_a_sentence_which_rules_do_it_together():
    rules = [rule("Known", ask("size", "known")), rule("Unknown", ask("size", "unknown"))]
    (hidden,) = unreachable([*rules, rule("Germans", DE), EVERYBODY]).never
    assert "rule 1, \u201cKnown\u201d; rule 2, \u201cUnknown\u201d come before it" in hidden.message


WORDS = ["a", "b", "ab"]
NUMBERS = [0, 1, 1.5, 2, 3]
# Every lead that these conditions can tell from another, in some way.
LEADS = [
    {"country": country, "source": source, "size": size}
    for country, source, size in product(
        [None, "", "a", "B", "ab", "abc", "bab", "x"], [None, "", "a", "b", "ab", "x"], [
            None, -1, 0, 1, 2, 3, 4
        ]
    )
]  # fmt: skip
EXACT = ("eq", "ne", "in", "not_in", "known", "unknown")


def asks(field, values, ops):
    def one(op):
        if op in {"known", "unknown"}:
            return st.just(ask(field, op))
        if op in {"in", "not_in"}:
            some = st.lists(st.sampled_from(values), min_size=1, max_size=3)
            return some.map(lambda chosen: ask(field, op, chosen))
        return st.sampled_from(values).map(lambda value: ask(field, op, value))

    return st.sampled_from(ops).flatmap(one)


def any_test(text_ops):
    sizes = asks("size", NUMBERS, (*EXACT, "gte", "lte", "gt", "lt"))
    return asks("country", WORDS, text_ops) | asks("source", WORDS, text_ops) | sizes


def conditions(text_ops):
    def groups(inner):
        members = st.lists(inner, min_size=1, max_size=3)
        return st.tuples(st.sampled_from(["all", "any"]), members).map(lambda one: dict([one]))

    inner = st.recursive(any_test(text_ops), groups, max_leaves=5)
    return groups(inner) | st.just({})


def rule_sets(text_ops=EXACT):
    rules = st.lists(conditions(text_ops), min_size=1, max_size=5)
    return rules.map(
        lambda all_of: [
            *({"name": f"R{n}", "conditions": one} for n, one in enumerate(all_of)),
            EVERYBODY,
        ]
    )


def reached(rules):
    """The rules that some lead falls under."""
    checks = [compiled(one["conditions"]) for one in rules]
    return {
        next(index for index, check in enumerate(checks) if check(lead))
        for lead in map(folded, LEADS)
    }


@settings(max_examples=300)
@given(rule_sets((*EXACT, "contains", "starts_with")))
def test_what_is_called_unreachable_takes_no_lead(rules):
    assert not any(list(problems(one["conditions"])) for one in rules)
    assert not {one.index for one in unreachable(rules).never} & reached(rules)


@settings(max_examples=300)
@given(rule_sets())
@example([rule("R0", ask("size", "lt", 2)), rule("R1", ask("size", "lte", 1.5)), EVERYBODY])
def test_what_takes_no_lead_is_called_unreachable(rules):
    told = {one.index for one in unreachable(rules).never} | {len(rules) - 1}
    assert told | reached(rules) == set(range(len(rules)))


@settings(max_examples=300)
@given(rule_sets((*EXACT, "contains", "starts_with")))
def test_the_rules_that_are_named_take_all_of_the_hidden_one(rules):
    for one in unreachable(rules).never:
        if one.code == IMPOSSIBLE:
            assert 0 not in reached([rules[one.index], EVERYBODY])
        else:
            before = [rules[index] for index in one.hidden_by]
            assert len(before) not in reached([*before, rules[one.index], EVERYBODY])


def test_left_over_counts_and_names_what_only_the_fallback_takes():
    rules = [rule("Germans", DE), rule("Large", LARGE), EVERYBODY]
    leads = [
        (number, {"country": country, "size": size})
        for number, (country, size) in enumerate(
            [("de", 5), ("FR", 5), (None, None), ("AT", 900), ("AT", 499)]
        )
    ]
    left = left_over(rules, leads, most=2)
    assert (left.asked, left.count, left.examples) == (5, 3, (1, 2))
    assert left.words == "Only the fallback takes 3 of 5 leads."


def test_left_over_of_none_says_so():
    rules = [rule("Germans", DE), EVERYBODY]
    assert (
        left_over(rules, [(1, {"country": "DE"})]).words == "No lead of 1 is left to the fallback."
    )
    assert left_over(rules, []).words == "There are no leads yet to try the rules on."


def test_left_over_asks_each_lead_once_whatever_reads_them():
    leads = iter([(n, {"country": "FR"}) for n in range(7)])
    assert left_over([rule("Germans", DE), EVERYBODY], leads).examples == (0, 1, 2, 3, 4)
