"""Whose rows a person's review is made of: own, the team's, or all.

Each is a part of what `Handoff.objects.for_user` lets the person read, so every row of a review
opens. What people received and what they submitted are looked up apart, each by its own index:
one condition over both sides of a join would read the rows of everybody. PostgreSQL weighs that
against the weeks that are asked for. SQLite knows no numbers and would always read what the people
ever did, so there the condition is such a one, and the weeks lead.
"""

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from handoff.models import Handoff, HandoffClock, Leg
from sla.models import Clock


def handoffs_for(user: User) -> QuerySet[Handoff]:
    """What the people submitted or received; not what a manager sees by a pool alone."""
    visible = Handoff.objects.for_user(user)
    if user.is_admin:
        return visible
    people = _people(user)
    received = Leg.objects.filter(receiver__in=people).order_by()
    if _weeks_lead(people):
        each = Exists(received.filter(handoff=OuterRef("pk")))
        # No more than is visible: that asks the same of the same people, and of the pools.
        return Handoff.objects.filter(Q(submitted_by__in=people) | Q(each))
    return visible.filter(Q(submitted_by__in=people) | Q(pk__in=received.values("handoff")))


def legs_for(user: User) -> QuerySet[Leg]:
    """For a submitter the legs of own handoffs, for a receiver own legs."""
    if user.is_admin:
        return Leg.objects.all()
    people = _people(user)
    if _weeks_lead(people):
        return Leg.objects.filter(Q(receiver__in=people) | Q(handoff__submitted_by__in=people))
    submitted = Handoff.objects.filter(submitted_by__in=people).values("pk")
    return Leg.objects.filter(Q(receiver__in=people) | Q(handoff__in=submitted.order_by()))


def clocks_for(user: User) -> QuerySet[Clock]:
    """The clocks of the legs that `legs_for` gives."""
    if user.is_admin:
        return Clock.objects.all()
    people, links = _people(user), HandoffClock.objects.values("clock")
    if _weeks_lead(people):
        return Clock.objects.filter(
            Q(handoff_clock__leg__receiver__in=people)
            | Q(handoff_clock__handoff__submitted_by__in=people)
        )
    received = links.filter(leg__receiver__in=people)
    submitted = links.filter(handoff__submitted_by__in=people)
    return Clock.objects.filter(Q(pk__in=received) | Q(pk__in=submitted))


def _weeks_lead(people: list[int]) -> bool:
    return connection.vendor == "sqlite" and len(people) > 1


def _people(user: User) -> list[int]:
    """Ids instead of a subquery: the planner takes a subquery for half of all people."""
    return list(User.objects.for_user(user).order_by().values_list("pk", flat=True))


def scope_words(user: User) -> str:
    """Whose numbers these are, for the head of the page."""
    if user.is_admin:
        return "Everybody's handoffs"
    if user.is_manager:
        return "Handoffs of the people in your teams"
    return "Your own handoffs"
