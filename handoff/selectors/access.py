"""How a person stands to a handoff or a lead."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField
from django.http import Http404

from accounts.choices import Role
from accounts.models import Membership, User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import manager_of, organisation
from core.prepared import PreparedRead
from handoff.choices import Status
from handoff.models import Handoff, HandoffType, Leg


def relations_of(row: Handoff, user: User) -> frozenset[Relation]:
    """Every relation in which the user stands to the handoff, for the policy to judge."""
    return relations_to([row], user)[row.pk]


def relations_to(rows: Collection[Handoff], user: User) -> dict[int, frozenset[Relation]]:
    """The same for several handoffs by their ids, in two queries; read them with their pool."""
    legs: dict[int, list[tuple[int, datetime | None]]] = defaultdict(list)
    # Nobody has received a draft yet, for which there is no query then.
    received = [row.pk for row in rows if row.status != Status.DRAFT]
    for row_id, receiver, ended in _legs(received):
        legs[row_id].append((receiver, ended))
    people = {row.pk: {row.submitted_by_id, *(leg[0] for leg in legs[row.pk])} for row in rows}
    managed = _managed(user, set().union(*people.values())) if user.is_manager else frozenset()
    found = {}
    for row in rows:
        relations = _own_relations(row, user, legs[row.pk])
        if user.is_manager and (people[row.pk] & managed or _manages_pool(user, row)):
            relations.add(Relation.TEAM)
        found[row.pk] = frozenset(relations)
    return found


def _legs(handoffs: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    """Handoff, receiver and end of each leg; nearly always those of one handoff are asked for."""
    if len(handoffs) == 1:
        return _legs_of_one(handoff=handoffs[0])
    held = Leg.objects.filter(handoff__in=handoffs).order_by()
    return held.values_list("handoff_id", "receiver_id", "ended_at")


_legs_of_one = PreparedRead(
    lambda handoff: (
        Leg.objects.filter(handoff=handoff)
        .order_by()
        .values_list("handoff_id", "receiver_id", "ended_at")
    ),
    handoff=BigIntegerField(),
)


def _own_relations(
    row: Handoff, user: User, legs: Collection[tuple[int, datetime | None]]
) -> set[Relation]:
    """How the user takes part in it: receivers with the end of their leg, None while it lives."""
    found = set()
    # What comes back from a receiver belongs to whoever took over from a submitter that has left.
    is_back = row.status == Status.REJECTED and row.owner_id == user.pk
    if row.submitted_by_id == user.pk or is_back:
        found.add(Relation.SUBMITTER)
    if row.status == Status.HOLDING and row.owner_id == user.pk:
        found.add(Relation.HOLDER)
    if any(receiver == user.pk and ended is None for receiver, ended in legs):
        found.add(Relation.RECEIVER)
    if any(receiver == user.pk and ended is not None for receiver, ended in legs):
        found.add(Relation.PAST_RECEIVER)
    return found


def _manages_pool(user: User, row: Handoff) -> bool:
    return row.pool_id is not None and row.pool is not None and row.pool.manager_id == user.pk


def _managed(user: User, people: set[int]) -> frozenset[int]:
    """Those of the people who are in a team that the user manages."""
    mine = Membership.objects.managed_by(user).filter(user__in=people)
    return frozenset(mine.values_list("user_id", flat=True))


def may(row: Handoff, user: User, action: Action) -> bool:
    """Whether the policy lets the user do the action on this handoff."""
    return allows(user.roles, action, relations_of(row, user))


def was_taken_back(user: User, action: Action, relations: frozenset[Relation]) -> bool:
    """Whether the user might do the action while they held the leg that has ended since.

    They may have seen a page from before, so they are told what happened, not that it was never
    theirs to do.
    """
    if Relation.PAST_RECEIVER not in relations or allows(user.roles, action, relations):
        return False
    return allows(user.roles, action, relations | {Relation.RECEIVER})


def submitters_side(row: Handoff) -> User:
    """Who has what comes back: the submitter, or who answers for one that has left."""
    if row.status == Status.REJECTED and row.owner.is_active:
        return row.owner
    if row.submitted_by.is_active:
        return row.submitted_by
    return stands_in_for(row.submitted_by)


def stands_in_for(submitter: User) -> User:
    """Who has what comes back to a submitter that has left."""
    return manager_of(submitter) or organisation().fallback_manager


def who_may_rule(row: Handoff, leg: Leg, *, by: User) -> User | None:
    """Who is asked to rule on a rejection: the receiver's manager, or the next who may.

    Nobody rules on what they submitted, received or contested.
    """
    own = {row.submitted_by_id, leg.receiver_id, by.pk}
    pool_manager = row.pool.manager if row.pool else None
    asked = [
        manager_of(leg.receiver, pool_manager=pool_manager),
        manager_of(row.submitted_by, pool_manager=pool_manager),
        pool_manager,
        organisation().fallback_manager,
        User.objects.active().in_roles(Role.ADMIN).exclude(pk__in=own).order_by("id").first(),
    ]
    return next((one for one in asked if one and one.is_active and one.pk not in own), None)


def handoff_for(user: User, pk: int) -> Handoff:
    """The handoff, when the user may read it.

    Raises:
        Http404: it is absent or not the user's to read; the two look the same.
    """
    row = (
        Handoff.objects.for_user(user)
        .select_related("lead__company", "type", "form_version", "submitted_by", "owner", "pool")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404("There is no such handoff.")
    return row


def draft_to_submit(user: User, pk: int) -> Handoff:
    """The same, as far as `submit_handoff` needs it: its id and that of the one that it fixes.

    Raises:
        Http404: it is absent or not the user's to read; the two look the same.
    """
    rows = Handoff.objects.for_user(user).filter(pk=pk).order_by()
    row = next(iter(rows.only("previous")), None)
    if row is None:
        raise Http404("There is no such handoff.")
    return row


def types_for(user: User) -> list[HandoffType]:
    """The active types that the user may submit, those with a form only."""
    if not user.may(Action.HANDOFF_CREATE):
        return []
    types = HandoffType.objects.filter(is_active=True, current_form__isnull=False)
    if not user.is_admin:
        types = types.filter(submitter_groups__in=user.groups.all()).distinct()
    return list(types.select_related("current_form"))
