from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.rules.catalogue import CATALOGUE
from handoff.rules.form import REQUIRED, FormField
from handoff.rules.gate import completeness, gate_problems, read_answers
from handoff.rules.presets import QUALIFIED_LEAD
from handoff.rules.values import check_answer, is_empty, is_placeholder, read_answer

TEXT = FormField("budget", "Budget", "text", "handoff", REQUIRED, "Say which amount was named.")


def of_kind(kind, **more):
    return FormField("field", "Field", kind, "handoff", REQUIRED, "Say it.", **more)


@pytest.mark.parametrize(
    "text",
    [
        "n/a", "N/A", "N. A.", "na", "n.a.", "tbd", "T.B.D.", "ＴＢＤ", "-", "--", "—", "…", ".",
        "?", "???", "x", "xxx", "XXXX", "aaa", "none", "None.", "unknown", "(unknown)", "to do",
        "to be determined", "don't know", "don’t know", "\u200b", "\u200b\u200d", "\ufeff",

        "\u3164", "\u2800",
        "   ", "\t\n", "\u00a0", "n\u200b/\u200ba", "t\u200cb\u200dd", "_", "null",
        "🤷", "\u202e", "later", "idk",
    ],
)  # fmt: skip
def test_placeholder_typed_to_pass_does_not_count(text):
    assert check_answer(TEXT, text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "40,000 EUR", "No budget line yet; the CFO named 40k", "Q3", "none of the three vendors",
        "yes", "5", "李", "Ødegård", "TBD Media GmbH", "Test Rite International", "N/A Records Ltd",
        "e\u0301", "مرحبا", "the buyer will know later in May",
    ],
)  # fmt: skip
def test_real_answer_counts(text):
    assert check_answer(TEXT, text) is None


def test_missing_and_placeholder_have_codes_of_their_own_and_name_the_field():
    missing, fake = check_answer(TEXT, ""), check_answer(TEXT, "n/a")
    assert (missing.field, missing.code) == ("budget", "required")
    assert (fake.field, fake.code) == ("budget", "placeholder")
    assert missing.message == "Budget is missing. Say which amount was named."
    assert fake.message == "“n/a” does not count for Budget. Say which amount was named."


@pytest.mark.parametrize("email", ["ana@nordwind.example", "a.b+c@x.co.uk", "ü@müller.example"])
def test_email_that_can_be_written_to_counts(email):
    assert check_answer(of_kind("email"), email) is None


@pytest.mark.parametrize("email", ["ana", "ana@", "@x.example", "a b@x.example", "a@x", "a@@x.y"])
def test_email_that_cannot_be_written_to_does_not_count(email):
    assert check_answer(of_kind("email"), email).code == "invalid_email"


@pytest.mark.parametrize("phone", ["12345", "000000000", "call me", "1111111"])
def test_phone_that_cannot_be_dialled_does_not_count(phone):
    assert check_answer(of_kind("phone"), phone).code == "invalid_phone"


def test_phone_with_punctuation_counts():
    assert check_answer(of_kind("phone"), "+49 (0)40 5550-1842") is None


def test_day_that_does_not_exist_does_not_count():
    assert check_answer(of_kind("date"), "2026-02-30").code == "invalid_date"
    assert check_answer(of_kind("date"), "2026-02-28") is None


def test_choice_outside_its_options_does_not_count():
    field = of_kind("choice", options=("A", "B"))
    assert check_answer(field, "C").code == "invalid_choice"
    assert check_answer(field, "B") is None


@pytest.mark.parametrize(
    ("typed", "number"), [("61", 61), ("1,200", 1200), ("1.200", 1200), (7, 7)]
)
def test_whole_number_is_read_as_people_write_it(typed, number):
    assert read_answer(of_kind("integer"), typed) == (number, None)


@pytest.mark.parametrize("typed", ["1e9", "-3", "NaN", "12x", "9" * 13, True, 1.5, [], "１２"])
def test_what_is_no_whole_number_is_refused(typed):
    value, problem = read_answer(of_kind("integer"), typed)
    assert value is None
    assert problem.code == "not_a_number"


def test_zero_employees_do_not_count():
    assert check_answer(of_kind("integer"), 0).code == "not_positive"


def test_zero_is_a_score():
    score = CATALOGUE["contact.score"]
    assert read_answer(score, "0") == (0, None)
    assert check_answer(score, 0) is None
    assert read_answer(score, "-1")[1].message.startswith("Score must be a whole number between 0")


@pytest.mark.parametrize("key", ["company.segment", "contact.product", "contact.language"])
def test_what_rules_compare_is_kept_to_a_few_words(key):
    assert read_answer(CATALOGUE[key], "a" * 60) == ("a" * 60, None)
    assert read_answer(CATALOGUE[key], "a" * 61)[1].code == "too_long"


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("text", "a\x00b", "invalid_characters"),
        ("text", "\ud800", "invalid_characters"),
        ("lines", ["fine", "\x1b[31m"], "invalid_characters"),
        ("text", "a" * 201, "too_long"),
        ("long_text", "a" * 5_001, "too_long"),
        ("lines", ["a" * 501], "too_long"),
        ("lines", ["a", "b", "c", "d"], "too_many"),
        ("text", {"a": 1}, "wrong_type"),
        ("lines", [1, 2], "wrong_type"),
    ],
)
def test_what_no_draft_may_hold_is_refused(kind, raw, code):
    assert read_answer(of_kind(kind), raw)[1].code == code


def test_lines_drop_the_empty_ones_and_check_each():
    field = of_kind("lines")
    assert read_answer(field, "Slow\n\n \u200b \nDear\n") == (["Slow", "Dear"], None)
    assert check_answer(field, ["Slow", "tbd"]).code == "placeholder"
    assert check_answer(field, []).code == "required"


def full_answers():
    return {
        "company.name": "Nordwind GmbH", "company.size": 180, "company.industry": "Manufacturing",
        "company.country": "Germany", "company.domain": "nordwind.example",
        "contact.first_name": "Ana", "contact.last_name": "Ruiz", "contact.title": "COO",
        "contact.email": "ana@nordwind.example", "contact.phone": "+49 40 5550 1842",
        "why_now": "Audit failed", "pains": ["Paper"], "need": "Proof of delivery",
        "budget": "40,000 EUR", "authority": "She signs", "timeline": "By March",
        "objections": "Price", "next_step": "Intro call", "next_step_on": "2199-12-02",
    }  # fmt: skip


def test_gate_opens_for_a_full_form_and_completeness_is_100():
    assert gate_problems(QUALIFIED_LEAD, full_answers()) == ()
    assert completeness(QUALIFIED_LEAD, full_answers()) == 100


@given(
    blanked=st.sets(st.sampled_from([f.key for f in QUALIFIED_LEAD.fields()]), min_size=1),
    blank=st.sampled_from(["", "  ", "\u200b", None, "n/a", "-", "tbd"]),
)
def test_gate_names_exactly_the_required_fields_that_are_not_real(blanked, blank):
    answers = full_answers()
    for key in blanked:
        answers[key] = [blank or ""] if key == "pains" else blank
    required = {f.key for f in QUALIFIED_LEAD.fields() if f.is_required}
    named = {problem.field for problem in gate_problems(QUALIFIED_LEAD, answers)}
    assert named & required == blanked & required
    assert completeness(QUALIFIED_LEAD, answers) < 100


def test_recommended_field_may_be_empty_but_not_faked():
    answers = {**full_answers(), "objections": ""}
    assert gate_problems(QUALIFIED_LEAD, answers) == ()
    answers["objections"] = "n/a"
    assert [p.field for p in gate_problems(QUALIFIED_LEAD, answers)] == ["objections"]


def test_field_that_the_receiver_marked_is_required_from_then_on():
    answers = {**full_answers(), "objections": ""}
    problems = gate_problems(QUALIFIED_LEAD, answers, marked=["objections"])
    assert [(p.field, p.code) for p in problems] == [("objections", "required")]


def test_unknown_field_is_refused_by_name():
    answers, problems = read_answers(QUALIFIED_LEAD, {"budgett": "40k", "need": "Speed"})
    assert answers == {"need": "Speed"}
    assert [(p.field, p.code) for p in problems] == [("budgett", "unknown_field")]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    for kind in ("text", "long_text", "lines", "integer", "email", "phone", "date", "choice"):
        value, problem = read_answer(of_kind(kind), text)
        if problem is None and not is_empty(value):
            check_answer(of_kind(kind), value)


@given(
    st.text(alphabet=" \t\u200b\u200c\u200d\u2060\ufeff\u00a0\u3000\u3164\u2800-_./?*", max_size=8)
)
def test_text_without_letter_or_digit_is_never_real(text):
    assert is_placeholder(text)


def test_day_of_the_next_step_must_not_have_passed():
    answers = {**full_answers(), "next_step_on": "2026-11-20"}
    assert gate_problems(QUALIFIED_LEAD, answers, today=date(2026, 11, 20)) == ()
    (problem,) = gate_problems(QUALIFIED_LEAD, answers, today=date(2026, 11, 21))
    assert (problem.field, problem.code) == ("next_step_on", "in_past")


@pytest.mark.parametrize("raw", ["180.0", "1.5", "2,5", "12.34", "1,234.567", "1,,000", "1.5k"])
def test_whole_number_with_a_sign_that_parts_no_thousands_is_refused(raw):
    assert read_answer(of_kind("integer"), raw)[1].code == "not_a_number"


@pytest.mark.parametrize("raw", ["1,800", "1.800", "1 800", "1\u00a0800", "1'800", " 1800 ", 1800])
def test_whole_number_is_read_with_its_thousands_parted(raw):
    assert read_answer(of_kind("integer"), raw) == (1800, None)
