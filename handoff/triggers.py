"""What no constraint can say about handoffs: the log is for good, and owners change by transfer."""

from core.triggers import Trigger, append_only

# The time of the freeze is not looked at here: the service knows who may pass it and why. A
# transfer counts once: it must be newer than the last one, and start where the handoff is.
OWNER_BY_TRANSFER = Trigger(
    name="handoff_owner_by_transfer",
    table="handoff_handoff",
    postgresql="""
        CREATE FUNCTION handoff_owner_by_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (
                   SELECT 1 FROM handoff_transfer t
                   WHERE t.id = NEW.last_transfer_id
                     AND t.id > COALESCE(OLD.last_transfer_id, 0)
                     AND t.handoff_id = NEW.id
                     AND t.from_user_id = OLD.owner_id AND t.to_user_id = NEW.owner_id
               )
            THEN
                RAISE EXCEPTION 'the owner of a submitted handoff changes by a transfer only'
                    USING ERRCODE = '23514', CONSTRAINT = 'handoff_owner_by_transfer';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER handoff_owner_by_transfer BEFORE UPDATE OF owner_id ON handoff_handoff
        FOR EACH ROW
        WHEN (OLD.submitted_at IS NOT NULL
              AND NEW.owner_id IS DISTINCT FROM OLD.owner_id)
        EXECUTE FUNCTION handoff_owner_by_transfer();
    """,
    sqlite="""
        CREATE TRIGGER handoff_owner_by_transfer BEFORE UPDATE OF owner_id ON handoff_handoff
        FOR EACH ROW
        WHEN OLD.submitted_at IS NOT NULL AND NEW.owner_id IS NOT OLD.owner_id
         AND NOT EXISTS (
             SELECT 1 FROM handoff_transfer t
             WHERE t.id = NEW.last_transfer_id
               AND t.id > COALESCE(OLD.last_transfer_id, 0)
               AND t.handoff_id = NEW.id
               AND t.from_user_id = OLD.owner_id AND t.to_user_id = NEW.owner_id
         )
        BEGIN
            SELECT RAISE(ABORT, 'the owner of a submitted handoff changes by a transfer only');
        END;
    """,
)

# Or else the owner could be changed in two steps, as that of a draft.
STAYS_SUBMITTED = Trigger(
    name="handoff_stays_submitted",
    table="handoff_handoff",
    postgresql="""
        CREATE FUNCTION handoff_stays_submitted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a handoff stays submitted from the time at which it was'
                USING ERRCODE = '23514', CONSTRAINT = 'handoff_stays_submitted';
        END $$;
        CREATE TRIGGER handoff_stays_submitted BEFORE UPDATE OF submitted_at ON handoff_handoff
        FOR EACH ROW
        WHEN (OLD.submitted_at IS NOT NULL
              AND NEW.submitted_at IS DISTINCT FROM OLD.submitted_at)
        EXECUTE FUNCTION handoff_stays_submitted();
    """,
    sqlite="""
        CREATE TRIGGER handoff_stays_submitted BEFORE UPDATE OF submitted_at ON handoff_handoff
        FOR EACH ROW
        WHEN OLD.submitted_at IS NOT NULL AND NEW.submitted_at IS NOT OLD.submitted_at
        BEGIN
            SELECT RAISE(ABORT, 'a handoff stays submitted from the time at which it was');
        END;
    """,
)


def all_triggers() -> tuple[Trigger, ...]:
    return (
        *append_only("handoff_event"),
        *append_only("handoff_transfer"),
        OWNER_BY_TRANSFER,
        STAYS_SUBMITTED,
    )
