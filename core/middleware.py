"""What every request passes through on behalf of the shell."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from core.errors import DomainError
from core.views import refusal

DIALOG_HEADER = "X-Dialog"
LOCATION_HEADER = "X-Location"
# Deadlock and serialization failure.
COLLISIONS = frozenset({"40P01", "40001"})
MOST_TRIES = 3

logger = logging.getLogger(__name__)


class DialogRedirects:
    """Tell a form that was sent from a dialog where to go, instead of redirecting it.

    A browser's fetch follows a redirect by itself, and the page it would throw away takes the
    messages of the session with it. So the address goes into a header and the script goes there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            DIALOG_HEADER in request.headers
            and 300 <= response.status_code < 400
            and "Location" in response
        ):
            told = HttpResponse(status=HTTPStatus.NO_CONTENT)
            told[LOCATION_HEADER] = response["Location"]
            told.cookies = response.cookies
            return told
        return response


class TriesAgain:
    """Do once more what the database gave up because it met another transaction head on.

    Of two that wait for one another the database ends one, as a whole: nothing of it is there, and
    the next try most often finds the way free. After the last try the page says that it did not
    work, as it does without a database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        found, match = exception, request.resolver_match
        for n in range(MOST_TRIES):
            if match is None or not is_collision(found):
                break
            logger.warning("transaction tried again", extra={"path": request.path, "n": n + 1})
            try:
                response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            except Exception as error:  # noqa: BLE001  # it is raised below
                found = error
            else:
                return response
        if found is exception:
            return None
        # Nobody else is asked about what a later try raised.
        if isinstance(found, DomainError):
            return refusal(found)
        raise found


def is_collision(error: Exception) -> bool:
    """Whether PostgreSQL ended the transaction to let another one through."""
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, OperationalError) and state in COLLISIONS


class RefusalPages:
    """Answer a refusal that no view has words for by its own page, and never by a failure.

    Reading needs things too: no hours can be shown before there is an organisation.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal(exception) if isinstance(exception, DomainError) else None
