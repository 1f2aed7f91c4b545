"""Past leads sent through a draft: the same picks as real ones, what moved, and what was missed."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rules.past import Carried, Past, Person, Place, PoolSetting, RuleLine, Setting, Start
from routing.rules.replay import Replay
from tests.unit.routing.model import Rotation
from worktime.rules import Calendar, Window

# A Monday; the weeks are two.
SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(weeks=2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("UTC", tuple(Window(day, 9 * 60, 17 * 60) for day in range(5)))
DACH, REST = 1, 2
GERMANY = {"all": [{"field": "country", "op": "eq", "value": "Germany"}]}
TWO_RULES = (RuleLine(10, GERMANY, DACH), RuleLine(11, {}, REST))


def pool(pool_id, *users, weights=None, **options):
    weights = weights or [1] * len(users)
    places = tuple(
        Place(pool_id * 100 + user, user, weight)
        for user, weight in zip(users, weights, strict=True)
    )
    return PoolSetting(pool_id, places, **options)


def setting(*pools, people=(), rules=None, calendars=None, zone=UTC):
    known = {one.user_id: one for one in people}
    seated = {place.user_id for one in pools for place in one.places}
    return Setting(
        since=SINCE,
        until=UNTIL,
        zone=zone,
        rules=rules or (RuleLine(11, {}, pools[0].pool_id),),
        pools=pools,
        people={user: known.get(user, Person(user)) for user in seated},
        calendars=calendars or {},
    )


def lead(n, *, at=None, country="Germany", **told):
    return Past(handoff_id=n, at=at or SINCE + n * HOUR, facts={"country": country}, **told)


def replayed(of, leads, *, carried=(), starts=()):
    replay = Replay(of)
    for start in starts:
        replay.begin(start)
    for one in carried:
        replay.carry(one)
    for one in leads:
        replay.add(one)
    return replay


def given_to(of, leads, **begin):
    """Who would have got each lead, None for nobody: told by the leads that were nobody's."""
    result = replayed(of, leads, **begin).result()
    found = {moved[0]: moved[4] for moved in result["moved"]}
    return [found.get(one.handoff_id) for one in leads]


def side_of(result, kind, key, side="after"):
    name = {"pools": "pool", "people": "user"}[kind]
    return next(one[side] for one in result[kind] if one[name] == key)


def test_replay_picks_by_smooth_weighted_round_robin():
    of = setting(pool(DACH, 1, 2, 3, weights=[5, 1, 1]))
    assert given_to(of, [lead(n) for n in range(7)]) == [1, 1, 2, 1, 3, 1, 1]


def test_replay_goes_on_from_where_the_rotation_stood():
    of = setting(pool(DACH, 1, 2, 3))
    start = Start(DACH, 40, credits={1: -2, 2: 1, 3: 1}, last_picked={1: 40, 2: 38, 3: 39})
    assert given_to(of, [lead(n) for n in range(3)], starts=[start]) == [2, 3, 1]


def test_replay_of_what_happened_moves_nobody():
    of = setting(pool(DACH, 1, 2))
    leads = [lead(n, pool_id=DACH, user_id=1 + n % 2) for n in range(10)]
    result = replayed(of, leads).result()
    assert (result["leads"], result["elsewhere"], result["shifted"]) == (10, 0, 0)
    assert side_of(result, "pools", DACH) == side_of(result, "pools", DACH, "before")
    assert side_of(result, "people", 1) == side_of(result, "people", 1, "before")


def test_replay_tells_leads_of_another_pool_from_turns_that_shift():
    of = setting(pool(DACH, 1, 2), pool(REST, 3), rules=TWO_RULES)
    went = [(DACH, 1, "Germany"), (DACH, 2, "France"), (DACH, 1, "Germany")]
    leads = [
        lead(n, country=country, pool_id=pool_id, user_id=user)
        for n, (pool_id, user, country) in enumerate(went)
    ]
    result = replayed(of, leads).result()
    assert (result["elsewhere"], result["shifted"]) == (1, 1)
    assert result["moved"] == [[1, DACH, 2, REST, 3, 11], [2, DACH, 1, DACH, 2, 10]]


def test_replay_keeps_the_newest_moved_leads_by_name():
    of = setting(pool(DACH, 1), pool(REST, 2))
    leads = [lead(n, at=SINCE + n * timedelta(minutes=1), pool_id=REST) for n in range(300)]
    result = replayed(of, leads).result()
    assert result["elsewhere"] == 300
    assert [moved[0] for moved in result["moved"]] == list(range(299, 99, -1))


def test_replay_lead_that_no_rule_takes_is_told():
    of = setting(pool(DACH, 1), rules=TWO_RULES[:1])
    result = replayed(of, [lead(0, country="France", pool_id=DACH, user_id=1)]).result()
    assert (result["unmatched"], result["elsewhere"]) == (1, 1)
    assert result["moved"] == [[0, DACH, 1, None, None, None]]


def test_replay_nobody_eligible_is_held():
    of = setting(pool(DACH, 1), people=[Person(1, capacity=1)])
    result = replayed(of, [lead(0), lead(1)]).result()
    after = side_of(result, "pools", DACH)
    assert (after["leads"], after["held"], after["missed"]) == (2, 1, 1)
    assert next(one for one in result["people"])["full"] == 1


def test_replay_slot_is_free_again_when_it_was():
    of = setting(pool(DACH, 1), people=[Person(1, capacity=1)])
    leads = [lead(0, freed_at=SINCE + 2 * HOUR), lead(1), lead(2), lead(3)]
    assert given_to(of, leads) == [1, None, 1, None]


def test_replay_leads_from_before_take_their_slots():
    of = setting(pool(DACH, 1, 2), people=[Person(1, capacity=1)])
    carried = [Carried(1, SINCE - DAY, SINCE + 2 * HOUR), Carried(1, SINCE - DAY, SINCE - HOUR)]
    assert given_to(of, [lead(n) for n in range(4)], carried=carried) == [2, 2, 1, 2]


def test_replay_counts_days_and_weeks_where_the_organisation_is():
    of = setting(pool(DACH, 1), people=[Person(1, day_limit=1, week_limit=2)], zone=BERLIN)
    # 23:30 UTC is half past midnight in Berlin.
    hours = (0, 1, 23.5, 30, 47, 7 * 24)
    leads = [lead(n, at=SINCE + hour * HOUR) for n, hour in enumerate(hours)]
    assert given_to(of, leads) == [1, None, 1, None, None, 1]


def test_replay_somebody_away_gets_nothing_and_no_share():
    away = ((SINCE + 2 * HOUR, SINCE + 4 * HOUR),)
    of = setting(pool(DACH, 1, 2), people=[Person(1, away=away)])
    leads = [lead(n) for n in range(6)]
    assert given_to(of, leads) == [1, 2, 2, 2, 1, 2]
    result = replayed(of, leads).result()
    assert side_of(result, "people", 1)["fair"] == 2
    assert side_of(result, "people", 2)["fair"] == 4
    assert side_of(result, "pools", DACH)["gap"] == 0


@pytest.mark.parametrize("count", [1, 3, 5, 10, 15, 35])
def test_replay_of_a_perfect_rotation_is_not_uneven(count):
    of = setting(pool(DACH, *range(1, 11)))
    result = replayed(of, [lead(n) for n in range(count)]).result()
    assert side_of(result, "pools", DACH)["gap"] == 0


def test_replay_uneven_is_what_lies_more_than_one_lead_beyond_the_share():
    of = setting(pool(DACH, 1, 2))
    leads = [lead(n, pool_id=DACH, user_id=1) for n in range(20)]
    result = replayed(of, leads).result()
    # Ten are the share and one is forgiven: nine of twenty.
    assert side_of(result, "pools", DACH, "before")["gap"] == 45


def test_replay_goes_on_from_what_was_kept_with_counts_that_are_no_more():
    replay = replayed(setting(pool(DACH, 1)), [lead(0)])
    kept = replay.to_data()
    kept["found"]["rules"] = [[11, 1]]
    assert Replay.resumed(replay.setting, kept).result() == replay.result()


def test_replay_required_hours_pass_over_who_is_not_at_work():
    people = [Person(1, calendar_id=7), Person(2)]
    leads = [lead(0), lead(1), lead(9, at=SINCE + 9 * HOUR)]
    of = setting(pool(DACH, 1, 2, hours="required"), people=people, calendars={7: OFFICE})
    assert given_to(of, leads) == [2, 2, 1]


def test_replay_preferred_hours_ask_others_where_nobody_is_at_work():
    people = [Person(1, calendar_id=7), Person(2, calendar_id=7)]
    of = setting(pool(DACH, 1, 2, hours="preferred"), people=people, calendars={7: OFFICE})
    assert given_to(of, [lead(0), lead(1)]) == [1, 2]


def test_replay_skills_are_asked_for_where_the_pool_looks_at_them():
    people = [Person(1), Person(2, skills=frozenset({("language", "german")}))]
    leads = [lead(0, asks={"language": "german"}), lead(1, asks={"language": "german"}), lead(2)]
    looking = setting(pool(DACH, 1, 2, skills=("language",)), people=people)
    assert given_to(looking, leads) == [2, 2, 1]
    assert given_to(setting(pool(DACH, 1, 2), people=people), leads) == [1, 2, 1]


def test_replay_who_goes_first_by_the_rule_goes_first():
    line = RuleLine(10, {}, DACH, owner_first=True, earlier_first=True)
    of = setting(pool(DACH, 1, 2, 3), rules=(line,))
    leads = [lead(0, owner=3, earlier=2), lead(1, owner=9, earlier=2), lead(2, first=2, owner=3)]
    assert given_to(of, leads) == [3, 2, 2]
    plain = setting(pool(DACH, 1, 2, 3))
    assert given_to(plain, leads) == [1, 2, 2]


def test_replay_least_loaded_goes_by_open_leads():
    of = setting(pool(DACH, 1, 2, strategy="least_loaded"))
    leads = [lead(0), lead(1, freed_at=SINCE + HOUR), lead(2), lead(3)]
    assert given_to(of, leads) == [1, 2, 2, 1]


def test_replay_first_contact_due_before_anybody_is_at_work_is_an_expected_miss():
    of = setting(pool(DACH, 1), people=[Person(1, calendar_id=7)], calendars={7: OFFICE})
    due = [SINCE + 9 * HOUR, SINCE + 9 * HOUR + timedelta(seconds=1), None]
    leads = [lead(n, due_at=at, pool_id=DACH, user_id=1) for n, at in enumerate(due)]
    result = replayed(of, leads).result()
    for side in ("before", "after"):
        assert side_of(result, "pools", DACH, side)["missed"] == 1
        assert side_of(result, "people", 1, side)["missed"] == 1


def test_replay_absence_is_no_work():
    away = ((SINCE + 10 * HOUR, SINCE + 8 * DAY),)
    of = setting(pool(DACH, 1), people=[Person(1, calendar_id=7)], calendars={7: OFFICE})
    gone = setting(
        pool(DACH, 1), people=[Person(1, calendar_id=7, away=away)], calendars={7: OFFICE}
    )
    evening = [lead(0, at=SINCE + 9.9 * HOUR, due_at=SINCE + 2 * DAY)]
    late = [lead(0, at=SINCE - 6 * HOUR, due_at=SINCE + 9 * HOUR)]
    assert side_of(replayed(of, evening).result(), "pools", DACH)["missed"] == 0
    assert side_of(replayed(gone, evening).result(), "pools", DACH)["missed"] == 0
    assert side_of(replayed(gone, late).result(), "pools", DACH)["missed"] == 1


def test_replay_load_is_the_peak_and_the_mean_of_open_leads():
    of = setting(pool(DACH, 1))
    week = timedelta(weeks=1)
    leads = [lead(0, freed_at=SINCE + week), lead(1, freed_at=SINCE + HOUR + week), lead(335)]
    load = side_of(replayed(of, leads).result(), "people", 1)
    assert (load["peak"], load["mean"]) == (2, 1.0)


WEIGHTS = st.lists(st.integers(0, 6), min_size=1, max_size=5)
LEADS = st.lists(
    st.builds(
        dict,
        minutes=st.integers(1, 2_000),
        country=st.sampled_from(["Germany", "France"]),
        open_for=st.one_of(st.none(), st.integers(0, 5_000)),
        user=st.one_of(st.none(), st.integers(1, 9)),
        due=st.one_of(st.none(), st.integers(0, 3_000)),
    ),
    max_size=40,
)


def leads_of(drawn):
    at, leads = SINCE, []
    for n, one in enumerate(drawn):
        at += timedelta(minutes=one["minutes"]) % (UNTIL - at)
        freed, due = one["open_for"], one["due"]
        leads.append(
            lead(
                n,
                at=at,
                country=one["country"],
                pool_id=DACH,
                user_id=one["user"],
                freed_at=None if freed is None else at + timedelta(minutes=freed),
                due_at=None if due is None else at + timedelta(minutes=due),
            )
        )
    return leads


@given(weights=WEIGHTS, count=st.integers(0, 60))
def test_replay_of_an_unlimited_pool_is_the_plain_rotation(weights, count):
    users = range(1, len(weights) + 1)
    of = setting(pool(DACH, *users, weights=weights))
    model = Rotation(zip(users, weights, strict=True))
    able = [user for user, weight in model.weight.items() if weight]
    expected = [model.step(able) for _ in range(count)]
    leads = [lead(n, at=SINCE + n * timedelta(minutes=1)) for n in range(count)]
    assert given_to(of, leads) == expected


@settings(max_examples=60)
@given(
    drawn=LEADS,
    weights=WEIGHTS,
    cut=st.integers(0, 40),
    limits=st.tuples(*[st.one_of(st.none(), st.integers(0, 4))] * 3),
)
def test_replay_cut_anywhere_goes_on_as_if_it_had_not_been(drawn, weights, cut, limits):
    capacity, day_limit, week_limit = limits
    users = range(1, len(weights) + 1)
    away = ((SINCE + 3 * DAY, SINCE + 5 * DAY),)
    people = [
        Person(1, capacity, day_limit, week_limit, calendar_id=7),
        *(Person(user, away=away if user == 2 else ()) for user in users[1:]),
    ]
    of = setting(
        pool(DACH, *users, weights=weights, hours="preferred"),
        pool(REST, *users, strategy="least_loaded"),
        people=people,
        rules=TWO_RULES,
        calendars={7: OFFICE},
    )
    leads = leads_of(drawn)
    whole = replayed(of, leads)
    first = replayed(of, leads[:cut])
    second = Replay.resumed(of, json.loads(json.dumps(first.to_data())))
    for one in leads[cut:]:
        second.add(one)
    assert second.to_data() == whole.to_data()
    assert second.result() == whole.result()


@given(drawn=LEADS, weights=WEIGHTS, capacity=st.integers(0, 3))
def test_replay_never_exceeds_a_capacity_and_loses_no_lead(drawn, weights, capacity):
    users = range(1, len(weights) + 1)
    people = [Person(user, capacity=capacity) for user in users]
    of = setting(pool(DACH, *users, weights=weights), people=people)
    leads = leads_of(drawn)
    result = replayed(of, leads).result()
    assert all(one["after"]["peak"] <= capacity for one in result["people"])
    given_away = sum(one["after"]["leads"] for one in result["people"])
    held = sum(one["after"]["held"] for one in result["pools"])
    assert given_away + held == result["leads"] == len(leads)
    assert result["elsewhere"] + result["shifted"] <= len(leads)


def test_replay_of_nothing_is_nothing():
    result = replayed(setting(pool(DACH, 1)), []).result()
    assert result["leads"] == result["elsewhere"] == 0
    assert result["people"] == result["pools"] == result["moved"] == []
