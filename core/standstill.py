"""When the whole product stood still for long: people look first, before leads are moved again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Max

from core.findings import STOOD_STILL, keep_finding
from core.models import Finding, Heartbeat

# Programs side by side read the time a little apart; what is further apart was set.
SET_BACK = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Standstill:
    """From when until when nothing ticked, and until when no lead is moved by itself.

    `released_at` is when an admin let the moves go on, and `released_by` the admin's id.
    """

    since: datetime
    until: datetime
    held_until: datetime
    released_at: datetime | None
    released_by: int | None

    def holds(self, now: datetime) -> bool:
        """Not at a time well before it was found: then the clock was only set on, and is back."""
        if now < self.until - SET_BACK:
            return False
        return self.released_at is None and now < self.held_until


def note_standstill(now: datetime, using: str = DEFAULT_DB_ALIAS) -> Standstill | None:
    """Keep that nothing has ticked for so long, where that is so; called before a loop's work."""
    last = Heartbeat.objects.using(using).aggregate(last=Max("at"))["last"]
    if last is None or now - last <= timedelta(seconds=settings.STANDSTILL_SECONDS):
        return None
    data = {"since": last.astimezone(UTC).isoformat()}
    keep_finding(STOOD_STILL, at=now, data=data, using=using)
    return _read(Finding(kind=STOOD_STILL, at=now, data=data))


def last_standstill() -> Standstill | None:
    """The last one that was found; one query."""
    found = Finding.objects.filter(kind=STOOD_STILL).first()
    return None if found is None else _read(found)


def standstill_in(found: dict[str, Finding]) -> Standstill | None:
    """The same among findings that were read already."""
    return _read(found[STOOD_STILL]) if STOOD_STILL in found else None


@transaction.atomic
def release(*, by_id: int, now: datetime) -> Standstill | None:
    """Let moves go on before their time; None where nothing is held any more."""
    found = Finding.objects.select_for_update().filter(kind=STOOD_STILL).first()
    if found is None or not _read(found).holds(now):
        return None
    found.data |= {"released_at": now.astimezone(UTC).isoformat(), "released_by": by_id}
    found.save(update_fields=["data"])
    return _read(found)


def _read(found: Finding) -> Standstill:
    data: dict[str, Any] = found.data
    released = data.get("released_at")
    return Standstill(
        since=datetime.fromisoformat(data["since"]),
        until=found.at,
        held_until=found.at + timedelta(seconds=settings.STANDSTILL_SECONDS),
        released_at=datetime.fromisoformat(released) if released else None,
        released_by=data.get("released_by"),
    )
