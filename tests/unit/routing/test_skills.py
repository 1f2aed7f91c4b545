"""Skills as people type them."""

from routing.rules.skills import LONGEST, MOST, skill_problems, tidied


def test_tidied_keeps_each_value_once_in_lower_case_and_in_order():
    assert tidied([" German", "english ", "GERMAN", "", "  ", "Swiss   German"]) == [
        "german",
        "english",
        "swiss german",
    ]


def test_skill_problems_of_what_can_be_kept_are_none():
    assert list(skill_problems([])) == []
    assert list(skill_problems(["x" * LONGEST, "français", "日本語"])) == []


def test_skill_problems_name_what_is_too_long_too_many_or_no_text():
    codes = [code for code, _ in skill_problems(["x" * (LONGEST + 1), "a\0b", "\ud800"])]
    assert codes == ["too_long", "invalid_characters", "invalid_characters"]
    assert [code for code, _ in skill_problems([str(n) for n in range(MOST + 1)])] == ["too_many"]
