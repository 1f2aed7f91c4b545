"""The page of one handoff: what it tells, what it offers, and what it never lets through."""

import pytest
from django.urls import reverse

from handoff.choices import ClosedAs
from handoff.models import Handoff
from handoff.selectors import detail
from handoff.services import accept_handoff, concede_handoff, log_touch, reject_handoff
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


def read(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


def text(response):
    return response.content.decode()


def world_of_one(world):
    """Everything goes to the first receiver."""
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


def addresses(row, draft):
    plain = ["home", "queue", "late", "holding", "leads", "list", "new"]
    found = [reverse(f"handoff:{name}") for name in plain]
    of_row = ["detail", "edit", "submit", "accept", "reject", "fix", "concede", "withdraw"]
    for one in (row, draft):
        found += [reverse(f"handoff:{name}", args=[one.pk]) for name in of_row]
    return found


def test_detail_tells_story_clock_reason_and_events(world, client):
    row = world.submitted(pains=["Paper job sheets"], contact__phone="+49 40 5550 1842")
    shown = text(read(client, world.receiver_of(row), "handoff:detail", row.pk))
    for words in (
        "Pending: waiting for you to accept",
        'href="tel:+494055501842"',
        "Paper job sheets",
        "Intro call, Mon 2 Dec 2199",
        "Not given",
        "Accept is due today 15:00, 4 hours of working time left.",
        "Explain this deadline",
        "Why you",
        "Next of 2 in Main pool.",
        "Handed off</b> by Sam Okafor, ",
    ):
        assert words in shown, words


def test_detail_for_the_submitter_is_the_receipt(world, client):
    row = world.submitted()
    shown = text(read(client, world.sdr, "handoff:detail", row.pk))
    receiver = world.receiver_of(row)
    assert f"{receiver.name} has this lead." in shown
    assert f"Reminder to {receiver.name}" in shown
    assert "Accept is late: Helen Brandt is alerted" in shown


def test_detail_of_a_held_handoff_says_who_has_it_and_why(world, client):
    world.pool.members.update(is_active=False)
    row = world.submitted()
    shown = text(read(client, world.sdr, "handoff:detail", row.pk))
    assert "Nobody is eligible; Helen Brandt has this lead until somebody is." in shown
    assert f"{world.ae.name}: not active." in shown
    # Its manager answers for it, and yet it waits in nobody's queue.
    assert "My queue" not in text(read(client, world.manager, "handoff:detail", row.pk))


@pytest.mark.parametrize("reason", ["wrong_icp", "conflict"])
def test_detail_keeps_the_words_of_who_sent_it_on(world, client, reason):
    row = world.submitted()
    receiver = world.receiver_of(row)
    reject_handoff(row, reason=reason, note="My <own> cousin", by=receiver, now=NOW)
    if reason == "wrong_icp":
        concede_handoff(row, to=ClosedAs.CONCEDED, by=world.sdr, now=NOW)
    shown = text(read(client, world.sdr, "handoff:detail", row.pk))
    assert "\u201cMy &lt;own&gt; cousin\u201d" in shown


def test_inbox_asks_for_an_answer_only_while_one_is_due(world, client):
    row = world.submitted()
    reject_handoff(row, reason="wrong_icp", by=world.receiver_of(row), now=NOW)
    assert "Answer the rejection" in text(read(client, world.sdr, "notify:inbox"))
    concede_handoff(row, to=ClosedAs.CONCEDED, by=world.sdr, now=NOW)
    assert "Answer the rejection" not in text(read(client, world.sdr, "notify:inbox"))


def test_inbox_does_not_call_a_held_handoff_late(world, client):
    world.pool.members.update(is_active=False)
    world.submitted()
    shown = text(read(client, world.manager, "notify:inbox"))
    assert "nobody is eligible" in shown
    assert "tag-late" not in shown


OFFERS = [
    ("ae", "pending", {"accept", "reject"}),
    ("manager", "pending", {"accept", "reject", "withdraw"}),
    ("admin", "pending", {"withdraw"}),
    ("sdr", "pending", {"withdraw"}),
    ("sdr", "draft", {"edit", "submit", "withdraw"}),
    ("sdr", "rejected", {"fix", "concede"}),
    ("ae", "rejected", set()),
    ("ae", "accepted", set()),
    ("sdr", "accepted", set()),
]


@pytest.mark.parametrize(("who", "status", "expected"), OFFERS)
def test_detail_offers_what_policy_and_state_allow(world, client, who, status, expected):
    world_of_one(world)
    row = world.draft() if status == "draft" else world.submitted()
    if status == "accepted":
        accept_handoff(row, by=world.ae, now=NOW)
    if status == "rejected":
        reject_handoff(row, reason="duplicate", by=world.ae, now=NOW)
    shown = text(read(client, getattr(world, who), "handoff:detail", row.pk))
    names = {"accept", "reject", "withdraw", "edit", "submit", "fix", "concede"}
    offered = {name for name in names if reverse(f"handoff:{name}", args=[row.pk]) in shown}
    assert offered == expected


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 }}"


def test_hostile_text_is_shown_as_text_on_every_page(world, client):
    world_of_one(world)
    row = world.submitted(
        need=HOSTILE,
        why_now=HOSTILE,
        company__name=HOSTILE,
        contact__last_name=HOSTILE,
        contact__phone=HOSTILE + "123456789",
        contact__email="a@b.example",
    )
    reject_handoff(
        row, reason="missing_information", fields=["need"], note=HOSTILE, by=world.ae, now=NOW
    )
    for who in ("sdr", "ae", "manager"):
        client.force_login(getattr(world, who))
        for address in addresses(row, row):
            body = text(client.get(address))
            assert "<script>alert" not in body, address
            assert "<img src=x" not in body, address


def test_pages_hold_no_script_or_handler_of_their_own(world, client):
    import re

    world_of_one(world)
    row, draft = world.submitted(), world.draft()
    for who in ("sdr", "ae", "manager"):
        client.force_login(getattr(world, who))
        for address in addresses(row, draft):
            body = text(client.get(address))
            main = body[body.find("<main") :]
            assert not re.search(r"<script(?![^>]* src=)", main), address
            assert not re.search(r"<[^>]+\s(on[a-z]+|style)=", main), address
            assert Handoff.objects.count() == 2


def test_detail_lists_the_newest_and_everything_when_asked(world, client, monkeypatch):
    monkeypatch.setattr(detail, "LISTED", 2)
    row = world.submitted()
    receiver = world.receiver_of(row)
    for n in range(3):
        log_touch(
            row,
            kind="call",
            text=f"Called for the {n}. time",
            by=receiver,
            occurred_at=NOW,
            now=NOW,
        )
    shown = text(read(client, receiver, "handoff:detail", row.pk))
    assert "Called for the 1. time" in shown
    assert "Called for the 0. time" not in shown
    assert "All 3 touches" in shown
    assert "Everything that happened before" in shown
    assert "Handed off</b> by" not in shown
    whole = text(read(client, receiver, "handoff:detail", row.pk, whole="1"))
    assert "Called for the 0. time" in whole
    assert "Handed off</b> by" in whole
    assert "All 3 touches" not in whole
    assert "Everything that happened before" not in whole
