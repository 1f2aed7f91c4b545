"""Which contact with the buyer counts, and what is said about it.

A call, a reply and a meeting count by their kind. A written one counts when it says enough and
says something of its own: the same mail sent to everybody is no conversation.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from worktime.rules import Calendar, NeverCloses, NoOpenTime, next_close, next_open, open_date

MEANINGFUL, TOO_SHORT, TEMPLATED = "meaningful", "too_short", "templated"
AUTOMATED, TOO_OLD = "automated", "too_old"

WRITTEN = frozenset({"email", "message"})
"""Kinds that are judged by what they say."""
ARRANGING = frozenset({"meeting_booked", "meeting_held"})
"""Kinds that tell of a meeting with the buyer."""
LEAST_WORDS = 12
MAX_TEXT = 20_000
"""Characters of a text that are kept."""
LATE_LOG = timedelta(hours=24)
"""How long after it took place a touch may be logged, where no working day ends later."""

_DIRECTIONS = {"reply": "inbound"}
_NAMES = {"email": "mail", "message": "message"}

# What follows such a line is somebody else's text, or the same below every mail.
_ENDS = re.compile(
    r"^(--\s*|_{5,}|-{2,}\s*(original message|forwarded message|urspr\w+ nachricht).*"
    r"|(on|am)\b.*\b(wrote|schrieb)\b.*:|from:\s.*|von:\s.*|sent from my .*)$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(hi|hello|hey|dear|good (morning|afternoon|evening)|hallo|guten (tag|morgen))\b"
    r"[^,!.:?\n]{0,80}([,!.:]|$)",
    re.IGNORECASE | re.MULTILINE,
)
# Of a mail copied with its markup, the markup is nobody's words.
_TAG = re.compile(r"<(?:/?[a-z][a-z0-9]*(?:\s[^<>]*)?/?|!--[^<>]*--)>", re.IGNORECASE)
# A link or an address is one word however many parts it has.
_LINK = re.compile(
    r"(?:\bhttps?://|\bwww\.|\bmailto:)[^\s<>]+|[^\s@<>]{1,64}@[^\s@<>]{1,255}", re.IGNORECASE
)
_NO_LETTERS = frozenset({"Mn", "Mc", "Me", "Cf"})
# Chinese and Japanese are written without spaces: there each character counts as a word.
_UNSPACED = "\u3040-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W_{_UNSPACED}]"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTER}+(?:['\u2019]{_LETTER}+)*")


def direction_of(kind: str) -> str:
    """Which way a touch of this kind goes where nobody said it."""
    return _DIRECTIONS.get(kind, "outbound")


def own_text(text: str) -> str:
    """The text without what it quotes and without the signature."""
    lines = []
    for line in text.splitlines():
        if _ENDS.match(line.strip()):
            break
        if not line.lstrip().startswith(">"):
            lines.append(line)
    return "\n".join(lines).strip()


def count_words(text: str) -> int:
    """How many words of the sender's own the text has; a link is one of them, markup none."""
    said = _LINK.sub(" link ", _TAG.sub(" ", own_text(text)))
    return len(_WORD.findall(_letters(said)))


def _letters(text: str) -> str:
    """The text with every letter as one character: without accents and what prints as nothing."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if unicodedata.category(char) not in _NO_LETTERS)


def fingerprint(text: str, *, names: Collection[str] = ()) -> str:
    """A digest that is equal for mails that say the same to different people; "" for no words.

    Left out: case, spaces and punctuation, the greeting, quoted text, the signature and
    ``names``, which are those of the lead and the company.
    """
    plain = _letters(_TAG.sub(" ", own_text(text)))
    said = _GREETING.sub(" ", plain, count=1).casefold()
    folded = {_letters(name).strip().casefold() for name in names}
    for name in sorted(folded, key=len, reverse=True):
        if name:
            said = re.sub(rf"\b{re.escape(name)}(?!\w)", " ", said)
    words = _WORD.findall(said)
    return hashlib.sha256(" ".join(words).encode()).hexdigest() if words else ""


def judge(
    kind: str, *, words: int, is_automated: bool, is_repeated: bool, is_too_old: bool = False
) -> str:
    """The verdict on a touch. What it lacks by itself is said before that it came too late."""
    if is_automated:
        return AUTOMATED
    if kind in WRITTEN and words < LEAST_WORDS:
        return TOO_SHORT
    if kind in WRITTEN and is_repeated:
        return TEMPLATED
    return TOO_OLD if is_too_old else MEANINGFUL


def may_log_until(calendar: Calendar, occurred_at: datetime) -> datetime:
    """Until when a touch counts when it is logged: 24 h, or the end of the next working day.

    Where the calendar never closes, or does not open again, 24 h it is.
    """
    latest = occurred_at + LATE_LOG
    day = open_date(calendar, occurred_at)
    try:
        start = next_open(calendar, _midnight(calendar, day + timedelta(days=1)))
        # A shift that runs overnight belongs to the day on which it began.
        while (following := open_date(calendar, start)) <= day:
            start = next_open(calendar, next_close(calendar, start))
        end = next_close(calendar, start)
        while open_date(calendar, again := next_open(calendar, end)) == following:
            end = next_close(calendar, again)
    except (NoOpenTime, NeverCloses):
        return latest
    return max(latest, end)


def _midnight(calendar: Calendar, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(calendar.zone))


def words_of_verdict(verdict: str, *, kind: str, words: int = 0, is_saved: bool = False) -> str:
    """The verdict in plain words: whether it counts, why, and what would."""
    name = _NAMES.get(kind, "message")
    if verdict == AUTOMATED:
        return (
            "Does not count as contact: it was sent automatically. A call, a reply, a meeting "
            "or a mail that you write yourself counts."
        )
    if verdict == TOO_SHORT:
        said = "1 word" if words == 1 else f"{words} words"
        more = "Log a longer one or a call" if is_saved else "Paste the whole text, or log a call"
        return (
            f"Does not count as contact: the {name} has {said}, and it takes {LEAST_WORDS}. "
            f"{more} when there was one."
        )
    if verdict == TEMPLATED:
        return (
            f"Does not count as contact: you have sent the same {name} before. Write about this "
            "buyer, or call."
        )
    if verdict == TOO_OLD:
        return (
            "Kept, but too late to count: log a touch within 24 hours or by the end of the next "
            "working day. Your manager can still log it so that it counts."
        )
    return "Counts as contact."
