from django.core.paginator import Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import PAGE_LENGTH, page, person, signed_in
from core.errors import NotPermitted
from review.rules.metrics import GROUPS, METRICS, Metric
from review.rules.sheets import csv_lines
from review.rules.weeks import Week
from review.selectors.report import week_frame, weekly_report
from review.selectors.rows import HEAD, cells, may_show, metric_rows, survival_words


@require_safe
@signed_in
def week(request: HttpRequest, label: str | None = None) -> HttpResponse:
    """The review of one week; without a label, of the running one."""
    user = _reader(request)
    chosen = request.GET.get("week")
    if chosen is not None:
        # The picker is a form, and its answer is the week's own address.
        found = Week.parse(chosen.strip().upper())
        return HttpResponseRedirect(reverse("review:week", args=[found.label]))
    now = timezone.now()
    frame = week_frame(label, now=now)
    report = weekly_report(user, frame, now=now)
    runs = user.may(Action.REVIEW_RECORD)
    return page(request, "review/week.html", {"report": report, "frame": frame, "runs": runs})


@require_safe
@signed_in
def rows(request: HttpRequest, label: str, key: str) -> HttpResponse:
    """The rows behind one number, a page at a time."""
    user, metric, now = _reader(request), _metric(key), timezone.now()
    chosen, frame = _shown(request, metric), week_frame(label, now=now)
    shown = metric_rows(user, metric, frame, show=chosen, now=now)
    listed = Paginator(shown.found, PAGE_LENGTH).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "metric": metric,
        "frame": shown.frame,
        "page": listed,
        "rows": shown.described(listed.object_list),
        "chosen": chosen,
        "query": f"show={chosen}&" if chosen else "",
        "survival": survival_words(user, metric, frame, now=now),
    }
    return page(request, "review/rows.html", context)


@require_safe
@signed_in
def rows_csv(request: HttpRequest, label: str, key: str) -> HttpResponse:
    """All rows behind one number as a file."""
    user, metric, now = _reader(request), _metric(key), timezone.now()
    frame = week_frame(label, now=now)
    found = metric_rows(user, metric, frame, show=_shown(request, metric), now=now)
    lines = csv_lines(HEAD, (cells(metric, frame, row) for row in found.all()))
    response = HttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"review-{frame.week.label}-{metric.key}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@signed_in
def counted(request: HttpRequest) -> HttpResponse:
    """How every number is counted, by the definitions that count them."""
    _reader(request)
    return page(request, "review/counted.html", {"groups": GROUPS})


def _reader(request: HttpRequest) -> User:
    user = person(request, User)
    if not user.may(Action.REVIEW_READ):
        raise NotPermitted("The weekly review is for SDRs, AEs, managers and admins.")
    return user


def _metric(key: str) -> Metric:
    try:
        return METRICS[key]
    except KeyError as error:
        raise Http404 from error


def _shown(request: HttpRequest, metric: Metric) -> str:
    """Which rows the address asks for: all, those that count in one way, or of one outcome."""
    chosen = request.GET.get("show", "")
    if not may_show(metric, chosen):
        raise Http404
    return chosen
