from django.db import models


class Status(models.TextChoices):
    DRAFT = "draft", "Draft"
    HOLDING = "holding", "Holding"
    PENDING = "pending", "Pending"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    CLOSED = "closed", "Closed"


class ClosedAs(models.TextChoices):
    CONVERTED = "converted", "Converted"
    DISQUALIFIED = "disqualified", "Disqualified"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CONCEDED = "conceded", "Conceded"
    NURTURE = "nurture", "Back to nurture"
    SUPERSEDED = "superseded", "Handed off again"
    RETURNED = "returned", "Returned to the submitter"
    DUPLICATE = "duplicate", "Duplicate"


class RejectReason(models.TextChoices):
    MISSING_INFORMATION = "missing_information", "Missing information"
    WRONG_ICP = "wrong_icp", "Wrong ICP"
    NO_REAL_INTEREST = "no_real_interest", "No real interest"
    NO_BUDGET = "no_budget", "No budget"
    WRONG_CONTACT = "wrong_contact", "Wrong contact"
    DUPLICATE = "duplicate", "Duplicate"
    CONFLICT = "conflict", "Conflict"


class DisqualifyReason(models.TextChoices):
    """Why a lead will not buy, as the receiver found out."""

    NO_BUDGET = "no_budget", "No budget"
    NO_AUTHORITY = "no_authority", "Nobody there can decide"
    NO_NEED = "no_need", "No need"
    BAD_TIMING = "bad_timing", "Not in this time frame"
    CHOSE_COMPETITOR = "chose_competitor", "Chose a competitor"
    UNREACHABLE = "unreachable", "Cannot be reached"
    WRONG_ICP = "wrong_icp", "Wrong ICP"


class LegEnd(models.TextChoices):
    REJECTED = "rejected", "Rejected"
    CONFLICT = "conflict", "Conflict"
    WITHDRAWN = "withdrawn", "Withdrawn"
    TIMED_OUT = "timed_out", "Time ran out"
    REASSIGNED = "reassigned", "Reassigned"
    COVERED = "covered", "Passed to the cover"
    RETURNED = "returned", "Returned to the submitter"
    CLOSED = "closed", "Closed"


class TransferReason(models.TextChoices):
    SUBMITTED = "submitted", "Handed off"
    CONFLICT = "conflict", "The receiver declared a conflict"
    REJECTED = "rejected", "Rejected"
    RETURNED = "returned", "Returned to the submitter"
    DRAINED = "drained", "Somebody became eligible"
    OVERTURNED = "overturned", "The rejection was overturned"
    SLA_BREACH = "sla_breach", "Time ran out"
    COVER = "cover", "Cover for time off"
    TERRITORY = "territory", "Change of territory"
    MANAGER = "manager", "A manager decided"
    LEFT = "left", "The owner left"


class Temperature(models.TextChoices):
    HOT = "hot", "Hot"
    WARM = "warm", "Warm"
    COOL = "cool", "Cool"


class TouchKind(models.TextChoices):
    """A contact with the buyer."""

    CALL = "call", "Call attempted"
    EMAIL = "email", "E-mail sent"
    MESSAGE = "message", "Message sent"
    REPLY = "reply", "Reply received"
    MEETING_BOOKED = "meeting_booked", "Meeting booked"
    MEETING_HELD = "meeting_held", "Meeting held"
    CONVERTED = "converted", "Became an opportunity"


class MeetingKind(models.TextChoices):
    INTRO_CALL = "intro_call", "Introduction call"
    MEETING = "meeting", "Meeting"


class MeetingState(models.TextChoices):
    BOOKED = "booked", "Booked"
    HELD = "held", "Held"
    MISSED = "missed", "Did not take place"
    CALLED_OFF = "called_off", "Called off"


class Direction(models.TextChoices):
    OUTBOUND = "outbound", "To the buyer"
    INBOUND = "inbound", "From the buyer"


class Verdict(models.TextChoices):
    """Whether a touch counts as contact, and why not."""

    MEANINGFUL = "meaningful", "Counts as contact"
    TOO_SHORT = "too_short", "Too short to count"
    TEMPLATED = "templated", "Same text as another mail"
    AUTOMATED = "automated", "Sent automatically"
    TOO_OLD = "too_old", "Logged too late to count"


class DealOutcome(models.TextChoices):
    """What became of the opportunity after the conversion."""

    WON = "won", "Won"
    LOST = "lost", "Lost"


class FieldTarget(models.TextChoices):
    """Where an answer is written through to when the handoff is submitted."""

    COMPANY = "company", "Company"
    LEAD = "lead", "Lead"
    HANDOFF = "handoff", "Handoff"


class FieldKind(models.TextChoices):
    TEXT = "text", "Text"
    LONG_TEXT = "long_text", "Long text"
    LINES = "lines", "Up to three lines"
    INTEGER = "integer", "Whole number"
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"
    DATE = "date", "Date"
    CHOICE = "choice", "Choice"
    MULTI = "multi", "Choice of several"
    YES_NO = "yes_no", "Yes or no"
    DATETIME = "datetime", "Day and time with zone"
    URL = "url", "Link"
    MONEY = "money", "Amount or range of money"


class EventKind(models.TextChoices):
    DRAFTED = "drafted", "Draft begun"
    EDITED = "edited", "Draft changed"
    SUBMISSION_REFUSED = "submission_refused", "Not ready to hand off"
    SUBMITTED = "submitted", "Handed off"
    HELD = "held", "Held: nobody eligible"
    DRAINED = "drained", "Placed from holding"
    ASSIGNED = "assigned", "Assigned"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    CONFLICT = "conflict", "Conflict declared"
    CONCEDED = "conceded", "Conceded"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Handed off again"
    CONTESTED = "contested", "Rejection contested"
    OVERTURNED = "overturned", "Rejection overturned"
    UPHELD = "upheld", "Rejection upheld"
    TOUCHED = "touched", "Touch logged"
    NEXT_STEP_DATED = "next_step_dated", "Next step dated"
    TIMED_OUT = "timed_out", "Time ran out"
    REASSIGNED = "reassigned", "Reassigned"
    COVERED = "covered", "Passed to the cover"
    RETURNED = "returned", "Returned to the submitter"
    NURTURED = "nurtured", "Back to nurture"
    DISQUALIFIED = "disqualified", "Disqualified"
    CONVERTED = "converted", "Converted"
    OUTCOME_RECORDED = "outcome_recorded", "Outcome recorded"
    MERGED = "merged", "Merged with another lead"
    RETARGETED = "retargeted", "Clock timed anew"
    RETIMED = "retimed", "Open clocks re-timed"
    EXTENDED = "extended", "More time given"
    PAUSED = "paused", "Clock paused"
    RESUMED = "resumed", "Clock resumed"
    ACKNOWLEDGED = "acknowledged", "Alert acknowledged"
    MEETING_MOVED = "meeting_moved", "Meeting moved"
    MEETING_MISSED = "meeting_missed", "Meeting did not take place"
    MEETING_CALLED_OFF = "meeting_called_off", "Meeting called off"
    INTRODUCED = "introduced", "Introduced live"
    NOT_INTRODUCED = "not_introduced", "Live introduction taken back"
    MEETING_REMINDED = "meeting_reminded", "Reminded of the meeting"
    REMINDED = "reminded", "Reminded"
    BREACHED = "breached", "Due time missed"
    ALERTED = "alerted", "Manager alerted"
    POSTED = "posted", "Posted to the team's channel"
    UNSTAFFED = "unstaffed", "Nobody at work"
    STEP_SUPERSEDED = "step_superseded", "Step no longer needed"
    STEP_RETRIED = "step_retried", "Step tried again"
