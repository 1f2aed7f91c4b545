"""How a write about people is refused, one class per cause."""

from core.errors import Refused


class InvalidPerson(Refused):
    """A person, team or organisation cannot be kept as given."""

    code = "invalid_person"
    title = "This cannot be saved yet"


class InvalidTimeOff(Refused):
    """A span away, or a pause, cannot be kept as given."""

    code = "invalid_time_off"
    title = "This time off cannot be saved yet"


class LastAdmin(Refused):
    """Without an admin nobody could make another one."""

    code = "last_admin"
    title = "This is the last admin"
