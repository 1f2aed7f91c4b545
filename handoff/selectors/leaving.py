"""What becomes of everything that a person answers for when they leave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation, User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import is_last_admin
from core.errors import FieldProblem, NotPermitted
from handoff.choices import Status
from handoff.models import Handoff, Leg
from handoff.selectors.companies import looked_after_by
from routing.models import Pool
from routing.selectors.emptied import emptied_by


@dataclass(frozen=True, slots=True)
class OffboardingPreview:
    """All that would change hands. The first four go to the successor, `received` to receivers.

    Nobody looks after the `companies` afterwards. `emptied` are the pools of which the person is
    the last who takes part. `problems` say what keeps them from leaving, by field; empty when
    nothing does.
    """

    user: User
    successor: User | None
    drafts: int
    rejected: int
    held: int
    pools: tuple[Pool, ...]
    is_fallback_manager: bool
    received: int
    companies: int
    member_of: tuple[Pool, ...]
    emptied: tuple[Pool, ...]
    problems: tuple[FieldProblem, ...]

    @property
    def needs_confirmation(self) -> bool:
        """Whether a pool would be left without anybody, which has to be confirmed."""
        return bool(self.emptied)

    @property
    def needs_successor(self) -> bool:
        """Whether there is anything to hand over to one person."""
        goes = self.drafts or self.rejected or self.held or self.pools
        return bool(goes) or self.is_fallback_manager


def preview_offboarding(
    user: User, *, successor: User | None = None, by: User, now: datetime
) -> OffboardingPreview:
    """What leaving would do, without doing it, in a constant number of queries.

    Raises:
        NotPermitted: `by` may not let people leave.
    """
    if not allows(by.roles, Action.PERSON_OFFBOARD, frozenset()):
        raise NotPermitted("Only a RevOps admin can let somebody leave.")
    counts = {
        row["status"]: row["n"]
        for row in _owned(user).order_by().values("status").annotate(n=Count("pk"))
    }
    drafts, rejected = counts.get(Status.DRAFT, 0), counts.get(Status.REJECTED, 0)
    writes = bool(drafts or rejected)
    member_of = Pool.objects.filter(members__user=user, members__is_active=True)
    return OffboardingPreview(
        user=user,
        successor=successor,
        drafts=drafts,
        rejected=rejected,
        held=counts.get(Status.HOLDING, 0),
        pools=tuple(Pool.objects.filter(manager=user)),
        is_fallback_manager=Organisation.objects.filter(fallback_manager=user).exists(),
        received=received_by(user).count(),
        companies=looked_after_by(user).count(),
        member_of=tuple(member_of),
        emptied=tuple(emptied_by(user)),
        problems=tuple(leaving_problems(user, successor, by=by, writes=writes)),
    )


def owned_by(user: User) -> QuerySet[Handoff]:
    """The drafts, rejected and held handoffs that go to the successor, by id."""
    return _owned(user).order_by("pk")


def received_by(user: User) -> QuerySet[Handoff]:
    """The handoffs of which the person has the live leg, by id."""
    live = Leg.objects.filter(handoff=OuterRef("pk"), receiver=user, ended_at=None)
    at_work = Handoff.objects.filter(owner=user, status__in=[Status.PENDING, Status.ACCEPTED])
    return at_work.filter(Exists(live)).order_by("pk")


def leaving_problems(
    user: User, successor: User | None, *, by: User, writes: bool
) -> Iterable[FieldProblem]:
    """What keeps the person from leaving; `writes`: they have drafts or rejected handoffs."""
    if not user.is_active:
        yield FieldProblem("user", "inactive", f"{user} has left already.")
    elif user.pk == by.pk:
        message = "Nobody can end their own account. Ask another admin."
        yield FieldProblem("user", "oneself", message)
    elif is_last_admin(user):
        message = "This is the last admin. Make somebody else an admin first."
        yield FieldProblem("user", "last_admin", message)
    if successor is None:
        yield FieldProblem("successor", "required", "Choose who takes over.")
    elif successor.pk == user.pk:
        yield FieldProblem("successor", "same", f"Choose somebody else than {user}.")
    elif not successor.is_active:
        message = f"{successor} is not active. Choose somebody who is."
        yield FieldProblem("successor", "inactive", message)
    elif writes and not _can_write(successor):
        message = f"{successor} cannot hand leads off. Choose somebody who can for the drafts."
        yield FieldProblem("successor", "cannot_submit", message)


def _can_write(user: User) -> bool:
    relations = frozenset({Relation.SUBMITTER, Relation.TEAM})
    return allows(user.roles, Action.HANDOFF_SUBMIT, relations)


def _owned(user: User) -> QuerySet[Handoff]:
    kept = Q(status__in=[Status.REJECTED, Status.HOLDING]) & Q(owner=user)
    return Handoff.objects.filter(
        kept | Q(status=Status.DRAFT, owner=user) | Q(status=Status.DRAFT, submitted_by=user)
    )
