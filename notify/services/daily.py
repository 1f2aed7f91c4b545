"""Lists that come once a day: whose turn it is, each day once."""

from datetime import date

from accounts.models import User
from notify.models import DailyNotice


def take_day(*, user: User, kind: str, day: date) -> bool:
    """Whether this call is the first for the person's day; a day that is past counts as taken.

    Belongs into the transaction of what is written for the day.
    """
    mine = DailyNotice.objects.filter(user=user, kind=kind)
    if mine.filter(day__lt=day).update(day=day):
        return True
    _, is_new = DailyNotice.objects.get_or_create(user=user, kind=kind, defaults={"day": day})
    return is_new
