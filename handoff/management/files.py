"""From the rows of a file to what the import services take."""

from collections.abc import Mapping
from typing import Any

from handoff.choices import Temperature
from handoff.management.mapping import FileRefused, Reader, Row, column_of
from handoff.rules.catalogue import CATALOGUE
from handoff.rules.form import OPTIONAL, RECOMMENDED, REQUIRED, Form, FormField, Section
from handoff.rules.values import check_answer, is_empty, read_answer
from handoff.services.imports import LeadRow

COMPANY_KEYS = ("name", "domain", "size", "industry", "country", "segment")
CONTACT_KEYS = (
    "first_name", "last_name", "title", "email", "phone", "product", "language", "score",
)  # fmt: skip
NUMBERS = frozenset({"size", "score"})
OWN_KEYS = ("source", "external_id", "qualified_at", "temperature")
SETTINGS = frozenset({"zone", "date_formats"})
LEAD_KEYS = SETTINGS | {"lead"}
REPLAY_KEYS = SETTINGS | {"lead", "type", "submitter", "receiver", "pool", "at"}
_NEEDS = (REQUIRED, RECOMMENDED, OPTIONAL)


def lead_of(reader: Reader, row: Row, mapping: Mapping[str, Any]) -> LeadRow:
    """One lead; what is wrong with it goes to ``reader.problems``."""
    sources = mapping.get("lead")
    if not isinstance(sources, Mapping):
        raise FileRefused(
            'The mapping needs "lead": an object that says where its values come from.'
        )
    allowed = {*OWN_KEYS, *CONTACT_KEYS, *(f"company.{key}" for key in COMPANY_KEYS)}
    unknown = sorted(set(sources) - allowed)
    if unknown:
        known = ", ".join(sorted(allowed))
        raise FileRefused(f'"lead" in the mapping says {unknown[0]!r}; it may say: {known}.')
    if "company.name" not in sources:
        raise FileRefused(
            '"lead" in the mapping needs "company.name"; a text with a column will do.'
        )
    return LeadRow(
        company=_company(reader, row, sources),
        contact=_contact(reader, row, sources),
        source=reader.text(row, sources["source"], most=60) if "source" in sources else "",
        external_id=(
            reader.text(row, sources["external_id"], most=100) if "external_id" in sources else ""
        ),
        temperature=_temperature(reader, row, sources.get("temperature")),
        qualified_at=(
            reader.instant(row, sources["qualified_at"]) if "qualified_at" in sources else None
        ),
    )


def _company(reader: Reader, row: Row, sources: Mapping[str, Any]) -> dict[str, Any]:
    company = {
        key: _value(reader, row, sources[f"company.{key}"], key)
        for key in COMPANY_KEYS
        if f"company.{key}" in sources
    }
    if not company["name"]:
        column = column_of(sources["company.name"])
        reader.problems.add(row, column, "required", "The company has no name.")
    for key, value in company.items():
        _judge(reader, row, sources[f"company.{key}"], f"company.{key}", value)
    return company


def _contact(reader: Reader, row: Row, sources: Mapping[str, Any]) -> dict[str, Any]:
    contact = {
        key: _value(reader, row, sources[key], key) for key in CONTACT_KEYS if key in sources
    }
    for key, value in contact.items():
        _judge(reader, row, sources[key], f"contact.{key}", value)
    return contact


def _value(reader: Reader, row: Row, source: Any, key: str) -> str | int | None:
    return reader.whole_number(row, source) if key in NUMBERS else reader.text(row, source)


def _judge(reader: Reader, row: Row, source: Any, key: str, value: object) -> None:
    """Report what the gate would say of a value, in the gate's words.

    A choice may be named as the source names it: the form then asks for one of its own.
    """
    field = CATALOGUE[key]
    problem = (
        None if is_empty(value) else read_answer(field, value)[1] or check_answer(field, value)
    )
    if problem is not None and problem.code != "invalid_choice":
        reader.problems.add(row, column_of(source), problem.code, problem.message)


def _temperature(reader: Reader, row: Row, source: Any) -> str | None:
    value = reader.text(row, source).lower() if source is not None else ""
    if value and value not in Temperature.values:
        message = f"{value!r} is none of: {', '.join(Temperature.values)}."
        reader.problems.add(row, column_of(source), "invalid_choice", message)
    return value or None


def form_of(sources: Any) -> Form:
    """The form of the type that a replay makes: one text field for each entry of the mapping."""
    if not isinstance(sources, list) or not sources:
        raise FileRefused('"type" in the mapping needs "fields": a list of questions.')
    fields = []
    for item in sources:
        if not isinstance(item, Mapping) or not {"key", "label", "from"} <= set(item):
            raise FileRefused('Every field of "type" needs "key", "label" and "from".')
        need = item.get("need", OPTIONAL)
        if need not in _NEEDS:
            raise FileRefused(f'"need" of a field is one of: {", ".join(_NEEDS)}.')
        fields.append(FormField(str(item["key"]), str(item["label"]), "text", "handoff", need))
    return Form.of((Section("deal", "Deal", tuple(fields)),))
