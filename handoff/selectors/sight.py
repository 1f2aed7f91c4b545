"""All handoffs and leads in a person's sight, for lists of them.

``for_user`` asks of each row whether the person may read it, which is right for a few rows and
reads every handoff ever for a list. Here the rows are looked up by the people instead. The two
always give the same.
"""

from collections.abc import Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.core.paginator import Page
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.choices import Role
from accounts.models import User
from core.paging import ListPaginator
from handoff.models import Handoff, Lead, Leg
from handoff.models.handoff import OPEN, HandoffQuerySet
from handoff.models.lead import LeadQuerySet
from routing.models import Pool

# From this part of all handoffs on, reading them all is cheaper than looking theirs up; where
# there are few, either is.
MOST = 0.75
FEW = 20_000


class Sight:
    """What a person may read, by the people whose handoffs these are."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def people(self) -> Sequence[int]:
        """Ids instead of a subquery, which the planner takes for half of all people."""
        if not self.user.is_manager:
            return [self.user.pk]
        managed = User.objects.managed_by(self.user).order_by()
        return list(managed.values_list("pk", flat=True))

    @cached_property
    def pools(self) -> Sequence[int]:
        if not self.user.is_manager:
            return []
        return list(Pool.objects.filter(manager=self.user).order_by().values_list("pk", flat=True))

    @cached_property
    def is_wide(self) -> bool:
        """Whether nearly everything is theirs to read."""
        if self.user.is_admin:
            return True
        newest = Handoff.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        if newest <= FEW:
            return False
        return Handoff.objects.filter(submitted_by__in=self.people).count() > MOST * newest

    def handoffs(self, *, status: str = "") -> HandoffQuerySet:
        """Those in sight, of one status or of all."""
        if status in OPEN:
            # By owner, for the index begins with it: few are open of all that there have been.
            open_ones = Handoff.objects.filter(status=status, owner__in=User.objects.values("pk"))
            return open_ones.for_user(self.user)
        rows = Handoff.objects.filter(status=status) if status else Handoff.objects.all()
        if self.user.is_admin:
            return rows
        return rows.filter(self._each() if self.is_wide else Q(pk__in=self._ids()))

    def leads(self) -> LeadQuerySet:
        """Their own, those of handoffs in sight, and what no SDR has taken."""
        leads = Lead.objects.order_by()
        if self.user.is_admin:
            return leads
        own = [Q(claimed_by__in=self.people)]
        if Role.SDR.value in self.user.roles:
            own.append(Q(claimed_by=None))
        if self.is_wide:
            visible = Handoff.objects.filter(self._each(), lead=OuterRef("pk"))
            return leads.filter(reduce(or_, own) | Q(Exists(visible)))
        theirs = self.handoffs().order_by().values("lead")
        return leads.filter(pk__in=theirs.union(*(leads.filter(each).values("pk") for each in own)))

    def page(self, rows: QuerySet[Any], size: int, number: str) -> Page[int]:
        """One page of the ids of rows in sight."""
        ids = rows.values_list("pk", flat=True)
        if self.is_wide:
            return ListPaginator(ids, size).get_page(number)
        # Looked up once for the page and the count.
        return ListPaginator(list(ids[: ListPaginator.most + 1]), size).get_page(number)

    def _each(self) -> Q:
        """The condition on one row; nearly all fulfil the first part of it."""
        received = Leg.objects.filter(handoff=OuterRef("pk"), receiver__in=self.people)
        return (
            Q(submitted_by__in=self.people)
            | Q(owner=self.user)
            | Q(pool__in=self.pools)
            | Q(Exists(received))
        )

    def _ids(self) -> QuerySet[Any, Any]:
        """The ids, each part by an index of its own."""
        submitted, rows = Q(submitted_by__in=self.people), Handoff.objects.order_by()
        parts = [rows.filter(owner=self.user).values("pk")]
        if self.pools:
            parts.append(rows.filter(pool__in=self.pools).values("pk"))
        received = Leg.objects.filter(receiver__in=self.people).order_by().values("handoff")
        return rows.filter(submitted).values("pk").union(*parts, received)
