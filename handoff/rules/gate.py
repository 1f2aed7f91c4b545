"""The gate: what is still missing, and how complete a handoff is."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from core.errors import FieldProblem
from handoff.rules.form import OPTIONAL, RECOMMENDED, REQUIRED, Form, FormField
from handoff.rules.values import check_answer, is_empty, read_answer

WEIGHTS = {REQUIRED: 2, RECOMMENDED: 1, OPTIONAL: 0}


def read_answers(
    form: Form, raw: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[FieldProblem, ...]]:
    """The answers as they can be stored, and a problem for each one that cannot be.

    A key that the form does not know is a problem too: a misspelt field must not vanish.
    """
    answers: dict[str, Any] = {}
    problems = []
    for key, value in raw.items():
        field = form.get(str(key))
        if field is None:
            known = ", ".join(item.key for item in form.fields())
            message = f"There is no field {str(key)[:60]!r} on this form. It has: {known}."
            problems.append(FieldProblem(str(key)[:60], "unknown_field", message))
            continue
        stored, problem = read_answer(field, value)
        if problem is not None:
            problems.append(problem)
        elif not is_empty(stored):
            answers[field.key] = stored
    return answers, tuple(problems)


def gate_problems(
    form: Form,
    answers: Mapping[str, Any],
    *,
    marked: Collection[str] = (),
    today: date | None = None,
) -> tuple[FieldProblem, ...]:
    """Why the handoff may not be submitted, in the order of the form; empty when it may.

    Required fields need a real answer, and so do the fields that a receiver ``marked`` as missing
    when the handoff came back. Other fields may stay empty, but what they say must be real. A day
    that was agreed for the future must not lie before ``today``, where that is given.
    """
    problems = []
    for field in form.fields():
        value = answers.get(field.key)
        if is_empty(value) and not field.is_required and field.key not in marked:
            continue
        problem = check_answer(field, value) or _check_ahead(field, value, today)
        if problem is not None:
            problems.append(problem)
    return tuple(problems)


def _check_ahead(field: FormField, value: Any, today: date | None) -> FieldProblem | None:
    if today is None or not field.is_ahead or date.fromisoformat(str(value)) >= today:
        return None
    message = f"{field.label} has passed. Agree on a new day with the buyer, and give that."
    return FieldProblem(field.key, "in_past", message)


def completeness(form: Form, answers: Mapping[str, Any]) -> int:
    """Percent of the required and recommended fields that hold a real answer, weighted 2 and 1.

    Rounded down, so that 100 means that nothing is missing.
    """
    total = filled = 0
    for field in form.fields():
        weight = WEIGHTS[field.need]
        total += weight
        if weight and check_answer(field, answers.get(field.key)) is None:
            filled += weight
    return 100 * filled // total if total else 100
