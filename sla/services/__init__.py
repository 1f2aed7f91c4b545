"""Every write of the engine: policies, clocks, pauses, the sweep and what it leaves to do."""

from sla.services.acknowledge import acknowledge_clock, hold_escalations
from sla.services.clocks import (
    cancel_clock,
    meet_clock,
    planned_clock,
    start_clock,
    start_clocks,
)
from sla.services.escalations import (
    StepNotSetAside,
    claim_escalations,
    defer_escalation,
    fail_escalation,
    finish_escalation,
    finish_escalations,
    release_escalations,
    retry_escalation,
)
from sla.services.pauses import pause_clock, resume_clock
from sla.services.policies import (
    discard_draft,
    install_preset,
    publish_draft,
    publish_policy,
    retire_policy,
    save_draft,
)
from sla.services.reconcile import reconcile
from sla.services.restart import reopen_clock, retarget_clock, retime_clock
from sla.services.sweep import fire_due_steps

__all__ = [
    "StepNotSetAside",
    "acknowledge_clock",
    "cancel_clock",
    "claim_escalations",
    "defer_escalation",
    "discard_draft",
    "fail_escalation",
    "finish_escalation",
    "finish_escalations",
    "fire_due_steps",
    "hold_escalations",
    "install_preset",
    "meet_clock",
    "pause_clock",
    "planned_clock",
    "publish_draft",
    "publish_policy",
    "reconcile",
    "release_escalations",
    "reopen_clock",
    "resume_clock",
    "retarget_clock",
    "retime_clock",
    "retire_policy",
    "retry_escalation",
    "save_draft",
    "start_clock",
    "start_clocks",
]
