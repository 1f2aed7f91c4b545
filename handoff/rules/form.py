"""A form version in the shape the rules work with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

REQUIRED, RECOMMENDED, OPTIONAL = "required", "recommended", "optional"


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
    """A day that must not have passed when the handoff is submitted."""

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
        }


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
                    fields=tuple(
                        FormField(**{**item, "options": tuple(item.get("options", ()))})
                        for item in part["fields"]
                    ),
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
