"""What the form editor sends: a flat list of sections and fields, in the order of the page."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from django.http import QueryDict

from handoff.models import Field
from handoff.rules.catalogue import GROUPS
from handoff.rules.form import EQ, FILLED, IN, OPTIONAL, RECOMMENDED, Form, FormField
from handoff.rules.kinds import NUMBER_KINDS
from handoff.rules.placeholders import has_forbidden_characters

SECTION, FIELD = "section", "field"
MOST_ROWS = 300
_PARTS = ("what", "key", "title", "need", "if_field", "if_op", "if_values", "minimum")
_LONGEST = 400
_ID = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class EditRow:
    """One line of the editor: the head of a section, or a field with how it is asked."""

    id: str
    what: str = FIELD
    key: str = ""
    title: str = ""
    need: str = OPTIONAL
    if_field: str = ""
    if_op: str = EQ
    if_values: str = ""
    minimum: str = ""

    @property
    def is_section(self) -> bool:
        return self.what == SECTION

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """Names and values of what the row sends, for a page that only carries it along."""
        return [("row", self.id), *((f"{self.id}.{part}", getattr(self, part)) for part in _PARTS)]

    def to_item(self) -> dict[str, Any]:
        rule = None
        if self.if_field:
            values = [value.strip() for value in self.if_values.split(",") if value.strip()]
            op = FILLED if self.if_op == FILLED else IN if len(values) > 1 else EQ
            rule = {"field": self.if_field, "op": op, "values": [] if op == FILLED else values}
        digits = re.sub(r"[ ,.]", "", self.minimum)
        # What is no number is refused as a minimum that cannot be.
        least = (int(digits) if digits.isascii() and digits.isdigit() else 0) if digits else None
        return {"key": self.key, "need": self.need, "only_if": rule, "minimum": least}


@dataclass(frozen=True, slots=True)
class EditorRows:
    """All lines of the editor, in order; the first one is a section."""

    rows: tuple[EditRow, ...]

    @classmethod
    def of_form(cls, form: Form) -> Self:
        rows: list[EditRow] = []
        for part in form.sections:
            rows.append(EditRow(str(len(rows)), SECTION, part.key, part.title))
            for field in part.fields:
                rows.append(_of_field(str(len(rows)), field))
        return cls(tuple(rows))

    @classmethod
    def of_post(cls, data: QueryDict) -> Self:
        ids = list(dict.fromkeys(one for one in data.getlist("row") if _ID.fullmatch(one)))
        return cls(
            tuple(
                EditRow(one, *(_plain(data.get(f"{one}.{part}", "")) for part in _PARTS))
                for one in ids[:MOST_ROWS]
            )
        )

    def layout(self) -> dict[str, Any]:
        """The layout that these lines make."""
        sections: list[dict[str, Any]] = []
        for row in self.rows:
            if row.is_section or not sections:
                title = " ".join(row.title.split()) if row.is_section else "Form"
                key = row.key if row.is_section and row.key else _slug(title)
                sections.append({"key": key, "title": title, "fields": []})
            if not row.is_section:
                sections[-1]["fields"].append(row.to_item())
        return {"sections": sections}

    def done(self, what: str, data: Mapping[str, str]) -> Self:
        """The lines after a button was pressed: move, remove or add."""
        verb, _, row_id = what.partition(":")
        if verb == "add_section":
            title = _plain(data.get("new_section", "")).strip()[:100]
            return self._with([EditRow("", SECTION, "", title or "New section")])
        if verb == "add_field" and data.get("new_field"):
            return self._with([EditRow("", key=_plain(data["new_field"])[:60], need=RECOMMENDED)])
        if verb == "add_group":
            return self._with(_group(data.get("new_group", ""), {row.key for row in self.rows}))
        at = next((n for n, row in enumerate(self.rows) if row.id == row_id), None)
        if at is None:
            return self
        if verb == "remove":
            return replace(self, rows=self.rows[:at] + self.rows[at + 1 :])
        return self._moved(at, -1 if verb == "up" else 1) if verb in {"up", "down"} else self

    def _with(self, more: Iterable[EditRow]) -> Self:
        first = max((int(row.id) for row in self.rows), default=-1) + 1
        added = tuple(replace(row, id=str(n)) for n, row in enumerate(more, start=first))
        return replace(self, rows=(self.rows + added)[:MOST_ROWS])

    def _moved(self, at: int, by: int) -> Self:
        to = at + by
        rows = list(self.rows)
        if not 0 <= to < len(rows):
            return self
        rows[at], rows[to] = rows[to], rows[at]
        return replace(self, rows=tuple(rows)) if rows[0].is_section else self


def _of_field(row_id: str, field: FormField) -> EditRow:
    rule = field.only_if
    return EditRow(
        row_id,
        key=field.key,
        need=field.need,
        if_field=rule.field if rule else "",
        if_op=(FILLED if rule.op == FILLED else EQ) if rule else EQ,
        if_values=", ".join(rule.values) if rule else "",
        minimum=str(field.minimum) if field.minimum is not None else "",
    )


def _group(key: str, present: set[str]) -> Iterator[EditRow]:
    """A whole section of the catalogue, without the fields that the form has already."""
    for name, title, fields in GROUPS:
        if name == key:
            taken = f"{name}_more" if name in present else name
            yield EditRow("", SECTION, taken, title)
            for field in fields:
                if field.key not in present:
                    yield replace(_of_field("", field), need=OPTIONAL)


def _plain(text: object) -> str:
    """What was sent, without what no database should get."""
    kept = (char for char in str(text)[:_LONGEST] if not has_forbidden_characters(char))
    return "".join(kept)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")[:60] or "section"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A line of the editor to draw, with the field that it stands for."""

    row: EditRow
    label: str
    kind: str
    is_number: bool
    is_known: bool
    choices: tuple[tuple[str, str], ...]
    """Fields before this one, that it may depend on."""


def shown_rows(rows: EditorRows, fields: Sequence[Field], present: Form) -> list[ShownRow]:
    """The lines with what the catalogue, or else the present form, knows of their fields."""
    known = {row.key: (row.label, row.kind, row.get_kind_display()) for row in fields}
    for item in present.fields():
        known.setdefault(item.key, (item.label, item.kind, item.kind))
    shown, before = [], list[tuple[str, str]]()
    for row in rows.rows:
        label, kind, words = known.get(row.key, (row.key, "", ""))
        choices = tuple(before)
        if row.if_field and row.if_field not in dict(before):
            choices += ((row.if_field, known.get(row.if_field, (row.if_field,))[0]),)
        is_known = row.is_section or row.key in known
        is_number = kind in NUMBER_KINDS
        shown.append(ShownRow(row, label, words, is_number, is_known, choices))
        if not row.is_section:
            before.append((row.key, label))
    return shown


def list_of_lines(text: str) -> list[str]:
    """One answer per line, without the empty ones."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
