"""Which contact counts: by its kind, its length and whether it says something of its own."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff import choices
from handoff.rules import touches
from handoff.rules.touches import (
    count_words,
    fingerprint,
    judge,
    may_log_until,
    own_text,
    words_of_verdict,
)
from worktime.rules import Calendar, preset_calendars
from worktime.rules.presets import ALWAYS, OFFICE_HOURS

OFFICE = Calendar.from_data(preset_calendars("Europe/Berlin")[OFFICE_HOURS])
ROUND_THE_CLOCK = Calendar.from_data(preset_calendars("Europe/Berlin")[ALWAYS])
MAIL = "Hi Ana,\nyour drivers wait for job sheets on paper. Could we talk about that on Thursday?"
NAMES = ("Ana", "Ruiz", "Ana Ruiz", "Nordwind GmbH")


def verdict(kind="email", words=20, **facts):
    return judge(kind, words=words, **({"is_automated": False, "is_repeated": False} | facts))


@pytest.mark.parametrize("kind", ["call", "reply", "meeting_booked", "meeting_held", "converted"])
def test_touch_of_a_kind_that_counts_needs_no_words(kind):
    assert verdict(kind, words=0) == "meaningful"


@pytest.mark.parametrize("kind", ["email", "message"])
@pytest.mark.parametrize(("words", "told"), [(11, "too_short"), (12, "meaningful")])
def test_written_touch_needs_twelve_words(kind, words, told):
    assert verdict(kind, words=words) == told


def test_written_touch_that_repeats_another_is_templated():
    assert verdict(is_repeated=True) == "templated"
    assert verdict("call", is_repeated=True) == "meaningful"


@pytest.mark.parametrize("kind", choices.TouchKind.values)
def test_automated_touch_never_counts(kind):
    assert verdict(kind, is_automated=True) == "automated"


def test_touch_logged_too_late_says_first_what_it_lacks_by_itself():
    assert verdict("call", is_too_old=True) == "too_old"
    assert verdict(words=3, is_too_old=True) == "too_short"


def test_verdicts_and_kinds_are_those_that_are_stored():
    assert {
        touches.MEANINGFUL,
        touches.TOO_SHORT,
        touches.TEMPLATED,
        touches.AUTOMATED,
        touches.TOO_OLD,
    } == set(choices.Verdict.values)
    assert set(choices.TouchKind.values) > touches.WRITTEN


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("told", choices.Verdict.values)
def test_every_verdict_says_whether_it_counts(told, saved):
    words = words_of_verdict(told, kind="email", words=1, is_saved=saved)
    assert ("Counts as contact" in words) == (told == "meaningful")
    assert words.endswith(".")


def test_too_short_says_how_many_words_and_how_many_it_takes():
    assert "has 1 word, and it takes 12" in words_of_verdict("too_short", kind="email", words=1)
    assert "has 3 words" in words_of_verdict("too_short", kind="message", words=3)


@pytest.mark.parametrize(
    "below",
    [
        "-- \nPriya Nair\nMeridian, all the best and many more words",
        "On Tue, 3 Nov 2026 at 10:00 Ana Ruiz wrote:\n> a very long mail",
        "> quoted one\n> quoted two",
        "-----Original Message-----\nFrom: Ana",
        "Am 3. November schrieb Ana Ruiz:\nund so weiter",
    ],
)
def test_quoted_text_and_signature_are_not_own_words(below):
    assert own_text(f"Two words\n\n{below}") == "Two words"
    assert count_words(f"Two words\n{below}") == 2


def test_mail_that_only_begins_a_sentence_with_on_is_kept():
    text = "On Thursday I can show you how others wrote it"
    assert own_text(text + "\nand why.") == text + "\nand why."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # One line with the link to a calendar is one line.
        ("Book here: https://cal.example/priya-nair/30min?month=2026-11&utm_source=mail", 3),
        ("Write to ana.ruiz@nordwind.example, please", 4),
        ("<div><p class='lead big'><b>Hi Ana</b></p><br/><br></div>", 2),
        ("a < b and c > d is true", 7),
        ("_ _ _ _ _ _ _ _ _ _ _ _", 0),
        ("... !!! - - - ***", 0),
        # A zero-width space ends no word, nor does an accent or a vowel sign of its own.
        ("H\u200be\u200bl\u200bl\u200bo", 1),
        ("Ame\u0301lie said", 2),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", 1),
        # Without spaces between the words each character counts.
        ("\u5468\u56db\u53ef\u4ee5\u8c08\u8c08\u5417\uff1f", 7),
        ("Don't ... we\u2019ll", 2),
    ],
)
def test_words_are_counted_as_a_reader_would(text, words):
    assert count_words(text) == words


def test_words_of_a_text_without_a_space_are_counted_at_once():
    assert count_words("a" * touches.MAX_TEXT) == 1
    assert count_words("<" * touches.MAX_TEXT) == 0


@pytest.mark.parametrize(
    "same",
    [
        MAIL.upper(),
        MAIL.replace("drivers", "dri\u200bvers"),
        MAIL.replace("Thursday", "<b>Thursday</b>"),
        MAIL.replace(" ", "   \n"),
        MAIL.replace("Hi Ana,", "Dear Mr Bell,"),
        MAIL.replace("Hi Ana,", "Hello!"),
        MAIL + "\n-- \nPriya",
        MAIL.replace("Could", "Could, Ana,"),
        MAIL.replace("your drivers", "your Nordwind GmbH drivers"),
    ],
)
def test_same_mail_with_other_accidents_has_the_same_fingerprint(same):
    assert fingerprint(same, names=NAMES) == fingerprint(MAIL, names=NAMES)


def test_mail_to_another_lead_has_the_same_fingerprint():
    other = MAIL.replace("Ana", "Bo").replace("sheets", "sheets at Sella Foods")
    mine = MAIL.replace("sheets", "sheets at Nordwind GmbH")
    assert fingerprint(other, names=("Bo", "Sella Foods")) == fingerprint(mine, names=NAMES)


def test_other_words_have_another_fingerprint():
    assert fingerprint(MAIL) != fingerprint(MAIL.replace("Thursday", "Friday"))


def test_name_inside_a_word_stays():
    assert fingerprint("an analysis of it", names=("ana",)) != fingerprint("an lysis of it")


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=4))
def test_fingerprint_of_any_text_is_stable_and_blind_to_case_and_spaces(text, names):
    once = fingerprint(text, names=names)
    assert once == fingerprint(text, names=names)
    assert (once == "") or len(once) == 64
    assert count_words(text) >= 0


@pytest.mark.parametrize(
    ("occurred", "until"),
    [
        # Tuesday 11:00 in Berlin: the end of Wednesday, which is later than 24 hours.
        (datetime(2026, 11, 17, 10, tzinfo=UTC), datetime(2026, 11, 18, 16, tzinfo=UTC)),
        # Friday: the end of Monday.
        (datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 23, 16, tzinfo=UTC)),
        # Tuesday 23:00: 24 hours end after Wednesday's work.
        (datetime(2026, 11, 17, 22, tzinfo=UTC), datetime(2026, 11, 18, 22, tzinfo=UTC)),
    ],
)
def test_touch_may_be_logged_for_a_day_or_until_the_next_working_day_ends(occurred, until):
    assert may_log_until(OFFICE, occurred) == until


def test_touch_may_be_logged_for_a_day_where_work_never_ends():
    at = datetime(2026, 11, 17, 10, tzinfo=UTC)
    assert may_log_until(ROUND_THE_CLOCK, at) == at + timedelta(hours=24)


def test_touch_of_a_night_shift_may_be_logged_until_the_next_ends():
    nights = Calendar.from_data(
        {
            "zone": "Europe/Berlin",
            "windows": [
                {"day": day, "start": "22:00", "end": "06:00"}
                for day in ("mon", "tue", "wed", "thu", "fri")
            ],
        }
    )
    # Wednesday 02:00 local belongs to Tuesday; the next working day is Wednesday's night.
    at = datetime(2026, 11, 18, 1, tzinfo=UTC)
    assert may_log_until(nights, at) == datetime(2026, 11, 19, 5, tzinfo=UTC)
