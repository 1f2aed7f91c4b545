"""Rules as sentences."""

import pytest

from routing.rules.sentences import rule_words

DACH = {"all": [{"field": "country", "op": "in", "value": ["DE", "AT"]}]}


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ({}, "country is DE or AT: Enterprise DACH"),
        (
            {"owner_first": True},
            "country is DE or AT: Enterprise DACH, whoever looks after the company first",
        ),
        (
            {"earlier_first": True},
            "country is DE or AT: Enterprise DACH, whoever had the lead before first",
        ),
        (
            {"owner_first": True, "earlier_first": True},
            "country is DE or AT: Enterprise DACH, whoever looks after the company, "
            "then whoever had the lead before first",
        ),
    ],
)
def test_rule_words_say_for_whom_where_to_and_who_goes_first(first, words):
    assert rule_words(DACH, "Enterprise DACH", **first) == words


def test_rule_words_of_the_fallback_are_for_every_lead():
    assert rule_words({}, "Main pool") == "every lead: Main pool"
