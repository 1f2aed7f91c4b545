"""How one rule set differs from another, in words."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from routing.rules.differences import Change, RuleLine, differences


def line(name, conditions="country is Germany", pool=1, **changes):
    return RuleLine(name, conditions, pool, f"Pool {pool}", **changes)


LAST = RuleLine("Rest", "every other lead", 9, "Inbound", is_fallback=True)
A, B, C = (line(name, f"country is {name}") for name in "ABC")


def changes(old, new):
    return [one.change for one in differences(old, new).lines]


def test_same_rules_have_no_differences():
    found = differences([A, B, LAST], [A, B, LAST])
    assert found.words == []
    assert {one.change for one in found.lines} == {Change.SAME}


def test_new_rule_moves_nobody_else():
    assert changes([A, LAST], [B, A, LAST]) == [Change.ADDED, Change.SAME, Change.SAME]
    assert differences([A, LAST], [B, A, LAST]).words == [
        "Rule 1, B, is new: country is B: Pool 1."
    ]


def test_removed_rule_is_told_with_its_old_place():
    found = differences([A, B, LAST], [A, LAST])
    assert found.removed == ((2, B),)
    assert found.words == ["Rule 2, B, is gone: country is B: Pool 1."]


def test_changed_rule_is_known_by_its_name_and_renamed_one_by_its_conditions():
    larger = line("A", "country is A and size is 50 or more", firsts="whoever had the lead before")
    found = differences([A, LAST], [larger, LAST])
    assert found.lines[0].change == Change.CHANGED
    assert found.words == [
        "Rule 1, A, now says country is A and size is 50 or more: Pool 1, whoever had the lead "
        "before, before country is A: Pool 1."
    ]
    renamed = line("Austria", "country is A")
    assert differences([A, LAST], [renamed, LAST]).words == ["Rule 1, Austria, was called A."]


def test_moved_rule_is_the_one_that_was_taken_elsewhere():
    found = differences([A, B, C, LAST], [C, A, B, LAST])
    assert [one.is_moved for one in found.lines] == [True, False, False, False]
    assert found.words == ["Rule 1, C, moves from place 3 to 1."]


def test_fallback_to_another_pool_is_changed_and_not_replaced():
    other = RuleLine("Everything", "every other lead", 8, "Enterprise", is_fallback=True)
    found = differences([A, LAST], [A, other])
    assert [one.change for one in found.lines] == [Change.SAME, Change.CHANGED]
    assert not found.removed


def test_first_rules_ever_are_all_new():
    assert changes([], [A, LAST]) == [Change.ADDED, Change.ADDED]


SETS = st.lists(st.sampled_from([A, B, C, line("D"), line("A", "size is 5 or more")]), max_size=6)


@given(SETS, SETS)
def test_every_rule_is_told_once_and_the_fewest_have_moved(old, new):
    found = differences(old, new)
    assert [one.line for one in found.lines] == new
    kept = [one.old_position for one in found.lines if one.old is not None]
    gone = [position for position, _ in found.removed]
    assert sorted(kept + gone) == [*range(1, len(old) + 1)]
    staying = [one.old_position for one in found.lines if one.old and not one.is_moved]
    assert staying == sorted(staying)
    longest = max(
        size
        for size in range(len(kept) + 1)
        for some in itertools.combinations(kept, size)
        if list(some) == sorted(some)
    )
    assert len(staying) == longest
