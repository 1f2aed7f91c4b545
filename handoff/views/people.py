"""What a manager or an admin says about people: backups, and who takes over from a leaver."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import relations_to_person
from core.admin import add_problems, page, person, signed_in
from core.errors import NotPermitted, Refused
from handoff.manager_dialogs import BackupForm
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
            return redirect("handoff:team")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return page(request, "handoff/backup.html", {"form": form, "member": member}, status=status)


def _member(user: User, pk: int) -> Member:
    """The place in a pool, of somebody whose record the user may open."""
    found = Member.objects.filter(pk=pk, user__in=User.objects.for_user(user))
    member: Member | None = found.select_related("user", "pool").first()
    if member is None:
        raise Http404
    return member
