"""Logs: one line per event, readable in a terminal or JSON for a collector."""

import logging
from http import HTTPStatus
from typing import Any

import structlog

LINE_PROCESSORS: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


class ExpectedRefusals(logging.Filter):
    """Takes the trace off an answer that refuses a request: nothing is wrong with the product.

    Such a line stays, as a warning; an answer of 500 keeps its trace.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        is_refusal = isinstance(status, int) and status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_refusal or record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            if record.levelno > logging.WARNING:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    """Everything to the error stream; who runs the process keeps or rotates it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": LINE_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer(log_format),
                ],
            },
        },
        "filters": {"expected": {"()": ExpectedRefusals}},
        "handlers": {
            "stream": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["expected"],
            }
        },
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            # Django's own handlers would print every line twice.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # Django leaves it to the server to drop the body of an answer to HEAD.
            "gunicorn.http.wsgi": {"level": "ERROR"},
            # Four lines for every sign-in that went well.
            "axes": {"level": "WARNING"},
            # Three lines for every tick of every loop; what a loop did, it says itself.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def renderer(log_format: str) -> Any:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    # Values are quoted where needed, so a newline in one cannot forge a line of its own.
    return structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "logger", "event"], drop_missing=True
    )
