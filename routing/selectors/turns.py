"""Turns of the ledger, read back as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from routing.choices import Strategy, TurnKind
from routing.models import Rule, Turn
from routing.selectors.reasons import excluded_from, reason_words


@dataclass(frozen=True, slots=True)
class Skip:
    """One member whom a turn passed over, and why."""

    user: User
    code: str
    sentence: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TurnExplanation:
    """Why a receiver was picked, in sentences for any reader; `rule` is empty without one."""

    turn: Turn
    headline: str
    rule: str
    candidates: tuple[User, ...]
    skipped: tuple[Skip, ...]
    is_given_back: bool


def explain_turn(turn: Turn) -> TurnExplanation:
    """Read the ledger's entry back as sentences, in a constant number of queries."""
    seated = [user_id for user_id, _, _ in turn.candidates]
    wanted = {*seated, turn.user_id, *(entry["user"] for entry in turn.exclusions)}
    people = User.objects.in_bulk(wanted)
    return TurnExplanation(
        turn=turn,
        headline=_headline(turn, people[turn.user_id]),
        rule=_rule_sentence(turn.rule),
        candidates=tuple(people[user_id] for user_id in seated),
        skipped=tuple(_skip(entry, people[entry["user"]]) for entry in turn.exclusions),
        is_given_back=hasattr(turn, "credit_note"),
    )


def _headline(turn: Turn, user: User) -> str:
    told = {
        TurnKind.RETURNING: f"Back to {user}, who sent it back.",
        TurnKind.INTRODUCED: f"{user} was introduced to the buyer live.",
        TurnKind.OWNER: f"{user} looks after the company.",
        TurnKind.EARLIER: f"{user} had an earlier handoff of this lead.",
        TurnKind.BACKUP: f"{user} stands in for who had it before.",
        TurnKind.COVER: f"{user} covers for somebody who is away.",
        TurnKind.MANUAL: f"A manager chose {user}.",
    }
    if turn.kind in told:
        return told[TurnKind(turn.kind)]
    place = _place(turn)
    if turn.kind == TurnKind.DRAINED:
        return f"{place} in {turn.pool}, after it had waited for somebody to be free."
    return f"{place} in {turn.pool}."


def _place(turn: Turn) -> str:
    count = len(turn.candidates)
    if count == 1:
        return "The only one free"
    least = turn.strategy == Strategy.LEAST_LOADED
    return f"Fewest open leads of {count}" if least else f"Next of {count}"


def _rule_sentence(rule: Rule | None) -> str:
    if rule is None:
        return ""
    return f"Rule {rule.position} of version {rule.ruleset.n}: {rule.name}."


def _skip(entry: Mapping[str, Any], user: User) -> Skip:
    excluded = excluded_from(entry)
    return Skip(
        user=user,
        code=entry["code"],
        sentence=f"{user} was skipped: {reason_words(excluded)}.",
        until=excluded.until,
    )
