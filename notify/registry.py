"""The kinds of messages, and who makes their texts.

The apps above know what a message is about; they register a function for each kind when the
process starts. A text is made when it is sent or read, never when the message is queued.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from notify.choices import Tone, Topic
from notify.models import Message
from notify.rules.text import is_own_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says now.

    `path` is the page on this site where the reader can act, and `action` the verb of the link
    to it; without a path there is no link. `lines` are the texts that a digest brings together.
    Raises ValueError for a path to another site.
    """

    subject: str
    body: str = ""
    path: str = ""
    tone: Tone = Tone.PLAIN
    action: str = "Open"
    lines: tuple["Text", ...] = ()

    def __post_init__(self) -> None:
        if self.path and not is_own_path(self.path):
            raise ValueError(f"a text links to a path on this site only, not to {self.path!r}")


# A digest of very many tells so many of them.
MOST_LINES = 50

Refresh = Callable[[Message, datetime], Text | None]
RefreshMany = Callable[[Sequence[Message], datetime], Mapping[int, Text | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    refresh: Refresh
    refresh_many: RefreshMany | None
    topic: Topic | None = Topic.OTHER


class UnknownKind(LookupError):
    """No app has registered this kind: the message was queued by another version."""


_kinds: dict[str, Kind] = {}

SETTLED = Text("This has been settled", "Nothing is left to do.")
UNREADABLE = Text("This message cannot be shown", "What it is about cannot be read right now.")
UNKNOWN = Text("This message cannot be shown", "It was written by another version of Handoff.")


def register_kind(
    kind: str,
    refresh: Refresh,
    refresh_many: RefreshMany | None = None,
    *,
    topic: Topic | None = Topic.OTHER,
) -> None:
    """Have `refresh` make the texts of this kind; called from an app's `ready()`.

    `refresh` returns None where the message has become untrue: it is then dropped unsent.
    `refresh_many` does the same for the messages of one page, by message id, in a constant
    number of queries; registered for several kinds it is called once for all of them. `topic` is
    what people choose by; nobody can switch off a kind whose topic is None.
    """
    if kind in _kinds:
        raise ValueError(f"the message kind {kind} is registered twice")
    _kinds[kind] = Kind(kind, refresh, refresh_many, topic)


def is_known(kind: str) -> bool:
    return kind in _kinds


def topic_of(kind: str) -> Topic | None:
    """What the kind is about; a kind that is unknown here counts as everything else."""
    return _kinds[kind].topic if kind in _kinds else Topic.OTHER


def topics() -> list[Topic]:
    """The topics that some kind has, in the order in which they are shown."""
    used = {kind.topic for kind in _kinds.values()}
    return [topic for topic in Topic if topic in used]


def digest(texts: Sequence[Text], *, to_person: bool = True) -> Text:
    """Several texts as one: what is late first, each on a line of its own.

    A person finds all of them in the inbox; those who read a channel have the lines.
    """
    urgency = [Tone.LATE, Tone.SOON, Tone.PLAIN]
    lines = sorted(texts, key=lambda text: urgency.index(text.tone))
    late = sum(text.tone is Tone.LATE for text in texts)
    about = f", {late} about something late" if late else ""
    more = len(lines) - MOST_LINES
    rest = f"and {more:,} more" + (", in your inbox" if to_person else "")
    return Text(
        subject=f"{len(texts)} messages{' for you' if to_person else ''}{about}",
        path=reverse("notify:inbox") if to_person else "",
        tone=lines[0].tone,
        action="Open your inbox",
        lines=(*lines[:MOST_LINES], *([Text(rest)] if more > 0 else [])),
    )


def refresh_together(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    """The texts of those whose kinds make many at once; one that fails leaves out its kinds.

    Who needs the others asks for each alone.
    """
    texts: dict[int, Text | None] = {}
    for make, batch in _batches(messages).items():
        try:
            texts.update(make(batch, now))
        except Exception:
            logger.exception("texts could not be made together", extra={"count": len(batch)})
    return texts


def _batches(messages: Sequence[Message]) -> dict[RefreshMany, list[Message]]:
    """The messages of known kinds by what makes many texts at once."""
    batches: dict[RefreshMany, list[Message]] = {}
    for message in messages:
        kind = _kinds.get(message.kind)
        if kind is not None and kind.refresh_many is not None:
            batches.setdefault(kind.refresh_many, []).append(message)
    return batches


def refresh(message: Message, now: datetime) -> Text | None:
    """The text as of `now`, or None; raises UnknownKind, and whatever making it raises."""
    if message.kind not in _kinds:
        raise UnknownKind(f"no text is known for messages of kind {message.kind!r}")
    return _kinds[message.kind].refresh(message, now)


def refresh_many(messages: Sequence[Message], now: datetime) -> dict[int, Text]:
    """A text to show for every message, by id; never raises.

    One message whose text cannot be made must not take the others off the page, so it gets a
    plain line, as do an unknown kind and a message that has become untrue.
    """
    texts: dict[int, Text] = {}
    for make, batch in _batches(messages).items():
        texts.update(_shown_batch(make, batch, now))
    for message in messages:
        if message.pk not in texts:
            texts[message.pk] = _shown(message, now) if message.kind in _kinds else UNKNOWN
    return texts


def _shown_batch(make: RefreshMany, batch: list[Message], now: datetime) -> dict[int, Text]:
    try:
        made = make(batch, now)
        return {message.pk: made[message.pk] or SETTLED for message in batch}
    except Exception:
        logger.exception("texts could not be made together", extra={"count": len(batch)})
        return {message.pk: _shown(message, now) for message in batch}


def _shown(message: Message, now: datetime) -> Text:
    try:
        return refresh(message, now) or SETTLED
    except Exception:
        logger.exception("text could not be made", extra={"message_id": message.pk})
        return UNREADABLE
