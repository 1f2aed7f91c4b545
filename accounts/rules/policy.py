"""The one place that says who may do what.

Every surface asks here: pages, admin, commands and exports. The question is always the same:
a person with these roles, standing in this relation to the row, wants to do this. A row that a
person may not read does not exist for them (404); a function they may not use is refused (403).
"""

from enum import StrEnum


class Relation(StrEnum):
    """How a person stands to one row. A person can stand in several relations at once."""

    SUBMITTER = "submitter"
    """Handed the lead over, or is writing the draft."""
    RECEIVER = "receiver"
    """Holds the live leg now."""
    PAST_RECEIVER = "past_receiver"
    """Had a leg that has ended: reads, no longer acts."""
    TEAM = "team"
    """Manages a team of the submitter or of one of the receivers, or the pool that holds it."""
    HOLDER = "holder"
    """Has it while it is held: manages the pool, or stands in for whoever does."""
    SELF = "self"
    """The row is the person's own record."""
    ALL = "all"
    """No relation needed: what every signed-in person stands in to everything."""


class Action(StrEnum):
    HANDOFF_CREATE = "handoff.create"
    HANDOFF_READ = "handoff.read"
    HANDOFF_EDIT = "handoff.edit"
    HANDOFF_SUBMIT = "handoff.submit"
    HANDOFF_ACCEPT = "handoff.accept"
    HANDOFF_REJECT = "handoff.reject"
    HANDOFF_FIX = "handoff.fix"
    HANDOFF_CONCEDE = "handoff.concede"
    HANDOFF_WITHDRAW = "handoff.withdraw"
    HANDOFF_CONTEST = "handoff.contest"
    HANDOFF_RULE = "handoff.rule"
    HANDOFF_TOUCH = "handoff.touch"
    HANDOFF_NEXT_STEP = "handoff.next_step"
    HANDOFF_MEETING = "handoff.meeting"
    HANDOFF_CONVERT = "handoff.convert"
    HANDOFF_OUTCOME = "handoff.outcome"
    HANDOFF_DISQUALIFY = "handoff.disqualify"
    HANDOFF_NURTURE = "handoff.nurture"
    HANDOFF_RETURN = "handoff.return"
    HANDOFF_MERGE = "handoff.merge"
    HANDOFF_REASSIGN = "handoff.reassign"
    COMPANY_READ = "company.read"
    COMPANY_EDIT = "company.edit"
    CLOCK_PAUSE = "clock.pause"
    CLOCK_ACKNOWLEDGE = "clock.acknowledge"
    LEAD_READ = "lead.read"
    REVIEW_READ = "review.read"
    REVIEW_RUN = "review.run"
    REVIEW_RECORD = "review.record"
    ACTION_READ = "action.read"
    ACTION_EDIT = "action.edit"
    ACTION_CLOSE = "action.close"
    LATE_READ = "late.read"
    HOLDING_READ = "holding.read"
    STUCK_READ = "stuck.read"
    CONTEST_READ = "contest.read"
    TEAM_READ = "team.read"
    ROUTING_TRY = "routing.try"
    SHARE_READ = "share.read"
    SHARES_READ = "shares.read"
    TRANSFER_READ = "transfer.read"
    MEMBER_EDIT = "member.edit"
    TIME_OFF_EDIT = "time_off.edit"
    PAUSE_EDIT = "pause.edit"
    BACKUP_EDIT = "backup.edit"
    HOURS_EDIT = "hours.edit"
    PERSON_OFFBOARD = "person.offboard"
    PEOPLE_EDIT = "people.edit"
    CONFIG_READ = "config.read"
    CONFIG_EDIT = "config.edit"
    LEDGER_READ = "ledger.read"
    LEAD_IMPORT = "lead.import"
    HEALTH_READ = "health.read"


SDR, AE, MANAGER, ADMIN = "sdr", "ae", "manager", "admin"
_EVERYBODY = frozenset({SDR, AE, MANAGER, ADMIN})

# action -> role -> the relations of which one is enough.
_OWN_SUBMITTED = frozenset({Relation.SUBMITTER})
_OWN_RECEIVED = frozenset({Relation.RECEIVER})
_INVOLVED = frozenset({Relation.SUBMITTER, Relation.RECEIVER, Relation.PAST_RECEIVER})
_TEAM = frozenset({Relation.TEAM})
_HELD = frozenset({Relation.HOLDER})
_SELF = frozenset({Relation.SELF})
_SELF_OR_TEAM = frozenset({Relation.SELF, Relation.TEAM})
_ANY = frozenset({Relation.ALL})

RULES: dict[Action, dict[str, frozenset[Relation]]] = {
    Action.HANDOFF_CREATE: {SDR: _ANY, MANAGER: _ANY, ADMIN: _ANY},
    Action.HANDOFF_READ: {
        SDR: _INVOLVED | _HELD,
        AE: _INVOLVED | _HELD,
        MANAGER: _INVOLVED | _HELD | _TEAM,
        ADMIN: _ANY,
    },
    Action.HANDOFF_EDIT: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED | _TEAM, ADMIN: _ANY},
    Action.HANDOFF_SUBMIT: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED | _TEAM, ADMIN: _ANY},
    # An admin configures; deciding about a lead stays with the receiver and the managers.
    Action.HANDOFF_ACCEPT: {AE: _OWN_RECEIVED, MANAGER: _TEAM | _OWN_RECEIVED},
    Action.HANDOFF_REJECT: {AE: _OWN_RECEIVED, MANAGER: _TEAM | _OWN_RECEIVED},
    Action.HANDOFF_FIX: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED | _TEAM, ADMIN: _ANY},
    Action.HANDOFF_CONCEDE: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED | _TEAM, ADMIN: _ANY},
    Action.HANDOFF_WITHDRAW: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED | _TEAM, ADMIN: _ANY},
    Action.HANDOFF_CONTEST: {SDR: _OWN_SUBMITTED, MANAGER: _OWN_SUBMITTED},
    # Nobody rules on their own; the service refuses who submitted, received or contested it.
    Action.HANDOFF_RULE: {MANAGER: _TEAM, ADMIN: _ANY},
    # Who had the leg logs touches of its own time; the service keeps to that time.
    Action.HANDOFF_TOUCH: {
        AE: frozenset({Relation.RECEIVER, Relation.PAST_RECEIVER}),
        MANAGER: frozenset({Relation.RECEIVER, Relation.PAST_RECEIVER, Relation.TEAM}),
    },
    Action.HANDOFF_NEXT_STEP: {AE: _OWN_RECEIVED, MANAGER: _TEAM | _OWN_RECEIVED},
    # Who set the meeting may move it or call it off as well as who holds it.
    Action.HANDOFF_MEETING: {
        SDR: _OWN_SUBMITTED,
        AE: _OWN_RECEIVED,
        MANAGER: _TEAM | _OWN_RECEIVED | _OWN_SUBMITTED,
    },
    Action.HANDOFF_CONVERT: {AE: _OWN_RECEIVED, MANAGER: _TEAM | _OWN_RECEIVED},
    # After the conversion no leg is live any more: the last receiver tells how it ended.
    Action.HANDOFF_OUTCOME: {
        AE: frozenset({Relation.PAST_RECEIVER}),
        MANAGER: frozenset({Relation.PAST_RECEIVER, Relation.TEAM}),
        ADMIN: _ANY,
    },
    Action.HANDOFF_DISQUALIFY: {
        AE: _OWN_RECEIVED,
        MANAGER: _TEAM | _OWN_RECEIVED | _HELD,
        ADMIN: _ANY,
    },
    Action.HANDOFF_NURTURE: {
        AE: _OWN_RECEIVED,
        MANAGER: _TEAM | _OWN_RECEIVED | _HELD,
        ADMIN: _ANY,
    },
    # Whoever manages a pool decides about what it holds, whatever their role.
    Action.HANDOFF_RETURN: {
        SDR: _HELD,
        AE: _OWN_RECEIVED | _HELD,
        MANAGER: _TEAM | _OWN_RECEIVED | _HELD,
        ADMIN: _ANY,
    },
    Action.HANDOFF_MERGE: {
        AE: _OWN_RECEIVED,
        MANAGER: _TEAM | _OWN_RECEIVED | _HELD,
        ADMIN: _ANY,
    },
    Action.HANDOFF_REASSIGN: {SDR: _HELD, AE: _HELD, MANAGER: _TEAM | _HELD, ADMIN: _ANY},
    # Of the companies whose leads they may read: who looks after them.
    Action.COMPANY_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.COMPANY_EDIT: {MANAGER: _ANY, ADMIN: _ANY},
    Action.CLOCK_PAUSE: {MANAGER: _TEAM | _HELD, ADMIN: _ANY},
    Action.CLOCK_ACKNOWLEDGE: {MANAGER: _TEAM | _HELD, ADMIN: _ANY},
    Action.LEAD_READ: {SDR: _INVOLVED, AE: _INVOLVED, MANAGER: _INVOLVED | _TEAM, ADMIN: _ANY},
    Action.REVIEW_READ: dict.fromkeys(_EVERYBODY, _ANY),
    # The review of a team is run by its managers; that of everybody is the admins'.
    Action.REVIEW_RUN: {MANAGER: _TEAM, ADMIN: _ANY},
    Action.REVIEW_RECORD: {MANAGER: _ANY, ADMIN: _ANY},
    # Whoever has taken something on reads it and says when it is done.
    Action.ACTION_READ: dict.fromkeys(_EVERYBODY, _ANY),
    Action.ACTION_EDIT: {MANAGER: _TEAM, ADMIN: _ANY},
    Action.ACTION_CLOSE: {SDR: _SELF, AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.LATE_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.HOLDING_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.STUCK_READ: {AE: _ANY, MANAGER: _ANY, ADMIN: _ANY},
    Action.CONTEST_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.TEAM_READ: {MANAGER: _ANY, ADMIN: _ANY},
    # Whoever hands a lead off may ask beforehand who would get it.
    Action.ROUTING_TRY: {SDR: _OWN_SUBMITTED, MANAGER: _ANY, ADMIN: _ANY},
    # What somebody got of a pool's leads; whoever manages the pool stands to them as to a team.
    Action.SHARE_READ: {AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.SHARES_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.TRANSFER_READ: {MANAGER: _ANY, ADMIN: _ANY},
    Action.MEMBER_EDIT: {MANAGER: _TEAM, ADMIN: _ANY},
    Action.TIME_OFF_EDIT: {SDR: _SELF, AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.PAUSE_EDIT: {SDR: _SELF, AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.BACKUP_EDIT: {AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.HOURS_EDIT: {SDR: _SELF, AE: _SELF, MANAGER: _SELF_OR_TEAM, ADMIN: _ANY},
    Action.PERSON_OFFBOARD: {ADMIN: _ANY},
    Action.PEOPLE_EDIT: {ADMIN: _ANY},
    Action.CONFIG_READ: dict.fromkeys(_EVERYBODY, _ANY),
    Action.CONFIG_EDIT: {ADMIN: _ANY},
    Action.LEDGER_READ: {ADMIN: _ANY},
    Action.LEAD_IMPORT: {ADMIN: _ANY},
    Action.HEALTH_READ: {ADMIN: _ANY},
}


def allows(roles: frozenset[str], action: Action, relations: frozenset[Relation]) -> bool:
    """True when one of the roles may do the action in one of the relations.

    ``Relation.ALL`` need not be given: everybody stands in it to everything.
    """
    held = relations | {Relation.ALL}
    by_role = RULES[action]
    return any(by_role[role] & held for role in roles if role in by_role)
