"""Pauses and time off: spans in which a person gets no new leads."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import TimeOff, User
from accounts.rules.policy import Action
from accounts.services.errors import InvalidTimeOff
from accounts.services.keeping import keep, permit_for
from accounts.uses import Absence, tell_of_absence
from core.errors import FieldProblem

# Time off and pauses lie this near to the present; what is farther was mistyped.
FARTHEST = timedelta(days=3_653)


@transaction.atomic
def pause_user(
    *, user: User, by: User | None, now: datetime, until: datetime | None = None
) -> User:
    """Give the user no new leads from now, until then or until somebody resumes them."""
    permit_for(by, Action.PAUSE_EDIT, user)
    if until is not None and until <= now:
        _refuse_span("until", "not_ahead", "Choose a time that is still ahead.")
    _refuse_far(now, until=until)
    row: User = User.objects.select_for_update().get(pk=user.pk)
    # A pause that is going on keeps its start; only its end moves.
    since = row.paused_at if row.paused_at is not None and row.is_paused(now) else now
    row.paused_at = since
    row.paused_until = until
    keep(row, by=by, now=now, fields=["paused_at", "paused_until"])
    tell_of_absence(
        row,
        Absence.PAUSED,
        at=since,
        reference=f"{row.pk}:{since.isoformat()}",
        by=by,
        now=now,
    )
    return row


@transaction.atomic
def resume_user(*, user: User, by: User | None, now: datetime) -> User:
    """End the user's pause; nothing changes where there is none."""
    permit_for(by, Action.PAUSE_EDIT, user)
    row: User = User.objects.select_for_update().get(pk=user.pk)
    if row.paused_at is not None:
        row.paused_at = row.paused_until = None
        keep(row, by=by, now=now, fields=["paused_at", "paused_until"])
    return row


@transaction.atomic
def add_time_off(
    *,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    now: datetime,
    note: str = "",
) -> TimeOff:
    """Keep a span, its end not included, in which the user gets no new leads."""
    permit_for(by, Action.TIME_OFF_EDIT, user)
    _refuse_far(now, starts_at=starts_at, ends_at=ends_at)
    # One at a time for one person, so that two spans cannot pass each other and overlap.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if ends_at <= starts_at:
        _refuse_span("ends_at", "before_start", "The end must come after the start.")
    if ends_at <= now:
        _refuse_span("ends_at", "not_ahead", "This span is over; choose an end that is ahead.")
    if TimeOff.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        _refuse_span("starts_at", "overlap", f"{user} is away in a part of this span already.")
    kept = TimeOff.objects.create(
        user=user, starts_at=starts_at, ends_at=ends_at, note=note.strip()
    )
    begins = max(starts_at, now)
    tell_of_absence(user, Absence.AWAY, at=begins, reference=str(kept.pk), by=by, now=now)
    return kept


@transaction.atomic
def remove_time_off(*, time_off: TimeOff, by: User | None, now: datetime) -> None:
    """Take the rest of a span away: one that is going on ends now, a past one stays."""
    permit_for(by, Action.TIME_OFF_EDIT, time_off.user)
    row = TimeOff.objects.select_for_update().filter(pk=time_off.pk).first()
    if row is None:
        raise InvalidTimeOff("Somebody has taken this span away already.")
    if row.ends_at <= now:
        raise InvalidTimeOff("This span is over and stays for the record.")
    if row.starts_at < now:
        row.ends_at = now
        row.save(update_fields=["ends_at"])
    else:
        row.delete()


def _refuse_span(field: str, code: str, message: str) -> None:
    raise InvalidTimeOff(message, problems=[FieldProblem(field, code, message)])


def _refuse_far(now: datetime, **times: datetime | None) -> None:
    for field, at in times.items():
        if at is not None and abs(at - now) > FARTHEST:
            _refuse_span(field, "out_of_range", "Choose a time within ten years of today.")
