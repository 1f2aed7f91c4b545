"""What people say about how they want to be told. Each says it for nobody but themselves."""

import logging
from collections.abc import Mapping
from datetime import datetime, time

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core.errors import FieldProblem, Refused
from notify import selectors
from notify.choices import Channel, Topic
from notify.models import Destination, Preference, QuietHours
from notify.rules.webhook import origin_of, read_webhook
from notify.services.outbox import queue_message

logger = logging.getLogger(__name__)


class QuietHoursIncomplete(Refused):
    """Quiet hours have a start and an end, which differ, or neither."""

    code = "quiet_hours_incomplete"
    title = "These quiet hours cannot be kept"


class SlackAddressRefused(Refused):
    """The address is not one of an incoming webhook on a host that is allowed."""

    code = "slack_address_refused"
    title = "This is not an address of a Slack webhook"


@transaction.atomic
def save_ways(
    *,
    by: User,
    wanted: Mapping[Topic, Mapping[Channel, bool]],
    quiet_from: time | None,
    quiet_until: time | None,
    now: datetime,
) -> None:
    """Keep which topics reach the person by which channel, and their quiet hours.

    Topics and channels that are left out stay as they were; both times None: no quiet hours.
    What waits already is held to it too. Raises QuietHoursIncomplete.
    """
    _save_quiet_hours(by, quiet_from, quiet_until)
    rows = [
        Preference(user=by, topic=topic, channel=channel, is_on=is_on)
        for topic, by_channel in wanted.items()
        for channel, is_on in by_channel.items()
        if channel != Channel.INBOX
    ]
    Preference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "topic", "channel"],
        update_fields=["is_on"],
    )


def _save_quiet_hours(by: User, starts: time | None, ends: time | None) -> None:
    if starts is None and ends is None:
        QuietHours.objects.filter(user=by).delete()
        return
    if starts is None or ends is None:
        name = "quiet_from" if starts is None else "quiet_until"
        told = "Give both times, or neither for no quiet hours."
        raise QuietHoursIncomplete(told, problems=[FieldProblem(name, "required", told)])
    if starts == ends:
        told = "Give another time than the first, or leave both empty for no quiet hours."
        raise QuietHoursIncomplete(told, problems=[FieldProblem("quiet_until", "equal", told)])
    QuietHours.objects.update_or_create(user=by, defaults={"starts": starts, "ends": ends})


def refuse_address(address: str) -> None:
    """Raise SlackAddressRefused unless it is one of an incoming webhook on an allowed host."""
    if read_webhook(address, settings.NOTIFY_SLACK_HOSTS) is None:
        hosts = " or ".join(origin_of(host) for host in settings.NOTIFY_SLACK_HOSTS)
        told = f"Copy the whole address of the incoming webhook. It begins with {hosts}/."
        raise SlackAddressRefused(told, problems=[FieldProblem("address", "invalid", told)])


def save_slack(*, by: User, address: str, now: datetime) -> None:
    """Send the person's messages to this Slack webhook from now on; raises SlackAddressRefused."""
    refuse_address(address)
    Destination.objects.update_or_create(
        user=by,
        channel=Channel.SLACK,
        defaults={"secret": address, "died_at": None, "reason": ""},
    )


def remove_slack(*, by: User, now: datetime) -> None:
    """Forget the person's Slack address. What waits to be sent there is dropped."""
    Destination.objects.filter(user=by, channel=Channel.SLACK).delete()


def close_destination(*, destination: Destination, reason: str, now: datetime) -> None:
    """Send nothing more to an address that is gone, and tell its owner in the inbox.

    Of a team's channel the admins are told, who have set it up. Nothing happens where there is
    another address meanwhile.
    """
    closed = (
        Destination.objects.alive()
        .filter(pk=destination.pk, secret=destination.secret)
        .update(died_at=now, reason=reason)
    )
    if not closed:
        return
    logger.warning(
        "destination is gone", extra={"destination_id": destination.pk, "reason": reason}
    )
    kind = selectors.SLACK_OFF if destination.user else selectors.CHANNEL_OFF
    for user in [destination.user] if destination.user else selectors.admins():
        queue_message(
            key=f"{kind}:{destination.pk}:{user.pk}:{now.isoformat()}",
            kind=kind,
            recipient=user,
            subject_ref=f"destination:{destination.pk}",
            payload={"destination": destination.pk},
            channels=[Channel.INBOX],
            now=now,
        )


def send_test(*, by: User, now: datetime) -> None:
    """Queue a test to the person by every way that they have, quiet or not; one in a minute."""
    queue_message(
        key=f"{selectors.TEST}:{by.pk}:{now:%Y%m%d%H%M}",
        kind=selectors.TEST,
        recipient=by,
        subject_ref=f"user:{by.pk}",
        payload={},
        ignores_quiet=True,
        now=now,
    )
