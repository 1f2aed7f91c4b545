"""The pages that say no: one plain sentence each, and a way back."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from core.errors import DomainError

RETRY_AFTER_SECONDS = 10


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
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    message = "Something failed on our side, and it was noted. Nothing was changed by this request."
    return _page(500, "This did not work", message)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database cannot be reached just now."""
    message = "Handoff cannot reach its database just now. Nothing was changed; try again shortly."
    response = _page(503, "Back in a moment", message)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    message = (
        "This form was open for too long, or you signed in again elsewhere. "
        "Go back, load the page again and send it once more."
    )
    return _page(403, "This form is no longer valid", message)
