"""What stands in the broker and cannot be read is dropped, and takes no worker with it.

Anybody who reaches the broker can put anything into it. Celery refuses what is no task of ours,
but ends on text that is no message, and on a message whose body has another shape: a worker that
is started again then meets the same message again, for ever. All that is lost with such a message
is a tick, and the next one comes within seconds.
"""

import logging
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.worker.consumer import Consumer
from kombu.transport import TRANSPORT_ALIASES, redis

logger = logging.getLogger(__name__)

CONSUMER = f"{__name__}:GuardedConsumer"
TRANSPORT = f"{__name__}:GuardedTransport"


class GuardedConsumer(Consumer):
    """Drops a message that its strategy cannot take apart."""

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*arguments, **options)
        passing = tuple(self.connection_errors)  # type: ignore[attr-defined]  # set at its start

        def guarded(message: Any) -> None:
            try:
                handle(message)
            except passing:
                raise
            except Exception as error:
                logger.exception("broker message dropped", extra={"reason": str(error)})
                message.reject_log_error(logger, passing)

        return guarded


class GuardedChannel(redis.Channel):
    """Drops what is no message: it has left the queue by the time that it is read."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # not among the stubs
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.exception("broker message dropped", extra={"reason": str(error)})
            raise Empty from error


class GuardedTransport(redis.Transport):
    Channel = GuardedChannel


def guard() -> None:
    """Have every address of Redis mean the guarded transport."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = TRANSPORT
