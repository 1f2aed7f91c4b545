"""Reading a CSV file by a mapping: which column is what, how its dates are written.

A mapping is a small JSON file. A *source* in it says where a value comes from:

    "origin"                                  the column of that name
    {"column": "origin", "default": "web"}    the column, or this where it is empty
    {"text": "Seller {seller_id:.8}"}         a text with columns in it; ``:.8`` cuts it

Everything that is wrong is collected with its row and column, so that a file is mended in one go.
"""

import csv
import json
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from accounts.selectors import known_zone
from core.errors import FieldProblem, Refused

MAX_CELL = 10_000
MOST_PROBLEMS = 50
csv.field_size_limit(MAX_CELL * 10)


class FileRefused(Refused):
    """The file or its mapping cannot be used; ``problems`` names row and column."""

    code = "file_refused"
    title = "Nothing was imported"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; ``number`` counts as a spreadsheet does, the head being 1."""

    number: int
    cells: Mapping[str, str]


@dataclass
class Problems:
    """What is wrong with a file, as far as it is worth listing."""

    found: list[FieldProblem] = field(default_factory=list)
    count: int = 0

    def add(self, row: Row, column: str, code: str, message: str) -> None:
        self.count += 1
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(FieldProblem(f"row {row.number}, {column}", code, message))

    def raise_any(self) -> None:
        if self.count:
            what = "1 problem" if self.count == 1 else f"{self.count} problems"
            raise FileRefused(f"{what} found; nothing was imported.", problems=self.found)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping file as a dict. Raises FileRefused when it is not readable JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise FileRefused(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(data, dict):
        raise FileRefused(f"{path} must hold one JSON object.")
    return data


def read_rows(path: Path) -> list[Row]:
    """All lines of a UTF-8 CSV file with a head line.

    Raises FileRefused: not readable, not UTF-8, a head with a name twice, a line with more or
    fewer cells than the head.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            head = next(reader, None)
            if not head:
                raise FileRefused(f"{path.name} is empty; the first line must name the columns.")
            if len(set(head)) != len(head):
                twice = sorted({name for name in head if head.count(name) > 1})
                raise FileRefused(f"{path.name} names the column {twice[0]!r} twice.")
            return list(_rows(reader, head))
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileRefused(f"{path.name} is not UTF-8: save it as UTF-8 and try again.") from error
    except csv.Error as error:
        raise FileRefused(f"{path.name} is not a proper CSV file: {error}.") from error


def _rows(reader: Iterator[list[str]], head: list[str]) -> Iterator[Row]:
    problems = Problems()
    for number, cells in enumerate(reader, start=2):
        if not any(cells):
            continue
        row = Row(number, dict(zip(head, cells, strict=False)))
        if len(cells) != len(head):
            message = f"It has {len(cells)} cells, and the head has {len(head)}."
            problems.add(row, "all", "wrong_length", message)
        yield row
    problems.raise_any()


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes values out of rows as a mapping says."""

    zone: ZoneInfo
    date_formats: tuple[str, ...]
    problems: Problems

    @classmethod
    def of(cls, mapping: Mapping[str, Any], rows: list[Row], allowed: frozenset[str]) -> "Reader":
        """Check the mapping against the file. Raises FileRefused for what is not in either."""
        unknown = sorted(set(mapping) - allowed)
        if unknown:
            known = ", ".join(sorted(allowed))
            raise FileRefused(f"The mapping says {unknown[0]!r}; it may say: {known}.")
        zone = known_zone(str(mapping.get("zone", "UTC")))
        if zone is None:
            raise FileRefused(f"There is no time zone {mapping['zone']!r}.")
        if not rows:
            raise FileRefused("The file has no rows below its head.")
        formats = mapping.get("date_formats", ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"])
        return cls(zone, tuple(map(str, formats)), Problems())

    def text(self, row: Row, source: Any, *, most: int = 200) -> str:
        """The value of a source in this row, trimmed; empty where there is none."""
        value = " ".join(self._raw(row, source).split())
        column = column_of(source)
        if "\x00" in value:
            self.problems.add(row, column, "invalid_characters", "It holds a NUL character.")
            return ""
        if len(value) > most:
            message = f"It has {len(value):,} characters; {most} fit."
            self.problems.add(row, column, "too_long", message)
            return ""
        return value

    def instant(self, row: Row, source: Any) -> datetime | None:
        """A date or time of the file, as an instant; None where the cell is empty."""
        value = self.text(row, source)
        if not value:
            return None
        for form in self.date_formats:
            try:
                return datetime.strptime(value, form).replace(tzinfo=self.zone)
            except ValueError:
                continue
        message = f"{value!r} is not written as any of: {', '.join(self.date_formats)}."
        self.problems.add(row, column_of(source), "invalid_date", message)
        return None

    def whole_number(self, row: Row, source: Any) -> int | None:
        value = self.text(row, source)
        if not value:
            return None
        if value.isascii() and value.isdigit() and len(value) <= 9:
            return int(value)
        message = f"{value!r} is not a whole number."
        self.problems.add(row, column_of(source), "not_a_number", message)
        return None

    def _raw(self, row: Row, source: Any) -> str:
        if isinstance(source, str):
            return self._cell(row, source)
        if isinstance(source, Mapping) and "text" in source:
            return _Template(row, self).format(str(source["text"]))
        if isinstance(source, Mapping) and "column" in source:
            return self._cell(row, str(source["column"])) or str(source.get("default", ""))
        if isinstance(source, Mapping) and "default" in source:
            return str(source["default"])
        raise FileRefused(
            f"The mapping says {source!r}; it may name a column, a text or a default."
        )

    def _cell(self, row: Row, column: str) -> str:
        if column not in row.cells:
            known = ", ".join(row.cells)
            raise FileRefused(f"The file has no column {column!r}. It has: {known}.")
        return row.cells[column].strip()


def column_of(source: Any) -> str:
    """The column's name, for a message about a source."""
    if isinstance(source, Mapping):
        return str(source.get("column") or source.get("text") or "default")
    return str(source)


class _Template(string.Formatter):
    """A text with columns in it. Attributes and indexes of values are no part of it."""

    def __init__(self, row: Row, reader: Reader) -> None:
        self._row, self._reader = row, reader

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return self._reader._cell(self._row, field_name), field_name  # its own reader
