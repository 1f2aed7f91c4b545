"""A form version in the shape the rules work with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handoff.rules.placeholders import STATE, TEXT, is_empty, visible

REQUIRED, RECOMMENDED, OPTIONAL = "required", "recommended", "optional"
NEEDS = (REQUIRED, RECOMMENDED, OPTIONAL)

EQ, IN, FILLED = "eq", "in", "filled"
OPERATORS = (EQ, IN, FILLED)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a field is asked: only if another field says this, or says anything at all."""

    field: str
    op: str
    values: tuple[str, ...] = ()

    def holds(self, answer: object) -> bool:
        said = said_by(answer)
        if self.op == FILLED:
            return bool(said)
        return bool(said & {_folded(value) for value in self.values})

    def to_data(self) -> dict[str, Any]:
        return {"field": self.field, "op": self.op, "values": list(self.values)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["field"], data["op"], tuple(data.get("values", ())))


def said_by(answer: object) -> frozenset[str]:
    """What an answer says, as conditions compare it: without regard to case and spaces."""
    if is_empty(answer):
        return frozenset()
    parts: list[object]
    if isinstance(answer, dict):
        parts = [answer.get(STATE), answer.get(TEXT)]
    else:
        parts = answer if isinstance(answer, list) else [answer]
    return frozenset(_folded(str(part)) for part in parts if not is_empty(part))


def _folded(text: str) -> str:
    return visible(text).casefold()


@dataclass(frozen=True, slots=True)
class FormField:
    """One question on a form."""

    key: str
    label: str
    kind: str
    target: str
    need: str = OPTIONAL
    help: str = ""
    options: tuple[str, ...] = ()
    is_ahead: bool = False
    """A day or time that must not have passed when the handoff is submitted."""
    partial: tuple[str, ...] = ()
    """Answers that are half of one, such as "Pending verbal approval"."""
    only_if: Condition | None = None
    minimum: int | None = None
    """The least number that passes the gate."""

    @property
    def is_required(self) -> bool:
        return self.need == REQUIRED

    def to_data(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": self.label,
            "kind": self.kind,
            "target": self.target,
            "need": self.need,
            "help": self.help,
            "options": list(self.options),
            "is_ahead": self.is_ahead,
            "partial": list(self.partial),
            "only_if": self.only_if.to_data() if self.only_if else None,
            "minimum": self.minimum,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_data`` wrote; what was not written yet then has its default."""
        only_if = data.get("only_if")
        return cls(
            key=data["key"],
            label=data["label"],
            kind=data["kind"],
            target=data["target"],
            need=data.get("need", OPTIONAL),
            help=data.get("help", ""),
            options=tuple(data.get("options", ())),
            is_ahead=data.get("is_ahead", False),
            partial=tuple(data.get("partial", ())),
            only_if=Condition.from_data(only_if) if only_if else None,
            minimum=data.get("minimum"),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that belong together."""

    key: str
    title: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """All sections of one form version, in order."""

    sections: tuple[Section, ...]
    _by_key: Mapping[str, FormField] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, sections: tuple[Section, ...]) -> Self:
        return cls(sections, {item.key: item for part in sections for item in part.fields})

    @classmethod
    def from_layout(cls, layout: Mapping[str, Any]) -> Self:
        """Read what ``to_layout`` wrote."""
        return cls.of(
            tuple(
                Section(
                    key=part["key"],
                    title=part["title"],
                    fields=tuple(FormField.from_data(item) for item in part["fields"]),
                )
                for part in layout["sections"]
            )
        )

    def to_layout(self) -> dict[str, Any]:
        return {
            "sections": [
                {
                    "key": part.key,
                    "title": part.title,
                    "fields": [item.to_data() for item in part.fields],
                }
                for part in self.sections
            ]
        }

    def fields(self) -> Iterator[FormField]:
        for part in self.sections:
            yield from part.fields

    def get(self, key: str) -> FormField | None:
        return self._by_key.get(key)

    def asked(self, answers: Mapping[str, Any]) -> tuple[FormField, ...]:
        """The fields that these answers leave to be asked, in the order of the form.

        A condition looks at a field before its own; one on a field that is not asked itself does
        not hold, whatever was answered there.
        """
        found: dict[str, FormField] = {}
        for item in self.fields():
            rule = item.only_if
            if rule is None or (rule.field in found and rule.holds(answers.get(rule.field))):
                found[item.key] = item
        return tuple(found.values())
