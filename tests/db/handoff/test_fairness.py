"""The pages of shares, picking and transfers: what they say, to whom, and what they refuse."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.models import Contest, Handoff
from handoff.selectors.picking import pool_picking
from handoff.services import (
    accept_handoff,
    reassign_handoff,
    reject_handoff,
)
from routing.models import CreditNote, Pool
from routing.rules.period import Period
from tests.factories.handoff import NOW, make_world
from tests.factories.review import HOUR, make_scene

pytestmark = pytest.mark.django_db
HOSTILE = ["x", "\0", "-1", "9" * 400, "2026-99-99", "'; drop table", "９"]


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=3)


@pytest.fixture
def scene(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_scene()


def read(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(f"handoff:{name}", args=args), query)


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def sheet(response):
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body, newline="")))


# Shares


def test_shares_show_each_person_of_the_pool_with_expected_and_received(world, client):
    for _ in range(4):
        world.submitted()

    found = text(read(client, world.manager, "shares"))

    for ae in world.aes:
        assert ae.name in found
    assert "21 Oct to 17 Nov 2026: 4 counted turns." in found
    assert "within one turn" in found
    assert "1.3" in found
    assert '"kind": "bar"' in found
    assert "How is this counted?" in found


def test_shares_without_a_turn_say_so_in_words(world, client):
    response = read(client, world.manager, "shares", **{"from": "2020-01-01", "to": "2020-01-31"})

    assert "0 counted turns" in text(response)
    assert 'id="share-chart"' not in text(response)


def test_shares_of_a_manager_without_a_pool_are_empty(world, client):
    Pool.objects.update(manager=world.admin)
    lonely = world.person("Lonely", "manager", team=False)

    assert "There is no pool with people of yours." in text(read(client, lonely, "shares"))


def test_my_share_tells_the_verdict_the_turns_and_links_to_the_handoffs(world, client):
    rows = [world.submitted() for _ in range(3)]
    mine = next(row for row in rows if world.receiver_of(row) == world.ae)

    found = text(read(client, world.ae, "my_share"))

    assert "You got your share: 1 lead, 1.0 expected." in found
    assert reverse("handoff:detail", args=[mine.pk]) in found
    others = [row for row in rows if row != mine]
    assert all(reverse("handoff:detail", args=[row.pk]) not in found for row in others)
    assert "A colleague was picked" in found
    assert all(ae.name not in found for ae in world.aes[1:])


def test_share_of_a_person_names_who_was_picked_to_the_pools_manager(world, client):
    world.submitted()
    world.submitted()

    found = text(read(client, world.manager, "share", world.ae.pk))

    assert f"{world.aes[1].name} was picked" in found


def test_share_narrows_to_what_was_asked_for_and_keeps_the_days(world, client):
    for _ in range(3):
        world.submitted()

    query = {"show": "received", "from": "2026-11-01", "to": "2026-11-30"}
    response = read(client, world.ae, "my_share", **query)

    assert response.context["page"].paginator.count == 1
    assert "from=2026-11-01&amp;to=2026-11-30" in text(response)


def test_share_of_a_turn_given_back_stands_apart(world, client):
    row = world.submitted()
    receiver = world.receiver_of(row)
    reject_handoff(row, reason="conflict", by=receiver, now=NOW)

    found = text(read(client, receiver, "my_share"))

    assert CreditNote.objects.count() == 1
    assert "No counted turn of yours in these days." in found
    assert "a conflict was declared" in found


def test_share_pages_go_by_25(world, client):
    for _ in range(26):
        world.submitted()

    first = read(client, world.ae, "my_share")
    second = read(client, world.ae, "my_share", page="2")

    assert len(first.context["ledger"]) == 25
    assert len(second.context["ledger"]) == 1


@pytest.mark.parametrize("name", ["pool", "page", "show"])
@pytest.mark.parametrize("value", HOSTILE)
def test_shares_with_an_unknown_choice_show_the_usual_one(world, client, name, value):
    world.submitted()
    for user, view, args in (
        (world.manager, "shares", ()),
        (world.ae, "my_share", ()),
        (world.manager, "picking", ()),
        (world.manager, "picked", (world.ae.pk,)),
        (world.manager, "transfers", ()),
    ):
        assert read(client, user, view, *args, **{name: value}).status_code == 200
    assert read(client, world.manager, "transfers", reason=value).status_code == 200


@pytest.mark.parametrize("field", ["from", "to"])
@pytest.mark.parametrize("value", HOSTILE)
def test_shares_of_no_days_name_the_field_and_keep_what_was_typed(world, client, field, value):
    for user, view, args in (
        (world.manager, "shares", ()),
        (world.ae, "my_share", ()),
        (world.manager, "picking", ()),
        (world.manager, "picked", (world.ae.pk,)),
    ):
        response = read(client, user, view, *args, **{field: value})
        assert response.status_code == 422
        assert "is not a day" in text(response)
        assert f'id="frame-{field}-problem"' in text(response)


def test_shares_of_bytes_that_are_no_text_are_refused_in_words(world, client):
    client.force_login(world.manager)

    assert client.get(reverse("handoff:shares") + "?from=%ED%A0%80&to=%FF").status_code == 422
    assert client.get(reverse("handoff:shares") + "?pool=%ED%A0%80&page=%00").status_code == 200


def test_shares_keep_what_was_typed_where_it_is_refused(world, client):
    found = text(read(client, world.manager, "shares", **{"from": "last week", "to": "2026-11-02"}))

    assert 'value="last week"' in found
    assert 'value="2026-11-02"' in found


def test_shares_of_more_than_a_year_are_refused_in_words(world, client):
    for view in ("shares", "shares_csv"):
        response = read(client, world.manager, view, **{"from": "2020-01-01", "to": "2026-01-01"})
        assert response.status_code == 422
        assert "366 days at most" in text(response)


@pytest.mark.parametrize("pk", [10**8, 2**63, 10**30])
def test_share_of_nobody_is_not_found(world, client, pk):
    for user in (world.ae, world.manager, world.admin):
        assert read(client, user, "share", pk).status_code == 404


def test_share_of_a_colleague_is_hidden_like_one_that_is_absent(world, client):
    colleague = read(client, world.ae, "share", world.aes[1].pk)
    absent = read(client, world.ae, "share", 10**8)

    assert colleague.status_code == absent.status_code == 404
    assert colleague.content == absent.content


# Files


def test_shares_as_a_file_are_what_the_page_shows(world, client):
    for _ in range(4):
        world.submitted()

    response = read(client, world.manager, "shares_csv")
    rows = sheet(response)

    assert response.streaming
    assert {row["person"] for row in rows} == {ae.name for ae in world.aes}
    assert sum(int(row["received"]) for row in rows) == 4
    assert sum(float(row["expected"]) for row in rows) == pytest.approx(4, abs=0.01)
    assert "2026-10-21-2026-11-17" in response["Content-Disposition"]


def test_ledger_as_a_file_has_every_turn_and_no_formula(world, client):
    type(world.ae).objects.filter(pk=world.ae.pk).update(name="=cmd|' /C calc'!A0")
    for _ in range(4):
        world.submitted()

    rows = sheet(read(client, world.manager, "share_csv", world.ae.pk))

    assert [row["turn"] for row in rows] == ["4", "3", "2", "1"]
    assert {row["person"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert [row["counts_as"] for row in rows].count("received") in (1, 2)
    assert all(row["credit_after"].lstrip("-").isdigit() for row in rows)
    assert all(row["handoff"] for row in rows)


# Picking


def legs(scene, count, how="rejected", **fields):
    return [scene.leg(NOW - HOUR, how=how, **fields) for _ in range(count)]


def line_of(found, user):
    return next(line for line in found.lines if line.user == user)


def shown(scene, reader=None):
    period = Period.of_weeks(4, now=NOW, zone=NOW.tzinfo)
    return pool_picking(reader or scene.admin, scene.pool, period)


def test_picking_counts_each_leg_by_what_became_of_it(scene):
    legs(scene, 2)
    legs(scene, 3, "accepted")
    legs(scene, 1, "timed_out")
    legs(scene, 1, "conflict")
    legs(scene, 1, "live")
    upheld, overturned = legs(scene, 1)[0], legs(scene, 1, "accepted")[0]
    for leg, is_upheld in ((upheld, True), (overturned, False)):
        Contest.objects.create(
            leg=leg,
            by=scene.sdr,
            at=NOW,
            ruled_by=scene.manager,
            ruled_at=NOW,
            is_upheld=is_upheld,
        )

    counts = line_of(shown(scene), scene.ae).counts

    assert counts == {
        "received": 10,
        "rejected": 4,
        "accepted": 3,
        "conflict": 1,
        "timed_out": 1,
        "upheld": 1,
        "overturned": 1,
        "elsewhere": 0,
    }


def test_picking_calls_a_rate_clearly_above_only_when_the_difference_is(scene):
    legs(scene, 15)
    legs(scene, 5, "accepted")
    legs(scene, 2, receiver=scene.outsider)
    legs(scene, 18, "accepted", receiver=scene.outsider)

    found = shown(scene)

    assert line_of(found, scene.ae).is_above
    assert not line_of(found, scene.outsider).is_above
    assert (found.rate.hits, found.rate.n) == (17, 40)


def test_picking_calls_nobody_above_others_of_whom_little_is_known(scene):
    """Above their rate, with the whole interval; but theirs is one rejection of sixteen."""
    legs(scene, 4)
    legs(scene, 17, "accepted")
    legs(scene, 1, receiver=scene.outsider)
    legs(scene, 15, "accepted", receiver=scene.outsider)

    line = line_of(shown(scene), scene.ae)

    assert line.rate.interval.low > line.others.share
    assert not line.is_above


def test_picking_of_few_decisions_shows_counts_and_judges_nobody(scene, client):
    legs(scene, 4)
    legs(scene, 20, "accepted", receiver=scene.outsider)

    line = line_of(shown(scene), scene.ae)

    assert not line.is_above
    assert line.words.value == "too few"
    assert "clearly above" not in text(read(client, scene.admin, "picking")).split("<details")[0]


def test_picking_leaves_out_what_people_handed_to_themselves(scene):
    legs(scene, 3, by=scene.ae)

    assert shown(scene).lines == ()


def test_picking_counts_what_somebody_else_converted_later_in_the_chain(scene):
    rejected = scene.leg(NOW - 5 * HOUR, how="rejected")
    again = scene.handoff(NOW - 4 * HOUR, closed_as="converted")
    Handoff.objects.filter(pk=again.pk).update(chain=rejected.handoff_id)
    scene.leg(NOW - 3 * HOUR, how="closed", handoff=again, receiver=scene.outsider)
    timed_out = scene.leg(NOW - 5 * HOUR, how="timed_out", receiver=scene.outsider)
    same = timed_out.handoff
    Handoff.objects.filter(pk=same.pk).update(status="closed", closed_as="converted", closed_at=NOW)
    scene.leg(NOW - 3 * HOUR, how="closed", handoff=same)

    found = shown(scene)

    assert line_of(found, scene.ae).counts["elsewhere"] == 1
    assert line_of(found, scene.outsider).counts["elsewhere"] == 1


def test_picking_does_not_count_what_the_same_person_converted(scene):
    rejected = scene.leg(NOW - 5 * HOUR, how="rejected")
    again = scene.handoff(NOW - 4 * HOUR, closed_as="converted")
    Handoff.objects.filter(pk=again.pk).update(chain=rejected.handoff_id)
    scene.leg(NOW - 3 * HOUR, how="closed", handoff=again)

    assert line_of(shown(scene), scene.ae).counts["elsewhere"] == 0


def test_picking_opens_the_rows_behind_each_count(scene, client):
    legs(scene, 2)
    legs(scene, 1, "timed_out")

    rows = read(client, scene.admin, "picked", scene.ae.pk, show="rejected")

    assert len(rows.context["found"].rows) == 2
    assert "Rejected: No budget" in text(rows)
    everything = read(client, scene.admin, "picked", scene.ae.pk)
    assert len(everything.context["found"].rows) == 3


def test_picking_rows_hide_what_the_reader_may_not_open(scene, client):
    row = scene.handoff(NOW - 2 * HOUR, by=scene.admin)
    legs(scene, 1, receiver=scene.outsider, handoff=row)
    # It went to another pool since: the manager of the first one counts it and opens it no more.
    other = Pool.objects.create(name="Other", manager=scene.admin)
    Handoff.objects.filter(pk=row.pk).update(pool=other)

    found = read(client, scene.manager, "picked", scene.outsider.pk)

    assert line_of(shown(scene, scene.manager), scene.outsider).counts["received"] == 1
    assert found.context["found"].rows == ()
    assert "1 of them you may not open." in text(found)


def test_picking_needs_as_many_queries_for_1_leg_as_for_50(scene):
    found = []
    assert scene.admin.is_admin
    for count in (1, 49):
        legs(scene, count)
        with CaptureQueriesContext(connection) as seen:
            shown(scene)
        found.append(len(seen))

    assert found[0] == found[1]


# Transfers


def test_transfers_say_who_moved_what_and_whether_the_owner_was_fixed(world, client):
    row = world.submitted()
    receiver = world.receiver_of(row)
    accept_handoff(row, by=receiver, now=NOW)
    other = next(ae for ae in world.aes if ae != receiver)
    row.refresh_from_db()
    reassign_handoff(
        row, to=other, reason="manager", note="Knows the buyer", by=world.manager, now=NOW
    )

    found = text(read(client, world.manager, "transfers"))

    assert f'<td data-label="From">{receiver}</td>' in found
    assert f'<td data-label="To">{other}</td>' in found
    assert "A manager decided" in found
    assert "Knows the buyer" in found
    assert "until 17 Dec 2026, passed" in found


def test_transfers_before_the_acceptance_passed_nothing(world, client):
    row = world.submitted()
    other = next(ae for ae in world.aes if ae != world.receiver_of(row))
    reassign_handoff(row, to=other, reason="manager", note="Closer", by=world.manager, now=NOW)

    found = text(read(client, world.manager, "transfers", reason="manager"))

    assert ", passed" not in found
    assert "1 change of owner" in found


@pytest.mark.parametrize(("days", "was_fixed"), [(29, True), (30, False)])
def test_transfers_know_when_the_time_of_the_owner_was_over(world, client, days, was_fixed):
    row = world.submitted()
    receiver = world.receiver_of(row)
    accept_handoff(row, by=receiver, now=NOW)
    other = next(ae for ae in world.aes if ae != receiver)
    row.refresh_from_db()
    later = NOW + timedelta(days=days)
    reassign_handoff(row, to=other, reason="territory", note="Moved", by=world.manager, now=later)

    found = text(read(client, world.manager, "transfers"))

    assert ("until 17 Dec 2026, passed" in found) is was_fixed


def test_transfers_leave_out_the_first_ones_unless_asked_for(world, client):
    world.submitted()

    assert "No change of owner" in text(read(client, world.manager, "transfers"))
    assert "1 change of owner" in text(read(client, world.manager, "transfers", reason="submitted"))


def test_transfers_of_others_are_out_of_sight(world, client):
    row = world.submitted()
    other = next(ae for ae in world.aes if ae != world.receiver_of(row))
    reassign_handoff(row, to=other, reason="manager", note="Closer", by=world.manager, now=NOW)
    stranger = world.person("Stranger", "manager", team=False)

    assert "No change of owner" in text(read(client, stranger, "transfers"))
