"""What the messages about pools say, made anew each time one is sent or read."""

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from accounts.selectors import zone_for
from accounts.uses import Absence
from core.words import listed
from notify.choices import Tone, Topic
from notify.models import Message
from notify.registry import Text, register_kind
from routing.models import Pool
from routing.selectors.emptied import emptied_at, emptied_by, is_away, is_empty, is_shut
from routing.services.emptied import EMPTIED, LEFT, SHUT

_WHY = {
    LEFT: "has left",
    SHUT: "may have no leads",
    Absence.PAUSED: "is paused",
    Absence.AWAY: "has time off",
}


def refresh(message: Message, now: datetime) -> Text | None:
    """That nobody takes leads in the pool; None where somebody does again."""
    pool = Pool.objects.select_related("manager").get(pk=message.payload["pool"])
    user = User.objects.get(pk=message.payload["user"])
    at = parse_datetime(message.payload["at"]) or now
    why = message.payload["why"]
    if not _is_empty_still(pool, user, why, max(at, now)):
        return None
    begins = f" from {_when(at, message)} on" if at > now else ""
    return Text(
        subject=f"{pool}: nobody takes leads{begins}",
        body=(
            f"{user} {_WHY.get(why, 'takes part no longer')}{begins}, and nobody else is there. "
            f"New leads are held, and {pool.manager} has them until somebody is."
        ),
        path=reverse("admin:routing_pool_change", args=[pool.pk]),
        tone=Tone.SOON,
        action="Open the pool",
    )


def _is_empty_still(pool: Pool, user: User, why: str, at: datetime) -> bool:
    """Whether nobody takes leads at that instant, for the reason that is told."""
    if why == SHUT:
        return is_shut(user) and emptied_by(user).filter(pk=pool.pk).exists()
    if why not in (Absence.PAUSED, Absence.AWAY):
        return is_empty(pool)
    return is_away(user, Absence(why), at) and emptied_at(user, at).filter(pk=pool.pk).exists()


def _when(at: datetime, message: Message) -> str:
    zone = zone_for(message.recipient) if message.recipient else None
    local = timezone.localtime(at, zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def absence_warning(user: User, at: datetime) -> str:
    """What follows where the user is away from that instant on; empty where others are there."""
    pools = list(emptied_at(user, at))
    if not pools:
        return ""
    names = listed([str(pool) for pool in pools])
    managers = listed(sorted({str(pool.manager) for pool in pools}))
    return (
        f"Nobody else takes leads in {names} then. New leads would wait in holding, owned by "
        f"{managers}, until somebody does."
    )


def register() -> None:
    register_kind(EMPTIED, refresh, topic=Topic.HELD)
