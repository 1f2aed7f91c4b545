"""The page of one handoff, and the page that says that somebody else was first."""

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from core.admin import page, person, signed_in
from core.errors import Conflict, Refused
from handoff.forms import ActForm
from handoff.models import Handoff
from handoff.selectors.access import handoff_for
from handoff.selectors.deadline import explained_clock
from handoff.selectors.detail import detail as detail_of

NOTHING_CHANGED = "Nothing was changed."


@require_safe
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The story, the clock, why this receiver, what happened, and what can be done."""
    user = person(request, User)
    shown = detail_of(
        handoff_for(user, pk),
        user,
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
        is_whole="whole" in request.GET,
    )
    return page(request, "handoff/detail.html", {"shown": shown, "row": shown.row})


@require_safe
@signed_in
def deadline(request: HttpRequest, pk: int, clock: int) -> HttpResponse:
    """Why one clock of the handoff is due when it is, drawn and in words."""
    row = handoff_for(person(request, User), pk)
    now, zone = timezone.now(), timezone.get_current_timezone()
    explained = explained_clock(row, clock, now=now, zone=zone)
    if explained is None:
        raise Http404
    return page(request, "handoff/deadline.html", {"row": row, "clock": explained})


def lost(request: HttpRequest, row: Handoff, error: Conflict, *, what: str) -> HttpResponse:
    """Somebody was first: who did what when, and that this attempt changed nothing."""
    context = {"row": row, "what": what, "message": lost_words(error), "title": error.title}
    return page(request, "handoff/lost.html", context, status=HTTPStatus.CONFLICT)


def lost_words(error: Conflict) -> str:
    if NOTHING_CHANGED in error.message:
        return error.message
    return f"{error.message} {NOTHING_CHANGED}"


def seen_version(request: HttpRequest) -> int:
    """The state that the person decided on.

    Raises:
        Refused: the form does not say.
    """
    form = ActForm(request.POST)
    if not form.is_valid():
        raise Refused("The form does not say which state it was made from. Load the page again.")
    version: int = form.cleaned_data["version"]
    return version
