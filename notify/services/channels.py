"""The Slack channels of teams and of the whole organisation: set up, tried and taken away."""

from datetime import datetime

from django.db import transaction

from accounts.models import Team, User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, NotPermitted
from notify import selectors
from notify.choices import Channel
from notify.models import Destination
from notify.services.outbox import queue_post
from notify.services.ways import refuse_address


class ChannelGone(Conflict):
    """Somebody has taken the channel away, or its address has died."""

    code = "channel_gone"
    title = "Nothing can be posted there"


@transaction.atomic
def save_channel(*, team: Team | None, address: str, by: User, now: datetime) -> Destination:
    """Post what concerns the team to this Slack webhook from now on; None: the organisation's.

    Raises SlackAddressRefused, and NotPermitted unless `by` is an admin.
    """
    _permit(by)
    refuse_address(address)
    row, _ = Destination.objects.update_or_create(
        user=None,
        team=team,
        channel=Channel.SLACK,
        defaults={"secret": address, "died_at": None, "reason": ""},
    )
    return row


def remove_channel(*, destination: Destination, by: User, now: datetime) -> None:
    """Forget the address of a team's channel. What waits to be posted there is dropped.

    Raises NotPermitted unless `by` is an admin.
    """
    _permit(by)
    Destination.objects.shared().filter(pk=destination.pk).delete()


@transaction.atomic
def test_channel(*, destination: Destination, by: User, now: datetime) -> None:
    """Queue a test for everybody who reads the channel; one in a minute.

    Raises ChannelGone, and NotPermitted unless `by` is an admin.
    """
    _permit(by)
    alive = Destination.objects.alive().shared().select_related("team")
    row = alive.filter(pk=destination.pk).first()
    if row is None:
        raise ChannelGone("Give the channel a new address first.")
    queue_post(
        key=f"{selectors.CHANNEL_TEST}:{row.pk}:{now:%Y%m%d%H%M}",
        kind=selectors.CHANNEL_TEST,
        destination=row,
        subject_ref=f"destination:{row.pk}",
        payload={},
        now=now,
    )


def _permit(by: User) -> None:
    if not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only an admin can change where teams are told.")
