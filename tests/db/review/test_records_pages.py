"""The pages of reviews and action items: by role, with what was typed, at a constant cost."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from review.models import ActionItem, Attendee, Miss, Review
from review.selectors.records import counts_of, history_of
from review.services import close_action, close_review, note_review
from tests.db.review.test_records import MONDAY, TUESDAY, W46, add, begin, close, decide
from tests.factories.accounts import make_team, make_user
from tests.factories.review import HOUR

pytestmark = pytest.mark.django_db

DUE = "2026-11-27"


@pytest.fixture
def review(scene):
    late(scene)
    return begin(scene)


@pytest.fixture
def miss(review):
    return review.misses.get()


@pytest.fixture
def send(client, scene, on_friday):
    """Post a form to an address as somebody; the manager unless another is given."""

    def post(address, data=None, user=None):
        client.force_login(user or scene.manager)
        return client.post(address, data or {})

    return post


def late(scene):
    return scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)


def at(name, *args):
    return reverse(f"review:{name}", args=args)


def body(response):
    return re.sub(r"\s+", " ", response.content.decode())


def decision(scene, **changes):
    values = {
        "version": "1",
        "root_cause": "no_context",
        "decision": "Call before noon",
        "owner": str(scene.ae.pk),
        "due_on": DUE,
    }
    return values | changes


# The week leads here


def test_week_that_is_over_offers_its_review_to_who_runs_it(visit, scene):
    offered = at("meeting", W46)
    assert offered in body(visit(reverse("review:week", args=[W46])))
    assert offered not in body(visit(reverse("review:week", args=[W46]), scene.ae))
    assert "/meeting/" not in body(visit(reverse("review:week")))


# It begins


def test_meeting_page_shows_whose_reviews_one_runs(visit, scene):
    other = make_team("Nordics")

    own = body(visit(at("meeting", W46)))
    assert "DACH" in own
    assert "Whole organisation" not in own
    assert other.name not in own
    everybody = body(visit(at("meeting", W46), scene.admin))
    assert "Whole organisation" in everybody
    assert other.name in everybody


def test_meeting_page_of_a_manager_without_a_team_says_so(visit):
    assert "You manage no team." in body(visit(at("meeting", W46), make_user(roles=[Role.MANAGER])))


def test_meeting_begins_by_post_and_never_by_get(visit, send, scene):
    visit(at("meeting", W46))
    assert not Review.objects.exists()

    response = send(at("meeting", W46), {"scope": str(scene.team.pk)})

    review = Review.objects.get()
    assert (response.status_code, response.url) == (302, at("record", review.pk))


def test_meeting_begun_twice_leads_to_the_first(send, scene, review):
    response = send(at("meeting", W46), {"scope": str(scene.team.pk)}, scene.admin)
    assert response.url == at("record", review.pk)
    assert Review.objects.count() == 1


@pytest.mark.parametrize("scope", ["", "all", "0", "9" * 40, "\x00", "'"])
def test_meeting_of_what_is_not_ones_own_is_not_found(send, scope):
    assert send(at("meeting", W46), {"scope": scope}).status_code == 404
    assert not Review.objects.exists()


def test_meeting_of_the_running_week_is_refused_in_words(visit, send, scene):
    assert "This week is still running." in body(visit(at("meeting", "2026-W47")))
    response = send(at("meeting", "2026-W47"), {"scope": str(scene.team.pk)})
    assert response.status_code == 409
    assert "The week is still running" in body(response)


# The agenda


def test_record_shows_misses_actions_and_numbers(visit, scene, review):
    item = add(scene, review)
    text = body(visit(at("record", review.pk)))

    assert "Accept was 1 h late" in text
    assert at("miss", review.pk, 1) in text
    assert item.text in text
    assert "Acceptance rate" in text
    assert "Preliminary until the review is closed" in text
    assert "Helen Brandt began the review" in text


def test_record_marks_what_was_carried_over(visit, scene, review):
    item = add(scene, review)
    close(scene, review)
    other = begin(scene, label="2026-W45", now=MONDAY)
    assert f"from {W46}" in body(visit(at("record", other.pk)))
    close_action(item, by=scene.ae, now=MONDAY)
    assert f"from {W46}" not in body(visit(at("record", other.pk)))


def test_record_is_a_managers_of_the_team(visit, scene, review):
    other = make_user(roles=[Role.MANAGER])
    make_team(managers=[other])
    answers = {user: visit(at("record", review.pk), user).status_code for user in people(scene)}
    assert list(answers.values()) == [200, 200, 403, 403]
    assert visit(at("record", review.pk), other).status_code == 404
    assert visit(at("record", 987_654)).status_code == 404


def people(scene):
    return [scene.admin, scene.manager, scene.ae, scene.sdr]


def test_notes_are_kept_with_who_takes_part(send, scene, review):
    values = {
        "version": 1,
        "owner": scene.manager.pk,
        "attendees": [scene.manager.pk, scene.ae.pk],
        "notes": "Short",
    }
    assert send(at("notes", review.pk), values).status_code == 302
    review.refresh_from_db()
    assert (review.notes, review.attendees.count()) == ("Short", 2)


def test_notes_that_come_too_late_keep_what_was_typed_and_say_what_changed(send, scene, review):
    note_review(review, owner=scene.admin, attendees=[], notes="Other", by=scene.admin, now=MONDAY)
    values = {"version": 1, "owner": scene.manager.pk, "notes": "Mine and long"}

    response = send(at("notes", review.pk), values)

    text = body(response)
    assert response.status_code == 409
    assert "Rita Ops changed its notes" in text
    assert "Mine and long" in text
    # Saved once more it is meant so: the form now carries the state as it is.
    assert 'name="version" value="2"' in text
    assert send(at("notes", review.pk), values | {"version": 2}).status_code == 302


@pytest.mark.parametrize(
    "changes",
    [
        {"version": ""},
        {"version": "9" * 30},
        {"owner": ""},
        {"owner": "9" * 30},
        {"owner": "\x00"},
        {"attendees": ["x", "9" * 30]},
        {"notes": "a\x00b"},
        {"notes": "a" * 20_001},
    ],
)
def test_notes_of_nonsense_are_refused_and_nothing_is_lost(send, scene, review, changes):
    values = {"version": 1, "owner": scene.manager.pk, "notes": "Kept text"}
    response = send(at("notes", review.pk), values | changes)
    assert response.status_code == 422
    review.refresh_from_db()
    assert review.version == 1


# The walk through


def test_miss_shows_what_happened_and_its_neighbours(visit, scene, review):
    text = body(visit(at("miss", review.pk, 1)))
    assert "Miss 1 of 1" in text
    assert "Accept was 1 h late" in text
    assert "Priya Nair" in text
    assert "Sam Okafor" in text


@pytest.mark.parametrize("position", [0, 2, 99_999_999_999_999_999_999])
def test_miss_that_is_not_there_is_not_found(visit, review, position):
    assert visit(f"/review/records/{review.pk}/misses/{position}/").status_code == 404


def test_miss_is_decided_and_the_next_one_comes(send, scene):
    late(scene)
    late(scene)
    review = begin(scene)

    assert send(at("miss", review.pk, 1), decision(scene)).url == at("miss", review.pk, 2)
    assert send(at("miss", review.pk, 2), decision(scene)).url == at("record", review.pk)
    assert ActionItem.objects.count() == 2


def test_miss_is_decided_without_an_action(send, scene, review):
    values = decision(scene, no_action="1")
    assert send(at("miss", review.pk, 1), values).status_code == 302
    assert Miss.objects.get().is_decided
    assert not ActionItem.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"root_cause": ""}, "Choose why it happened."),
        ({"owner": "", "due_on": ""}, "Choose an owner and a day, or press No action."),
        ({"due_on": ""}, "Say until when."),
        ({"due_on": "tomorrow"}, "Enter a day, such as 2026-11-30."),
        ({"due_on": "2026-11-01"}, "This day is over."),
        ({"owner": "9" * 30}, "Choose somebody from the list."),
        ({"decision": ""}, "Say what is to be done"),
        ({"decision": "x" * 2_001}, "2000"),
    ],
)
def test_miss_with_something_missing_keeps_what_was_typed(send, scene, review, changes, words):
    response = send(at("miss", review.pk, 1), decision(scene) | changes)
    text = body(response)
    assert response.status_code == 422
    assert words in text
    if "decision" not in changes:
        assert "Call before noon" in text
    assert not Miss.objects.get().is_decided


def test_miss_that_somebody_else_has_decided_says_so(send, scene, review, miss):
    decide(scene, miss, by=scene.admin)
    response = send(at("miss", review.pk, 1), decision(scene, decision="Mine"))
    text = body(response)
    assert response.status_code == 409
    assert "Rita Ops decided on miss 1" in text
    assert "Mine" in text
    assert send(at("miss", review.pk, 1), decision(scene, version="2")).status_code == 302


def test_miss_of_a_closed_review_is_read_and_no_longer_decided(send, visit, scene, review):
    close(scene, review)
    assert send(at("miss", review.pk, 1), decision(scene)).status_code == 409
    text = body(visit(at("miss", review.pk, 1)))
    assert "Not walked through before the review was closed." in text
    assert "Save, next" not in text


# It closes


def test_close_asks_first_and_then_freezes(visit, send, scene, review):
    asked = body(visit(at("close", review.pk)))
    assert "0 of 1 miss decided, 1 not walked through" in asked
    assert Review.objects.get().is_open

    assert send(at("close", review.pk), {"version": 1}).url == at("record", review.pk)

    text = body(visit(at("record", review.pk)))
    assert "Frozen; counting anew gives the same" in text
    assert "Closed by Helen Brandt" in text
    assert "Keep notes" not in text


def test_close_that_comes_too_late_says_who_closed_it(send, scene, review):
    close(scene, review, by=scene.admin)
    assert send(at("close", review.pk), {"version": 1}).status_code == 409


def test_close_of_an_older_state_is_asked_again(send, scene, review):
    note_review(review, owner=scene.admin, attendees=[], notes="x", by=scene.admin, now=MONDAY)
    response = send(at("close", review.pk), {"version": 1})
    assert response.status_code == 409
    assert "Rita Ops changed its notes" in body(response)
    assert 'name="version" value="2"' in body(response)
    assert send(at("close", review.pk), {}).status_code == 422
    assert Review.objects.get().is_open


def test_record_shows_frozen_numbers_and_what_has_moved_since(visit, scene, review):
    for how in ("accepted",) * 5:
        leg = scene.leg(TUESDAY, how=how)
    close(scene, review)
    type(leg).objects.filter(pk=leg.pk).update(
        ended_at=TUESDAY, ended_as="rejected", reason="no_budget", accepted_at=None
    )

    text = body(visit(at("record", review.pk)))

    assert "<b>100 %</b>" in text
    assert "revised: 80 %" in text
    assert "20 points lower, 5 of 5 became 4 of 5" in text


def test_record_closed_by_the_product_says_so(visit, scene, review):
    close_review(review, by=None, now=MONDAY)
    assert "Closed by Handoff, as its time was over" in body(visit(at("record", review.pk)))


# The history


def test_history_lists_reviews_newest_first_with_what_is_open(visit, scene, review, miss):
    decide(scene, miss)
    older = begin(scene, label="2026-W44")
    everybody = begin(scene, by=scene.admin, team=None)

    text = body(visit(at("history")))
    assert text.index(at("record", review.pk)) < text.index(at("record", older.pk))
    assert at("record", everybody.pk) not in text
    assert at("record", everybody.pk) in body(visit(at("history"), scene.admin))
    progress, still = counts_of(history_of(scene.manager))[review.pk]
    assert (progress.misses, progress.decided, progress.left, still) == (1, 1, 0, 1)


def test_history_is_paged_by_25(visit, scene):
    for n in range(1, 28):
        begin(scene, label=f"2026-W{n:02}")
    first, second = (body(visit(at("history") + query)) for query in ("", "?page=2"))
    assert first.count('data-label="Of"') == 25
    assert second.count('data-label="Of"') == 2


def test_history_is_for_managers_and_admins(visit, scene):
    assert [visit(at("history"), user).status_code for user in people(scene)] == [
        200,
        200,
        403,
        403,
    ]


# Action items


def test_actions_show_ones_own_and_to_who_runs_reviews_all(visit, scene, review):
    item = add(scene, review)
    assert item.text in body(visit(at("actions"), scene.ae))
    assert item.text not in body(visit(at("actions"), scene.sdr))
    assert item.text in body(visit(at("actions")))
    assert item.text not in body(visit(at("actions") + "?show=mine"))
    assert item.text not in body(visit(at("actions") + "?show=closed"))
    assert item.text in body(visit(at("actions") + "?show=%00nonsense"))


def test_action_is_added_from_an_open_review(send, visit, scene, review):
    values = {"text": "Agree on a block", "owner": scene.ae.pk, "due_on": DUE}
    assert send(at("action_add", review.pk), values).url == at("record", review.pk)
    assert ActionItem.objects.get().text == "Agree on a block"
    refused = send(at("action_add", review.pk), values | {"due_on": ""})
    assert refused.status_code == 422
    assert "Agree on a block" in body(refused)
    close(scene, review)
    assert send(at("action_add", review.pk), values).status_code == 409
    assert visit(at("action_add", review.pk)).status_code == 409


def test_action_is_done_and_opened_again_by_its_owner(send, visit, scene, review):
    item = add(scene, review)
    assert send(at("action_close", item.pk), {"version": 1}, scene.ae).url == at("action", item.pk)
    item.refresh_from_db()
    assert item.state == "done"
    assert "Open it again" in body(visit(at("action", item.pk), scene.ae))
    assert send(at("action_reopen", item.pk), {"version": 2}, scene.ae).status_code == 302
    back = {"version": 3, "drop": "1", "back": str(review.pk)}
    assert send(at("action_close", item.pk), back).url == at("record", review.pk)
    item.refresh_from_db()
    assert item.state == "dropped"


@pytest.mark.parametrize(
    ("back", "status"),
    [("actions", 302), ("https://evil.example", 302), ("9" * 40, 302), ("987654", 404)],
)
def test_action_leads_back_to_no_address_of_a_request(send, scene, review, back, status):
    item = add(scene, review)
    response = send(at("action_close", item.pk), {"version": 1, "back": back})
    assert response.status_code == status
    assert status == 404 or response.url in (at("actions"), at("action", item.pk))


def test_action_is_changed_by_who_runs_the_reviews(send, scene, review):
    item = add(scene, review)
    values = {"version": 1, "text": "Otherwise", "owner": scene.sdr.pk, "due_on": DUE}
    assert send(at("action", item.pk), values, scene.ae).status_code == 403
    assert send(at("action", item.pk), values).status_code == 302
    stale = send(at("action", item.pk), values | {"text": "Too late"})
    assert stale.status_code == 409
    assert "Helen Brandt changed the action item" in body(stale)
    assert "Too late" in body(stale)
    assert send(at("action", item.pk), values | {"text": "\x00"}).status_code == 422


def test_action_that_is_closed_already_says_by_whom(send, scene, review):
    item = add(scene, review)
    close_action(item, by=scene.ae, now=MONDAY)
    response = send(at("action_close", item.pk), {"version": 2})
    assert response.status_code == 409
    assert "Priya Nair marked the action item as done" in body(response)
    assert send(at("action_close", item.pk), {"version": "x"}).status_code == 400


def test_texts_are_escaped(visit, send, scene, review, miss):
    decide(scene, miss, decision="<script>alert(1)</script>")
    for address in (at("record", review.pk), at("miss", review.pk, 1), at("actions")):
        assert "<script>alert" not in body(visit(address))


# What it costs


def queries(visit, address, user=None):
    visit(address, user)
    with CaptureQueriesContext(connection) as asked:
        assert visit(address, user).status_code == 200
    return len(asked)


def fill(scene, review, n, when=TUESDAY):
    for _ in range(n):
        leg = scene.leg(when, how="rejected", by=make_user(roles=[Role.SDR]))
        place = review.misses.count() + 1
        miss = Miss.objects.create(
            review=review,
            position=place,
            kind="rejected",
            handoff=leg.handoff,
            leg=leg,
            at=TUESDAY,
        )
        decide(scene, miss)
        user = make_user(teams=[scene.team])
        add(scene, review, owner=user, due_on=date(2026, 11, 25))
        Attendee.objects.create(review=review, user=user)


@pytest.mark.parametrize("is_closed", [False, True])
def test_pages_ask_as_often_whatever_there_is(visit, scene, review, is_closed):
    fill(scene, review, 2)
    before = TUESDAY - timedelta(weeks=2)
    scene.clock(before, state="met", met_at=before + HOUR, breached_at=before)
    other = begin(scene, label="2026-W44")
    fill(scene, other, 7, before)
    if is_closed:
        for each in (review, other):
            close(scene, each)
    for name, args in (("record", ()), ("miss", (1,))):
        few, many = (queries(visit, at(name, each.pk, *args)) for each in (review, other))
        assert few == many, name


def test_lists_ask_as_often_whatever_there_is(visit, scene, review):
    fill(scene, review, 1)
    few = [queries(visit, at(name)) for name in ("history", "actions")]
    for n in range(1, 5):
        fill(scene, begin(scene, label=f"2026-W{n:02}", now=MONDAY + timedelta(hours=n)), 2)
    assert [queries(visit, at(name)) for name in ("history", "actions")] == few
