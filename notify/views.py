from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.admin import add_problems, page, person, signed_in
from core.errors import Refused
from notify import selectors, services
from notify.forms import MarkReadForm, SlackForm, WaysForm


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


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """How the person wants to be told, and saving it; nobody sees or changes another's."""
    user = person(request, User)
    shown = selectors.settings_of(user)
    form = WaysForm(request.POST if request.method == "POST" else None, shown=shown)
    if form.is_valid():
        try:
            services.save_ways(
                by=user,
                wanted=form.wanted(),
                quiet_from=form.cleaned_data["quiet_from"],
                quiet_until=form.cleaned_data["quiet_until"],
                now=timezone.now(),
            )
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, "Your notifications are saved.")
            return redirect("notify:settings")
    return _settings_page(request, shown, form, SlackForm())


@sensitive_post_parameters("address")
@require_POST
@signed_in
def slack(request: HttpRequest) -> HttpResponse:
    """Give, or replace, the address of the person's own Slack webhook."""
    user = person(request, User)
    form = SlackForm(request.POST)
    if form.is_valid():
        try:
            services.save_slack(by=user, address=form.cleaned_data["address"], now=timezone.now())
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, "Slack is set up. Send yourself a test to see it arrive.")
            return redirect("notify:settings")
    shown = selectors.settings_of(user)
    return _settings_page(request, shown, WaysForm(shown=shown), form)


@require_POST
@signed_in
def slack_remove(request: HttpRequest) -> HttpResponse:
    services.remove_slack(by=person(request, User), now=timezone.now())
    messages.success(request, "Your Slack address is forgotten. Nothing more goes there.")
    return redirect("notify:settings")


@require_POST
@signed_in
def test(request: HttpRequest) -> HttpResponse:
    """Send the person a message by every way that they have."""
    services.send_test(by=person(request, User), now=timezone.now())
    messages.success(request, "A test is on its way by every way that you have.")
    return redirect("notify:settings")


def _settings_page(
    request: HttpRequest, shown: selectors.Settings, form: WaysForm, slack_form: SlackForm
) -> HttpResponse:
    is_refused = bool(form.errors or slack_form.errors)
    return page(
        request,
        "notify/settings.html",
        {"shown": shown, "form": form, "slack_form": slack_form},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK,
    )
