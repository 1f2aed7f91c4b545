"""How a command says no."""

from django.core.management.base import CommandError

from core.errors import DomainError


def command_error(refused: DomainError) -> CommandError:
    """The refusal in one line, then each field with its problem on a line of its own."""
    problems = [f"  {p.field}: {p.message}" for p in refused.problems]
    if len(problems) == 1 and refused.problems[0].message == refused.message:
        return CommandError(f"{refused.problems[0].field}: {refused.message}")
    return CommandError("\n".join([refused.message, *problems]))
