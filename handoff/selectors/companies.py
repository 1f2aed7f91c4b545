"""Companies, and the people who may look after them."""

from django.db.models import QuerySet

from accounts.models import User
from handoff.models import Company, HandoffType


def people_for_companies() -> QuerySet[User]:
    """The active people who receive handoffs of some type, by name."""
    groups = HandoffType.objects.values("receiver_groups")
    found: QuerySet[User] = User.objects.active().filter(groups__in=groups).distinct()
    return found.order_by("name", "pk")


def looked_after_by(user: User) -> QuerySet[Company]:
    return Company.objects.filter(owner=user).order_by("pk")
