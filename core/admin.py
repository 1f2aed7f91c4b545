"""The shell that every page lives in. The only module that imports django-unfold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import get_fields_from_path, label_for_field, lookup_field
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import BaseForm, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.sites import UnfoldAdminSite

from core.banner import late_loops_now
from core.errors import DomainError, NotPermitted, NotVisible
from core.history import past_changes
from core.paging import BoundedPaginator

PAGE_LENGTH = 25
READ_OR_WRITE = ["GET", "HEAD", "POST"]
LOOKS = {"look", "add"}
LOOKUPS = ("exact", "isnull", "in")
# A relation by itself would be asked for with numbers that no database column holds.
RELATION_LOOKUPS = ("id__exact", "isnull")

M = TypeVar("M", bound=models.Model)
register = admin.register


class Actor(Protocol):
    """What the shell needs to know about who is signed in."""

    is_active: bool
    is_authenticated: bool

    def may(self, action: str) -> bool: ...


def actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.user)


def person(request: HttpRequest, model: type[M]) -> M:
    """Who is signed in, as a row of the given user model; only for views that are `signed_in`."""
    if not isinstance(request.user, model):
        raise PermissionDenied
    return request.user


class HandoffSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """The admin as everybody's workplace: signing in is enough, each page then asks the policy."""

    site_url = None
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leave out what other packages bring along: their pages write past our services."""
        if admin_class is not None and issubclass(admin_class, ShellAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page gets; the banner says when the work behind the pages stands still."""
        context: dict[str, Any] = super().each_context(request)
        return {**context, "late_loops": late_loops_now()}

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_authenticated)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one sign-in page; this address only leads to it."""
        return redirect_to_login(
            request.GET.get("next") or resolve_url("admin:index"), resolve_url(settings.LOGIN_URL)
        )

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))

    def app_index(self, request: HttpRequest, app_label: str, *_: Any) -> HttpResponse:
        return self.index(request)

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Unfold's search of model names is no use to anybody here."""
        raise Http404

    # Django's pages would write past our service; people have one of their own.
    password_change = password_change_done = search


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of ours, which extends `shell/page.html`, inside the shell."""
    return render(
        request, template, {**admin.site.each_context(request), **(context or {})}, status=status
    )


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only people who are signed in reach the view, and answer its refusals in the look.

    NotVisible becomes 404 and NotPermitted 403; any other DomainError that the view lets go
    becomes a page with its status, title and message. Nothing of the page is kept by caches.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
        try:
            return view(request, *args, **kwargs)
        except NotVisible as error:
            raise Http404(error.message) from error
        except NotPermitted as error:
            raise PermissionDenied(error.message) from error
        except DomainError as error:
            return page(request, "shell/refused.html", {"error": error}, status=error.status)

    return never_cache(guarded)


def add_problems(form: BaseForm, error: DomainError) -> None:
    """Show what a service refused beside the fields it names, else on top of the form."""
    for problem in error.problems:
        form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    if not error.problems:
        form.add_error(None, error.message)


@dataclass(frozen=True, slots=True)
class Dialog:
    """One thing that can be done from a list or a row: a form, sent by POST to one service.

    `run(request, row, values)` calls the service and returns the sentence that tells what
    happened; `row` is None for a dialog of the list. `arguments(request, row)` gives the form's
    keyword arguments, such as `initial`. `action` is what the policy must let the person do
    beside editing the table. `is_shown(row)` leaves the button out where the service would refuse
    anyhow; `is_wide` puts two fields in a row. Afterwards the browser goes to `back(row)`, or
    else to the row or list.

    With `is_page` it opens as a page of its own, from `template`, which also gets what
    `more(request, row, form)` gives. Sent by a button named `look` or `add`, the form is only
    shown again as it would be, and nothing is written.
    """

    name: str
    verb: str
    run: Callable[[HttpRequest, Any, dict[str, Any]], str]
    form_class: type[BaseForm] = Form
    of_list: bool = False
    title: str = ""
    consequence: str = ""
    is_danger: bool = False
    is_main: bool = False
    is_wide: bool = False
    action: str = ""
    arguments: Callable[[HttpRequest, Any], dict[str, Any]] = lambda request, row: {}
    is_shown: Callable[[Any], bool] = lambda row: True
    back: Callable[[Any], str] | None = None
    is_page: bool = False
    template: str = "shell/row_dialog.html"
    more: Callable[[HttpRequest, Any, Any], dict[str, Any]] = lambda request, row, form: {}


class ShellAdmin(UnfoldModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A list and its rows, seen through the policy: what a person may not read is a 404.

    Django's own pages for adding, changing and deleting do not exist here. A row has a page to
    read, from `row_template`, and what may be done with it are the `dialogs`.
    """

    view_action: str
    edit_action = ""
    list_title: str
    # What the list shows when it is opened, as the query of an address; the rest is a click away.
    first_filter = ""
    dialogs: Sequence[Dialog] = ()
    row_template = "shell/row.html"
    row_fields: Sequence[str] = ()
    list_per_page = PAGE_LENGTH
    list_max_show_all = PAGE_LENGTH
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        # Tables that belong to nobody, such as pools, are read by all who may read any.
        scope = getattr(rows, "for_user", None)
        return scope(request.user) if scope else rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).may(self.view_action)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the page offers as a filter: any other column would be a way to guess it.

        And no NUL, with which PostgreSQL takes no text.
        """
        filters = self.get_list_filter(request)
        names = [one if isinstance(one, str) else one[0] for one in filters]
        return "\0" not in value and any(lookup in self._lookups(name) for name in names)

    def _lookups(self, name: str) -> set[str]:
        if get_fields_from_path(self.model, name)[-1].is_relation:
            return {f"{name}__{end}" for end in RELATION_LOOKUPS}
        return {name, *(f"{name}__{end}" for end in LOOKUPS)}

    def may_edit(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person gets to see the dialogs; the services decide again."""
        return bool(self.edit_action) and actor(request).may(self.edit_action)

    def _may_use(self, request: HttpRequest, row: Any, dialog: Dialog) -> bool:
        if dialog.action and not actor(request).may(dialog.action):
            return False
        return self.may_edit(request, row)

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        row_urls = [
            path(
                f"{dialog.name}/" if dialog.of_list else f"<int:pk>/{dialog.name}/",
                guard(
                    # No report of an error repeats what was typed: it may be a secret.
                    sensitive_post_parameters()(
                        require_http_methods(READ_OR_WRITE)(
                            partial(self.dialog_view, dialog=dialog)
                        )
                    )
                ),
                name=f"{name}_{dialog.name}",
            )
            for dialog in self.dialogs
        ]
        return [
            path("", guard(require_safe(self.changelist_view)), name=f"{name}_changelist"),
            *row_urls,
            path("<int:pk>/", guard(require_safe(self.row_view)), name=f"{name}_change"),
            path("<int:pk>/history/", guard(require_safe(self.past_view)), name=f"{name}_history"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.first_filter and not request.GET and self.has_view_permission(request):
            return HttpResponseRedirect(f"?{self.first_filter}")
        buttons = self._buttons(request, None)
        return super().changelist_view(  # type: ignore[no-any-return]  # unfold ships no types
            request, {**(extra_context or {}), "buttons": buttons, "title": self.list_title}
        )

    def row_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._row(request, pk)
        context = {
            "row": row,
            "row_title": self.row_title(row),
            "list_name": self.list_title,
            "list_url": self._address("changelist"),
            "history_url": self._address("history", pk) if hasattr(row, "history") else "",
            "buttons": self._buttons(request, row),
            "facts": [self._fact(row, name) for name in self.row_fields],
            **self.row_context(request, row),
        }
        return page(request, self.row_template, context)

    def row_title(self, row: Any) -> str:
        """What heads the row's page and its dialogs."""
        return str(row)

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the row's template needs beside the row itself."""
        return {}

    def past_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who changed what when, for tables that keep their history."""
        row = self._row(request, pk)
        if not hasattr(row, "history"):
            raise Http404
        context = {
            "row": row,
            "row_title": self.row_title(row),
            "row_url": self._address("change", pk),
            "changes": past_changes(row),
        }
        return page(request, "shell/history.html", context)

    def dialog_view(
        self, request: HttpRequest, *, dialog: Dialog, pk: int | None = None
    ) -> HttpResponse:
        row = None if pk is None else self._row(request, pk)
        if not self._may_use(request, row, dialog):
            raise PermissionDenied
        back = self._back(dialog, row)
        arguments = dialog.arguments(request, row)
        is_post = request.method == "POST"
        form = dialog.form_class(request.POST if is_post else None, **arguments)
        status = HTTPStatus.OK
        if is_post and LOOKS & request.POST.keys():
            form.is_valid()
        elif is_post and form.is_valid():
            try:
                told = dialog.run(request, row, form.cleaned_data)
            except DomainError as error:
                add_problems(form, error)
                status = HTTPStatus(error.status)
            else:
                messages.success(request, told)
                return HttpResponseRedirect(back)
        elif is_post:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        about = "" if row is None else self.row_title(row)
        context = {
            "form": form,
            "dialog": dialog,
            "row": row,
            "about": about,
            "back": back,
            "list_name": self.list_title,
            "list_url": self._address("changelist"),
            **dialog.more(request, row, form),
        }
        return page(request, dialog.template, context, status=status)

    def _row(self, request: HttpRequest, pk: int) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        return row

    def _back(self, dialog: Dialog, row: Any) -> str:
        if dialog.back is not None:
            return dialog.back(row)
        return self._address("changelist") if row is None else self._address("change", row.pk)

    def _address(self, view: str, *args: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=args)

    def _buttons(self, request: HttpRequest, row: Any) -> list[tuple[Dialog, str]]:
        args = () if row is None else (row.pk,)
        return [
            (dialog, self._address(dialog.name, *args))
            for dialog in self.dialogs
            if dialog.of_list == (row is None)
            and self._may_use(request, row, dialog)
            and dialog.is_shown(row)
        ]

    def _fact(self, row: Any, name: str) -> tuple[str, Any]:
        field, _, value = lookup_field(name, row, self)
        if field is not None and field.flatchoices:
            value = getattr(row, f"get_{name}_display")()
        return str(label_for_field(name, self.model, self)).capitalize(), value


class ReadOnlyAdmin(ShellAdmin):
    """Rows that services write: a list and pages to read, and nothing to do.

    Such a table only grows: its list never counts all of it and keeps to the order of the index.
    """

    paginator = BoundedPaginator
    sortable_by = ()


class ConfigAdmin(ShellAdmin):
    """Rows that an admin keeps up by dialogs; everybody who may read them reads them."""

    view_action = "config.read"
    edit_action = "config.edit"
