import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.rules.text import SUBJECT_LENGTH, absolute_link, is_own_path, one_line


def test_one_line_with_line_breaks_keeps_one_line():
    assert one_line("Late\r\nBcc: all@example.com") == "Late Bcc: all@example.com"


@pytest.mark.parametrize(
    "breaker", ["\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"]
)
def test_one_line_with_any_breaker_puts_a_space(breaker):
    assert one_line(f"a{breaker}b") == "a b"


def test_one_line_with_a_turned_reading_direction_loses_it():
    assert one_line("invoice\u202efdp.exe\u200b") == "invoicefdp.exe"


def test_one_line_too_long_ends_with_an_ellipsis():
    assert one_line("x" * 999) == "x" * (SUBJECT_LENGTH - 1) + "…"


def test_one_line_with_emoji_and_umlauts_keeps_them():
    assert one_line("Müller 🎉 is waiting") == "Müller 🎉 is waiting"


@given(st.text())
def test_one_line_of_anything_is_short_and_has_no_control_character(text):
    line = one_line(text)
    assert len(line) <= SUBJECT_LENGTH
    assert not {unicodedata.category(letter) for letter in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("path", ["/", "/handoffs/7/", "/handoffs/?q=a%20b#legs"])
def test_is_own_path_of_a_page_of_ours_is_true(path):
    assert is_own_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "x", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/a\nb"],
)
def test_is_own_path_of_anything_else_is_false(path):
    assert not is_own_path(path)


def test_absolute_link_joins_with_one_slash():
    assert absolute_link("https://x.example/", "/a/") == "https://x.example/a/"
    assert absolute_link("https://x.example/app", "/a/") == "https://x.example/app/a/"


def test_absolute_link_without_a_path_is_empty():
    assert absolute_link("https://x.example", "") == ""
