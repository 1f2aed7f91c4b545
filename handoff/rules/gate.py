"""The gate: what is still missing, and how complete a handoff is."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from core.errors import FieldProblem
from handoff.rules.form import OPTIONAL, RECOMMENDED, REQUIRED, Form, FormField
from handoff.rules.kinds import instant_of, is_partial, number_of
from handoff.rules.values import check_answer, is_empty, read_answer

WEIGHTS = {REQUIRED: 2, RECOMMENDED: 1, OPTIONAL: 0}
# Of an answer, in halves.
NOTHING, HALF, WHOLE = 0, 1, 2

MEETING = "meeting_at"


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
    now: datetime | None = None,
) -> tuple[FieldProblem, ...]:
    """Why the handoff may not be submitted, in the order of the form; empty when it may.

    Required fields need a real answer, or half of one where the field knows partial answers; so
    do the fields that a receiver ``marked`` as missing when the handoff came back. Other fields
    may stay empty, but what they say must be real. A number must reach its minimum. A day that
    was agreed for the future must not lie before ``today``, nor a time before ``now``, where those
    are given. What the form does not ask in view of the other answers does not matter at all.
    """
    problems = []
    for field in form.asked(answers):
        value = answers.get(field.key)
        if is_empty(value) and not field.is_required and field.key not in marked:
            continue
        problem = (
            check_answer(field, value)
            or _check_minimum(field, value)
            or _check_ahead(field, value, today=today, now=now)
        )
        if problem is not None:
            problems.append(problem)
    return tuple(problems)


def all_problems(
    form: Form,
    raw: Mapping[str, Any],
    *,
    marked: Collection[str] = (),
    today: date | None = None,
    now: datetime | None = None,
) -> tuple[FieldProblem, ...]:
    """Everything that keeps answers as they were typed or sent from being submitted at once.

    What cannot be read comes with what is missing, in the order of the form, one problem a field.
    """
    answers, unread = read_answers(form, raw)
    refused = {problem.field for problem in unread}
    rest = [
        problem
        for problem in gate_problems(form, answers, marked=marked, today=today, now=now)
        if problem.field not in refused
    ]
    place = {field.key: n for n, field in enumerate(form.fields())}
    return tuple(sorted((*unread, *rest), key=lambda found: place.get(found.field, len(place))))


def _check_minimum(field: FormField, value: Any) -> FieldProblem | None:
    number = number_of(field, value) if field.minimum is not None else None
    if number is None or field.minimum is None or number >= field.minimum:
        return None
    message = (
        f"{field.label} is {number:,}; from {field.minimum:,} on a lead can be handed off. "
        "Correct the number, or leave this lead in nurture."
    )
    return FieldProblem(field.key, "below_floor", message)


def _check_ahead(
    field: FormField, value: Any, *, today: date | None, now: datetime | None
) -> FieldProblem | None:
    is_dated = field.is_ahead and field.kind in {"date", "datetime"}
    if not is_dated or is_partial(value) or is_empty(value):
        return None
    if field.kind == "datetime":
        instant = instant_of(value)
        what, has_passed = "time", now is not None and instant is not None and instant <= now
    else:
        what, has_passed = "day", today is not None and date.fromisoformat(str(value)) < today
    if not has_passed:
        return None
    message = f"{field.label} has passed. Agree on a new {what} with the buyer, and give that."
    return FieldProblem(field.key, "in_past", message)


def halves(field: FormField, value: object) -> int:
    """How much of an answer there is, in halves: none, a partial one, or a whole one."""
    if check_answer(field, value) is not None:
        return NOTHING
    return HALF if is_partial(value) else WHOLE


def completeness(form: Form, answers: Mapping[str, Any]) -> int:
    """Percent of the required and recommended fields that are answered, weighted 2 and 1.

    A partial answer counts half; what is not asked is not counted. Rounded down, so that 100
    means that nothing is missing. Another real answer never lowers it, unless it makes the form
    ask for more.
    """
    total = filled = 0
    for field in form.asked(answers):
        weight = WEIGHTS[field.need]
        total += weight * WHOLE
        if weight:
            filled += weight * halves(field, answers.get(field.key))
    return 100 * filled // total if total else 100


def asked_answers(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to what is asked; those to fields that others have hidden are left out."""
    return {
        field.key: answers[field.key]
        for field in form.asked(answers)
        if not is_empty(answers.get(field.key))
    }


def meeting_time(form: Form, answers: Mapping[str, Any]) -> datetime | None:
    """When the meeting that is handed over takes place; None where the form asks for none."""
    field = next((item for item in form.asked(answers) if item.key == MEETING), None)
    if field is None or field.kind != "datetime":
        return None
    return instant_of(answers.get(MEETING))
