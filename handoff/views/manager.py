"""The manager's pages: who is late, what is held, contests, the team."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Team, User
from accounts.rules.policy import Action
from core.admin import page, person, signed_in
from core.errors import NotPermitted
from core.navigation import know_badge
from core.standstill import last_standstill
from handoff.manager_dialogs import OVERTURNED, UPHELD
from handoff.rules.values import visible
from handoff.selectors.contests import contest_count, contests_for
from handoff.selectors.held import (
    held_count,
    held_handoffs,
    held_rows,
    held_with_offers,
    pools_that_hold,
)
from handoff.selectors.late import PAGE_SIZE, late_count, late_now, soon_until, teams_of
from handoff.selectors.lists import LONGEST_SEARCH
from handoff.selectors.story import clock_time
from handoff.selectors.stuck import LABELS, stuck_leads
from handoff.selectors.team import team_board
from sla.choices import ClockKind

HELD_SHOWN = 3


@require_safe
@signed_in
def late(request: HttpRequest) -> HttpResponse:
    """Who is late and what happens next, narrowed by clock and team."""
    user = person(request, User)
    _require(user, Action.LATE_READ, "Managers and admins see who is late.")
    asked, teams = request.GET.get("kind", ""), teams_of(user)
    kind = asked if asked in ClockKind.values else ""
    team = _chosen(teams, request.GET.get("team", ""))
    shown = late_now(
        user,
        kind=kind,
        team=team,
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
        number=request.GET.get("page", ""),
    )
    if team is None:
        know_badge(request, "late", shown.tabs[0].count)
    held = held_handoffs(user)
    held_in_all = held.count()
    know_badge(request, "held", held_in_all)
    stood = last_standstill()
    context = {
        "late": shown,
        "standstill": stood if stood and stood.holds(timezone.now()) else None,
        "kind": kind,
        "teams": teams,
        "team": team,
        "team_query": _query(team=team.pk if team else ""),
        "query": _query(kind=kind, team=team.pk if team else ""),
        "held": held_in_all,
        "held_rows": held_rows(list(held[:HELD_SHOWN]), now=timezone.now()),
        "now": timezone.now(),
    }
    return page(request, "handoff/late.html", context)


@require_safe
@signed_in
def holding(request: HttpRequest) -> HttpResponse:
    """What waits because nobody is eligible: since when, why, what would help."""
    user = person(request, User)
    _require(user, Action.HOLDING_READ, "Managers and admins see what is held.")
    pools = pools_that_hold(user)
    asked = request.GET.get("pool", "")
    pool = next((one for one in pools if str(one.pk) == asked), None)
    shown = Paginator(held_handoffs(user, pool=pool), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": held_with_offers(list(shown.object_list), user, now=timezone.now()),
        "page": shown,
        "pools": pools if len(pools) > 1 else (),
        "pool": pool,
        "query": _query(pool=pool.pk if pool else ""),
    }
    return page(request, "handoff/holding.html", context)


@require_safe
@signed_in
def stuck(request: HttpRequest) -> HttpResponse:
    """Leads in which nothing moves: held or late for long, or gone quiet."""
    user = person(request, User)
    _require(user, Action.STUCK_READ, "Receivers, managers and admins see what is stuck.")
    asked = request.GET.get("why", "")
    why = asked if asked in LABELS else ""
    shown = stuck_leads(user, why=why, now=timezone.now(), number=request.GET.get("page", ""))
    context = {"stuck": shown, "why": why, "query": _query(why=why)}
    return page(request, "handoff/stuck.html", context)


@require_safe
@signed_in
def contests(request: HttpRequest) -> HttpResponse:
    """Rejections that a submitter contests, and the last rulings."""
    user = person(request, User)
    _require(user, Action.CONTEST_READ, "Managers and admins rule on contests.")
    shown = contests_for(user, now=timezone.now(), number=request.GET.get("page", ""))
    context = {"contests": shown, "upheld": UPHELD, "overturned": OVERTURNED}
    return page(request, "handoff/contests.html", context)


@require_safe
@signed_in
def team(request: HttpRequest) -> HttpResponse:
    """What each person of the teams has, how full they are, who is away."""
    user = person(request, User)
    _require(user, Action.TEAM_READ, "Managers and admins see the team board.")
    now, teams = timezone.now(), teams_of(user)
    chosen = _chosen(teams, request.GET.get("team", ""))
    words = visible(request.GET.get("q", "")[:LONGEST_SEARCH])
    soon = soon_until(user, now=now)
    context = {
        "board": team_board(
            user,
            team=chosen,
            words=words,
            soon=soon,
            now=now,
            number=request.GET.get("page", ""),
        ),
        "teams": teams,
        "team": chosen,
        "words": words,
        "soon": clock_time(soon, now=now),
        "query": _query(team=chosen.pk if chosen else "", q=words),
    }
    return page(request, "handoff/team.html", context)


def late_badge(user: User) -> int:
    """The number beside Late now in the menu."""
    return late_count(user, now=timezone.now()) if user.may(Action.LATE_READ) else 0


def held_badge(user: User) -> int:
    """The number beside Holding in the menu."""
    return held_count(user) if user.may(Action.HOLDING_READ) else 0


def contest_badge(user: User) -> int:
    """The number beside Contests in the menu."""
    return contest_count(user) if user.may(Action.CONTEST_READ) else 0


def _require(user: User, action: Action, otherwise: str) -> None:
    if not user.may(action):
        raise NotPermitted(otherwise)


def _chosen(teams: list[Team], asked: str) -> Team | None:
    """The team of that number among those the reader answers for."""
    return next((team for team in teams if str(team.pk) == asked), None)


def _query(**parameters: object) -> str:
    """The parameters to keep on the way to another page, with a final &."""
    kept = urlencode({key: value for key, value in parameters.items() if value})
    return f"{kept}&" if kept else ""
