"""The answers of a form as a colleague reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from handoff.rules.form import OPTIONAL, Form, FormField
from handoff.rules.kinds import in_words
from handoff.rules.placeholders import STATE, TEXT
from handoff.rules.values import is_empty

_STORY = ("why_now", "pains", "need", "budget", "authority", "timeline", "objections")
_NEXT_STEP, _NEXT_STEP_ON = "next_step", "next_step_on"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to read: ``lines`` has one entry per paragraph or point.

    ``partial`` says what is known where only half of it is; ``link`` is an address to follow.
    """

    key: str
    label: str
    lines: tuple[str, ...]
    is_list: bool
    is_wanted: bool
    partial: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """A section of the form, answered."""

    title: str
    answers: tuple[Answer, ...]


def answer_lines(field: FormField, value: object) -> tuple[str, ...]:
    """An answer as it reads, one entry per line; nothing where it is empty."""
    if is_empty(value):
        return ()
    if (words := in_words(field, value)) is not None:
        return words
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, int):
        return (f"{value:,}",)
    if field.kind == "date":
        return (_day(str(value)),)
    return tuple(line for line in str(value).splitlines() if line.strip())


def story_of(form: Form, answers: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The handoff's own answers in the order in which a colleague would tell them."""
    asked = {field.key: field for field in form.asked(answers)}
    told = [asked[key] for key in _STORY if key in asked]
    known = {*_STORY, _NEXT_STEP, _NEXT_STEP_ON}
    told += [
        field for field in asked.values() if field.target == "handoff" and field.key not in known
    ]
    story = [_answer(field, answers) for field in told]
    step, day = asked.get(_NEXT_STEP), asked.get(_NEXT_STEP_ON)
    if step is not None:
        lines = answer_lines(step, answers.get(_NEXT_STEP))
        on = answer_lines(day, answers.get(_NEXT_STEP_ON)) if day else ()
        together = ", ".join((*lines, *on))
        agreed = (together,) if together else ()
        story.append(Answer(step.key, step.label, agreed, is_list=False, is_wanted=True))
    return tuple(story)


def sections_of(form: Form, answers: Mapping[str, Any]) -> tuple[Answers, ...]:
    """All answers in the sections of the form."""
    return tuple(
        Answers(part.title, tuple(_answer(field, answers) for field in part.fields))
        for part in form.sections
    )


def _answer(field: FormField, answers: Mapping[str, Any]) -> Answer:
    value = answers.get(field.key)
    lines, partial = answer_lines(field, value), ""
    if isinstance(value, dict) and value.get(STATE):
        partial = f"Partly known: {str(value[STATE])[:1].lower()}{str(value[STATE])[1:]}"
        lines = tuple(line for line in str(value.get(TEXT) or "").splitlines() if line.strip())
    is_link = field.kind == "url" and str(value).startswith(("https://", "http://"))
    return Answer(
        key=field.key,
        label=field.label,
        lines=lines,
        is_list=field.kind in {"lines", "multi"},
        is_wanted=field.need != OPTIONAL,
        partial=partial,
        link=str(value) if is_link else "",
    )


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%a} {day.day} {day:%b %Y}"
