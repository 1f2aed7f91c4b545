"""What a manager or an admin says about people: backups, and who takes over from a leaver."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import relations_to_person
from core.admin import add_problems, page, person, signed_in
from core.errors import NotPermitted, Refused
from core.words import counted
from handoff.manager_dialogs import BackupForm, OffboardForm
from handoff.selectors.leaving import preview_offboarding
from handoff.services import Offboarded, offboard_user
from routing.models import Member
from routing.services import set_backup

READ_OR_WRITE = ["GET", "HEAD", "POST"]


@require_http_methods(READ_OR_WRITE)
@signed_in
def backup(request: HttpRequest, pk: int) -> HttpResponse:
    """Who takes over from one member of a pool."""
    user = person(request, User)
    member = _member(user, pk)
    if not user.may(Action.BACKUP_EDIT, relations_to_person(user, member.user)):
        raise NotPermitted("Only they, a manager of theirs or an admin name the backup.")
    others = (
        Member.objects.filter(pool=member.pool_id, is_active=True, user__is_active=True)
        .exclude(pk=member.pk)
        .select_related("user")
        .order_by("user__name")
    )
    by_id = {other.pk: other for other in others}
    # Whoever came from the person's hours goes back there: the team's page is the managers'.
    is_from_hours = "next" in request.GET or not user.may(Action.TEAM_READ)
    hours = reverse("accounts:hours", args=[member.user_id])
    back = hours if is_from_hours else reverse("handoff:team")
    form = BackupForm(
        request.POST if request.method == "POST" else None,
        choices=[(str(pk), other.user.name) for pk, other in by_id.items()],
        initial={"backup": member.backup_id},
    )
    if form.is_valid():
        chosen = by_id.get(form.cleaned_data["backup"] or 0)
        try:
            set_backup(member=member, backup=chosen, by=user, now=timezone.now())
        except Refused as error:
            add_problems(form, error)
        else:
            who = chosen.user.name if chosen else "Nobody"
            messages.success(request, f"{who} backs up {member.user} in {member.pool}.")
            return redirect(back)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "member": member, "back": back}
    return page(request, "handoff/backup.html", context, status=status)


def _member(user: User, pk: int) -> Member:
    """The place in a pool, of somebody whose record the user may open."""
    found = Member.objects.filter(pk=pk, user__in=User.objects.for_user(user))
    member: Member | None = found.select_related("user", "pool").first()
    if member is None:
        raise Http404
    return member


@require_http_methods(READ_OR_WRITE)
@signed_in
def offboard(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody leave: first what that would do, then, once it is confirmed, do it."""
    user = person(request, User)
    if not user.may(Action.PERSON_OFFBOARD):
        raise NotPermitted("Only a RevOps admin lets somebody leave.")
    leaver = User.objects.for_user(user).filter(pk=pk).first()
    if leaver is None:
        raise Http404
    people = list(User.objects.active().exclude(pk=leaver.pk).order_by("name", "pk"))
    is_post = request.method == "POST"
    # Before it is sent, the address says whom the preview is about.
    asked = request.POST if is_post else request.GET
    form = OffboardForm(asked if "successor" in asked else None, people=people)
    by_id = {one.pk: one for one in people}
    chosen = by_id.get(form.cleaned_data["successor"]) if form.is_valid() else None
    if is_post and chosen is not None:
        try:
            done = offboard_user(
                leaver,
                successor=chosen,
                by=user,
                now=timezone.now(),
                leaves_pools_empty=form.cleaned_data["leaves_pools_empty"],
            )
        except Refused as error:
            add_problems(form, error)
        else:
            messages.success(request, _left(done))
            return redirect("handoff:team")
    now = timezone.now()
    preview = preview_offboarding(leaver, successor=chosen, by=user, now=now)
    is_refused = bool(form.errors) or (is_post and chosen is None)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_post and is_refused else HTTPStatus.OK
    context = {"leaver": leaver, "preview": preview, "chosen": chosen, "form": form}
    return page(request, "handoff/offboard.html", context, status=status)


def _left(done: Offboarded) -> str:
    parts = [f"{done.handed_over} to {done.successor}", f"{done.moved} to other receivers"]
    if done.held:
        parts.append(f"{done.held} held")
    left = f"{done.user} has left. Handoffs moved: {', '.join(parts)}."
    if not done.companies:
        return left
    return f"{left} Nobody looks after {counted(done.companies, 'company', 'companies')} now."
