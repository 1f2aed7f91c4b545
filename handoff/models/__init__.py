from handoff.models.catalogue import Field, FormVersion, HandoffType
from handoff.models.handoff import Event, Handoff, HandoffClock, Leg, Transfer
from handoff.models.lead import Company, Lead

__all__ = [
    "Company",
    "Event",
    "Field",
    "FormVersion",
    "Handoff",
    "HandoffClock",
    "HandoffType",
    "Lead",
    "Leg",
    "Transfer",
]
