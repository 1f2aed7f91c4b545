"""Which addresses Slack's messages may be sent to, and what Slack must not read into a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# No user, query, fragment, escape, or letter of another alphabet: nothing that two readers of
# an address could take for different hosts.
ADDRESS = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>\d{1,5}))?)"
    r"(?P<path>/[A-Za-z0-9/_-]{1,300})"
)
ERROR_CODE = re.compile(r"[a-z_]{1,60}")
LONGEST_RETRY_AFTER = 3600


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address, taken apart."""

    is_tls: bool
    host: str
    port: int | None
    path: str


def origin_of(host: str) -> str:
    """What an address on an allowed host begins with. Without a scheme it is https."""
    return (host if "://" in host else f"https://{host}").lower().rstrip("/")


def read_webhook(address: str, hosts: Iterable[str]) -> Webhook | None:
    """The parts of the address, or None where it is malformed or on none of the hosts."""
    found = ADDRESS.fullmatch(address)
    if found is None or found["origin"] not in {origin_of(host) for host in hosts}:
        return None
    port = int(found["port"]) if found["port"] else None
    return Webhook(found["scheme"] == "https", found["host"], port, found["path"])


def escaped(text: str) -> str:
    """The text as Slack shows it unchanged: nothing in it is a link, a mention or a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped_within(text: str, length: int) -> str:
    """The same, cut where it would be longer than that; what is escaped is never cut apart."""
    if len(escaped(text)) <= length:
        return escaped(text)
    taken = 0
    for kept, letter in enumerate(text):
        taken += len(escaped(letter))
        # One place is for the ellipsis.
        if taken > length - 1:
            return escaped(text[:kept]).rstrip() + "…"
    return escaped(text)


def error_code(body: bytes) -> str:
    """The code in Slack's answer, such as no_service; empty for any other answer."""
    text = body[:100].decode("ascii", "replace").strip()
    return text if ERROR_CODE.fullmatch(text) else ""


def retry_after_seconds(header: str | None) -> float | None:
    """The wait that a Retry-After header asks for, an hour at most; None where it asks for none."""
    text = (header or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return float(min(int(text), LONGEST_RETRY_AFTER))
