"""How a change of a handoff is refused, one class per cause."""

from core.errors import Conflict, Refused


class GateRefused(Refused):
    """Answers are missing or do not count; ``problems`` names each field."""

    code = "gate_refused"
    title = "The handoff is not ready"


class AnswersRefused(Refused):
    """Something that was typed cannot be stored; ``problems`` names each field."""

    code = "answers_refused"
    title = "Some answers cannot be kept"


class RejectionRefused(Refused):
    """The rejection lacks its reason or the fields that it is about."""

    code = "rejection_refused"
    title = "The rejection is not complete"


class TouchRefused(Refused):
    """The touch is dated or worded in a way that cannot be true or kept."""

    code = "touch_refused"
    title = "The touch cannot be logged as entered"


class NextStepRefused(Refused):
    """The next step lacks its words or a day to come."""

    code = "next_step_refused"
    title = "The next step is not complete"


class ClosingRefused(Refused):
    """What was entered to close the handoff, or about its outcome, cannot be kept."""

    code = "closing_refused"
    title = "This cannot be closed as entered"


class MergeRefused(Refused):
    """The other handoff cannot take this one in."""

    code = "merge_refused"
    title = "These two cannot be merged"


class ContestRefused(Refused):
    """The contest or the ruling lacks its words."""

    code = "contest_refused"
    title = "The contest is not complete"


class TemperatureLowered(Refused):
    """A submitter may raise a temperature, not lower it."""

    code = "temperature_lowered"
    title = "Only a manager may lower the temperature"


class TypeNotOffered(Refused):
    """The person is in none of the groups that may submit this type."""

    code = "type_not_offered"
    title = "You cannot hand off this type"


class TooManyDrafts(Refused):
    """More drafts were to be handed off at a time than one request may take."""

    code = "too_many_drafts"
    title = "These are too many at a time"


class AlreadyOpen(Conflict):
    """The lead has an open handoff of this type already."""

    code = "already_open"
    title = "This lead is already handed off"


class HandoffNotDraft(Conflict):
    code = "not_draft"
    title = "This is no draft any more"


class HandoffNotPending(Conflict):
    code = "not_pending"
    title = "This handoff is not waiting to be accepted"


class HandoffNotRejected(Conflict):
    code = "not_rejected"
    title = "This handoff is not rejected"


class HandoffNotAccepted(Conflict):
    code = "not_accepted"
    title = "This handoff is not accepted"


class HandoffNotOpen(Conflict):
    code = "not_open"
    title = "This can no longer be done with this handoff"


class HandoffNotConverted(Conflict):
    code = "not_converted"
    title = "This handoff has not become an opportunity"


class RejectionContested(Conflict):
    """The rejection is, or was, contested: until the ruling nothing else is done to it."""

    code = "contested"
    title = "This rejection is contested"


class NothingContested(Conflict):
    """There is no contest to rule on, or somebody has ruled already."""

    code = "not_contested"
    title = "There is no contest to rule on"


class ReassignmentRefused(Refused):
    """The new receiver, the reason or the note of a reassignment does not do."""

    code = "reassignment_refused"
    title = "This cannot be given to somebody else as entered"


class MeetingRefused(Refused):
    """The meeting or the introduction cannot be as entered; ``problems`` names each field."""

    code = "meeting_refused"
    title = "The meeting cannot be kept as entered"


class NoSuchMeeting(Conflict):
    """The meeting is not planned any more: somebody said what became of it."""

    code = "no_such_meeting"
    title = "The meeting is not planned any more"


class CareRefused(Refused):
    """What was entered to pause, extend or acknowledge a clock cannot be kept."""

    code = "care_refused"
    title = "The clock stays as it is"


class LeavingRefused(Refused):
    """The person cannot leave like this; ``problems`` says what is missing."""

    code = "leaving_refused"
    title = "This person cannot leave yet"


class NoSuchClock(Conflict):
    """No clock of that kind runs on the handoff now."""

    code = "no_such_clock"
    title = "This clock does not run here any more"


class OwnershipFrozen(Conflict):
    """Since its acceptance the lead stays with its receiver, but for a few reasons."""

    code = "ownership_frozen"
    title = "Ownership is frozen since this lead was accepted"


class StaleVersion(Conflict):
    """The page or program shows an older state than the stored one."""

    code = "stale_version"
    title = "This handoff has changed since you opened it"


class CompanyRefused(Refused):
    """Whoever shall look after the company cannot."""

    code = "company_refused"
    title = "This person cannot look after the company"


class AlreadySetUp(Refused):
    code = "already_set_up"
    title = "This installation is set up already"


class NotSetUp(Refused):
    """The installation lacks something that a submission needs."""

    code = "not_set_up"
    title = "Handoff is not set up yet"


class FormRefused(Refused):
    """The form cannot be published; ``problems`` names each field or section."""

    code = "form_refused"
    title = "This form cannot be published yet"


class FormChanged(Conflict):
    """Somebody published another version of the form meanwhile."""

    code = "form_changed"
    title = "Another form was published meanwhile"


class CatalogueRefused(Refused):
    """A type or field cannot be kept as given; ``problems`` names each input."""

    code = "catalogue_refused"
    title = "This cannot be kept yet"
