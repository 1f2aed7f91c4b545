"""Forms whose questions depend on each other, know half answers and have floors."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.rules.form import (
    OPTIONAL,
    RECOMMENDED,
    REQUIRED,
    Condition,
    Form,
    FormField,
    Section,
)
from handoff.rules.gate import (
    all_problems,
    asked_answers,
    completeness,
    gate_problems,
    halves,
    meeting_time,
    read_answers,
)
from handoff.rules.kinds import amounts_of, instant_of, stored_time
from handoff.rules.values import check_answer, read_answer

BUDGET = FormField(
    "budget", "Budget", "text", "handoff", REQUIRED, "Say it.",
    partial=("Pending verbal approval", "Range only"),
)  # fmt: skip
SIZE = FormField("company.size", "Employees", "integer", "company", REQUIRED, minimum=50)


def form_of(*fields):
    return Form.of((Section("all", "All", fields),))


def field_of(kind, key="field", need=REQUIRED, **more):
    return FormField(key, key.title(), kind, "handoff", need, "Say it.", **more)


def codes(form, answers, **more):
    return [(problem.field, problem.code) for problem in gate_problems(form, answers, **more)]


# Partial answers


def test_partial_answer_passes_the_gate_and_counts_half():
    form = form_of(BUDGET)
    partly, _ = read_answers(form, {"budget": {"state": "Range only", "text": "40 to 55k"}})
    assert partly == {"budget": {"state": "Range only", "text": "40 to 55k"}}
    assert codes(form, partly) == []
    assert completeness(form, partly) == 50


def test_partial_answer_needs_no_text():
    answers, problems = read_answers(form_of(BUDGET), {"budget": {"state": "Range only"}})
    assert (answers, problems) == ({"budget": {"state": "Range only"}}, ())


def test_partial_answer_without_a_state_is_a_whole_one():
    raw = {"state": "", "text": "40,000 EUR"}
    assert read_answer(BUDGET, raw) == ("40,000 EUR", None)
    assert read_answer(BUDGET, {"state": "", "text": ""}) == (None, None)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"state": "Range only", "text": "a\x00b"}, "invalid_characters"),
        ({"state": "\ud800"}, "invalid_characters"),
        ({"state": "Range only", "text": "x" * 201}, "too_long"),
        ({"state": 1}, "wrong_type"),
        ({"state": "Range only", "text": [1]}, "wrong_type"),
        ({"state": "Range only", "more": "x"}, "wrong_type"),
        ({}, "wrong_type"),
    ],
)
def test_partial_answer_that_no_draft_may_hold_is_refused(raw, code):
    assert read_answer(BUDGET, raw)[1].code == code


def test_partial_answer_to_a_field_without_states_is_refused():
    field = replace(BUDGET, partial=())
    assert read_answer(field, {"state": "Range only"})[1].code == "wrong_type"
    assert check_answer(field, {"state": "Range only"}).code == "invalid_state"


def test_partial_answer_in_an_unknown_state_or_with_a_placeholder_does_not_count():
    assert check_answer(BUDGET, {"state": "Somehow"}).code == "invalid_state"
    assert check_answer(BUDGET, {"state": "Range only", "text": "n/a"}).code == "placeholder"


def test_placeholder_names_the_partial_answer_as_the_way_out():
    said = check_answer(BUDGET, "n/a").message
    assert said == ("“n/a” does not count for Budget. Say it. Or choose “Pending verbal approval”.")


# Conditions


AUTHORITY = field_of("choice", "authority", options=("Signs", "Recommends"))
APPROVER = field_of("text", "approver", only_if=Condition("authority", "eq", ("recommends",)))
SIGNED_BY = field_of("text", "signed_by", only_if=Condition("approver", "filled"))
DEPENDENT = form_of(AUTHORITY, APPROVER, SIGNED_BY)


def test_hidden_field_is_neither_required_nor_counted():
    answers = {"authority": "Signs", "approver": "n/a", "signed_by": "Bo"}
    assert codes(DEPENDENT, answers) == []
    assert completeness(DEPENDENT, answers) == 100
    assert asked_answers(DEPENDENT, answers) == {"authority": "Signs"}
    assert codes(DEPENDENT, answers, marked=["approver"]) == []


def test_shown_field_is_required():
    assert codes(DEPENDENT, {"authority": "Recommends"}) == [("approver", "required")]
    answers = {"authority": "Recommends", "approver": "The CFO"}
    assert codes(DEPENDENT, answers) == [("signed_by", "required")]


def test_condition_on_a_hidden_field_does_not_hold():
    assert [f.key for f in DEPENDENT.asked({"approver": "The CFO"})] == ["authority"]


@pytest.mark.parametrize(
    ("rule", "answer", "holds"),
    [
        (Condition("f", "in", ("A", "b")), " B ", True),
        (Condition("f", "in", ("A", "b")), ["x", "a"], True),
        (Condition("f", "in", ("A",)), [], False),
        (Condition("f", "eq", ("180",)), 180, True),
        (Condition("f", "eq", ("Range only",)), {"state": "Range only"}, True),
        (Condition("f", "filled"), {"state": "Range only"}, True),
        (Condition("f", "filled"), "\u200b", False),
        (Condition("f", "filled"), None, False),
        (Condition("f", "eq", ("",)), "", False),
    ],
)
def test_condition_looks_at_what_is_said(rule, answer, holds):
    assert rule.holds(answer) is holds


def test_layout_keeps_everything_and_reads_what_was_written_before():
    form = form_of(BUDGET, SIZE, AUTHORITY, APPROVER)
    assert Form.from_layout(form.to_layout()) == form
    old = {"key": "x", "label": "X", "kind": "text", "target": "handoff", "need": "required",
           "help": "", "options": []}  # fmt: skip
    layout = {"sections": [{"key": "a", "title": "A", "fields": [old]}]}
    assert Form.from_layout(layout).get("x") == FormField("x", "X", "text", "handoff", REQUIRED)


# Floors


@pytest.mark.parametrize(
    ("size", "expected"), [(49, ["below_floor"]), (50, []), (0, ["not_positive"])]
)
def test_number_below_its_minimum_is_refused(size, expected):
    assert [code for _, code in codes(form_of(SIZE), {"company.size": size})] == expected


def test_floor_names_the_field_and_the_way_out():
    (problem,) = gate_problems(form_of(SIZE), {"company.size": 49})
    assert problem.message == (
        "Employees is 49; from 50 on a lead can be handed off. "
        "Correct the number, or leave this lead in nurture."
    )


def test_floor_of_an_amount_looks_at_the_upper_end():
    form = form_of(field_of("money", minimum=50_000))
    assert codes(form, {"field": "40,000 to 55,000 EUR"}) == []
    assert codes(form, {"field": "40k EUR"}) == [("field", "below_floor")]


# Kinds


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("40,000 EUR", (40_000, 40_000, "EUR")), ("EUR 40.000", (40_000, 40_000, "EUR")),
        ("€40k", (40_000, 40_000, "EUR")), ("40-55k USD", (40_000, 55_000, "USD")),
        ("40,000 to 55,000 EUR", (40_000, 55_000, "EUR")), ("$1m", (1_000_000, 1_000_000, "USD")),
        ("5 000 chf", (5_000, 5_000, "CHF")),
        ("40,000", None), ("much", None), ("55k to 40k EUR", None), ("", None), ("EUR", None),
    ],
)  # fmt: skip
def test_amount_is_read_as_people_write_it(text, amounts):
    assert amounts_of(text) == amounts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-02T14:00[Europe/Berlin]", datetime(2026, 12, 2, 13, tzinfo=UTC)),
        ("2026-12-02T14:00[UTC]", datetime(2026, 12, 2, 14, tzinfo=UTC)),
        ("2026-03-29T02:30[Europe/Berlin]", None),
        ("2026-10-25T02:30[Europe/Berlin]", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-12-02T14:00[Europe/Berlim]", None),
        ("2026-12-02T14:00", None), ("2026-13-02T14:00[UTC]", None), ("[UTC]", None),
        ("0001-01-01T00:00[Asia/Tokyo]", None), ("9999-12-31T23:59[America/Lima]", None),
        ("2026-12-02T14:00[../../etc/passwd]", None), ("2026-12-02T14:00[\x00]", None),
    ],
)  # fmt: skip
def test_time_is_an_instant_only_where_a_clock_shows_it(text, expected):
    assert instant_of(text) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_time_and_zone_is_an_instant_or_none(at, zone):
    instant = instant_of(stored_time(at, zone))
    assert instant is None or instant.tzinfo is UTC


def test_time_needs_a_known_zone_and_says_so():
    field = field_of("datetime")
    assert check_answer(field, "2026-12-02T14:00[]").code == "invalid_zone"
    assert check_answer(field, "2026-12-02T14:00[Mars]").code == "invalid_zone"
    assert check_answer(field, "soon[UTC]").code == "invalid_time"
    assert check_answer(field, "2026-12-02T14:00[UTC]") is None


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("url", "https://meet.example/a?b=c", None), ("url", "javascript:alert(1)", "invalid_url"),
        ("url", "meet.example", "invalid_url"), ("url", "https://[", "invalid_url"),
        ("yes_no", "Yes", None), ("yes_no", "maybe", "invalid_choice"),
        ("multi", ["A", "B"], None), ("multi", ["A", "C"], "invalid_choice"),
        ("money", "a lot", "invalid_amount"), ("money", "40k EUR", None),
    ],
)  # fmt: skip
def test_kind_says_what_counts(kind, value, code):
    problem = check_answer(field_of(kind, options=("A", "B")), value)
    assert (problem.code if problem else None) == code


def test_choice_named_like_a_placeholder_counts():
    assert check_answer(field_of("choice", options=("None", "Some")), "None") is None


def test_yes_and_no_are_read_from_programs_too():
    assert read_answer(field_of("yes_no"), True) == ("Yes", None)
    assert read_answer(field_of("text"), True)[1].code == "wrong_type"


@given(
    st.sampled_from(["text", "lines", "integer", "date", "choice", "multi", "yes_no", "datetime",
                     "url", "money", "email", "phone", "long_text"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["state", "text", "x"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)  # fmt: skip
def test_any_value_is_judged_and_never_crashes(kind, raw):
    form = form_of(field_of(kind, options=("A",), partial=("Half",), minimum=5, is_ahead=True))
    now = datetime(2026, 11, 20, tzinfo=UTC)
    all_problems(form, {"field": raw}, today=now.date(), now=now)
    stored, problem = read_answer(form.get("field"), raw)
    if problem is None:
        codes(form, {"field": stored}, today=now.date(), now=now)
        assert 0 <= completeness(form, {"field": stored}) <= 100


# Meetings


MEETING = form_of(
    field_of("yes_no", "has_meeting"),
    replace(
        field_of("datetime", "meeting_at", is_ahead=True),
        only_if=Condition("has_meeting", "eq", ("Yes",)),
    ),
)


def test_meeting_time_is_that_of_the_answer_where_it_is_asked():
    at = datetime(2026, 12, 2, 13, tzinfo=UTC)
    answers = {"has_meeting": "Yes", "meeting_at": "2026-12-02T14:00[Europe/Berlin]"}
    assert meeting_time(MEETING, answers) == at
    assert meeting_time(MEETING, answers | {"has_meeting": "No"}) is None
    assert meeting_time(form_of(BUDGET), {"meeting_at": answers["meeting_at"]}) is None
    assert codes(MEETING, answers, now=at - timedelta(minutes=1)) == []
    assert codes(MEETING, answers, now=at) == [("meeting_at", "in_past")]


def test_all_problems_names_what_cannot_be_read_and_what_is_missing_in_order():
    form = form_of(field_of("text", "first"), field_of("text", "second"), field_of("text", "third"))
    found = all_problems(form, {"second": "a\x00b", "first": "n/a", "other": "x"})
    assert [(p.field, p.code) for p in found] == [
        ("first", "placeholder"),
        ("second", "invalid_characters"),
        ("third", "required"),
        ("other", "unknown_field"),
    ]


def test_day_that_is_ahead_and_only_partly_known_passes():
    form = form_of(field_of("date", is_ahead=True, partial=("This quarter",)))
    assert codes(form, {"field": {"state": "This quarter"}}, today=date(2026, 1, 1)) == []


# Properties of completeness and the gate

KEYS = [f"f{n}" for n in range(6)]


@st.composite
def forms(draw):
    fields = []
    for n, key in enumerate(KEYS):
        rule = None
        if n and draw(st.booleans()):
            rule = Condition(draw(st.sampled_from(KEYS[:n])), "filled")
        need = draw(st.sampled_from([REQUIRED, RECOMMENDED, OPTIONAL]))
        fields.append(FormField(key, key, "text", "handoff", need, partial=("Half",), only_if=rule))
    return form_of(*fields)


ANSWERS = st.dictionaries(
    st.sampled_from(KEYS),
    st.sampled_from(["real", "n/a", "", {"state": "Half"}, {"state": "Else"}]),
)


@given(forms(), ANSWERS)
def test_completeness_is_a_percentage_that_hidden_fields_do_not_move(form, answers):
    percent = completeness(form, answers)
    assert 0 <= percent <= 100
    shown = {field.key for field in form.asked(answers)}
    assert completeness(form, {key: answers[key] for key in answers if key in shown}) == percent
    noise = {key: "real" for key in KEYS if key not in shown}
    if {f.key for f in form.asked({**answers, **noise})} == shown:
        assert completeness(form, {**answers, **noise}) == percent


@given(forms(), ANSWERS, st.sampled_from(KEYS))
def test_another_real_answer_never_lowers_completeness_unless_it_asks_for_more(form, answers, key):
    more = {**answers, key: "real"}
    if form.asked(more) == form.asked(answers):
        assert completeness(form, more) >= completeness(form, answers)
        half = completeness(form, {**answers, key: {"state": "Half"}})
        none = (
            completeness(form, {**answers, key: ""})
            if form.asked({**answers, key: ""}) == form.asked(more)
            else 0
        )
        assert none <= half <= completeness(form, more)


@given(forms(), ANSWERS)
def test_gate_passes_just_when_no_required_shown_field_lacks_an_answer_and_none_is_faked(
    form, answers
):
    shown = form.asked(answers)
    lacks = any(field.is_required and not halves(field, answers.get(field.key)) for field in shown)
    fakes = any(answers.get(field.key) and not halves(field, answers[field.key]) for field in shown)
    assert (gate_problems(form, answers) == ()) is not (lacks or fakes)
