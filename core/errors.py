"""How the product says no: one exception class per cause, one base class per kind of answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field, in words that name it and the fix."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A refusal that a person or a program can act on.

    `code` is stable and meant for programs; `title` names the kind of refusal; `message` says
    what to do about this one; `status` is the HTTP status that the interfaces answer with.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "This cannot be done"

    def __init__(self, message: str = "", *, problems: Sequence[FieldProblem] = ()) -> None:
        self.message = message or self.title
        self.problems = tuple(problems)
        super().__init__(self.message)


class Refused(DomainError):
    """The request is understood, and something in it must be changed first."""


class NotPermitted(DomainError):
    """The actor may see the object and may not do this to it."""

    code = "not_permitted"
    status = 403
    title = "You may not do this"


class NotVisible(DomainError):
    """The object is absent, or hidden from the actor: the two must look the same."""

    code = "not_found"
    status = 404
    title = "Not found"


class Conflict(DomainError):
    """Somebody else was first; `current` is the state that the actor has not seen yet."""

    code = "conflict"
    status = 409
    title = "This has changed in the meantime"

    def __init__(
        self,
        message: str = "",
        *,
        problems: Sequence[FieldProblem] = (),
        current: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, problems=problems)
        self.current = dict(current) if current is not None else None
