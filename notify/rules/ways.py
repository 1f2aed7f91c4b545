"""By which ways a message goes to one person: what was asked for, and what the person wants."""

from collections.abc import Collection, Mapping

INBOX, EMAIL, SLACK = "inbox", "email", "slack"

# Of these a person hears outside the page only who asks for it.
OFF_BY_DEFAULT = frozenset({"outcomes"})


def is_wanted(topic: str | None, channel: str, said: Mapping[str, bool]) -> bool:
    """Whether the person wants the topic by this channel.

    `said` is what they have chosen, by topic, for the channel. The inbox takes everything, and
    nobody can switch off what has no topic.
    """
    if channel == INBOX or topic is None:
        return True
    return said.get(topic, topic not in OFF_BY_DEFAULT)


def ways(
    asked: Collection[str],
    topic: str | None,
    said: Mapping[str, Mapping[str, bool]],
    *,
    has_slack: bool,
) -> tuple[str, ...]:
    """The channels to use, in the order in which they were asked for.

    What may go by e-mail may go by Slack too, where the person has given an address for it.
    `said` holds, for each channel, what the person has chosen by topic.
    """
    may = [*asked]
    if EMAIL in may and SLACK not in may:
        may.append(SLACK)
    return tuple(
        channel
        for channel in may
        if (channel != SLACK or has_slack) and is_wanted(topic, channel, said.get(channel, {}))
    )
