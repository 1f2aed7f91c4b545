"""Every write of the router: picks, what settles them, pools, rule sets."""

from routing.services.backups import set_backup
from routing.services.draw import (
    Draw,
    StaleDraw,
    lock_loads,
    lock_loads_of_pools,
    lock_pools,
    open_draw,
    take_turn,
    take_turn_for,
)
from routing.services.leaving import leave_pools
from routing.services.pools import (
    InvalidPool,
    add_member,
    change_member,
    change_pool,
    create_pool,
    set_capacity,
)
from routing.services.publish import InvalidRules, RulesChanged, RuleSpec, publish_rule_set
from routing.services.settle import give_back, occupy, release

__all__ = [
    "Draw",
    "InvalidPool",
    "InvalidRules",
    "RuleSpec",
    "RulesChanged",
    "StaleDraw",
    "add_member",
    "change_member",
    "change_pool",
    "create_pool",
    "give_back",
    "leave_pools",
    "lock_loads",
    "lock_loads_of_pools",
    "lock_pools",
    "occupy",
    "open_draw",
    "publish_rule_set",
    "release",
    "set_backup",
    "set_capacity",
    "take_turn",
    "take_turn_for",
]
