"""Hours, skills and limits of a day and a week, at the moment of the pick."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organisation, TimeOff, User
from routing.choices import Hours, SkillKind, Strategy, TurnKind
from routing.models import Load, Member, Pool, Skill, Turn
from routing.selectors import member_standings, standings_by_pool
from routing.services import give_back, open_draw, set_limits, set_skills, take_turn
from tests.factories.handoff import NOW, make_world
from tests.factories.routing import make_people, make_pool, members, order, picks, take
from tests.unit.routing.model import FewestOpen, Person, Rotation, asked_first
from worktime.models import Calendar
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import create_calendar

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# A Tuesday, two in the morning in UTC; the office of the world opens at nine in Berlin.
NIGHT = NOW.replace(hour=2)
OPENS = datetime(2026, 11, 17, 8, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def ask(pool, now, **asks):
    """One pick for a lead that asks for these skills."""
    with transaction.atomic():
        draw = open_draw(pool_id=pool.pk, now=now, asks=asks)
        return take_turn(draw, kind=TurnKind.ROTATION, rule=None)


def setting(pool, **fields):
    Pool.objects.filter(pk=pool.pk).update(**fields)
    pool.refresh_from_db()
    return pool


def can(member, value, kind=SkillKind.LANGUAGE):
    Skill.objects.create(user_id=member.user_id, kind=kind, value=value)


def limit(member, **limits):
    Load.objects.filter(user=member.user_id).update(**limits)


def codes(turn):
    return [entry["code"] for entry in turn.exclusions]


def open_always():
    return create_calendar(name=ALWAYS, data=preset_calendars()[ALWAYS], by=None, now=NOW)


@pytest.fixture
def office(db):
    """A pool of three in an office by day, of whom the first works around the clock."""
    world = make_world(receivers=3)
    always = open_always()
    first = members(world.pool)[0]
    User.objects.filter(pk=first.user_id).update(calendar=always)
    return world.pool


def test_hours_required_picks_only_who_is_at_work_and_says_until_when_not(office):
    setting(office, hours=Hours.REQUIRED)
    turn = take(office, now=NIGHT)
    assert order(office, [turn]) == "a"
    assert turn.exclusions == [
        {"user": member.user_id, "code": "out_of_hours", "until": OPENS.isoformat()}
        for member in members(office)[1:]
    ]
    assert picks(office, 3, now=NIGHT) == "aaa"


def test_hours_required_opens_and_closes_to_the_instant(office):
    setting(office, hours=Hours.REQUIRED)
    Member.objects.filter(pk=members(office)[0].pk).update(is_active=False)
    before = OPENS - timedelta(microseconds=1)
    assert order(office, [take(office, now=before), take(office, now=OPENS)]) == "-b"


def test_hours_preferred_asks_those_at_work_first_and_else_anybody(office):
    setting(office, hours=Hours.PREFERRED)
    turn = take(office, now=NIGHT)
    assert (order(office, [turn]), len(turn.candidates)) == ("a", 1)
    assert codes(turn) == ["out_of_hours"] * 2
    assert turn.exclusions[0]["until"] == OPENS.isoformat()
    Member.objects.filter(pk=members(office)[0].pk).update(is_active=False)
    turn = take(office, now=NIGHT)
    assert (order(office, [turn]), codes(turn)) == ("b", ["inactive"])


def test_hours_preferred_gives_a_first_one_the_lead_at_night(office):
    setting(office, hours=Hours.PREFERRED)
    c = members(office)[2]
    turn = take(office, now=NIGHT, firsts=((c.user_id, TurnKind.OWNER),))
    assert (order(office, [turn]), turn.kind) == ("c", TurnKind.OWNER)


def test_hours_ignored_picks_by_turns_at_night(office):
    assert picks(office, 3, now=NIGHT) == "abc"


def test_hours_cost_nobody_a_credit_and_forgive_no_debt(office):
    """Who is not at work has not been away: a debt stands in the morning."""
    setting(office, hours=Hours.REQUIRED)
    b = members(office)[1]
    for _ in range(5):
        take(office, firsts=((b.user_id, TurnKind.RETURNING),))
    debt = members(office)[1].credit
    picks(office, 3, now=NIGHT + DAY)
    assert members(office)[1].credit == debt < -3
    assert "b" not in picks(office, 4, now=NOW + DAY)


def test_hours_of_who_has_none_published_are_no_hours(office):
    setting(office, hours=Hours.REQUIRED)
    Calendar.objects.update(current_version=None)
    assert take(office) is None
    assert [one.excluded.code for one in member_standings(office.pk, now=NOW)] == (
        ["out_of_hours"] * 3
    )
    assert member_standings(office.pk, now=NOW)[0].excluded.until is None


def test_skill_that_the_lead_asks_for_is_needed_where_the_pool_looks_at_its_kind():
    pool = make_pool()
    a, b, _ = members(pool)
    can(b, "german")
    can(a, "german", SkillKind.PRODUCT)
    # No pool looks at skills by itself.
    assert order(pool, [ask(pool, NOW, language="german")]) == "a"
    setting(pool, skills=["language"])
    turn = ask(pool, NOW, language="german")
    assert order(pool, [turn]) == "b"
    assert turn.exclusions[0] == {
        "user": a.user_id,
        "code": "no_skill",
        "kind": "language",
        "value": "german",
    }
    assert codes(turn) == ["no_skill", "no_skill"]
    assert ask(pool, NOW, language="french") is None
    # What the lead does not ask for, or the pool does not look at, counts for nothing.
    assert order(pool, [ask(pool, NOW), ask(pool, NOW, product="crm")]) == "cb"


def test_skills_of_several_kinds_are_all_needed():
    pool = setting(make_pool(), skills=["language", "product"])
    a, b, c = members(pool)
    for member in (a, b):
        can(member, "german")
    for member in (b, c):
        can(member, "crm", SkillKind.PRODUCT)
    turn = ask(pool, NOW, language="german", product="crm")
    assert (order(pool, [turn]), [row["kind"] for row in turn.exclusions]) == (
        "b",
        ["product", "language"],
    )


def test_day_limit_counts_over_all_pools_and_rolls_over_at_the_organisations_midnight():
    world = make_world(receivers=1)
    other = make_pool([1], people=world.aes)
    (member,) = members(world.pool)
    limit(member, day_limit=2)
    assert [order(pool, [take(pool)]) for pool in (world.pool, other)] == ["a", "a"]
    assert take(world.pool) is None is take(other)
    # 23:59 and midnight in Berlin.
    assert take(other, now=datetime(2026, 11, 17, 22, 59, tzinfo=UTC)) is None
    midnight = datetime(2026, 11, 17, 23, tzinfo=UTC)
    standing = member_standings(other.pk, now=NOW)[0]
    assert (standing.excluded.code, standing.excluded.until) == ("at_day_limit", midnight)
    assert (standing.excluded.count, standing.excluded.limit) == (2, 2)
    assert take(other, now=midnight) is not None
    load = Load.objects.get(user=member.user_id)
    assert (load.day, load.day_count, load.week, load.week_count) == (
        date(2026, 11, 18),
        1,
        date(2026, 11, 16),
        3,
    )


def test_week_limit_rolls_over_on_monday():
    pool = make_pool([1])
    limit(members(pool)[0], week_limit=1)
    sunday = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    assert picks(pool, 1, now=NOW) == "a"
    assert take(pool, now=sunday) is None
    assert member_standings(pool.pk, now=sunday)[0].excluded.until == sunday + HOUR / 60
    assert take(pool, now=sunday + HOUR / 60) is not None


def test_limit_of_0_gets_nothing_on_any_day():
    pool = make_pool([1, 1])
    limit(members(pool)[0], day_limit=0)
    limit(members(pool)[1], week_limit=0)
    assert take(pool) is None


def test_limits_set_on_the_way_count_what_came_before_them():
    pool = make_pool([1, 1])
    picks(pool, 4)
    limit(members(pool)[0], day_limit=2)
    assert picks(pool, 2) == "bb"
    assert codes(Turn.objects.latest("pk")) == ["at_day_limit"]


def test_limits_leave_several_turns_of_one_draw_equal_to_single_ones():
    singles, bulk = make_pool([2, 1]), make_pool([2, 1])
    for pool in (singles, bulk):
        limit(members(pool)[0], day_limit=3)
        limit(members(pool)[1], week_limit=2, capacity=9)
    one_by_one = [take(singles) for _ in range(7)]
    with transaction.atomic():
        draw = open_draw(pool_id=bulk.pk, now=NOW)
        together = [take_turn(draw, kind=TurnKind.ROTATION, rule=None) for _ in range(7)]
    assert order(singles, one_by_one) == order(bulk, together) == "abaab--"
    assert [codes(turn) for turn in one_by_one[:5]] == [codes(turn) for turn in together[:5]]


def test_pick_of_a_past_day_leaves_the_counts_of_today():
    pool = make_pool([1])
    picks(pool, 2)
    take(pool, now=NOW - 30 * DAY)
    load = Load.objects.get(user=members(pool)[0].user_id)
    assert (load.day, load.day_count, load.week_count, load.open_count) == (NOW.date(), 2, 2, 3)


def test_slot_of_the_day_lost_after_the_draw_goes_to_the_next_with_the_true_reason():
    pool = make_pool([1, 1])
    a, b = members(pool)
    limit(a, day_limit=1)
    with transaction.atomic():
        draw = open_draw(pool_id=pool.pk, now=NOW)
        limit(a, day=NOW.date(), day_count=1)
        turn = take_turn(draw, kind=TurnKind.ROTATION, rule=None)
    assert turn.user_id == b.user_id
    assert [(row["code"], row["count"], row["limit"]) for row in turn.exclusions] == [
        ("at_day_limit", 1, 1)
    ]


def test_fewest_open_picks_by_load_over_all_pools_and_keeps_the_credits():
    people = make_people(2)
    pool = setting(make_pool([1, 1], people=people), strategy=Strategy.LEAST_LOADED)
    other = make_pool([1], people=people[:1])
    picks(other, 2)
    Member.objects.filter(pool=pool).update(credit=7)
    assert picks(pool, 5) == "bbaba"
    assert [member.credit for member in members(pool)] == [7, 7]
    turn = Turn.objects.filter(pool=pool).latest("pk")
    assert (turn.strategy, turn.credit_before, turn.credit_after) == ("least_loaded", 7, 7)
    assert turn.candidates == [[people[0].pk, 1, 7], [people[1].pk, 1, 7]]
    assert give_back(turn=turn, reason="fixed", now=NOW).amount == 0


def test_strategy_changed_and_back_goes_on_where_the_rotation_stopped():
    pool, undisturbed = make_pool([3, 1, 2]), make_pool([3, 1, 2])
    before = picks(pool, 4)
    setting(pool, strategy=Strategy.LEAST_LOADED)
    picks(pool, 5)
    setting(pool, strategy=Strategy.WEIGHTED_ROUND_ROBIN)
    assert sorted(before + picks(pool, 2)) == sorted(picks(undisturbed, 6)) == list("aaabcc")


def queries_of(pool, now=NOW, **asks):
    with CaptureQueriesContext(connection) as found:
        ask(pool, now, **asks)
    return len(found)


def test_hours_and_skills_cost_as_much_for_three_as_for_thirty(office):
    large = make_pool([1] * 30)
    for pool in (office, large):
        setting(pool, hours=Hours.REQUIRED, skills=["language"])
        for member in members(pool):
            can(member, "german")
            take(pool)
    assert queries_of(office, language="german") == queries_of(large, language="german")


def test_pool_that_ignores_hours_skills_and_limits_reads_nothing_for_them(office):
    for member in members(office):
        can(member, "german")
        # The first lead of somebody's day costs a statement more.
        take(office)
    plain = queries_of(office, language="german")
    setting(office, skills=["language"])
    assert queries_of(office) == plain
    with_skills = queries_of(office, language="german")
    setting(office, hours=Hours.REQUIRED)
    assert plain < with_skills < queries_of(office, language="german")


def test_standings_of_several_pools_go_by_the_settings_of_each(office):
    other = make_pool([1], people=[members(office)[1].user])
    setting(office, hours=Hours.REQUIRED)
    found = standings_by_pool([office.pk, other.pk], now=NIGHT)
    assert [one.excluded and one.excluded.code for one in found[office.pk]] == [
        None,
        "out_of_hours",
        "out_of_hours",
    ]
    assert [one.excluded for one in found[other.pk]] == [None]


def test_set_limits_and_skills_hold_from_the_next_pick_on():
    world = make_world(receivers=2)
    a, b = world.aes
    setting(world.pool, skills=["language"])
    set_limits(user=a, capacity=None, day_limit=1, week_limit=None, by=world.admin, now=NOW)
    set_skills(user=b, skills={"language": ["German"]}, by=world.admin, now=NOW)
    turns = [ask(world.pool, NOW, **asks) for asks in ({}, {"language": "german"}, {}, {})]
    assert order(world.pool, turns) == "abbb"


LIMITS = st.none() | st.integers(0, 4)
ROUND = st.fixed_dictionaries(
    {
        "hours_later": st.sampled_from([0, 1, 13, 24, 80]),
        "away": st.sets(st.integers(0, 3), max_size=2),
        "at_work": st.sets(st.integers(0, 3)),
        "language": st.sampled_from([None, "german", "french"]),
        "done": st.sets(st.integers(0, 3), max_size=2),
        "first": st.none() | st.integers(0, 3),
    }
)


class Told:
    """A pool in the database and the model of it, told the same."""

    def __init__(self, weights, people, pool):
        self.pool, self.setting = make_pool(weights), pool
        setting(self.pool, skills=["language"], **pool)
        self.users = [member.user_id for member in members(self.pool)]
        self.people = [Person() for _ in weights]
        self.weights = weights
        for user, person, said in zip(self.users, self.people, people, strict=True):
            person.skills = set(said["skills"])
            person.capacity, person.day_limit, person.week_limit = said["limits"]
            names = ("capacity", "day_limit", "week_limit")
            Load.objects.filter(user=user).update(**dict(zip(names, said["limits"], strict=True)))
            for value in said["skills"]:
                can(SimpleNamespace(user_id=user), value)
        strategies = {"weighted_round_robin": Rotation, "least_loaded": FewestOpen}
        self.model = strategies[pool["strategy"]](enumerate(weights))

    def tell(self, now, said):
        open_, closed = (Calendar.objects.get(name=name) for name in (ALWAYS, "Closed"))
        for n, (user, person) in enumerate(zip(self.users, self.people, strict=True)):
            person.is_away, person.is_at_work = n in said["away"], n in said["at_work"]
            User.objects.filter(pk=user).update(calendar=open_ if person.is_at_work else closed)
            TimeOff.objects.filter(user=user).delete()
            if person.is_away:
                TimeOff.objects.create(user_id=user, starts_at=now, ends_at=now + HOUR)
            if n in said["done"] and person.open:
                person.open -= 1
                Load.objects.filter(user=user).update(open_count=person.open)

    def pick(self, now, said):
        """The pick in the database and that of the model, as places in the pool."""
        first = said["first"]
        firsts = () if first is None else ((self.users[first], TurnKind.OWNER),)
        asks = {"language": said["language"]} if said["language"] else {}
        with transaction.atomic():
            draw = open_draw(pool_id=self.pool.pk, now=now, asks=asks)
            turn = take_turn(draw, kind=TurnKind.ROTATION, rule=None, firsts=firsts)
        return turn and self.users.index(turn.user_id), self.expected(now, said)

    def expected(self, now, said):
        hours = self.setting["hours"]
        asked = {"hours": hours, "language": said["language"]}
        can_take = {
            n
            for n, person in enumerate(self.people)
            if self.weights[n] and person.is_eligible(now.date(), **asked)
        }
        among = asked_first(self.people, can_take, hours=hours)
        if said["first"] in can_take:
            among.add(said["first"])
        if isinstance(self.model, FewestOpen):
            self.model.open = {n: person.open for n, person in enumerate(self.people)}
            chosen = self.model.step(among, first=said["first"])
        else:
            present = {
                n for n, one in enumerate(self.people) if self.weights[n] and not one.is_away
            }
            chosen = self.model.step(among, busy=present, first=said["first"])
        if chosen is not None:
            self.people[chosen].open += 1
            self.people[chosen].got.append(now.date())
        return chosen


@pytest.fixture
def calendars(db):
    """One that is always open and one that never is, in an organisation of its own."""
    world = make_world(receivers=0)
    Organisation.objects.update(zone="UTC")
    open_always()
    Calendar.objects.create(name="Closed")
    return world


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 4), min_size=4, max_size=4),
    st.lists(
        st.fixed_dictionaries(
            {
                "skills": st.sets(st.sampled_from(["german", "french"])),
                "limits": st.tuples(LIMITS, LIMITS, LIMITS),
            }
        ),
        min_size=4,
        max_size=4,
    ),
    st.fixed_dictionaries(
        {"strategy": st.sampled_from(Strategy.values), "hours": st.sampled_from(Hours.values)}
    ),
    st.lists(ROUND, max_size=14),
)
def test_picks_follow_the_model_through_hours_skills_and_limits(
    calendars, weights, people, pool, rounds
):
    told, now = Told(weights, people, pool), NOW
    for said in rounds:
        now += timedelta(hours=said["hours_later"])
        told.tell(now, said)
        found, expected = told.pick(now, said)
        assert found == expected
    if isinstance(told.model, Rotation):
        credits_now = [member.credit for member in members(told.pool)]
        assert credits_now == [told.model.credit[n] for n in range(4)]
