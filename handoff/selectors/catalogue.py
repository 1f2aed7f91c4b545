"""Types, their forms and the catalogue of fields, as RevOps edits them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff.choices import Status
from handoff.models import Field, Handoff, HandoffType
from handoff.rules.editing import Difference, difference
from handoff.rules.form import Condition, Form, FormField, Section
from handoff.selectors.lists import in_sentence


@dataclass(frozen=True, slots=True)
class Impact:
    """What publishing a form would do, in sentences, and from when on."""

    n: int
    difference: Difference
    sentences: tuple[str, ...]


def form_of(type_: HandoffType) -> Form:
    """The form in use; an empty one where nothing was published yet."""
    return Form.from_layout(type_.current_form.layout) if type_.current_form else Form.of(())


def build_form(layout: Mapping[str, Any], *, present: Form) -> Form:
    """The form that a layout describes by the keys of its fields.

    What a field says is the catalogue's; where the catalogue does not know it, as for types of an
    import, it stays as it is on the ``present`` form. Unknown fields are left out.
    """
    keys = [item["key"] for part in layout["sections"] for item in part["fields"]]
    known = {row.key: row for row in Field.objects.filter(key__in=keys)}

    def built(item: Mapping[str, Any]) -> FormField | None:
        row, old = known.get(item["key"]), present.get(item["key"])
        if row is None and old is None:
            return None
        rule = item.get("only_if")
        told = _told(row) if row is not None else old.to_data() if old is not None else {}
        asked = {
            "need": item["need"],
            "only_if": Condition.from_data(rule).to_data() if rule else None,
            "minimum": item.get("minimum"),
        }
        return FormField.from_data({**told, **asked})

    return Form.of(
        tuple(
            Section(
                part["key"],
                part["title"],
                tuple(field for item in part["fields"] if (field := built(item)) is not None),
            )
            for part in layout["sections"]
        )
    )


def _told(row: Field) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "kind": row.kind,
        "target": row.target,
        "help": row.help,
        "options": row.options,
        "partial": row.partial,
        "is_ahead": row.is_ahead,
    }


def impact_of(type_: HandoffType, new: Form) -> Impact:
    """What the form would change for whom; it holds from the moment of publication."""
    present = type_.current_form
    n = (type_.forms.order_by("-n").values_list("n", flat=True).first() or 0) + 1
    changes = difference(form_of(type_), new)
    drafts = Handoff.objects.filter(type=type_, status=Status.DRAFT)
    sent_back = Handoff.objects.filter(type=type_, status=Status.REJECTED).exclude(
        next_handoffs__status=Status.DRAFT
    )
    told = [f"New handoffs use form {n} from the moment you publish it."]
    if present is not None and (count := drafts.count()):
        kept = "1 draft keeps its form" if count == 1 else f"{count} drafts keep their form"
        told.append(f"{kept}; nothing that was typed there is lost.")
    if count := sent_back.count():
        who = "1 rejected handoff" if count == 1 else f"{count} rejected handoffs"
        asked = f", and asked for: {_named(changes.now_required)}" if changes.now_required else ""
        told.append(f"{who}, once fixed, will use form {n}{asked}.")
    told.append("Handoffs that were submitted are read with the form they were written with.")
    return Impact(n, changes, tuple(told))


def _named(labels: tuple[str, ...]) -> str:
    return ", ".join(map(in_sentence, labels))


def is_used(field: Field) -> bool:
    """Whether a form that was ever published asks this field."""
    return field.key in published_keys()


def published_keys() -> frozenset[str]:
    """The fields of all forms ever published."""
    layouts = HandoffType.objects.values_list("forms__layout", flat=True)
    return frozenset(
        item["key"]
        for layout in layouts
        if layout
        for part in layout["sections"]
        for item in part["fields"]
    )
