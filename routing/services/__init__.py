"""Every write of the router: picks, what settles them, pools, rule sets."""

from routing.services.draw import Draw, StaleDraw, lock_loads, lock_pools, open_draw, take_turn
from routing.services.pools import (
    InvalidPool,
    add_member,
    change_member,
    change_pool,
    create_pool,
    set_capacity,
)
from routing.services.publish import InvalidRules, RulesChanged, RuleSpec, publish_rule_set
from routing.services.settle import give_back, release

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
    "lock_loads",
    "lock_pools",
    "open_draw",
    "publish_rule_set",
    "release",
    "set_capacity",
    "take_turn",
]
