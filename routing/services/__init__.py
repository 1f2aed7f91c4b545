"""Every write of the router: picks, what settles them, pools, rule sets."""

from routing.services.backups import set_backup
from routing.services.draw import (
    Draw,
    Firsts,
    StaleDraw,
    lock_loads,
    lock_loads_of_pools,
    lock_pools,
    open_draw,
    take_turn,
    take_turn_for,
)
from routing.services.leaving import leave_pools
from routing.services.limits import set_capacity, set_limits
from routing.services.pools import (
    InvalidPool,
    PoolChoices,
    add_member,
    change_member,
    change_pool,
    create_pool,
)
from routing.services.rule_sets import (
    DraftChanged,
    InvalidRules,
    RulesChanged,
    RuleSpec,
    bring_back,
    discard_draft,
    publish_draft,
    publish_rule_set,
    save_draft,
)
from routing.services.settle import give_back, occupy, release
from routing.services.skills import set_skills

__all__ = [
    "DraftChanged",
    "Draw",
    "Firsts",
    "InvalidPool",
    "InvalidRules",
    "PoolChoices",
    "RuleSpec",
    "RulesChanged",
    "StaleDraw",
    "add_member",
    "bring_back",
    "change_member",
    "change_pool",
    "create_pool",
    "discard_draft",
    "give_back",
    "leave_pools",
    "lock_loads",
    "lock_loads_of_pools",
    "lock_pools",
    "occupy",
    "open_draw",
    "publish_draft",
    "publish_rule_set",
    "release",
    "save_draft",
    "set_backup",
    "set_capacity",
    "set_limits",
    "set_skills",
    "take_turn",
    "take_turn_for",
]
