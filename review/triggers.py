"""What no constraint can say about reviews: a closed one is frozen, and the log is for good."""

from core.triggers import Trigger, append_only

FROZEN = "a closed review is frozen"


def _frozen_review(operation: str) -> Trigger:
    name = f"review_closed_no_{operation.lower()}"
    answer = "NEW" if operation == "UPDATE" else "OLD"
    return Trigger(
        name=name,
        table="review_review",
        postgresql=f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '{FROZEN}' USING ERRCODE = '23514', CONSTRAINT = '{name}';
                RETURN {answer};
            END $$;
            CREATE TRIGGER {name} BEFORE {operation} ON review_review
            FOR EACH ROW WHEN (OLD.state = 'closed') EXECUTE FUNCTION {name}();
        """,
        sqlite=f"""
            CREATE TRIGGER {name} BEFORE {operation} ON review_review
            FOR EACH ROW WHEN OLD.state = 'closed'
            BEGIN
                SELECT RAISE(ABORT, '{FROZEN}');
            END;
        """,
    )


def _frozen_part(table: str, operation: str) -> Trigger:
    """Rows of a closed review: none comes, changes, goes, or moves to another review."""
    name = f"{table}_frozen_{operation.lower()}"
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[operation]
    reviews = ", ".join(f"{row}.review_id" for row in rows)
    answer = "OLD" if operation == "DELETE" else "NEW"
    closed = (
        "SELECT 1 FROM review_review r "  # noqa: S608  # our own names, and no value
        f"WHERE r.id IN ({reviews}) AND r.state = 'closed'"
    )
    return Trigger(
        name=name,
        table=table,
        postgresql=f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS ({closed}) THEN
                    RAISE EXCEPTION '{FROZEN}' USING ERRCODE = '23514', CONSTRAINT = '{name}';
                END IF;
                RETURN {answer};
            END $$;
            CREATE TRIGGER {name} BEFORE {operation} ON {table}
            FOR EACH ROW EXECUTE FUNCTION {name}();
        """,
        sqlite=f"""
            CREATE TRIGGER {name} BEFORE {operation} ON {table}
            FOR EACH ROW WHEN EXISTS ({closed})
            BEGIN
                SELECT RAISE(ABORT, '{FROZEN}');
            END;
        """,
    )


def all_triggers() -> tuple[Trigger, ...]:
    return (
        _frozen_review("UPDATE"),
        _frozen_review("DELETE"),
        *(
            _frozen_part(table, operation)
            for table in ("review_miss", "review_attendee")
            for operation in ("INSERT", "UPDATE", "DELETE")
        ),
        *append_only("review_reviewevent"),
    )
