"""Reads of reviews as records: whose they are, what is on the agenda, what has moved since."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.choices import Role
from accounts.models import Membership, Team, User
from accounts.rules.policy import Action, Relation, allows
from accounts.selectors import UTC, known_zone, organisation
from core.errors import NotPermitted, NotVisible
from handoff.selectors.story import clock_time
from review.choices import ReviewEventKind
from review.models import ActionItem, Miss, Review, ReviewEvent
from review.rules.records import Compared, Number, compare
from review.rules.weeks import Week
from review.selectors.frame import WeekFrame
from review.selectors.numbers import numbers_of

NOTHING_CHANGED = "Nothing was changed."


def zone_of(review: Review) -> ZoneInfo:
    return known_zone(review.zone) or UTC


def today_there(now: datetime) -> date:
    """The day by the organisation's clock, which actions are due by."""
    return now.astimezone(known_zone(organisation().zone) or UTC).date()


def frame_of(review: Review, *, now: datetime) -> WeekFrame:
    """The review's week, counted in the zone in which it was begun."""
    zone = zone_of(review)
    return WeekFrame(review.parsed_week, zone, Week.containing(now, zone))


def review_for(user: User, pk: int) -> Review:
    """The review, where the person may read it.

    Raises:
        NotPermitted: reviews are run by managers and admins.
        NotVisible: there is no such review for this person.
    """
    require_records(user)
    try:
        return Review.objects.for_user(user).select_related("team", "owner", "closed_by").get(pk=pk)
    except Review.DoesNotExist:
        raise NotVisible("There is no such review.") from None


def require_records(user: User) -> None:
    if not user.may(Action.REVIEW_RECORD):
        raise NotPermitted("Managers and admins run the weekly review.")


def relations_to_team(user: User, team: Team | None) -> frozenset[Relation]:
    """Whether the user manages the team; to everybody's review only an admin is near."""
    if team is None:
        return frozenset()
    managed = Membership.objects.filter(user=user, team=team, is_manager=True)
    return frozenset({Relation.TEAM}) if managed.exists() else frozenset()


def relations_to_action(user: User, action: ActionItem) -> frozenset[Relation]:
    own = {Relation.SELF} if action.owner_id == user.pk else set()
    return relations_to_team(user, action.team) | frozenset(own)


def may_run(user: User, team: Team | None) -> bool:
    return allows(user.roles, Action.REVIEW_RUN, relations_to_team(user, team))


def action_for(user: User, pk: int) -> ActionItem:
    """The action item, where the person may read it; raises NotVisible."""
    joined = ActionItem.objects.for_user(user).select_related("team", "owner", "review", "miss")
    try:
        return joined.get(pk=pk)
    except ActionItem.DoesNotExist:
        raise NotVisible("There is no such action item.") from None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose review somebody may run: a team's, or without one everybody's."""

    team: Team | None
    review: Review | None

    @property
    def name(self) -> str:
        return self.team.name if self.team else "Whole organisation"

    @property
    def key(self) -> str:
        return str(self.team.pk) if self.team else "all"


def scopes_of(user: User, week: Week) -> list[Scope]:
    """What the person may run in that week, each with its review where it has begun."""
    reviews = Review.objects.for_user(user).filter(week=week.label).select_related("owner")
    begun = {review.team_id: review for review in reviews}
    teams = Team.objects.order_by("name")
    if not user.is_admin:
        managed = Membership.objects.filter(user=user, is_manager=True, team=OuterRef("pk"))
        teams = teams.filter(Exists(managed))
    scopes = [Scope(team, begun.get(team.pk)) for team in teams]
    return [Scope(None, begun.get(None)), *scopes] if user.is_admin else scopes


def people_for(team: Team | None, *named: int | None) -> QuerySet[User]:
    """Who can take part or take something on: the team, managers and admins, and who is named.

    Of those who have left only who is named.
    """
    leads = [Role.MANAGER.label, Role.ADMIN.label]
    near = Q(groups__name__in=leads) | Q(is_superuser=True)
    if team is not None:
        near |= Q(memberships__team=team)
    kept = Q(pk__in=[one for one in named if one])
    found: QuerySet[User] = User.objects.filter(kept | (Q(is_active=True) & near))
    return found.order_by("name", "pk").distinct()


def open_actions_of(review: Review) -> QuerySet[ActionItem]:
    """What the review's team has open, whichever review it stems from; due first."""
    rows = ActionItem.objects.open().filter(team=review.team)
    return rows.select_related("owner", "review", "added_by").order_by("due_on", "pk")


def carried_from(action: ActionItem, week: str) -> str:
    """The week that an item was carried over from; empty where it is this week's own."""
    if action.review is None or action.review.week == week:
        return ""
    return action.review.week


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk-through has come."""

    misses: int
    decided: int
    with_action: int

    @property
    def left(self) -> int:
        return self.misses - self.decided


def progress_of(review: Review) -> Progress:
    counts = Miss.objects.filter(review=review).aggregate(
        misses=Count("pk"),
        decided=Count("pk", filter=Q(decided_at__isnull=False)),
        with_action=Count("action"),
    )
    return Progress(**counts)


def next_undecided(review: Review, after: int = 0) -> int | None:
    """The position of the next miss to walk through; after the last it begins anew."""
    left = Miss.objects.filter(review=review, decided_at__isnull=True).order_by("position")
    places = left.values_list("position", flat=True)
    return places.filter(position__gt=after).first() or places.first()


def history_of(user: User) -> QuerySet[Review]:
    """The reviews that the person may read, newest first, with what came of them."""
    rows = Review.objects.for_user(user).select_related("team", "owner")
    return rows.order_by("-week", "-pk")


def counts_of(reviews: Iterable[Review]) -> dict[int, tuple[Progress, int]]:
    """How far each review came, and how many of its action items are open; in two queries."""
    ids = [review.pk for review in reviews]
    found = (
        Miss.objects.filter(review__in=ids)
        .order_by()
        .values("review")
        .annotate(
            misses=Count("pk"),
            decided=Count("pk", filter=Q(decided_at__isnull=False)),
            acted=Count("action"),
        )
    )
    misses = {row["review"]: Progress(row["misses"], row["decided"], row["acted"]) for row in found}
    actions = ActionItem.objects.open().filter(review__in=ids).order_by().values("review")
    still = {row["review"]: row["still"] for row in actions.annotate(still=Count("pk"))}
    return {pk: (misses.get(pk, Progress(0, 0, 0)), still.get(pk, 0)) for pk in ids}


def revised(review: Review, *, now: datetime) -> tuple[Compared, ...]:
    """The frozen numbers of a closed review, each beside what it would be if counted now."""
    snapshot: Mapping[str, Any] = review.snapshot or {}
    frozen = [Number.read(stored) for stored in snapshot.get("numbers", ())]
    people: Collection[int] | None = snapshot.get("people")
    return compare(frozen, numbers_of(people, frame_of(review, now=now), now=now))


def log_of(review: Review) -> QuerySet[ReviewEvent]:
    return ReviewEvent.objects.filter(review=review).select_related("by").order_by("-pk")


def what_happened_last(*, now: datetime, **about: Any) -> str:
    """Who changed it last, and that this attempt changed nothing; `about` filters the log."""
    event = ReviewEvent.objects.filter(**about).select_related("by").order_by("-pk").first()
    if event is None:
        return f"It has changed since you opened it. {NOTHING_CHANGED}"
    return f"{event_words(event, now=now)} {NOTHING_CHANGED}"


def event_words(event: ReviewEvent, *, now: datetime) -> str:
    """As in "Helen Brandt closed the review at 10:04."."""
    who = event.by.name if event.by else "Handoff"
    done = ReviewEventKind(event.kind).label
    if event.kind == ReviewEventKind.DECIDED:
        done = f"decided on miss {event.data['position']}"
    return f"{who} {done} at {clock_time(event.at, now=now)}."
