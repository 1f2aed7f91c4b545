"""Reads of the outbox, the inbox, and how each person wants to be told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.paginator import Paginator
from django.db import models
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Team, User
from accounts.selectors import zone_for
from core.paging import count_for_menu
from core.prepared import PreparedRead
from notify import registry
from notify.choices import Channel, Topic
from notify.models import Destination, LastDigest, Message, Preference, QuietHours
from notify.registry import Text
from notify.rules.quiet import quiet_until
from notify.rules.ways import is_wanted

PAGE_SIZE = 25
DEAD_NOTICE = "notify.dead"
SLACK_OFF = "notify.slack_off"
TEST = "notify.test"
CHANNEL_OFF = "notify.channel_off"
CHANNEL_TEST = "notify.channel_test"
# By these a person is told outside the page.
OUTSIDE = (Channel.EMAIL, Channel.SLACK)


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One message as its recipient reads it now."""

    id: int
    at: datetime
    is_read: bool
    text: Text


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of a person's inbox, newest first; `total` and `unread` count all pages."""

    entries: tuple[InboxEntry, ...]
    number: int
    pages: int
    total: int
    unread: int

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def unread_count(user: User) -> int:
    """How many inbox messages the person has not read, for the menu."""
    return count_for_menu(Message.objects.inbox_of(user).unread())


def inbox_page(user: User, page: int | str, *, now: datetime) -> InboxPage:
    """The page of that number; the nearest one where there is none such.

    The number of queries does not depend on how many messages there are, as long as their kinds
    are registered with a function for many.
    """
    found = Paginator(Message.objects.inbox_of(user), PAGE_SIZE).get_page(page)
    messages = list(found)
    texts = registry.refresh_many(messages, now)
    return InboxPage(
        entries=tuple(_entry(message, texts[message.pk]) for message in messages),
        number=found.number,
        pages=found.paginator.num_pages,
        total=found.paginator.count,
        unread=Message.objects.inbox_of(user).unread().count(),
    )


def _entry(message: Message, text: Text) -> InboxEntry:
    return InboxEntry(
        id=message.pk,
        at=message.sent_at or message.created_at,
        is_read=message.read_at is not None,
        text=text,
    )


def admins() -> models.QuerySet[User]:
    """All who are active and may do what an admin may."""
    is_admin = models.Q(groups__name=Role.ADMIN.label) | models.Q(is_superuser=True)
    found: models.QuerySet[User] = User.objects.active().filter(is_admin).distinct()
    return found


def admins_without_dead_notice() -> models.QuerySet[User]:
    """The active admins who have no unread notice about messages that could not be delivered."""
    notices = Message.objects.filter(recipient=models.OuterRef("pk"), kind=DEAD_NOTICE).unread()
    return admins().exclude(models.Exists(notices))


def dead_notice(message: Message, now: datetime) -> Text:
    """What a notice about dead messages says: how many there are, counted now."""
    return dead_notices([message], now)[message.pk]


def dead_notices(messages: Sequence[Message], now: datetime) -> dict[int, Text]:
    dead = Message.objects.dead()
    count = dead.count()
    last = dead.select_related("recipient", "team").order_by("-id").first()
    text = (
        _dead_text(count, last)
        if last is not None
        else Text("Every message has been delivered", "None is waiting to be sent again.")
    )
    return {message.pk: text for message in messages}


def _dead_text(count: int, last: Message) -> Text:
    what = "1 message" if count == 1 else f"{count} messages"
    return Text(
        subject=f"{what} could not be delivered",
        body=(
            f"The last one: {last.get_channel_display()} to {last.addressee}. {last.last_error} "
            "Each can be sent again once the cause is removed."
        ),
        path=f"{reverse('admin:notify_message_changelist')}?state__exact=dead",
        action="Show them",
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """How one person wants to be told of one topic: `said` by channel, then by topic."""

    said: dict[str, dict[str, bool]]
    has_slack: bool
    quiet: tuple[time, time] | None


def reach_of(user_id: int, topic: Topic | None) -> Reach:
    """In one query."""
    rows = _reach(user=user_id, topic=topic or "")
    said = {channel: {topic or "": is_on} for channel, is_on, *_ in rows if channel is not None}
    _, _, starts, ends, has_slack = rows[0]
    return Reach(said, has_slack, None if starts is None else (starts, ends))


def _reach_of(user: Any, topic: Any) -> models.QuerySet[Any, Any]:
    slack = Destination.objects.alive().filter(user=models.OuterRef("pk"), channel=Channel.SLACK)
    chosen = models.FilteredRelation("preferences", condition=models.Q(preferences__topic=topic))
    people: models.QuerySet[User] = User.objects.filter(pk=user).annotate(chosen=chosen).order_by()
    return people.values_list(
        "chosen__channel",
        "chosen__is_on",
        "quiet_hours__starts",
        "quiet_hours__ends",
        models.Exists(slack),
    )


_reach = PreparedRead(_reach_of, user=models.BigIntegerField(), topic=models.CharField())


def quiet_end(user_id: int, quiet: tuple[time, time] | None, at: datetime) -> datetime | None:
    """When the person's quiet hours end that the moment lies in; None where it is not quiet."""
    if quiet is None:
        return None
    return quiet_until(at, *quiet, zone_for(User.objects.get(pk=user_id)))


def quiet_ends(user_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """The people among these whose e-mail and Slack keep still now, and until when."""
    found = {}
    for hours in QuietHours.objects.filter(user__in=user_ids).select_related("user"):
        end = quiet_until(now, hours.starts, hours.ends, zone_for(hours.user))
        if end is not None:
            found[hours.user_id] = end
    return found


def said_by(user: User, channel: str) -> dict[str, bool]:
    """What the person has chosen for the channel, by topic."""
    chosen = Preference.objects.filter(user=user, channel=channel)
    return dict(chosen.values_list("topic", "is_on"))


class Addressee(NamedTuple):
    """Whom a message goes to: a person, else a team's channel, else the organisation's."""

    user_id: int | None
    team_id: int | None


def next_digests(
    those: Collection[Addressee], channel: str, now: datetime
) -> dict[Addressee, datetime]:
    """Who of these has just had a digest on the channel, and when the next one may go.

    One from the future was sent before the clock was set back, and keeps nobody waiting for it.
    """
    between = timedelta(seconds=settings.DIGEST_SECONDS)
    people = {one.user_id for one in those if one.user_id is not None}
    latest = LastDigest.objects.filter(
        channel=channel, at__gt=now - between, at__lte=now + between
    ).filter(models.Q(user__in=people) | models.Q(user__isnull=True))
    found = {
        Addressee(user, team): at for user, team, at in latest.values_list("user", "team", "at")
    }
    return {one: at + between for one, at in found.items() if one in those}


def live_destination(message: Message) -> Destination | None:
    """The address that the message's addressee has on its channel now."""
    return (
        Destination.objects.alive()
        .filter(user=message.recipient_id, team=message.team_id, channel=message.channel)
        .first()
    )


def channel_of(user: User) -> Destination | None:
    """The Slack channel in which the person's work is told of: that of the oldest of their teams
    that has one, else the organisation's.
    """
    found = Destination.objects.alive().shared().filter(channel=Channel.SLACK)
    own = found.filter(team__memberships__user=user).order_by("team__memberships__id")
    return own.select_related("team").first() or found.filter(team__isnull=True).first()


def has_channel() -> bool:
    """Whether any team, or the organisation, has a Slack channel that takes posts."""
    return Destination.objects.alive().shared().filter(channel=Channel.SLACK).exists()


def teams_without_channel() -> list[str]:
    """The names of the teams that have no channel, unless there is one for the organisation."""
    found = Destination.objects.alive().shared().filter(channel=Channel.SLACK)
    if found.filter(team__isnull=True).exists():
        return []
    without = Team.objects.exclude(pk__in=found.values("team")).order_by("name")
    return list(without.values_list("name", flat=True))


# Of these topics nobody is told who has none of the roles.
_ROLES: dict[Topic, frozenset[str]] = {
    Topic.HELD: frozenset({Role.MANAGER, Role.ADMIN}),
    Topic.STUCK: frozenset({Role.MANAGER}),
    Topic.SYSTEM: frozenset({Role.ADMIN}),
}


def topics_for(user: User) -> list[Topic]:
    """The topics that can reach the person, in the order in which they are shown."""
    return [
        topic
        for topic in registry.topics()
        if topic not in _ROLES or not _ROLES[topic].isdisjoint(user.roles)
    ]


@dataclass(frozen=True, slots=True)
class Settings:
    """How one person is told, as the page shows it; `wanted` by topic, then by channel."""

    channels: tuple[Channel, ...]
    topics: tuple[Topic, ...]
    wanted: dict[Topic, dict[Channel, bool]]
    quiet: QuietHours | None
    slack: Destination | None
    zone: str


def settings_of(user: User) -> Settings:
    """Slack is among the channels once the person has given an address, working or not."""
    slack = Destination.objects.filter(user=user, channel=Channel.SLACK).first()
    channels = OUTSIDE if slack else (Channel.EMAIL,)
    topics = tuple(topics_for(user))
    said = {channel: said_by(user, channel) for channel in channels}
    return Settings(
        channels=channels,
        topics=topics,
        wanted={
            topic: {one: is_wanted(topic, one, said[one]) for one in channels} for topic in topics
        },
        quiet=QuietHours.objects.filter(user=user).first(),
        slack=slack,
        zone=zone_for(user).key,
    )


def slack_off(message: Message, now: datetime) -> Text | None:
    """What a person reads whose Slack address has died; None once it is mended or removed."""
    died = Destination.objects.filter(
        user=message.recipient_id, channel=Channel.SLACK, died_at__isnull=False
    ).first()
    if died is None:
        return None
    return Text(
        subject="Slack does not take your messages any more",
        body=(
            f"{died.reason}, so the address was switched off. Everything is in your inbox, and "
            "comes by e-mail as you have chosen. Give a new address to go on with Slack."
        ),
        path=reverse("notify:settings"),
        action="Give a new address",
    )


def test_text(message: Message, now: datetime) -> Text:
    """What a person gets who asked for a test."""
    return Text(
        subject="A test from Handoff",
        body="You asked for this message. It reached you, so the next one that matters will too.",
        path=reverse("notify:settings"),
        action="Open your notifications",
    )


def channel_off(message: Message, now: datetime) -> Text | None:
    """What the admins read of a channel whose address has died; None once it is mended."""
    died = (
        Destination.objects.shared()
        .filter(pk=message.payload["destination"], died_at__isnull=False)
        .select_related("team")
        .first()
    )
    if died is None:
        return None
    return Text(
        subject=f"{died} on Slack takes no messages any more",
        body=(
            f"{died.reason}, so the address was switched off, and steps of ladders that post "
            "there tell nobody. Give a new address."
        ),
        path=reverse("admin:notify_destination_change", args=[died.pk]),
        action="Give a new address",
    )


def channel_test(message: Message, now: datetime) -> Text:
    """What is posted to a channel that an admin tries."""
    return Text(
        subject="A test from Handoff",
        body="An admin has set up this channel for steps of ladders. What is late is posted here.",
    )
