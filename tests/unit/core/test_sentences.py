"""Conditions in words that can be read in one way only."""

import pytest

from core.conditions import OPERATORS
from core.sentences import OPERATOR_WORDS, conditions_words


def ask(field, op, value=None):
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (ask("country", "eq", " DE "), "country is DE"),
        (ask("country", "ne", "DE"), "country is not DE"),
        (ask("country", "in", ["DE"]), "country is DE"),
        (ask("country", "in", ["DE", "AT"]), "country is DE or AT"),
        (ask("country", "in", ["DE", "AT", "CH"]), "country is DE, AT or CH"),
        (ask("country", "not_in", ["DE"]), "country is not DE"),
        (ask("country", "not_in", ["DE", "AT"]), "country is neither DE nor AT"),
        (ask("country", "not_in", ["DE", "AT", "CH"]), "country is none of DE, AT and CH"),
        (ask("source", "contains", "web"), "source contains web"),
        (ask("source", "starts_with", "web"), "source starts with web"),
        (ask("size", "gte", 1200), "size is 1,200 or more"),
        (ask("size", "lte", 200), "size is 200 or less"),
        (ask("size", "gt", 200), "size is over 200"),
        (ask("score", "lt", 49.5), "score is under 49.5"),
        (ask("size", "in", [1, 2]), "size is 1 or 2"),
        (ask("industry", "known"), "industry is known"),
        (ask("industry", "unknown"), "industry is not known"),
        (ask("type", "eq", "qualified_lead"), "type is qualified lead"),
        (ask("source", "eq", "fair and web"), "source is \u201cfair and web\u201d"),
        (ask("source", "in", ["a, b", "c"]), "source is \u201ca, b\u201d or c"),
    ],
)  # fmt: skip
def test_conditions_words_of_one_test(test, words):
    assert conditions_words({"all": [test]}) == words
    assert conditions_words({"any": [test]}) == words


DE, LARGE = ask("country", "eq", "DE"), ask("size", "gte", 500)
WEB = ask("source", "in", ["web", "fair"])


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({}, "every lead"),
        ({"all": []}, "every lead"),
        ({"all": [DE, LARGE]}, "country is DE and size is 500 or more"),
        ({"any": [DE, LARGE]}, "either country is DE, or size is 500 or more"),
        (
            {"all": [DE, {"any": [LARGE, WEB]}]},
            "country is DE and (either size is 500 or more, or source is web or fair)",
        ),
        (
            {"any": [DE, {"all": [LARGE, WEB]}]},
            "either country is DE, or (size is 500 or more and source is web or fair)",
        ),
        ({"all": [{"any": [DE]}, {"all": [LARGE]}]}, "country is DE and size is 500 or more"),
        ({"all": [{"all": [DE, LARGE]}]}, "country is DE and size is 500 or more"),
    ],
)
def test_conditions_words_of_groups(conditions, words):
    assert conditions_words(conditions) == words


def test_conditions_words_takes_labels_and_what_to_say_of_none():
    labels = {"type": {"mql": "MQL"}}
    conditions = {"all": [ask("type", "in", ["mql", "hot_lead"])]}
    assert conditions_words(conditions, labels=labels) == "type is MQL or hot lead"
    assert conditions_words({}, nothing="everything else") == "everything else"


def test_every_operator_has_words_to_be_chosen_by():
    assert set(OPERATOR_WORDS) == set(OPERATORS)
