"""Whose address a request came from, when proxies stand before us."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's address, as seen by the outermost of our own proxies.

    Each proxy appends the address it saw to X-Forwarded-For, so only the last TRUSTED_PROXIES
    entries can be believed: whatever stands further left was written by the visitor.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    trusted: int = settings.TRUSTED_PROXIES
    if trusted < 1:
        return direct
    claimed = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    forwarded = [part.strip() for part in claimed.split(",")]
    if len(forwarded) < trusted or not forwarded[-trusted]:
        return direct
    return forwarded[-trusted]
