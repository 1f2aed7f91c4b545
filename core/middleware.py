"""What every request passes through on behalf of the shell."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from core.errors import DomainError
from core.views import refusal

DIALOG_HEADER = "X-Dialog"
LOCATION_HEADER = "X-Location"


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
