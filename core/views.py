"""The pages that say no: one plain sentence each, and a way back."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from core.errors import DomainError

RETRY_AFTER_SECONDS = 10
# PostgreSQL's word for a full disk, and SQLite's; the second where a reader needs room, too.
DISK_FULL = frozenset({"53100", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})


def _page(status: int, title: str, message: str) -> HttpResponse:
    """Rendered without the request, so that no page of this kind needs the database."""
    text = render_to_string(
        "shell/error.html", {"status": status, "title": title, "message": message}
    )
    return HttpResponse(text, status=status)


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(400, "This request cannot be read", "Go back and try it again.")


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = (
        str(exception) or "Your roles do not include this page. A RevOps admin can change that."
    )
    return _page(403, "You may not do this", message)


@requires_csrf_token
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "There is nothing at this address, or it is not yours to see."
    return _page(404, "Not found", message)


def refusal(error: DomainError) -> HttpResponse:
    """What the product refuses, in the words of the refusal."""
    return _page(error.status, error.title, error.message)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return no_room(request) if is_disk_full(error) else unavailable(request)
    message = "Something failed on our side, and it was noted. Nothing was changed by this request."
    return _page(500, "This did not work", message)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database cannot be reached just now."""
    message = "Handoff cannot reach its database just now. Nothing was changed; try again shortly."
    return _later("Back in a moment", message)


def no_room(request: HttpRequest) -> HttpResponse:
    """503: nothing more can be written until somebody has made room."""
    message = (
        "The disk that holds the database is full. Nothing was changed; "
        "tell whoever runs this server to make room, then try again."
    )
    return _later("Nothing can be saved now", message)


def _later(title: str, message: str) -> HttpResponse:
    response = _page(503, title, message)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def is_disk_full(error: BaseException) -> bool:
    """Whether the database said that it finds no room."""
    cause = error.__cause__
    said = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return said in DISK_FULL


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    message = (
        "This form was open for too long, or you signed in again elsewhere. "
        "Go back, load the page again and send it once more."
    )
    return _page(403, "This form is no longer valid", message)
