"""Why a review or an action item cannot be changed."""

from core.errors import Conflict, Refused


class WeekStillRunning(Refused):
    """What falls due on Sunday evening belongs to the week as well."""

    code = "week_still_running"
    status = 409
    title = "The week is still running"


class ReviewExists(Conflict):
    code = "review_exists"
    title = "This review has begun already"


class ReviewClosed(Conflict):
    code = "review_closed"
    title = "The review is closed"


class ReviewChanged(Conflict):
    """Somebody changed it after the person had read it."""

    code = "review_changed"
    title = "This has changed in the meantime"


class ReviewRefused(Refused):
    """What was entered cannot be kept; the problems name the fields."""

    code = "review_refused"
    title = "This cannot be kept yet"


class ActionNotOpen(Conflict):
    code = "action_not_open"
    title = "The action item is closed"


class ActionStillOpen(Conflict):
    code = "action_still_open"
    title = "The action item is open"
