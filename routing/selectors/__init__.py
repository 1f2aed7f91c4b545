"""Reads of the router: who is eligible, which rule holds, why a turn went as it did."""

from routing.selectors.board import BOARD_DAYS, BoardLine, pool_board
from routing.selectors.published import match_rule, published_rules
from routing.selectors.reasons import excluded_from, exclusion_row, reason_words
from routing.selectors.standings import (
    MemberStanding,
    PoolSettings,
    member_standings,
    period_at,
    room_in,
    skills_of,
    standings_by_pool,
    standings_in,
    weight_of_active,
)
from routing.selectors.turns import Skip, TurnExplanation, explain_turn

__all__ = [
    "BOARD_DAYS",
    "BoardLine",
    "MemberStanding",
    "PoolSettings",
    "Skip",
    "TurnExplanation",
    "excluded_from",
    "exclusion_row",
    "explain_turn",
    "match_rule",
    "member_standings",
    "period_at",
    "pool_board",
    "published_rules",
    "reason_words",
    "room_in",
    "skills_of",
    "standings_by_pool",
    "standings_in",
    "weight_of_active",
]
