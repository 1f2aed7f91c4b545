"""Every write to a handoff. Interfaces call these and nothing else."""

from handoff.services.after import concede_handoff, start_fix, withdraw_handoff
from handoff.services.bulk import Outcome, Submitted, submit_handoffs
from handoff.services.care import (
    acknowledge_late,
    extend_clock,
    pause_clocks,
    resume_clocks,
)
from handoff.services.closing import (
    convert_handoff,
    disqualify_handoff,
    nurture_handoff,
    record_outcome,
    return_handoff,
)
from handoff.services.companies import set_company_owner
from handoff.services.contests import contest_rejection, rule_on_contest
from handoff.services.cover import apply_cover
from handoff.services.decide import accept_handoff, reject_handoff
from handoff.services.drafts import create_draft, save_draft
from handoff.services.escalate import apply_escalations
from handoff.services.holding import drain_holding
from handoff.services.impact_review import replay_drafts
from handoff.services.imports import import_leads, replay_handoffs
from handoff.services.leads import import_lead
from handoff.services.leaving import Offboarded, offboard_user
from handoff.services.meeting_reminders import remind_of_meetings
from handoff.services.meetings import (
    drop_meeting,
    introduce_live,
    move_meeting,
    take_back_introduction,
)
from handoff.services.merging import merge_duplicate
from handoff.services.moves import reassign_handoff
from handoff.services.set_aside import retry_step
from handoff.services.setup import install_type, set_up
from handoff.services.standstill import release_moves
from handoff.services.stuck import tell_of_stuck
from handoff.services.submit import submit_handoff
from handoff.services.touches import date_next_step, hold_meeting, log_touch

__all__ = [
    "Offboarded",
    "Outcome",
    "Submitted",
    "accept_handoff",
    "acknowledge_late",
    "apply_cover",
    "apply_escalations",
    "concede_handoff",
    "contest_rejection",
    "convert_handoff",
    "create_draft",
    "date_next_step",
    "disqualify_handoff",
    "drain_holding",
    "drop_meeting",
    "extend_clock",
    "hold_meeting",
    "import_lead",
    "import_leads",
    "install_type",
    "introduce_live",
    "log_touch",
    "merge_duplicate",
    "move_meeting",
    "nurture_handoff",
    "offboard_user",
    "pause_clocks",
    "reassign_handoff",
    "record_outcome",
    "reject_handoff",
    "release_moves",
    "remind_of_meetings",
    "replay_drafts",
    "replay_handoffs",
    "resume_clocks",
    "retry_step",
    "return_handoff",
    "rule_on_contest",
    "save_draft",
    "set_company_owner",
    "set_up",
    "start_fix",
    "submit_handoff",
    "submit_handoffs",
    "take_back_introduction",
    "tell_of_stuck",
    "withdraw_handoff",
]
