"""Whose rows a person's review is made of: own, the team's, or all.

Each is a part of what `Handoff.objects.for_user` lets the person read, so every row of a review
opens. What people received and what they submitted are looked up apart, each by its own index:
one condition over both sides of a join would read the rows of everybody. PostgreSQL weighs that
against the weeks that are asked for. SQLite knows no numbers and would always read what the people
ever did, so there the condition is such a one, and the weeks lead.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from handoff.models import Handoff, HandoffClock, Leg
from sla.choices import ClockKind
from sla.models import Clock

_KEPT = "_people_of_review"
BUYERS = [ClockKind.CONTACT, ClockKind.SECOND_MEETING]
"""The clocks that belong to the handoff and to no leg, whoever has it."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Stands in for a reader whose numbers must not depend on who looks: these people, by id, or
    without any everybody.
    """

    people: tuple[int, ...] | None = None

    @property
    def is_admin(self) -> bool:
        return self.people is None


def handoffs_for(user: User | Crew) -> QuerySet[Handoff]:
    """What the people submitted or received; not what a manager sees by a pool alone."""
    # What a team's people submitted or received is all that a crew may ask for.
    visible = Handoff.objects.all() if isinstance(user, Crew) else Handoff.objects.for_user(user)
    if user.is_admin:
        return visible
    people = _people(user)
    received = Leg.objects.filter(receiver__in=people).order_by()
    if _weeks_lead(people):
        each = Exists(received.filter(handoff=OuterRef("pk")))
        # No more than is visible: that asks the same of the same people, and of the pools.
        return Handoff.objects.filter(Q(submitted_by__in=people) | Q(each))
    return visible.filter(Q(submitted_by__in=people) | Q(pk__in=received.values("handoff")))


def legs_for(user: User | Crew) -> QuerySet[Leg]:
    """For a submitter the legs of own handoffs, for a receiver own legs."""
    if user.is_admin:
        return Leg.objects.all()
    people = _people(user)
    if _weeks_lead(people):
        return Leg.objects.filter(Q(receiver__in=people) | Q(handoff__submitted_by__in=people))
    submitted = Handoff.objects.filter(submitted_by__in=people).values("pk")
    return Leg.objects.filter(Q(receiver__in=people) | Q(handoff__in=submitted.order_by()))


def clocks_for(user: User) -> QuerySet[Clock]:
    """The clocks of the legs that `legs_for` gives, and the buyer's of the same handoffs."""
    if user.is_admin:
        return Clock.objects.all()
    people, links = _people(user), HandoffClock.objects.values("clock")
    if _weeks_lead(people):
        legs = Leg.objects.filter(
            receiver__in=people, handoff=OuterRef("handoff_clock__handoff")
        ).order_by()
        return Clock.objects.filter(
            Q(handoff_clock__leg__receiver__in=people)
            | Q(handoff_clock__handoff__submitted_by__in=people)
            # In this order: few clocks are the buyer's.
            | Q(kind__in=BUYERS) & Q(Exists(legs))
        )
    received = links.filter(leg__receiver__in=people)
    submitted = links.filter(handoff__submitted_by__in=people)
    buyers = links.filter(kind__in=BUYERS, handoff__legs__receiver__in=people)
    return Clock.objects.filter(Q(pk__in=received) | Q(pk__in=submitted) | Q(pk__in=buyers))


def _weeks_lead(people: list[int]) -> bool:
    return connection.vendor == "sqlite" and len(people) > 1


def _people(user: User | Crew) -> list[int]:
    """Ids instead of a subquery: the planner takes a subquery for half of all people.

    Asked for by every number of a page, so they are kept with the person whom the request read.
    """
    if isinstance(user, Crew):
        return list(user.people or ())
    kept: dict[str, list[int]] = vars(user)
    if _KEPT not in kept:
        found = User.objects.for_user(user).order_by().values_list("pk", flat=True)
        kept[_KEPT] = list(found)
    return kept[_KEPT]


def scope_words(user: User) -> str:
    """Whose numbers these are, for the head of the page."""
    if user.is_admin:
        return "Everybody's handoffs"
    if user.is_manager:
        return "Handoffs of the people in your teams"
    return "Your own handoffs"
