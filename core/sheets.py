"""CSV that a spreadsheet opens as text, whatever people typed into the cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets read UTF-8 as something else and spoil names."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# A negative number is one to a spreadsheet too, and no formula.
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?", re.ASCII)


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    if text.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


class _Line:
    """Gives the writer's line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The file line by line: the head, then the rows, every cell quoted and safe."""
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield BYTE_ORDER_MARK + str(writer.writerow(head))
    for row in rows:
        yield str(writer.writerow([safe_cell(cell) for cell in row]))
