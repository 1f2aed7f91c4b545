"""How the engine says no. Every class is one cause, with a stable code."""

from collections.abc import Sequence

from core.errors import Conflict, FieldProblem, Refused


class PolicyInvalid(Refused):
    """A policy cannot be published; `problems` names every place and the fix."""

    code = "policy_invalid"
    title = "This policy is not complete"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), problems=problems)


class PolicyChanged(Conflict):
    """Another version was published after the one that was looked at."""

    code = "policy_changed"
    title = "This policy has changed in the meantime"


class PositionTaken(Refused):
    """Two published policies cannot stand at one place."""

    code = "position_taken"
    title = "Another policy has this position: choose a free one"


class DefaultNeeded(Refused):
    """Without a default some handoffs would have no clocks."""

    code = "default_needed"
    title = "This policy is the default: publish another default in its place"


class PresetUnknown(Refused):
    """No set of policies of that name ships with the product."""

    code = "preset_unknown"
    title = "No preset has this name"


class ClockNotPausable(Refused):
    """This kind of clock runs whatever happens."""

    code = "clock_not_pausable"
    title = "This clock cannot be paused"


class PauseInvalid(Refused):
    """The span or the reason of a pause is wrong; `problems` says which and how to mend it."""

    code = "pause_invalid"
    title = "This pause is not complete"

    def __init__(self, problem: FieldProblem) -> None:
        super().__init__(problem.message, problems=[problem])


class ClockFinished(Conflict):
    """The clock was met or cancelled in the meantime."""

    code = "clock_finished"
    title = "This clock has stopped already"


class ClockNotLate(Refused):
    """There is nothing to acknowledge before the due time."""

    code = "clock_not_late"
    title = "This clock is not late yet"
