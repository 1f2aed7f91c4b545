"""A review from its beginning to its close: each service with each of its guards."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.choices import Role
from core.errors import NotPermitted, NotVisible
from review.errors import (
    ActionNotOpen,
    ActionStillOpen,
    ReviewChanged,
    ReviewClosed,
    ReviewExists,
    ReviewRefused,
    WeekStillRunning,
)
from review.models import ActionItem, Miss, Review, ReviewEvent
from review.rules.errors import WeekNotBegun, WeekUnknown
from review.selectors.records import revised
from review.services import (
    add_action,
    change_action,
    close_action,
    close_overdue,
    close_review,
    decide_miss,
    note_review,
    open_review,
    reopen_action,
)
from review.services.closing import snapshot_of
from tests.factories.accounts import make_team, make_user
from tests.factories.review import HOUR

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 10, 11, tzinfo=BERLIN)
MONDAY = datetime(2026, 11, 16, 10, tzinfo=BERLIN)
DUE = date(2026, 11, 20)
W46 = "2026-W46"


@pytest.fixture
def late(scene):
    """An accept clock of the week that was met an hour late."""
    return scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)


@pytest.fixture
def review(scene, late):
    return begin(scene)


@pytest.fixture
def miss(review):
    return review.misses.get()


@pytest.fixture
def action(scene, review):
    return add(scene, review)


def begin(scene, *, by=None, now=MONDAY, label=W46, team="own"):
    team = scene.team if team == "own" else team
    return open_review(label, team=team, by=by or scene.manager, now=now)


def decide(scene, miss, *, by=None, now=MONDAY, **changes):
    values = {
        "root_cause": "no_context",
        "decision": "Call before noon",
        "owner": scene.ae,
        "due_on": DUE,
        "version": miss.version,
    }
    return decide_miss(miss, **(values | changes), by=by or scene.manager, now=now)


def add(scene, review, *, by=None, now=MONDAY, **changes):
    values = {"text": "Agree on a call block", "owner": scene.ae, "due_on": DUE}
    team = changes.pop("team", scene.team)
    return add_action(
        team=team, review=review, **(values | changes), by=by or scene.manager, now=now
    )


def note(scene, review, *, by=None, **changes):
    values = {
        "owner": scene.manager,
        "attendees": [scene.manager, scene.ae],
        "notes": "Short and to the point.",
        "version": review.version,
    }
    return note_review(review, **(values | changes), by=by or scene.manager, now=MONDAY)


def close(scene, review, *, by=None, now=MONDAY, version=None):
    return close_review(review, by=by or scene.manager, now=now, version=version)


def kinds(**about):
    return list(ReviewEvent.objects.filter(**about).order_by("pk").values_list("kind", flat=True))


def fields_of(error):
    return {problem.field: problem.code for problem in error.value.problems}


# It begins


def test_open_review_makes_the_misses_its_agenda(scene, late):
    rejected = scene.leg(TUESDAY + HOUR, how="rejected")
    returned = scene.leg(TUESDAY + 2 * HOUR, how="returned")

    review = begin(scene)

    found = [(m.position, m.kind, m.clock_id, m.leg_id) for m in review.misses.all()]
    assert found == [
        (1, "returned", None, returned.pk),
        (2, "rejected", None, rejected.pk),
        (3, "late", late.pk, None),
    ]
    assert (review.owner, review.state, review.zone) == (scene.manager, "open", "Europe/Berlin")
    assert list(review.attendees.all()) == [scene.manager]
    assert review.closes_at == datetime(2026, 11, 17, tzinfo=BERLIN)
    assert kinds(review=review) == ["opened"]


def test_open_review_leaves_out_what_is_no_miss(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY)
    scene.clock(TUESDAY, state="met", met_at=TUESDAY - HOUR, breached_at=TUESDAY)
    scene.clock(TUESDAY, state="cancelled", cancelled_at=TUESDAY - HOUR)
    scene.clock(MONDAY + HOUR, state="running")
    scene.leg(TUESDAY, how="conflict")
    scene.leg(TUESDAY)
    scene.leg(MONDAY, how="rejected")

    assert not begin(scene, now=MONDAY + 3 * HOUR).misses.exists()


def test_open_review_names_a_buyers_wait_once(scene):
    leg = scene.leg(TUESDAY - 4 * HOUR, how="live")
    late = {"state": "met", "met_at": TUESDAY + HOUR, "breached_at": TUESDAY, "leg": leg}
    buyers = scene.clock(TUESDAY, kind="contact", **late)
    scene.clock(TUESDAY, kind="contact_leg", **late)
    other = scene.leg(TUESDAY - 4 * HOUR, how="live")
    own = scene.clock(TUESDAY, kind="contact_leg", **(late | {"leg": other}))

    assert {m.clock_id for m in begin(scene).misses.all()} == {buyers.pk, own.pk}


def test_open_review_of_a_team_leaves_out_other_teams(scene):
    stranger = make_user(roles=[Role.SDR])
    leg = scene.leg(TUESDAY, how="rejected", receiver=scene.outsider, by=stranger)
    own = scene.leg(TUESDAY, how="rejected", receiver=scene.outsider)

    assert [m.leg_id for m in begin(scene).misses.all()] == [own.pk]
    everybody = begin(scene, by=scene.admin, team=None)
    assert {m.leg_id for m in everybody.misses.all()} == {own.pk, leg.pk}


@pytest.mark.parametrize("now", [TUESDAY, datetime(2026, 11, 15, 23, 59, 59, tzinfo=BERLIN)])
def test_open_review_of_a_running_week_is_refused(scene, now):
    with pytest.raises(WeekStillRunning):
        begin(scene, now=now)
    assert not Review.objects.exists()


def test_open_review_of_no_week_or_one_ahead_is_refused(scene):
    with pytest.raises(WeekUnknown):
        begin(scene, label="2026-W99")
    with pytest.raises(WeekNotBegun):
        begin(scene, label="2026-W50")


def test_open_review_twice_names_who_was_first(scene, review):
    with pytest.raises(ReviewExists, match="Helen Brandt began the review") as error:
        begin(scene, by=scene.admin)
    assert error.value.current == {"id": review.pk, "state": "open", "version": 1}
    begin(scene, by=scene.admin, team=None)
    with pytest.raises(ReviewExists):
        begin(scene, by=scene.admin, team=None)


def test_open_review_by_somebody_else_is_refused(scene):
    other = make_user(roles=[Role.MANAGER])
    make_team(managers=[other])
    for who in (scene.sdr, scene.ae):
        with pytest.raises(NotPermitted):
            begin(scene, by=who)
    with pytest.raises(NotVisible):
        begin(scene, by=other)
    with pytest.raises(NotVisible):
        begin(scene, team=None)
    assert not Review.objects.exists()


def test_open_review_is_refused_to_who_has_left(scene):
    scene.manager.is_active = False
    with pytest.raises(NotPermitted):
        begin(scene)


# Who takes part, and notes


def test_note_review_keeps_people_and_notes(scene, review):
    kept = note(scene, review)

    assert set(kept.attendees.all()) == {scene.manager, scene.ae}
    assert (kept.notes, kept.version) == ("Short and to the point.", 2)
    note(scene, kept, attendees=[scene.ae], owner=scene.ae)
    assert list(kept.attendees.all()) == [scene.ae]
    told = ReviewEvent.objects.filter(kind="noted").last().data
    assert told == {"owner": scene.ae.pk, "attendees": [scene.ae.pk], "notes": 23}


def test_note_review_of_an_older_state_is_refused(scene, review):
    note(scene, review, by=scene.admin)

    with pytest.raises(ReviewChanged, match=r"Rita Ops changed its notes .* Nothing was changed"):
        note(scene, review, notes="Mine", version=1)
    review.refresh_from_db()
    assert review.notes == "Short and to the point."


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"notes": "a\x00b"}, {"notes": "invalid_characters"}),
        ({"notes": "\ud800"}, {"notes": "invalid_characters"}),
        ({"notes": "a" * 20_001}, {"notes": "too_long"}),
    ],
)
def test_note_review_refuses_what_cannot_be_kept(scene, review, changes, code):
    with pytest.raises(ReviewRefused) as error:
        note(scene, review, **changes)
    assert fields_of(error) == code


def test_note_review_refuses_people_who_have_left(scene, review):
    gone = make_user(name="Gone Person")
    gone.is_active = False
    with pytest.raises(ReviewRefused) as error:
        note(scene, review, owner=gone, attendees=[gone])
    assert fields_of(error) == {"owner": "inactive", "attendees": "inactive"}


# The walk through


def test_decide_miss_with_an_owner_makes_an_action_item(scene, review, miss):
    decided = decide(scene, miss)

    assert (decided.root_cause, decided.decided_by, decided.decided_at) == (
        "no_context",
        scene.manager,
        MONDAY,
    )
    item = decided.action
    assert (item.text, item.owner, item.due_on, item.state) == (
        "Call before noon",
        scene.ae,
        DUE,
        "open",
    )
    assert (item.team, item.review) == (scene.team, review)
    assert kinds(review=review) == ["opened", "decided", "action_added"]


def test_decide_miss_without_an_owner_has_no_action(scene, miss):
    decide(scene, miss, owner=None, due_on=None, decision="")

    assert not ActionItem.objects.exists()


def test_decide_miss_anew_changes_or_drops_the_action(scene, miss):
    first = decide(scene, miss)
    decide(scene, first, owner=scene.sdr, decision="Otherwise")
    item = ActionItem.objects.get()
    assert (item.owner, item.text, item.version) == (scene.sdr, "Otherwise", 2)

    decide(scene, Miss.objects.get(), owner=None, due_on=None)
    item.refresh_from_db()
    assert item.state == "dropped"
    assert kinds(action=item) == ["action_added", "action_changed", "action_dropped"]


def test_decide_miss_anew_with_the_same_leaves_the_action_alone(scene, miss):
    decide(scene, miss)
    close_action(ActionItem.objects.get(), by=scene.ae, now=MONDAY)
    decide(scene, Miss.objects.get(), root_cause="other")
    assert ActionItem.objects.get().state == "done"


def test_decide_miss_anew_does_not_change_a_closed_action(scene, miss):
    decide(scene, miss)
    close_action(ActionItem.objects.get(), by=scene.ae, now=MONDAY)
    with pytest.raises(ActionNotOpen, match="Priya Nair marked the action item as done"):
        decide(scene, Miss.objects.get(), decision="Otherwise")
    assert Miss.objects.get().decision == "Call before noon"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"root_cause": ""}, {"root_cause": "required"}),
        ({"root_cause": "bad luck"}, {"root_cause": "required"}),
        ({"decision": " \u200b "}, {"decision": "required"}),
        ({"decision": "a\x00"}, {"decision": "invalid_characters"}),
        ({"decision": "a" * 2_001}, {"decision": "too_long"}),
        ({"owner": None}, {"owner": "required"}),
        ({"due_on": None}, {"due_on": "required"}),
        ({"due_on": date(2026, 11, 15)}, {"due_on": "past"}),
        ({"due_on": date(2101, 1, 1)}, {"due_on": "far"}),
        (
            {"root_cause": "other", "decision": "", "owner": None, "due_on": None},
            {"decision": "required"},
        ),
    ],
)
def test_decide_miss_refuses_what_is_missing(scene, miss, changes, codes):
    with pytest.raises(ReviewRefused) as error:
        decide(scene, miss, **changes)
    assert fields_of(error) == codes
    assert not Miss.objects.get().is_decided
    assert not ActionItem.objects.exists()


def test_decide_miss_of_an_older_state_says_who_decided(scene, miss):
    decide(scene, miss, by=scene.admin)

    with pytest.raises(ReviewChanged, match="Rita Ops decided on miss 1"):
        decide(scene, miss, decision="Mine")
    assert Miss.objects.get().decision == "Call before noon"


def test_decide_miss_by_somebody_else_is_refused(scene, miss):
    other = make_user(roles=[Role.MANAGER])
    with pytest.raises(NotVisible):
        decide(scene, miss, by=other)
    with pytest.raises(NotPermitted):
        decide(scene, miss, by=scene.ae)


# It closes


def test_close_review_freezes_every_number(scene, review, miss):
    for how in ("accepted", "accepted", "accepted", "accepted", "rejected"):
        scene.leg(TUESDAY, how=how)
    decide(scene, miss)

    closed = close(scene, review)

    assert (closed.state, closed.closed_by, closed.closed_at) == ("closed", scene.manager, MONDAY)
    numbers = {number["key"]: number for number in closed.snapshot["numbers"]}
    acceptance = numbers["acceptance"]
    assert (acceptance["numerator"], acceptance["denominator"], acceptance["n"]) == (4, 5, 5)
    assert acceptance["value"] == "80 %"
    assert closed.snapshot["misses"] == {
        "n": 1,
        "decided": 1,
        "with_action": 1,
        "causes": {"no_context": 1},
    }
    assert [item["text"] for item in closed.snapshot["actions"]] == ["Call before noon"]
    assert scene.ae.pk in [line["person"] for line in closed.snapshot["receivers"]]
    assert kinds(review=review)[-1] == "closed"


def test_close_review_counts_the_team_and_nobody_else(scene, review):
    stranger = make_user(roles=[Role.SDR])
    for _ in range(5):
        scene.leg(TUESDAY, receiver=scene.outsider, by=stranger)
    own = snapshot_of(review, now=MONDAY)["numbers"]
    everybody = begin(scene, by=scene.admin, team=None)
    all_of_them = snapshot_of(everybody, now=MONDAY)["numbers"]
    n = {
        "own": {one["key"]: one["n"] for one in own}["acceptance"],
        "all": {one["key"]: one["n"] for one in all_of_them}["acceptance"],
    }
    assert n == {"own": 0, "all": 5}


def test_close_review_twice_says_who_closed_it(scene, review):
    close(scene, review, by=scene.admin)

    with pytest.raises(ReviewClosed, match="Rita Ops closed the review") as error:
        close(scene, review)
    assert error.value.current["state"] == "closed"
    assert kinds(review=review, kind="closed") == ["closed"]


def test_close_review_of_an_older_state_is_refused(scene, review):
    note(scene, review)
    with pytest.raises(ReviewChanged, match="changed its notes"):
        close(scene, review, version=1)
    assert Review.objects.get().is_open


def test_closed_review_takes_nothing_more(scene, review, miss, action):
    close(scene, review)
    for attempt in (
        lambda: note(scene, review, version=None),
        lambda: decide(scene, miss),
        lambda: add(scene, review),
    ):
        with pytest.raises(ReviewClosed):
            attempt()
    assert not Miss.objects.get().is_decided


def test_close_review_by_somebody_else_is_refused(scene, review):
    with pytest.raises(NotPermitted):
        close(scene, review, by=scene.sdr)
    with pytest.raises(NotVisible):
        close(scene, review, by=make_user(roles=[Role.MANAGER]))


def test_revised_is_nothing_while_a_recount_gives_the_same(scene, review):
    scene.leg(TUESDAY)
    closed = close(scene, review)
    assert not any(one.is_revised for one in revised(closed, now=MONDAY + 3 * HOUR))


def test_revised_shows_what_a_later_change_does_to_a_number(scene, review):
    legs = [scene.leg(TUESDAY, how=how) for how in ("accepted",) * 4 + ("rejected",)]
    closed = close(scene, review)
    before = closed.snapshot
    rejected = legs[-1]
    type(rejected).objects.filter(pk=rejected.pk).update(
        ended_at=None, ended_as="", accepted_at=MONDAY + HOUR
    )
    scene_contest(rejected, scene)

    moved = {one.frozen.key: one for one in revised(closed, now=MONDAY + 2 * HOUR)}["acceptance"]

    assert (moved.frozen.value, moved.now.value) == ("80 %", "100 %")
    assert moved.difference == "20 points higher, 4 of 5 became 5 of 5"
    closed.refresh_from_db()
    assert closed.snapshot == before


def scene_contest(leg, scene):
    from handoff.models import Contest

    Contest.objects.create(
        leg=leg,
        by=scene.sdr,
        at=TUESDAY + HOUR,
        note="It was real",
        ruled_by=scene.manager,
        ruled_at=MONDAY + HOUR,
        is_upheld=False,
    )


def test_revised_does_not_follow_who_joins_the_team_later(scene, review):
    stranger = make_user(roles=[Role.SDR])
    scene.leg(TUESDAY, receiver=scene.outsider, by=stranger)
    closed = close(scene, review)
    scene.team.memberships.create(user=scene.outsider)
    assert not any(one.is_revised for one in revised(closed, now=MONDAY + HOUR))


# The loop


def test_close_overdue_closes_what_is_due_and_nothing_else(scene, review):
    before = review.closes_at - timedelta(seconds=1)
    assert close_overdue(before) == 0

    assert close_overdue(review.closes_at) == 1

    review.refresh_from_db()
    assert (review.state, review.closed_by, review.closed_at) == ("closed", None, review.closes_at)
    assert close_overdue(review.closes_at) == 0


def test_close_overdue_is_not_held_up_by_one_that_fails(scene, review):
    other = begin(scene, by=scene.admin, team=None)
    Review.objects.filter(pk=review.pk).update(week="2026-W99", closes_at=MONDAY + HOUR)
    at = other.closes_at

    assert close_overdue(at) == 1

    other.refresh_from_db()
    assert not other.is_open
    # What is left alone in the way is a failure of the loop, and is told as one.
    with pytest.raises(WeekUnknown):
        close_overdue(at)


# Action items


def test_add_action_without_a_review_belongs_to_the_team(scene):
    item = add(scene, None)
    assert (item.team, item.review, item.added_by) == (scene.team, None, scene.manager)


def test_add_action_from_a_review_takes_its_team(scene, review):
    assert add(scene, review, team=None).team == scene.team


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"text": ""}, {"text": "required"}),
        ({"text": "a\x00"}, {"text": "invalid_characters"}),
        ({"owner": None}, {"owner": "required"}),
        ({"due_on": None}, {"due_on": "required"}),
        ({"due_on": date(2026, 11, 15)}, {"due_on": "past"}),
    ],
)
def test_add_action_refuses_what_is_missing(scene, review, changes, codes):
    with pytest.raises(ReviewRefused) as error:
        add(scene, review, **changes)
    assert fields_of(error) == codes
    assert not ActionItem.objects.exists()


def test_add_action_by_somebody_else_is_refused(scene, review):
    with pytest.raises(NotPermitted):
        add(scene, review, by=scene.ae)
    with pytest.raises(NotVisible):
        add(scene, None, by=make_user(roles=[Role.MANAGER]))


def test_action_is_due_by_the_organisations_day(scene, review):
    late_evening = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
    with pytest.raises(ReviewRefused):
        add(scene, None, now=late_evening, due_on=date(2026, 11, 16))
    assert add(scene, None, now=late_evening, due_on=date(2026, 11, 17))


def test_close_action_by_its_owner_and_open_it_again(scene, action):
    done = close_action(action, by=scene.ae, now=MONDAY, version=1)
    assert (done.state, done.closed_by, done.closed_at) == ("done", scene.ae, MONDAY)

    again = reopen_action(done, by=scene.manager, now=MONDAY, version=2)
    assert (again.state, again.closed_by, again.closed_at) == ("open", None, None)

    dropped = close_action(again, is_dropped=True, by=scene.admin, now=MONDAY)
    assert dropped.state == "dropped"
    assert kinds(action=action) == [
        "action_added",
        "action_done",
        "action_reopened",
        "action_dropped",
    ]


def test_close_action_twice_says_who_closed_it(scene, action):
    close_action(action, by=scene.ae, now=MONDAY)
    with pytest.raises(ActionNotOpen, match="Priya Nair marked the action item as done"):
        close_action(action, by=scene.manager, now=MONDAY)
    with pytest.raises(ActionNotOpen):
        change(scene, action)


def test_reopen_action_that_is_open_is_refused(scene, action):
    with pytest.raises(ActionStillOpen):
        reopen_action(action, by=scene.manager, now=MONDAY)


def change(scene, action, *, by=None, **changes):
    values = {"text": "Something else", "owner": scene.sdr, "due_on": DUE, "version": None}
    return change_action(action, **(values | changes), by=by or scene.manager, now=MONDAY)


def test_change_action_rewords_moves_and_hands_over(scene, action):
    later = date(2026, 11, 27)
    changed = change(scene, action, due_on=later)
    assert (changed.text, changed.owner, changed.due_on) == ("Something else", scene.sdr, later)
    told = ReviewEvent.objects.filter(action=action).last().data
    assert told["before"] == {"owner": scene.ae.pk, "due_on": DUE.isoformat()}


def test_change_action_keeps_a_day_that_has_passed(scene, action):
    ActionItem.objects.update(due_on=date(2026, 11, 10))
    assert change(scene, action, due_on=date(2026, 11, 10)).text == "Something else"
    with pytest.raises(ReviewRefused):
        change(scene, action, due_on=date(2026, 11, 9))


@pytest.mark.parametrize("step", [change, lambda scene, action, **k: close_action(action, **k)])
def test_action_of_an_older_state_is_refused(scene, action, step):
    change(scene, action, by=scene.admin)
    who = {} if step is change else {"by": scene.manager, "now": MONDAY}
    with pytest.raises(ReviewChanged, match="Rita Ops changed the action item"):
        step(scene, action, version=1, **who)


def test_action_of_others_is_hidden_and_of_ones_own_is_not_edited(scene, action):
    with pytest.raises(NotVisible):
        close_action(action, by=scene.sdr, now=MONDAY)
    with pytest.raises(NotVisible):
        close_action(action, by=make_user(roles=[Role.MANAGER]), now=MONDAY)
    with pytest.raises(NotPermitted):
        change(scene, action, by=scene.ae)


def test_open_actions_are_carried_to_the_next_review(scene, review, action):
    from review.selectors.records import carried_from, open_actions_of

    close(scene, review)
    following = begin(scene, label="2026-W47", now=MONDAY + timedelta(days=7))
    (carried,) = open_actions_of(following)
    assert carried == action
    assert carried_from(carried, following.week) == W46
    close_action(action, by=scene.ae, now=MONDAY)
    assert not open_actions_of(following).exists()
