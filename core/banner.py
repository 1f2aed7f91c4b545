"""What stands on top of every page while the work behind the pages stands still."""

import logging
import time

from django.db import Error
from django.utils import timezone

from core.selectors import late_loops

logger = logging.getLogger(__name__)

_UP_SINCE = time.monotonic()


def late_loops_now() -> list[str]:
    """The loops that stand still; none where that cannot be told: no page fails over it."""
    try:
        return late_loops(timezone.now(), up_for=time.monotonic() - _UP_SINCE)
    except Error as error:
        logger.warning("heartbeats not read", extra={"reason": type(error).__name__})
        return []
