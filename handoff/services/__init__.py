"""Every write to a handoff. Interfaces call these and nothing else."""

from handoff.services.after import concede_handoff, start_fix, withdraw_handoff
from handoff.services.decide import accept_handoff, reject_handoff
from handoff.services.drafts import create_draft, save_draft
from handoff.services.escalate import apply_escalations
from handoff.services.holding import drain_holding
from handoff.services.imports import import_leads, replay_handoffs
from handoff.services.leads import import_lead
from handoff.services.setup import install_type, set_up
from handoff.services.submit import submit_handoff
from handoff.services.touches import date_next_step, log_touch

__all__ = [
    "accept_handoff",
    "apply_escalations",
    "concede_handoff",
    "create_draft",
    "date_next_step",
    "drain_holding",
    "import_lead",
    "import_leads",
    "install_type",
    "log_touch",
    "reject_handoff",
    "replay_handoffs",
    "save_draft",
    "set_up",
    "start_fix",
    "submit_handoff",
    "withdraw_handoff",
]
