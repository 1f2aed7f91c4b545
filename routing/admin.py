"""Pools with their members, and the ledger of turns."""

from functools import partial
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.rules.policy import Action, Relation
from accounts.selectors import relations_to_person
from core.admin import ConfigAdmin, Dialog, ReadOnlyAdmin, person, register
from core.history import who_changed
from routing import impact_admin, rule_admin, services  # noqa: F401  # importing registers pages
from routing.choices import SkillKind
from routing.forms import (
    BackupForm,
    LimitsForm,
    MemberForm,
    NewMemberForm,
    PoolForm,
    SkillsForm,
)
from routing.impact import (
    has_words,
    is_last,
    left_words,
    limit_changer,
    limit_words,
    pool_words,
    room_now,
    skill_changer,
    skill_texts,
    staying_words,
)
from routing.models import Member, Pool, Turn
from routing.selectors import explain_turn, pool_board
from routing.selectors.emptied import emptied_by, is_shut

LATEST_TURNS = 10


def add_pool(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    pool = services.create_pool(**values, by=person(request, User), now=timezone.now())
    return f"{pool} is added. It gets leads once a routing rule names it."


def present_pool(request: HttpRequest, row: Pool) -> dict[str, Any]:
    return {
        "initial": {
            "name": row.name,
            "manager": row.manager,
            "strategy": row.strategy,
            "hours": row.hours,
            "skills": row.skills,
            "timeout_costs_turn": row.timeout_costs_turn,
            "manual_costs_turn": row.manual_costs_turn,
        },
        "changer": partial(who_changed, row),
    }


def change_pool(request: HttpRequest, row: Pool, values: dict[str, Any]) -> str:
    pool = services.change_pool(pool=row, **values, by=person(request, User), now=timezone.now())
    return (
        f"{pool} is changed. {pool.manager} owns what it holds from now on; what it holds already "
        f"keeps its owner. {pool_words(pool)}"
    )


def add_member(request: HttpRequest, row: Pool, values: dict[str, Any]) -> str:
    member = services.add_member(pool=row, **values, by=person(request, User), now=timezone.now())
    return f"{member.user} is in {row} from the next lead on. Nobody else's turn moves."


class MemberEditing(ConfigAdmin):
    """What an admin may change, and the pool's manager too."""

    def may_edit(self, request: HttpRequest, row: Any) -> bool:
        user = person(request, User)
        is_own = row is not None and self.pool_of(row).manager_id == user.pk
        relations = frozenset({Relation.TEAM}) if is_own else frozenset()
        return user.may(Action.MEMBER_EDIT, relations)

    def pool_of(self, row: Any) -> Pool:
        raise NotImplementedError


@register(Pool)
class PoolAdmin(MemberEditing):
    list_title = "Pools"
    list_display = ["name", "manager", "member_count", "turns_so_far"]
    list_select_related = ["manager"]
    search_fields = ["name"]
    row_template = "routing/pool.html"
    row_fields = [
        "manager",
        "strategy",
        "hours",
        "skill_kinds",
        "late_leads",
        "manual_leads",
        "turns_so_far",
    ]
    dialogs = [
        Dialog("new", "Add a pool", add_pool, PoolForm, of_list=True, is_main=True),
        Dialog(
            "edit",
            "Change",
            change_pool,
            PoolForm,
            action=Action.CONFIG_EDIT,
            arguments=present_pool,
            consequence="Holds from the next lead on. What members have stays theirs, and every "
            "credit is kept.",
        ),
        Dialog(
            "member",
            "Add a member",
            add_member,
            NewMemberForm,
            is_main=True,
            consequence="The next pick counts them in, with credit 0.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        active = models.Count("members", filter=models.Q(members__is_active=True))
        counted: models.QuerySet[Any] = rows.select_related("manager").annotate(size=active)
        return counted

    def member_count(self, row: Any) -> int:
        size: int = row.size
        return size

    member_count.short_description = "members"  # type: ignore[attr-defined]  # read by Django

    def skill_kinds(self, row: Pool) -> str:
        return ", ".join(SkillKind(kind).label for kind in row.skills) or "none"

    skill_kinds.short_description = "skills that count"  # type: ignore[attr-defined]  # likewise

    def late_leads(self, row: Pool) -> str:
        return "count as a turn" if row.timeout_costs_turn else "cost no turn"

    late_leads.short_description = "leads not accepted in time"  # type: ignore[attr-defined]  # likewise

    def manual_leads(self, row: Pool) -> str:
        return "count as a turn" if row.manual_costs_turn else "cost no turn"

    manual_leads.short_description = "leads given by hand"  # type: ignore[attr-defined]  # likewise

    def turns_so_far(self, row: Pool) -> int:
        return row.sequence

    def pool_of(self, row: Any) -> Pool:
        pool: Pool = row
        return pool

    def row_context(self, request: HttpRequest, row: Pool) -> dict[str, Any]:
        user = person(request, User)
        turns = Turn.objects.for_user(user).filter(pool=row)
        board = pool_board(row, timezone.now())
        team = set(Membership.objects.managed_by(user).values_list("user", flat=True))
        return {
            "board": board,
            "own_people": {
                line.member.user_id
                for line in board
                if user.may(
                    Action.MEMBER_EDIT,
                    frozenset({Relation.TEAM} if line.member.user_id in team else ()),
                )
            },
            "rules": row.rules.filter(ruleset__state="published").order_by("position"),
            "turns": turns.select_related("user").order_by("-sequence")[:LATEST_TURNS],
            "may_edit": self.may_edit(request, row),
        }


def pool_address(row: Member) -> str:
    return reverse("admin:routing_pool_change", args=[row.pool_id])


def change_member(request: HttpRequest, row: Member, values: dict[str, Any]) -> str:
    member = services.change_member(
        member=row, **values, by=person(request, User), now=timezone.now()
    )
    gets = "gets no leads" if not member.is_active or member.weight == 0 else "takes part"
    told = (
        f"{row.user} {gets} in {row.pool} with weight {member.weight}, from the next lead on. "
        f"{staying_words(row.user)}"
    )
    if gets != "takes part" and is_last(member):
        told += f" Nobody else takes leads here: they wait in holding with {row.pool.manager}."
    return told


def present_member(request: HttpRequest, row: Member) -> dict[str, Any]:
    return {
        "initial": {"weight": row.weight, "is_active": row.is_active},
        "changer": partial(who_changed, row),
        "last": left_words([row.pool] if is_last(row) else []),
    }


def change_backup(request: HttpRequest, row: Member, values: dict[str, Any]) -> str:
    backup = values.get("backup", row.backup)
    services.set_backup(member=row, backup=backup, by=person(request, User), now=timezone.now())
    who = backup.user if backup else "The next in the pool"
    return (
        f"{who} takes over from {row.user} in {row.pool}: what is not accepted in time, and "
        f"during time off, from now on. {staying_words(row.user)}"
    )


def set_limits(request: HttpRequest, row: Member, values: dict[str, Any]) -> str:
    load = services.set_limits(
        user=row.user, **values, by=person(request, User), now=timezone.now()
    )
    told = f"{limit_words(row.user, load)} {staying_words(row.user)}"
    if is_shut(row.user):
        told += f" {left_words(emptied_by(row.user))}"
    full = room_now(row.user, now=timezone.now()).full()
    return f"{told.rstrip()} No new one comes before there is room." if full else told


def present_limits(request: HttpRequest, row: Member) -> dict[str, Any]:
    room = room_now(row.user, now=timezone.now())
    initial = {
        "capacity": room.capacity,
        "day_limit": room.day_limit,
        "week_limit": room.week_limit,
    }
    return {
        "initial": initial,
        "changer": partial(limit_changer, row.user),
        "has": has_words(row.user, room),
        "last": left_words(emptied_by(row.user)),
    }


def set_skills(request: HttpRequest, row: Member, values: dict[str, Any]) -> str:
    skills = services.set_skills(
        user=row.user, skills=values, by=person(request, User), now=timezone.now()
    )
    has = ", ".join(skill.value for skill in skills) or "no skill of their own"
    return (
        f"{row.user} has: {has}. Pools that look at skills go by it from the next lead on. "
        f"{staying_words(row.user)}"
    )


def present_skills(request: HttpRequest, row: Member) -> dict[str, Any]:
    return {"initial": skill_texts(row.user), "changer": partial(skill_changer, row.user)}


# What holds over all pools, so that it is up to who manages the person.
OF_THE_PERSON = ("capacity", "skills")


@register(Member)
class MemberAdmin(MemberEditing):
    list_title = "Members"
    list_display = ["user", "pool", "weight", "is_active"]
    list_select_related = ["user", "pool"]
    list_filter = ["pool", "is_active"]
    search_fields = ["user__name"]
    row_fields = ["user", "pool", "weight", "credit", "is_active", "backup_name", "skill_list"]
    dialogs = [
        Dialog(
            "edit",
            "Change",
            change_member,
            MemberForm,
            back=pool_address,
            arguments=present_member,
            consequence="Holds from the next lead on; what they have stays theirs.",
        ),
        Dialog(
            "backup",
            "Backup",
            change_backup,
            BackupForm,
            back=pool_address,
            arguments=lambda request, row: {"member": row, "changer": partial(who_changed, row)},
            consequence="What they have open stays theirs until it is late or they are away.",
        ),
        Dialog(
            "capacity",
            "Set limits",
            set_limits,
            LimitsForm,
            back=pool_address,
            arguments=present_limits,
            consequence="Nothing is taken away. From the next lead on the others get what does "
            "not fit; where nobody has room, new leads wait in holding.",
        ),
        Dialog(
            "skills",
            "Set skills",
            set_skills,
            SkillsForm,
            back=pool_address,
            arguments=present_skills,
            consequence="Holds in every pool that looks at the kind, from the next lead on; what "
            "they have stays theirs.",
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("user", "pool__manager", "backup__user")

    def _may_use(self, request: HttpRequest, row: Any, dialog: Dialog) -> bool:
        if dialog.name in OF_THE_PERSON:
            user = person(request, User)
            return user.may(Action.MEMBER_EDIT, relations_to_person(user, row.user))
        return super()._may_use(request, row, dialog)

    def backup_name(self, row: Member) -> str:
        return str(row.backup.user) if row.backup else ""

    backup_name.short_description = "backup"  # type: ignore[attr-defined]  # read by Django

    def skill_list(self, row: Member) -> str:
        return ", ".join(skill.value for skill in row.user.skills.all())

    skill_list.short_description = "skills"  # type: ignore[attr-defined]  # likewise

    def pool_of(self, row: Any) -> Pool:
        member: Member = row
        return member.pool


@register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Turns"
    list_display = ["at", "pool", "sequence", "user", "kind", "rule"]
    list_select_related = ["pool", "user", "rule"]
    list_filter = ["pool", "kind"]
    search_fields = ["user__name"]
    ordering = ["-id"]
    row_template = "routing/turn.html"
    row_fields = ["at", "pool", "sequence", "user", "kind", "credit_before", "credit_after"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("pool", "user", "rule__ruleset", "credit_note")

    def row_title(self, row: Turn) -> str:
        return f"Turn {row.sequence} in {row.pool}"

    def row_context(self, request: HttpRequest, row: Turn) -> dict[str, Any]:
        return {"explained": explain_turn(row)}
