"""Who stands in for a member of a pool."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import relations_to_person
from core.errors import FieldProblem, NotPermitted
from routing.models import Member
from routing.rules.backups import closes_circle
from routing.services.pools import keep, lock_pool, raise_for


@transaction.atomic
def set_backup(*, member: Member, backup: Member | None, by: User | None, now: datetime) -> Member:
    """Say who takes over what the member does not accept in time, or None for nobody.

    Raises:
        NotPermitted: `by` is neither the member, nor manages the pool or the person, nor admin.
        InvalidPool: the backup is in another pool, not active, or backed up by the member.
    """
    _permit(member, by)
    lock_pool(member.pool_id)
    row = Member.objects.select_related("pool", "user").get(pk=member.pk)
    if backup is not None:
        other = Member.objects.select_related("user").get(pk=backup.pk)
        raise_for(_problems(row, other))
    row.backup = backup
    return keep(row, by=by, now=now, fields=["backup"])


def _permit(member: Member, by: User | None) -> None:
    if by is None:
        return
    relations = relations_to_person(by, member.user)
    if member.pool.manager_id == by.pk:
        relations |= {Relation.TEAM}
    if not allows(by.roles, Action.BACKUP_EDIT, relations):
        raise NotPermitted(f"Only {member.user}, a manager or a RevOps admin can do this.")


def _problems(row: Member, backup: Member) -> list[FieldProblem]:
    if backup.pool_id != row.pool_id:
        message = f"{backup.user} is not in {row.pool}. Choose somebody who is."
        return [FieldProblem("backup", "other_pool", message)]
    if not (backup.is_active and backup.user.is_active):
        message = f"{backup.user} takes no leads in {row.pool}. Choose somebody who does."
        return [FieldProblem("backup", "inactive", message)]
    if backup.pk == row.pk:
        message = "Nobody can be their own backup. Choose somebody else."
        return [FieldProblem("backup", "own_backup", message)]
    members = Member.objects.filter(pool=row.pool_id, backup__isnull=False)
    backups = {one.pk: one.backup_id for one in members if one.backup_id is not None}
    if closes_circle(backups, row.pk, backup.pk):
        message = f"{row.user} stands in for {backup.user} already, perhaps through others."
        return [FieldProblem("backup", "circle", message)]
    return []
