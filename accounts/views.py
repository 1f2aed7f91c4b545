"""Signing in, the own password, and time off."""

from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.http import url_has_allowed_host_and_scheme, urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.forms import (
    HoursForm,
    PasswordChangeForm,
    PasswordForm,
    PauseForm,
    SignInForm,
    TimeOffForm,
)
from accounts.hours import hours_page, usual_hours_words
from accounts.impact import person_words
from accounts.models import TimeOff, User
from accounts.rules.policy import Action
from accounts.selectors import availability, calendar_for, relations_to_person
from accounts.uses import absence_words
from core.admin import add_problems, page, person, signed_in
from core.errors import Refused
from worktime.forms import FromForm
from worktime.rules.zones import zone_names

INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
READ_OR_WRITE = ["GET", "HEAD", "POST"]


class SignIn(LoginView):
    authentication_form = SignInForm
    redirect_authenticated_user = True
    # Django's view takes PUT for POST.
    http_method_names = ("get", "head", "post", "options")


@require_http_methods(READ_OR_WRITE)
@sensitive_post_parameters()
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other sessions of the person end by it."""
    user = person(request, User)
    form = PasswordChangeForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            services.set_password(
                user=user, password=form.cleaned_data["password"], now=timezone.now()
            )
        except Refused as error:
            add_problems(form, error)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed.")
            return redirect("accounts:password")
    return page(
        request,
        "accounts/password.html",
        {"form": form},
        status=INVALID if form.errors else HTTPStatus.OK,
    )


@require_http_methods(READ_OR_WRITE)
@sensitive_post_parameters()
@never_cache
def welcome(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """The link of an invitation: set a first password, once, and come in."""
    user = _invited(uid, token)
    if user is None:
        return render(request, "accounts/welcome_over.html", status=HTTPStatus.GONE)
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            services.set_password(
                user=user, password=form.cleaned_data["password"], now=timezone.now()
            )
        except Refused as error:
            add_problems(form, error)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("/")
    status = INVALID if form.errors else HTTPStatus.OK
    return render(request, "accounts/welcome.html", {"form": form, "invited": user}, status=status)


def _invited(uid: str, token: str) -> User | None:
    try:
        user = User.objects.active().get(pk=force_str(urlsafe_base64_decode(uid)))
    except (User.DoesNotExist, ValueError, OverflowError):
        return None
    # The token holds the password's hash, so setting one uses the link up.
    return user if default_token_generator.check_token(user, token) else None


@require_safe
@signed_in
def time_off(request: HttpRequest) -> HttpResponse:
    """Own hours and time off; for a manager those of the teams, for an admin everybody's."""
    user = person(request, User)
    words = request.GET.get("q", "")
    shown = availability(user, now=timezone.now(), words=words, number=request.GET.get("page", "1"))
    context = {
        "shown": shown,
        "words": words,
        "query": urlencode({"q": words}) + "&",
        "sees_others": user.is_manager or user.is_admin,
        "calendar": calendar_for(user),
    }
    return page(request, "accounts/time_off.html", context)


@require_http_methods(READ_OR_WRITE)
@signed_in
def time_off_add(request: HttpRequest, pk: int) -> HttpResponse:
    by = person(request, User)
    user = _visible(by, pk)
    form = TimeOffForm(
        request.POST if request.method == "POST" else None, warn=partial(absence_words, user)
    )
    if form.is_valid():
        try:
            services.add_time_off(user=user, **form.cleaned_data, by=by, now=timezone.now())
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, f"{user} gets no new leads in this time.")
            return redirect(_back(request))
    return _form_page(request, "accounts/time_off_add.html", form, away=user)


@require_POST
@signed_in
def time_off_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request, User)
    span = get_object_or_404(TimeOff.objects.for_user(user).select_related("user"), pk=pk)
    services.remove_time_off(time_off=span, by=user, now=timezone.now())
    messages.success(request, f"{span.user} gets new leads again in that time.")
    return redirect("accounts:time_off")


@require_http_methods(READ_OR_WRITE)
@signed_in
def hours(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's two weeks as they will be, with time off drawn in, and the choice of hours."""
    by = person(request, User)
    user = _visible(by, pk)
    form = HoursForm(
        request.POST if request.method == "POST" else None,
        usual=usual_hours_words(user),
        own=user.calendar,
        initial={"calendar": user.calendar_id, "zone": user.zone},
    )
    is_kept = form.is_valid() and "look" not in request.POST
    if is_kept:
        try:
            user = services.set_hours(user=user, **form.cleaned_data, by=by, now=timezone.now())
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, person_words(user, calendar_for(user)))
            return redirect("accounts:hours", user.pk)
    chosen = form.cleaned_data.get("calendar") if form.is_bound else user.calendar
    status = INVALID if form.errors else HTTPStatus.OK
    context = {
        "form": form,
        "zones": zone_names(),
        "is_own": user.pk == by.pk,
        "may_edit": by.may(Action.HOURS_EDIT, relations_to_person(by, user)),
        "may_set_backup": by.may(Action.BACKUP_EDIT, relations_to_person(by, user)),
        "shown": hours_page(
            user, chosen=chosen, since=FromForm(request.GET).first(), now=timezone.now()
        ),
    }
    return page(request, "accounts/hours.html", context, status=status)


@require_http_methods(READ_OR_WRITE)
@signed_in
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    by = person(request, User)
    user = _visible(by, pk)
    form = PauseForm(
        request.POST if request.method == "POST" else None,
        warn=partial(absence_words, user),
        now=timezone.now(),
    )
    if form.is_valid():
        try:
            services.pause_user(
                user=user, until=form.cleaned_data["until"], by=by, now=timezone.now()
            )
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, f"{user} is paused and gets no new leads.")
            return redirect(_back(request))
    return _form_page(request, "accounts/pause.html", form, paused=user)


@require_POST
@signed_in
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    by = person(request, User)
    user = _visible(by, pk)
    services.resume_user(user=user, by=by, now=timezone.now())
    messages.success(request, f"{user} gets new leads again.")
    return redirect(_back(request))


def _visible(by: User, pk: int) -> User:
    user: User | None = User.objects.for_user(by).active().filter(pk=pk).first()
    if user is None:
        raise Http404
    return user


def _form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = INVALID if form.errors else HTTPStatus.OK
    shown = {"form": form, "back": _back(request), **context}
    return page(request, template, shown, status=status)


def _back(request: HttpRequest) -> str:
    """The page of ours that the person came from, else the one about time off."""
    asked = request.GET.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("accounts:time_off")
