"""Types, fields and forms as RevOps changes them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import FieldProblem, NotPermitted
from handoff.choices import FieldKind, FieldTarget
from handoff.errors import CatalogueRefused, FormChanged, FormRefused
from handoff.models import Field, FormVersion, HandoffType
from handoff.rules.editing import CHOICES, form_problems
from handoff.rules.form import Form
from handoff.rules.kinds import PARTIAL_KINDS
from handoff.rules.values import MAX_CHOICES, has_forbidden_characters, is_empty
from handoff.selectors.catalogue import build_form, form_of

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MAX_OPTION = 100


def _require(by: User | None) -> None:
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin changes types and forms.")


@contextmanager
def _taken_meanwhile(key: str) -> Iterator[None]:
    """Tell who takes a key in the same instant as somebody else that it is taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise CatalogueRefused(problems=[_taken(key)]) from error


@transaction.atomic
def publish_form(
    type: HandoffType,
    layout: Mapping[str, Any],
    *,
    by: User | None,
    now: datetime,
    base: int | None = None,
) -> FormVersion:
    """Make this layout the type's next form, which new handoffs use from now on.

    Drafts and submitted handoffs keep the form they have. ``layout`` gives sections of fields by
    key, with need, condition and minimum; what a field says is the catalogue's. ``base`` is the
    number of the form that the editor began with.

    Raises:
        NotPermitted: the person is no admin.
        FormChanged: another form was published since ``base``.
        FormRefused: ``problems`` names each field or section that is not right.
    """
    _require(by)
    row = HandoffType.objects.select_for_update(of=("self",)).get(pk=type.pk)
    present = row.current_form
    if base is not None and present is not None and present.n != base:
        who = present.made_by.name if present.made_by else "Somebody"
        message = f"{who} published form {present.n} meanwhile. Yours is not published."
        raise FormChanged(message, current={"n": present.n})
    old = form_of(row)
    form = build_form(layout, present=old)
    problems = (*_unknown(layout, form), *_retired(form, old), *form_problems(form))
    if problems:
        raise FormRefused("The form has to be put right first.", problems=problems)
    if present is not None and form == old:
        raise FormRefused(f"Nothing is different from form {present.n}.")
    last = FormVersion.objects.filter(type=row).order_by("-n").first()
    made = FormVersion.objects.create(
        type=row,
        n=last.n + 1 if last else 1,
        layout=form.to_layout(),
        made_by=by,
        published_at=now,
    )
    row.current_form = made
    row.save(update_fields=["current_form"])
    return made


def _unknown(layout: Mapping[str, Any], form: Form) -> list[FieldProblem]:
    """What the layout names and neither the catalogue nor the present form knows."""
    asked = [item["key"] for part in layout["sections"] for item in part["fields"]]
    return [
        FieldProblem(key, "unknown_field", f"There is no field {key[:60]!r} in the catalogue.")
        for key in asked
        if form.get(key) is None
    ]


def _retired(form: Form, old: Form) -> list[FieldProblem]:
    added = [field.key for field in form.fields() if old.get(field.key) is None]
    retired = Field.objects.filter(key__in=added, is_retired=True)
    return [
        FieldProblem(row.key, "retired", f"{row.label} is retired. Bring it back first.")
        for row in retired
    ]


@transaction.atomic
def create_type(
    *,
    key: str,
    name: str,
    submitters: Collection[Group],
    receivers: Collection[Group],
    like: HandoffType,
    by: User | None,
    now: datetime,
) -> HandoffType:
    """A further type that begins with the form of another one.

    Raises NotPermitted, or CatalogueRefused where key or name are taken or not usable.
    """
    _require(by)
    problems = [*_key_problems(key, HandoffType)]
    problems += _text_problems("name", name, 150)
    if not form_of(like).sections:
        problems.append(FieldProblem("like", "no_form", "That type has no form to begin with."))
    if problems:
        raise CatalogueRefused(problems=problems)
    with _taken_meanwhile(key):
        made = HandoffType.objects.create(key=key, name=name.strip())
    made.submitter_groups.set(submitters)
    made.receiver_groups.set(receivers)
    made.current_form = FormVersion.objects.create(
        type=made, n=1, layout=form_of(like).to_layout(), made_by=by, published_at=now
    )
    made.save(update_fields=["current_form"])
    return made


@transaction.atomic
def change_type(
    type: HandoffType,
    *,
    name: str,
    submitters: Collection[Group],
    receivers: Collection[Group],
    is_active: bool,
    by: User | None,
) -> HandoffType:
    """Change who hands this type to whom, and whether it is offered; open handoffs go on.

    Raises NotPermitted, or CatalogueRefused where the name or the groups are not usable.
    """
    _require(by)
    problems = _text_problems("name", name, 150)
    for field, groups in (("submitters", submitters), ("receivers", receivers)):
        if not groups:
            problems.append(FieldProblem(field, "required", "Choose at least one group."))
    if problems:
        raise CatalogueRefused(problems=problems)
    row = HandoffType.objects.select_for_update(of=("self",)).get(pk=type.pk)
    row.name, row.is_active = name.strip(), is_active
    row.save(update_fields=["name", "is_active"])
    row.submitter_groups.set(submitters)
    row.receiver_groups.set(receivers)
    return row


def add_field(
    *,
    key: str,
    label: str,
    help: str,  # noqa: A002  # the field's own word
    kind: str,
    options: Sequence[str] = (),
    partial: Sequence[str] = (),
    is_ahead: bool = False,
    by: User | None,
) -> Field:
    """A custom field, whose answers are kept with the handoff.

    Raises NotPermitted, or CatalogueRefused where something is not usable.
    """
    _require(by)
    problems = [*_key_problems(key, Field)]
    problems += _field_problems(label, help, kind, options, partial)
    if problems:
        raise CatalogueRefused(problems=problems)
    with _taken_meanwhile(key):
        return Field.objects.create(
            key=key,
            label=label.strip(),
            help=help.strip(),
            target=FieldTarget.HANDOFF,
            kind=kind,
            options=list(options),
            partial=list(partial),
            is_ahead=is_ahead and kind in {FieldKind.DATE, FieldKind.DATETIME},
            is_custom=True,
        )


def change_field(
    field: Field,
    *,
    label: str,
    help: str,  # noqa: A002  # the field's own word
    options: Sequence[str] = (),
    partial: Sequence[str] = (),
    by: User | None,
) -> Field:
    """Change what a field says; forms say it from their next version on.

    Raises NotPermitted, or CatalogueRefused where something is not usable.
    """
    _require(by)
    problems = _field_problems(label, help, field.kind, options, partial)
    if problems:
        raise CatalogueRefused(problems=problems)
    field.label, field.help = label.strip(), help.strip()
    field.options, field.partial = list(options), list(partial)
    field.save(update_fields=["label", "help", "options", "partial"])
    return field


def retire_field(field: Field, *, by: User | None, is_retired: bool = True) -> Field:
    """Offer a field no longer, or again; forms that have it keep it.

    Raises NotPermitted.
    """
    _require(by)
    field.is_retired = is_retired
    field.save(update_fields=["is_retired"])
    return field


def _key_problems(key: str, model: type[HandoffType] | type[Field]) -> list[FieldProblem]:
    # The look of it comes first: PostgreSQL cannot even be asked for some texts.
    if not _KEY.fullmatch(key) or len(key) > 60:
        message = "Write the key in small letters, with single underscores, such as deal_size."
        return [FieldProblem("key", "invalid_key", message)]
    return [_taken(key)] if model.objects.filter(key=key).exists() else []


def _taken(key: str) -> FieldProblem:
    message = f"There is {key!r} already. Choose another key; it can never change."
    return FieldProblem("key", "taken", message)


def _text_problems(name: str, text: str, most: int) -> list[FieldProblem]:
    if is_empty(text):
        return [FieldProblem(name, "required", f"Give a {name}.")]
    if len(text) > most or has_forbidden_characters(text):
        message = f"Shorten it to {most} characters, without control characters."
        return [FieldProblem(name, "too_long", message)]
    return []


def _field_problems(
    label: str, hint: str, kind: str, options: Sequence[str], partial: Sequence[str]
) -> list[FieldProblem]:
    problems = _text_problems("label", label, 100)
    problems += _text_problems("help", hint, 200) if hint.strip() else []
    if kind not in FieldKind.values:
        problems.append(FieldProblem("kind", "invalid_choice", "Choose one of the kinds."))
    if kind in CHOICES - {"yes_no"} and len(options) < 2:
        message = "Give at least two answers to choose from, one per line."
        problems.append(FieldProblem("options", "too_few", message))
    if partial and kind not in PARTIAL_KINDS:
        message = "An answer of this kind cannot be known in part."
        problems.append(FieldProblem("partial", "invalid_partial", message))
    for name, values in (("options", options), ("partial", partial)):
        problems += _list_problems(name, values)
    return problems


def _list_problems(name: str, values: Sequence[str]) -> list[FieldProblem]:
    folded = [value.casefold() for value in values]
    if len(set(folded)) != len(folded):
        return [FieldProblem(name, "duplicate", "One of them stands there twice.")]
    if len(values) > MAX_CHOICES:
        return [FieldProblem(name, "too_many", f"Give at most {MAX_CHOICES}.")]
    if any(len(value) > _MAX_OPTION or has_forbidden_characters(value) for value in values):
        message = f"Shorten each to {_MAX_OPTION} characters, without control characters."
        return [FieldProblem(name, "too_long", message)]
    return []
