import csv
import io

import pytest

from review.rules.sheets import BYTE_ORDER_MARK, csv_lines, safe_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_safe_cell_puts_an_apostrophe_before_what_a_sheet_would_run(start):
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["-1+1", "-A1", "-1.", "-", "-1\n", "+1", "--1", "-\u0661"])
def test_safe_cell_takes_only_whole_negative_numbers_for_numbers(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ana", "2026-11-10", "a=b", "'quoted'", " =1", "-3", "-0.4"])
def test_safe_cell_leaves_other_text_as_it_is(text):
    assert safe_cell(text) == text


def test_csv_lines_quote_every_cell_and_read_back_the_same():
    rows = [("Ana", 'said "yes", twice', "line\nbreak"), ("Müller", "", "=1+1")]

    text = "".join(csv_lines(("one", "two", "three"), rows))

    assert text.startswith(f'{BYTE_ORDER_MARK}"one","two","three"\r\n')
    found = list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))
    assert found[1:] == [list(rows[0]), ["Müller", "", "'=1+1"]]
    assert text.count('""') >= 2


def test_csv_lines_of_no_rows_are_the_head():
    assert len(list(csv_lines(("one",), []))) == 1
