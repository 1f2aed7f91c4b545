"""Whether a form can be published, and what changes with it."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import FieldProblem
from handoff.rules.form import EQ, FILLED, IN, NEEDS, OPERATORS, Condition, Form, FormField
from handoff.rules.kinds import NUMBER_KINDS, PARTIAL_KINDS, options_of
from handoff.rules.values import MAX_INTEGER, is_empty

# Without them a draft of a new lead could not be found again.
NAMES = ("company.name", "contact.last_name")
CHOICES = frozenset({"choice", "multi", "yes_no"})
MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """The labels of what two forms do not have in common, in the order of the new form."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    now_required: tuple[str, ...]
    no_longer_required: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed)


def form_problems(form: Form) -> tuple[FieldProblem, ...]:
    """Why a form cannot be published, each named by the key of its field or section."""
    return tuple(_whole(form)) + tuple(_sections(form)) + tuple(_fields(form))


def _whole(form: Form) -> Iterator[FieldProblem]:
    fields = list(form.fields())
    keys = {field.key for field in fields}
    if not any(field.is_required for field in fields):
        yield FieldProblem(
            "form", "no_required_field", "Nothing is required. Make at least one field required."
        )
    if len(fields) > MAX_FIELDS:
        message = f"The form has {len(fields)} fields; at most {MAX_FIELDS} fit."
        yield FieldProblem("form", "too_many", message)
    for key in NAMES:
        if key not in keys:
            message = f"The form needs the field {key}, so that drafts can be found again."
            yield FieldProblem(key, "name_missing", message)


def _sections(form: Form) -> Iterator[FieldProblem]:
    seen: set[str] = set()
    for part in form.sections:
        if is_empty(part.title):
            yield FieldProblem(part.key, "no_title", "Give every section a title.")
        if part.key in seen:
            message = f"Two sections have the key {part.key!r}. Give one of them another title."
            yield FieldProblem(part.key, "duplicate_section", message)
        if not part.fields:
            message = (
                f"The section \u201c{part.title}\u201d is empty. Put a field there or remove it."
            )
            yield FieldProblem(part.key, "empty_section", message)
        seen.add(part.key)


def _fields(form: Form) -> Iterator[FieldProblem]:
    before: dict[str, FormField] = {}
    for field in form.fields():
        if field.key in before:
            message = f"{field.label} stands on the form twice. Remove one of them."
            yield FieldProblem(field.key, "duplicate_key", message)
        if field.need not in NEEDS:
            message = f"{field.label} must be one of: {', '.join(NEEDS)}."
            yield FieldProblem(field.key, "invalid_need", message)
        if field.kind in CHOICES and not options_of(field):
            message = f"{field.label} has no answers to choose from. Add them in the catalogue."
            yield FieldProblem(field.key, "no_options", message)
        if field.partial and field.kind not in PARTIAL_KINDS:
            message = f"{field.label} cannot be answered in part: it has more than one input."
            yield FieldProblem(field.key, "invalid_partial", message)
        yield from _minimum(field)
        if field.only_if is not None:
            yield from _condition(form, field, field.only_if, before)
        before[field.key] = field


def _minimum(field: FormField) -> Iterator[FieldProblem]:
    if field.minimum is None:
        return
    if field.kind not in NUMBER_KINDS:
        message = f"{field.label} is no number, so it can have no minimum. Take the minimum away."
        yield FieldProblem(field.key, "invalid_minimum", message)
    elif not 1 <= field.minimum <= MAX_INTEGER:
        message = f"The minimum of {field.label} must lie between 1 and {MAX_INTEGER:,}."
        yield FieldProblem(field.key, "invalid_minimum", message)


def _condition(
    form: Form, field: FormField, rule: Condition, before: dict[str, FormField]
) -> Iterator[FieldProblem]:
    other = form.get(rule.field)
    if other is None:
        message = f"{field.label} depends on a field that is not on the form."
        yield FieldProblem(field.key, "unknown_condition", message)
    elif _leads_back(form, field.key):
        message = f"{field.label} depends on {other.label}, which in the end depends on it."
        yield FieldProblem(field.key, "condition_cycle", message)
    elif rule.field not in before:
        message = f"{field.label} depends on {other.label}, which comes later. Move it before."
        yield FieldProblem(field.key, "later_condition", message)
    if rule.op not in OPERATORS:
        message = f"The condition of {field.label} must be one of: {', '.join(OPERATORS)}."
        yield FieldProblem(field.key, "invalid_operator", message)
    values = [value for value in rule.values if not is_empty(value)]
    if rule.op in {EQ, IN} and not values:
        message = f"Say which answer {field.label} depends on."
        yield FieldProblem(field.key, "no_value", message)
    if other is not None and rule.op != FILLED and other.kind in CHOICES:
        known = {option.casefold() for option in (*options_of(other), *other.partial)}
        odd = next((value for value in values if value.strip().casefold() not in known), None)
        if odd is not None:
            message = f"{other.label} can never be \u201c{odd}\u201d. Choose one of its answers."
            yield FieldProblem(field.key, "impossible_value", message)


def _leads_back(form: Form, key: str) -> bool:
    """Whether following the conditions from this field comes back to it."""
    seen: set[str] = set()
    at: str | None = key
    while at is not None and at not in seen:
        seen.add(at)
        field = form.get(at)
        at = field.only_if.field if field and field.only_if else None
    return at == key


def difference(old: Form, new: Form) -> Difference:
    """What is asked anew, not any more, or in another way."""
    was = {field.key: field for field in old.fields()}
    now = {field.key: field for field in new.fields()}
    both = [(was[key], field) for key, field in now.items() if key in was]
    return Difference(
        added=tuple(field.label for key, field in now.items() if key not in was),
        removed=tuple(field.label for key, field in was.items() if key not in now),
        now_required=tuple(
            field.label
            for key, field in now.items()
            if field.is_required and not (key in was and was[key].is_required)
        ),
        no_longer_required=tuple(
            new.label for old, new in both if old.is_required and not new.is_required
        ),
        changed=tuple(new.label for old, new in both if old != new),
    )
