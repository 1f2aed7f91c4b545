"""What is answered before a request is looked at closely."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.views import healthz, readyz

PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz/": healthz,
    "/readyz/": readyz,
}


class ProbesByAddress:
    """Answers a load balancer that asks by address and not by the site's name.

    The two pages show figures about the process and need neither host, session nor redirect.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        return probe(request) if probe is not None else self.get_response(request)
