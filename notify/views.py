from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from core.admin import page, person, signed_in
from core.errors import Refused
from notify import selectors, services
from notify.forms import MarkReadForm


@require_safe
@signed_in
def inbox(request: HttpRequest) -> HttpResponse:
    """The person's own messages; reading the page marks nothing."""
    shown = selectors.inbox_page(
        person(request, User), request.GET.get("page", "1"), now=timezone.now()
    )
    return page(request, "notify/inbox.html", {"inbox": shown})


@require_POST
@signed_in
def read(request: HttpRequest) -> HttpResponse:
    """Mark one message read, or all of them, and go back to the page of the inbox."""
    form = MarkReadForm(request.POST)
    if not form.is_valid():
        raise Refused("Choose one message of your inbox, or all of them.")
    chosen = form.cleaned_data["message"]
    services.mark_read(
        user=person(request, User),
        message_ids=None if chosen is None else [chosen],
        now=timezone.now(),
    )
    back = form.cleaned_data["page"] or 1
    return HttpResponseRedirect(f"{reverse('notify:inbox')}?page={back}")
