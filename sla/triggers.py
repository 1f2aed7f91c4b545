"""What the engine's tables refuse whoever writes to them."""

from core.triggers import Trigger, append_only


def _refusal(name: str, table: str, operation: str, condition: str, message: str) -> Trigger:
    """A trigger that refuses the operation on rows for which the condition holds."""
    when = f"WHEN ({condition})" if condition else ""
    result = "OLD" if operation == "DELETE" else "NEW"
    return Trigger(
        name,
        table,
        postgresql=f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '{message}'
                    USING ERRCODE = '23514', CONSTRAINT = '{name}', TABLE = '{table}';
                RETURN {result};
            END $$;
            CREATE TRIGGER {name} BEFORE {operation} ON {table}
                FOR EACH ROW {when} EXECUTE FUNCTION {name}();
        """,
        sqlite=f"""
            CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW {when}
            BEGIN
                SELECT RAISE(ABORT, '{message}');
            END
        """,
    )


def _differ(*columns: str) -> str:
    """Whether one of the columns, none of which is ever null, is about to change."""
    return " OR ".join(f"OLD.{column} <> NEW.{column}" for column in columns)


_POLICY_CHANGED = _differ("policy_id", "n", "position", "conditions", "is_default")
_CLOCK_CHANGED = _differ("started_at", "target_id", "calendar_version_id", "kind")
_BREACH_CHANGED = (
    "OLD.breached_at IS NOT NULL"
    " AND (NEW.breached_at IS NULL OR NEW.breached_at <> OLD.breached_at)"
)

TRIGGERS = (
    *append_only("sla_target"),
    *append_only("sla_step"),
    _refusal(
        "sla_policyversion_keeps",
        "sla_policyversion",
        "UPDATE",
        f"OLD.state <> 'draft' AND ({_POLICY_CHANGED})",
        "a published policy version does not change",
    ),
    _refusal(
        "sla_policyversion_stays",
        "sla_policyversion",
        "DELETE",
        "OLD.state <> 'draft'",
        "a published policy version is replaced, never deleted",
    ),
    _refusal(
        "sla_clock_keeps_start",
        "sla_clock",
        "UPDATE",
        _CLOCK_CHANGED,
        "a clock keeps its start, target and calendar version",
    ),
    _refusal(
        "sla_clock_keeps_breach",
        "sla_clock",
        "UPDATE",
        _BREACH_CHANGED,
        "a breach is never erased",
    ),
    _refusal("sla_clock_stays", "sla_clock", "DELETE", "", "a clock is never deleted"),
    _refusal(
        "sla_escalation_stays",
        "sla_escalation",
        "DELETE",
        "",
        "an escalation is never deleted",
    ),
)
