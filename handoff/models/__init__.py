from handoff.models.catalogue import Field, FormVersion, HandoffType
from handoff.models.contest import Contest
from handoff.models.handoff import Event, Handoff, HandoffClock, Leg, Transfer
from handoff.models.lead import Company, Lead
from handoff.models.meeting import Meeting
from handoff.models.touch import Touch

__all__ = [
    "Company",
    "Contest",
    "Event",
    "Field",
    "FormVersion",
    "Handoff",
    "HandoffClock",
    "HandoffType",
    "Lead",
    "Leg",
    "Meeting",
    "Touch",
    "Transfer",
]
