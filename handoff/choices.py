from django.db import models


class Status(models.TextChoices):
    DRAFT = "draft", "Draft"
    HOLDING = "holding", "Holding"
    PENDING = "pending", "Pending"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    CLOSED = "closed", "Closed"


class ClosedAs(models.TextChoices):
    WITHDRAWN = "withdrawn", "Withdrawn"
    CONCEDED = "conceded", "Conceded"
    NURTURE = "nurture", "Back to nurture"
    SUPERSEDED = "superseded", "Handed off again"


class RejectReason(models.TextChoices):
    MISSING_INFORMATION = "missing_information", "Missing information"
    WRONG_ICP = "wrong_icp", "Wrong ICP"
    NO_REAL_INTEREST = "no_real_interest", "No real interest"
    NO_BUDGET = "no_budget", "No budget"
    WRONG_CONTACT = "wrong_contact", "Wrong contact"
    DUPLICATE = "duplicate", "Duplicate"
    CONFLICT = "conflict", "Conflict"


class LegEnd(models.TextChoices):
    REJECTED = "rejected", "Rejected"
    CONFLICT = "conflict", "Conflict"
    WITHDRAWN = "withdrawn", "Withdrawn"


class TransferReason(models.TextChoices):
    SUBMITTED = "submitted", "Handed off"
    CONFLICT = "conflict", "The receiver declared a conflict"
    REJECTED = "rejected", "Rejected"
    DRAINED = "drained", "Somebody became eligible"


class Temperature(models.TextChoices):
    HOT = "hot", "Hot"
    WARM = "warm", "Warm"
    COOL = "cool", "Cool"


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
    REMINDED = "reminded", "Reminded"
    BREACHED = "breached", "Due time missed"
    ALERTED = "alerted", "Manager alerted"
    STEP_SUPERSEDED = "step_superseded", "Step no longer needed"
