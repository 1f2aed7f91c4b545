"""Why a week cannot be shown."""

from core.errors import Refused


class WeekUnknown(Refused):
    """The text does not name an ISO week."""

    code = "week_unknown"
    title = "There is no such week"


class WeekNotBegun(Refused):
    """The week lies ahead, so there is nothing to review yet."""

    code = "week_not_begun"
    status = 404
    title = "This week has not begun"
