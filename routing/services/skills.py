"""What a receiver can do: languages, products and segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from accounts.selectors import relations_to_person
from core.errors import FieldProblem, NotPermitted
from routing.choices import SkillKind
from routing.models import Skill
from routing.rules.skills import skill_problems, tidied
from routing.services.pools import keep, raise_for


@transaction.atomic
def set_skills(
    *, user: User, skills: Mapping[str, Sequence[str]], by: User | None, now: datetime
) -> list[Skill]:
    """Say all that the person can do, by kind; a kind that is not given stays as it is.

    Values are kept in lower case, each once. Answers with the person's skills as they are then.

    Raises NotPermitted where `by` may not, and InvalidPool with the kind as the field.
    """
    if by is not None and not allows(by.roles, Action.MEMBER_EDIT, relations_to_person(by, user)):
        raise NotPermitted(f"Only a manager of {user}'s team or a RevOps admin can do this.")
    wanted = {kind: tidied(values) for kind, values in skills.items()}
    raise_for(_problems(wanted))
    # Two who say it at once follow one another.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    there = Skill.objects.filter(user=user, kind__in=list(wanted))
    for skill in there:
        if skill.value in wanted[skill.kind]:
            wanted[skill.kind].remove(skill.value)
        else:
            _remove(skill, by=by, now=now)
    for kind, values in wanted.items():
        for value in values:
            keep(Skill(user=user, kind=kind, value=value), by=by, now=now)
    return list(Skill.objects.filter(user=user))


def _problems(wanted: Mapping[str, Sequence[str]]) -> list[FieldProblem]:
    problems = []
    for kind, values in wanted.items():
        if kind not in SkillKind.values:
            names = ", ".join(SkillKind.values)
            problems.append(FieldProblem(kind, "unknown_kind", f"Choose one of: {names}."))
        problems += [FieldProblem(kind, code, message) for code, message in skill_problems(values)]
    return problems


def _remove(skill: Skill, *, by: User | None, now: datetime) -> None:
    skill._history_user = by  # type: ignore[attr-defined]  # simple_history reads it
    skill._history_date = now  # type: ignore[attr-defined]  # likewise
    skill.delete()
