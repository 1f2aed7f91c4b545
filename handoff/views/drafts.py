"""Pages on which a handoff is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import zone_for
from core.admin import page, person, signed_in
from core.errors import Conflict, FieldProblem, NotPermitted, Refused
from handoff.choices import Status, Temperature
from handoff.errors import GateRefused
from handoff.forms import ActForm, DraftForm, NewForm
from handoff.models import FormVersion, Handoff, HandoffType, Lead
from handoff.rules.form import Form
from handoff.rules.gate import all_problems, gate_problems, read_answers
from handoff.selectors.access import draft_to_submit, handoff_for, may, types_for
from handoff.selectors.drafts import (
    Rejection,
    filled_in,
    form_seen,
    hand_off_clock,
    labels_of,
    newer_form,
    progress,
    rejection_of,
    return_of,
)
from handoff.selectors.lists import (
    LEADS_OFFERED,
    lead_for,
    lead_rows,
    leads_for,
    search_words,
)
from handoff.services import create_draft, save_draft, submit_handoff
from handoff.services.leads import answers_of_lead
from handoff.views.bulk import LONGEST_KEY
from handoff.views.handoffs import lost, lost_words, seen_version

HAND_OFF = "hand_off"
# A draft that nobody has changed since it was begun.
FIRST_VERSION = 1


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Begin a handoff: of a lead that is known, or of one that is typed in."""
    user = person(request, User)
    offered = types_for(user)
    if not offered:
        raise NotPermitted("Only submitters hand leads over.")
    if request.method == "POST":
        return _begin(request, user, offered)
    type_ = next((one for one in offered if one.key == request.GET.get("type")), offered[0])
    lead = _lead(user, request.GET.get("lead", ""))
    layout = _current(type_)
    answers = answers_of_lead(lead, layout) if lead else {}
    warmth = lead.temperature if lead else Temperature.WARM
    zone = zone_for(user).key
    form = DraftForm.of_answers(layout, answers, temperature=warmth, zone=zone)
    begin = NewForm.begin(type_=type_, lead_id=lead.pk if lead else None)
    return _new_page(request, user, type_, form, begin, lead, offered=offered)


@dataclass(frozen=True, slots=True)
class Begun:
    """What a form that begins a draft says: of which type and lead, with which answers."""

    type: HandoffType
    lead: Lead | None
    form_version: FormVersion
    form: DraftForm
    begin: NewForm


def read_begun(request: HttpRequest, user: User, offered: list[HandoffType]) -> Begun:
    """Read the form of a new handoff, with the questions that the person saw.

    Raises:
        Refused: the form does not say what it begins.
        Http404: there is no such type or lead for this person.
    """
    begin = NewForm(request.POST)
    if not begin.is_valid():
        raise Refused("The form does not say what it begins. Load the page again.")
    type_ = next((one for one in offered if one.key == begin.cleaned_data["type"]), None)
    if type_ is None:
        raise Http404("There is no such type.")
    lead = _lead(user, str(begin.cleaned_data["lead"] or ""))
    seen = form_seen(type_, begin.cleaned_data["form"])
    if seen is None:
        raise Http404("This type has no form yet.")
    form = DraftForm(Form.from_layout(seen.layout), request.POST)
    return Begun(type_, lead, seen, form, begin)


def _begin(request: HttpRequest, user: User, offered: list[HandoffType]) -> HttpResponse:
    begun = read_begun(request, user, offered)
    type_, form, lead, begin = begun.type, begun.form, begun.lead, begun.begin
    try:
        row = keep_new(user, begun, form.answers())
    except Conflict as error:
        return _new_page(
            request, user, type_, form, begin, lead, offered=offered, conflict=lost_words(error)
        )
    except Refused as error:
        form.refuse(error, also=_also_wrong(request, user, form))
        return _new_page(request, user, type_, form, begin, lead, offered=offered)
    if row.status != Status.DRAFT:
        return redirect("handoff:detail", row.pk)
    return _after_saving(request, user, row)


def keep_new(user: User, begun: Begun, answers: Mapping[str, Any]) -> Handoff:
    """The draft that this form makes with these of its answers.

    Sent again, the form gives the draft that it made before; what was typed or taken out since is
    kept too, unless that draft was changed elsewhere in the meantime. What the draft knew of its
    lead by itself, without the page having shown it, stays.
    """
    form = begun.form
    row = create_draft(
        type=begun.type,
        lead=begun.lead,
        answers=answers,
        temperature=form.temperature,
        by=user,
        now=timezone.now(),
        submission_uuid=begun.begin.cleaned_data["submission_uuid"],
        form_version=begun.form_version,
    )
    typed, problems = read_answers(form.layout, form.answers())
    unread = {found.field for found in problems}
    is_untold = begun.lead is None and not row.answers.keys() <= typed.keys() | unread
    stays = unread | filled_in(row) if is_untold else unread
    wanted = {**{key: row.answers[key] for key in stays & row.answers.keys()}, **typed}
    is_same = row.answers == wanted and form.temperature in {None, row.temperature}
    if row.status != Status.DRAFT or is_same:
        return row
    return save_draft(
        row,
        answers=wanted,
        temperature=form.temperature,
        by=user,
        now=timezone.now(),
        version=FIRST_VERSION,
    )


def _also_wrong(request: HttpRequest, user: User, form: DraftForm) -> tuple[FieldProblem, ...]:
    """Where the form was to be handed off: all that stands in the way, not only the first."""
    if request.POST.get("action") != HAND_OFF:
        return ()
    now = timezone.now()
    return all_problems(
        form.layout,
        form.answers(),
        marked=form.marked,
        today=now.astimezone(zone_for(user)).date(),
        now=now,
    )


def _new_page(
    request: HttpRequest,
    user: User,
    type_: HandoffType,
    form: DraftForm,
    begin: NewForm,
    lead: Lead | None,
    *,
    offered: list[HandoffType],
    conflict: str = "",
) -> HttpResponse:
    words = search_words(request.GET.get("q", ""))
    found = leads_for(user, words=words)[:LEADS_OFFERED] if words and lead is None else ()
    context = {
        "type": type_,
        "types": offered if len(offered) > 1 else (),
        "begin": begin,
        "lead": lead,
        "open_handoff": lead_rows([lead], user)[0].open_handoff if lead else None,
        "q": " ".join(words),
        "found": found,
        "conflict": conflict,
    }
    return _form_page(request, "handoff/new.html", form, context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft. What a receiver marked stands out."""
    user = person(request, User)
    row = editable(user, pk)
    rejection = rejection_of(row.previous, now=timezone.now()) if row.previous else None
    marked = rejection.fields if rejection else ()
    layout = Form.from_layout(row.form_version.layout)
    if request.method == "POST":
        version = kept_version(request)
        form = DraftForm(layout, request.POST, marked=marked)
        return _save(request, user, row, form, rejection, version=version)
    if row.status != Status.DRAFT:
        return redirect("handoff:detail", row.pk)
    form = DraftForm.of_answers(
        layout,
        row.answers,
        temperature=row.temperature,
        marked=marked,
        zone=zone_for(user).key,
    )
    if "missing" in request.GET:
        now = timezone.now()
        today = now.astimezone(zone_for(user)).date()
        problems = gate_problems(layout, row.answers, marked=marked, today=today, now=now)
        form.refuse(GateRefused(problems=problems)) if problems else None
    return _edit_page(request, row, form, rejection, version=row.version, is_saved=True)


def editable(user: User, pk: int) -> Handoff:
    """The draft, when the user may write in it. Raises Http404 and NotPermitted."""
    row = handoff_for(user, pk)
    if not may(row, user, Action.HANDOFF_EDIT):
        raise NotPermitted(f"This draft is {row.submitted_by.name}\u2019s to edit.")
    return row


def kept_version(request: HttpRequest) -> int:
    """The state that was seen, or the newer one that the person chose to write over."""
    over = ActForm({"version": request.POST["keep"]}) if "keep" in request.POST else None
    if over is not None and over.is_valid():
        return int(over.cleaned_data["version"])
    return seen_version(request)


def _save(
    request: HttpRequest,
    user: User,
    row: Handoff,
    form: DraftForm,
    rejection: Rejection | None,
    *,
    version: int,
) -> HttpResponse:
    try:
        saved = save_draft(
            row,
            answers=form.answers(),
            temperature=form.temperature,
            by=user,
            now=timezone.now(),
            version=version,
        )
    except Conflict as error:
        return _edit_page(request, row, form, rejection, version=version, lost=error)
    except Refused as error:
        form.refuse(error, also=_also_wrong(request, user, form))
        return _edit_page(request, row, form, rejection, version=version)
    return _after_saving(request, user, saved)


def _edit_page(
    request: HttpRequest,
    row: Handoff,
    form: DraftForm,
    rejection: Rejection | None,
    *,
    version: int,
    lost: Conflict | None = None,
    is_saved: bool = False,
) -> HttpResponse:
    stored = lost.current if lost and lost.current else {}
    now = timezone.now()
    context = {
        "row": row,
        "rejection": rejection,
        "returned": return_of(row.previous, now=now) if row.previous and not rejection else None,
        "version": version,
        "conflict": lost_words(lost) if lost else "",
        "newer": stored.get("version") if stored.get("status") == Status.DRAFT else None,
        "newer_form": newer_form(row),
        "clock": hand_off_clock(row, now=now, zone=timezone.get_current_timezone()),
        "is_saved": is_saved,
        "marked": labels_of(form.layout, form.marked),
    }
    return _form_page(request, "handoff/edit.html", form, context)


def _form_page(
    request: HttpRequest, template: str, form: DraftForm, context: Mapping[str, Any]
) -> HttpResponse:
    readable, _ = read_answers(form.layout, form.answers())
    status = HTTPStatus.OK
    if context["conflict"]:
        status = HTTPStatus.CONFLICT
    elif request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    shown = {"form": form, "progress": progress(form.layout, readable, marked=form.marked)}
    return page(request, template, {**context, **shown}, status=status)


@require_POST
@signed_in
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a draft off as it is stored."""
    user = person(request, User)
    row = draft_to_submit(user, pk)
    return _hand_off(request, user, row, version=seen_version(request))


def _after_saving(request: HttpRequest, user: User, row: Handoff) -> HttpResponse:
    if request.POST.get("action") == HAND_OFF:
        return _hand_off(request, user, row, version=row.version)
    messages.success(request, "Draft saved.")
    return redirect("handoff:edit", row.pk)


def _hand_off(request: HttpRequest, user: User, row: Handoff, *, version: int) -> HttpResponse:
    draft = reverse("handoff:edit", args=[row.pk])
    try:
        submit_handoff(row, by=user, now=timezone.now(), version=version)
    except GateRefused:
        return HttpResponseRedirect(f"{draft}?missing=1")
    except Conflict as error:
        return lost(request, handoff_for(user, row.pk), error, what="Not handed off")
    except Refused as error:
        messages.error(request, f"{error.message} The draft is kept.")
        return HttpResponseRedirect(draft)
    return redirect("handoff:detail", row.pk)


def _current(type_: HandoffType) -> Form:
    if type_.current_form is None:
        raise Http404("This type has no form yet.")
    return Form.from_layout(type_.current_form.layout)


def _lead(user: User, asked: str) -> Lead | None:
    """The lead that the address or form names; none where it names none."""
    if not asked:
        return None
    is_key = asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_KEY
    lead = lead_for(user, int(asked)) if is_key else None
    if lead is None:
        raise Http404("There is no such lead.")
    return lead
