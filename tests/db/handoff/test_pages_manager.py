"""The manager's pages: late, holding, contests, the team, and what is done from them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from accounts.models import TimeOff, User
from accounts.services import add_time_off, create_team, pause_user, set_membership
from core import navigation
from handoff.choices import Status
from handoff.models import Contest, Handoff
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    apply_escalations,
    contest_rejection,
    date_next_step,
    pause_clocks,
    reassign_handoff,
    reject_handoff,
    rule_on_contest,
)
from routing.models import Member
from routing.services import create_pool, set_backup, set_capacity
from sla.models import Acknowledgement, Clock
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=25)
"""An hour of working time after a first contact of NOW is due: Wednesday 12:00 in Berlin."""


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(preset="temperatures")


def read(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(f"handoff:{name}", args=args), query)


def send(client, user, name, row, *, query="", **data):
    client.force_login(user)
    row.refresh_from_db()
    address = reverse(f"handoff:{name}", args=[row.pk]) + query
    return client.post(address, {"version": row.version, **data})


def text(response):
    return response.content.decode()


def menu_counts(response, count, words):
    return f'<span class="count">{count}<span class="visually-hidden"> {words}' in text(response)


@pytest.fixture
def late(world, time_machine):
    """Accepted, and due to be contacted an hour ago; the ladder has fired."""
    row = accepted(world)
    set_late(time_machine)
    return row


def accepted(world):
    row = world.submitted()
    return accept_handoff(row, by=world.receiver_of(row), now=NOW)


def set_late(time_machine, at=LATER):
    time_machine.move_to(at, tick=False)
    fire_due_steps(at)
    apply_escalations(at)


def contested(world, reason="wrong_icp", fields=(), note="We are 180 people."):
    row = world.submitted()
    reject_handoff(
        row, reason=reason, fields=list(fields), note="No.", by=world.receiver_of(row), now=NOW
    )
    contest_rejection(row, note=note, by=world.sdr, now=NOW)
    return row


# Late now


def test_late_shows_by_how_much_who_and_what_the_ladder_did(world, client, late):
    shown = text(read(client, world.manager, "late"))
    assert "1 late now." in shown
    assert "1 h late" in shown
    assert "First contact was due <b>11:00</b>" in shown
    assert late.owner.name in shown
    assert f"Returns to {world.sdr.name}" in shown
    assert "You were alerted" in shown
    assert "was reminded" in shown
    assert "Helen Brandt was alerted" in text(read(client, world.admin, "late"))


def test_late_holds_every_kind_of_clock(world, client, time_machine):
    world.draft()
    accepted(world)
    world.submitted()
    time_machine.move_to(NOW + timedelta(days=20), tick=False)
    shown = text(read(client, world.manager, "late"))
    kinds = set(Clock.objects.live().values_list("kind", flat=True))
    for kind, words in {
        "hand_off": "Hand-off was due",
        "accept": "Accept was due",
        "contact": "First contact was due",
        "next_step": "Next step was due",
    }.items():
        assert (kind in kinds) == (words in shown), kind
    assert "accept" in kinds


def test_late_is_narrowed_by_kind_and_team(world, client, late):
    team = create_team(name="Nordics", by=world.admin, now=NOW)
    set_membership(team=team, user=world.manager, is_manager=True, by=world.admin, now=NOW)
    name = late.lead.name
    assert name in text(read(client, world.manager, "late", kind="contact", team=world.team.pk))
    assert "Nobody is late here." in text(read(client, world.manager, "late", team=team.pk))
    assert "Nobody is late here." in text(read(client, world.manager, "late", kind="next_step"))
    assert name in text(read(client, world.manager, "late", kind="lost", team="\x00"))


def test_late_with_nobody_late_says_when_the_next_is_due(world, client):
    world.submitted()
    shown = text(read(client, world.manager, "late"))
    assert "Nobody is late." in shown
    assert "Accept is due 15:00." in shown


def test_late_shows_the_manager_own_teams_only(world, client, late):
    other = world.person("Kim Vale", Role.MANAGER, team=False)
    assert "Nobody is late." in text(read(client, other, "late"))
    assert read(client, world.sdr, "late").status_code == 403


def test_clock_paused_in_time_is_not_late(world, client, time_machine):
    row = accepted(world)
    pause_clocks(row, kind="contact", reason="Fair", by=world.manager, now=NOW)
    set_late(time_machine)
    assert "Nobody is late." in text(read(client, world.manager, "late"))


def test_what_was_acknowledged_comes_last_and_says_by_whom(world, client, time_machine):
    one, two = accepted(world), accepted(world)
    set_late(time_machine)
    acknowledge_late(one, kind="contact", note="She calls at five", by=world.manager, now=LATER)
    shown = text(read(client, world.manager, "late"))
    assert shown.index(two.lead.name) < shown.index(one.lead.name)
    assert "12:00, by you" in shown
    assert "She calls at five" in shown
    assert "Acknowledged until" in shown
    assert "by Helen Brandt" in text(read(client, world.admin, "late"))


def test_menu_counts_what_is_late(world, client, late):
    for page, query in (("late", {}), ("team", {}), ("late", {"kind": "accept"})):
        assert menu_counts(read(client, world.manager, page, **query), 1, "late"), page
    assert 'visually-hidden"> late' not in text(read(client, world.sdr, "list"))


def test_menu_counts_all_teams_where_the_page_shows_one(world, client, late):
    empty = create_team(name="Nobody's", by=world.admin, now=NOW)
    set_membership(team=empty, user=world.manager, is_manager=True, by=world.admin, now=NOW)
    shown = read(client, world.manager, "late", team=empty.pk)
    assert "Nobody is late here." in text(shown)
    assert menu_counts(shown, 1, "late")


def test_menu_says_99_plus_instead_of_counting_on(world, client, late, monkeypatch):
    monkeypatch.setattr(navigation, "MOST_IN_MENU", 1)
    assert menu_counts(read(client, world.manager, "team"), "0+", "late")


def test_home_of_a_manager_is_late_only_while_somebody_is(world, client, late, time_machine):
    assert read(client, world.manager, "home").url == reverse("handoff:late")
    time_machine.move_to(NOW, tick=False)
    assert read(client, world.manager, "home").url == reverse("handoff:team")


# What is done from there


def test_acknowledge_writes_who_and_goes_back(world, client, late):
    address = "?kind=contact&back=late"
    shown = read(client, world.manager, "acknowledge", late.pk, kind="contact", back="late")
    assert 'name="kind" value="contact"' in text(shown)
    done = send(
        client, world.manager, "acknowledge", late, query=address, kind="contact", note="On site"
    )
    assert done.url == reverse("handoff:late")
    seen = Acknowledgement.objects.get()
    assert (seen.by_id, seen.note, seen.at) == (world.manager.pk, "On site", LATER)


def test_acknowledge_of_nothing_late_says_so(world, client):
    row = world.submitted()
    assert read(client, world.manager, "acknowledge", row.pk).status_code == 409
    assert send(client, world.manager, "acknowledge", row, kind="accept").status_code == 409


@pytest.mark.parametrize("note", ["\x00", "x" * 100_000, "He\x00y"])
def test_hostile_note_is_refused_and_kept_out(world, client, late, note):
    other = next(one for one in world.aes if one != late.owner)
    for name, more in (
        ("acknowledge", {"kind": "contact", "note": note}),
        ("reassign", {"to": other.pk, "reason": "manager", "note": note}),
        ("return", {"note": note}),
    ):
        answer = send(client, world.manager, name, late, **more)
        assert 400 <= answer.status_code < 500, name
    late.refresh_from_db()
    assert late.status == Status.ACCEPTED
    assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("to", ["", "0", "-1", str(2**70), "1 OR 1=1", "\x00"])
def test_reassign_to_nobody_keeps_what_was_typed(world, client, late, to):
    answer = send(
        client, world.manager, "reassign", late, to=to, reason="territory", note="She asked"
    )
    assert answer.status_code == 422
    assert "She asked" in text(answer)
    assert "Choose" in text(answer)


def test_reassign_lists_candidates_and_moves_the_lead(world, client, late):
    held_by = world.receiver_of(late)
    other = next(one for one in world.aes if one != held_by)
    shown = text(read(client, world.manager, "reassign", late.pk, back="late"))
    assert f'value="{other.pk}"' in shown
    assert f'value="{held_by.pk}"' not in shown
    done = send(
        client,
        world.manager,
        "reassign",
        late,
        query="?back=late",
        to=other.pk,
        reason="manager",
        note="Knows the buyer",
    )
    assert done.url == reverse("handoff:late")
    assert world.receiver_of(late) == other
    assert late.transfers.latest("pk").note == "Knows the buyer"


def test_reassign_after_a_change_tells_what_happened(world, client, late):
    version = read(client, world.manager, "reassign", late.pk).context["row"].version
    date_next_step(late, step="Call", at=LATER + timedelta(days=1), by=late.owner, now=LATER)
    other = next(one for one in world.aes if one != late.owner)
    client.force_login(world.manager)
    answer = client.post(
        reverse("handoff:reassign", args=[late.pk]),
        {"version": version, "to": other.pk, "reason": "manager", "note": "Now"},
    )
    assert answer.status_code == 409
    assert "Nothing was changed." in text(answer)


def test_extend_moves_the_clock_and_resume_lets_it_go_on(world, client):
    late = accepted(world)
    before = Clock.objects.get(kind="contact", handoff_clock__handoff=late).due_at
    shared = {"kind": "contact", "reason": "Asked for no call before noon"}
    until = "2026-11-18T12:00"
    done = send(client, world.manager, "extend", late, query="?back=late", until=until, **shared)
    assert done.url == reverse("handoff:late")
    assert Clock.objects.get(kind="contact", handoff_clock__handoff=late).due_at > before
    past = send(client, world.manager, "extend", late, until="2026-11-01T12:00", **shared)
    assert past.status_code == 422
    assert "Asked for no call before noon" in text(past)
    send(client, world.manager, "extend", late, until="", **shared)
    assert Clock.objects.get(kind="contact", handoff_clock__handoff=late).state == "paused"
    send(client, world.manager, "resume", late, kind="contact")
    assert Clock.objects.get(kind="contact", handoff_clock__handoff=late).state == "running"
    assert send(client, world.manager, "resume", late, kind="\x00").status_code == 400


def test_return_gives_the_submitter_a_draft(world, client, late):
    empty = send(client, world.manager, "return", late, note="")
    assert empty.status_code == 422
    done = send(client, world.manager, "return", late, query="?back=late", note="Ask again")
    assert done.url == reverse("handoff:late")
    late.refresh_from_db()
    assert late.closed_as == "returned"
    assert late.next_handoffs.get().status == Status.DRAFT
    assert read(client, world.manager, "return", late.pk).status_code == 409


@pytest.mark.parametrize("name", ["acknowledge", "reassign", "extend", "rule"])
def test_only_who_answers_for_it_takes_care(world, client, late, name):
    assert read(client, world.sdr, name, late.pk).status_code == 403
    other = world.person("Kim Vale", Role.MANAGER, team=False)
    assert read(client, other, name, late.pk).status_code == 404


# Holding


def test_holding_shows_since_when_why_and_what_would_help(world, client, time_machine):
    back = NOW + timedelta(hours=4)
    add_time_off(
        user=world.aes[0], starts_at=NOW, ends_at=back, by=world.admin, now=NOW, note="Dentist"
    )
    pause_user(user=world.aes[1], until=None, by=world.admin, now=NOW)
    row = world.submitted()
    time_machine.move_to(NOW + timedelta(hours=2, minutes=5), tick=False)
    shown = text(read(client, world.manager, "holding"))
    assert row.lead.name in shown
    assert "2 h 5 min ago" in shown
    assert f"{world.aes[0].name}: away until 15:00." in shown
    assert f"{world.aes[1].name}: paused." in shown
    assert f"Wait for {world.aes[0].name}, back 15:00. End a pause. Or reassign" in shown
    assert f"{reverse('handoff:reassign', args=[row.pk])}?back=holding" in shown
    assert menu_counts(read(client, world.manager, "holding"), 1, "held")


def test_holding_is_narrowed_by_pool_and_marks_what_is_old(world, client, time_machine):
    set_capacity(user=world.aes[0], capacity=0, by=world.admin, now=NOW)
    set_capacity(user=world.aes[1], capacity=0, by=world.admin, now=NOW)
    one, two = world.submitted(), world.submitted()
    assert 'aria-label="Pool"' not in text(read(client, world.manager, "holding"))
    other = create_pool(name="Enterprise", manager=world.manager, by=world.admin, now=NOW)
    Handoff.objects.filter(pk=two.pk).update(pool=other)
    shown = text(read(client, world.manager, "holding"))
    assert "2 held: nobody is eligible" in shown
    assert "tag-late" not in shown
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    shown = text(read(client, world.manager, "holding", pool=other.pk))
    assert "1 held in Enterprise: nobody is eligible" in shown
    assert reverse("handoff:detail", args=[two.pk]) in shown
    assert reverse("handoff:detail", args=[one.pk]) not in shown
    assert '<span class="tag tag-late">' in shown
    for asked in ("\x00", "9" * 400, "0", "x"):
        assert "2 held: nobody" in text(read(client, world.manager, "holding", pool=asked))


def test_holding_of_a_full_pool_tells_how_full(world, client):
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    world.submitted()
    shown = text(read(client, world.manager, "holding"))
    assert "at capacity, 0 of 0 open." in shown
    assert "Raise a capacity" in shown


# Contests


def test_contest_shows_both_sides_and_what_the_form_says(world, client):
    row = contested(world, reason="missing_information", fields=["timeline"])
    shown = text(read(client, world.manager, "contests"))
    assert "1 to rule on" in shown
    assert "Missing information" in shown
    assert "We are 180 people." in shown
    assert "Decision by March, before the audit" in shown
    assert row.lead.name in shown
    assert menu_counts(read(client, world.manager, "contests"), 1, "to rule on")


@pytest.mark.parametrize(("ruling", "status"), [("upheld", "rejected"), ("overturned", "accepted")])
def test_ruling_is_one_step_with_a_note(world, client, ruling, status):
    row = contested(world)
    done = send(
        client,
        world.manager,
        "rule",
        row,
        query="?back=contests",
        ruling=ruling,
        note="180 is enough",
    )
    assert done.url == reverse("handoff:contests")
    row.refresh_from_db()
    assert row.status == status
    shown = text(read(client, world.manager, "contests"))
    assert "No contest waits" in shown
    assert ruling.capitalize() in shown
    assert "180 is enough" in shown
    assert send(client, world.manager, "rule", row, ruling=ruling).status_code == 409


def test_nobody_rules_on_their_own_and_is_told_why(world, client):
    row = contested(world)
    leg = row.legs.get()
    type(leg).objects.filter(pk=leg.pk).update(receiver=world.manager)
    shown = text(read(client, world.manager, "contests"))
    assert "You rejected it: another manager or an admin rules on it." in shown
    assert "Uphold</button>" not in shown
    assert send(client, world.manager, "rule", row, ruling="overturned").status_code == 403
    assert Contest.objects.get().ruled_at is None


@pytest.mark.parametrize("ruling", ["", "both", "\x00"])
def test_ruling_must_be_one_of_two(world, client, ruling):
    row = contested(world)
    answer = send(client, world.manager, "rule", row, ruling=ruling, note="Well")
    assert answer.status_code == 422
    assert "Well" in text(answer)


# The team


def test_team_shows_load_absence_backup_and_what_is_late(world, client, late):
    ae = world.receiver_of(late)
    other = next(one for one in world.aes if one != ae)
    set_capacity(user=ae, capacity=4, by=world.admin, now=NOW)
    mine, theirs = Member.objects.get(user=ae), Member.objects.get(user=other)
    set_backup(member=mine, backup=theirs, by=world.admin, now=NOW)
    ends = LATER + timedelta(days=1)
    add_time_off(user=other, starts_at=LATER, ends_at=ends, by=world.admin, now=NOW, note="")
    shown = text(read(client, world.manager, "team"))
    assert "1 late" in shown
    assert "<b>1 of 4</b> taken" in shown
    assert f"backup {other.name}" in shown
    assert "Away until Thu 12:00" in shown
    assert "1 accepted" in shown


def test_team_of_a_manager_is_their_own(world, client):
    stranger = world.person("Zoe Stranger", Role.AE, team=False)
    assert stranger.name not in text(read(client, world.manager, "team"))
    assert stranger.name in text(read(client, world.admin, "team"))
    assert read(client, world.ae, "team").status_code == 403


def test_pause_and_time_off_come_back_to_the_team(world, client):
    client.force_login(world.manager)
    team = reverse("handoff:team")
    pause = reverse("accounts:pause", args=[world.ae.pk])
    assert client.post(f"{pause}?next={team}", {"until": ""}).url == team
    resume = reverse("accounts:resume", args=[world.ae.pk])
    for evil in ("//evil.example/", "https://evil.example/", "evil", "/\\evil", "\x00"):
        assert client.post(resume, query_params={"next": evil}).url == reverse("accounts:time_off")


def test_backup_is_named_from_the_board(world, client):
    one, two = Member.objects.order_by("pk")
    client.force_login(world.manager)
    address = reverse("handoff:backup", args=[one.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"backup": "0"}).status_code == 422
    assert client.post(address, {"backup": two.pk}).url == reverse("handoff:team")
    one.refresh_from_db()
    assert one.backup == two
    client.force_login(world.sdr)
    assert client.get(address).status_code == 404


# Leaving


def test_offboard_previews_and_moves_everything(world, client):
    row = world.submitted()
    ae = world.receiver_of(row)
    other = next(one for one in world.aes if one != ae)
    client.force_login(world.admin)
    address = reverse("handoff:offboard", args=[ae.pk])
    shown = text(client.get(address))
    assert "1 received handoff:" in shown
    assert client.post(address, {"successor": ""}).status_code == 422
    assert client.post(address, {"successor": other.pk}).url == reverse("handoff:team")
    assert not User.objects.get(pk=ae.pk).is_active
    assert world.receiver_of(row) == other
    again = client.post(address, {"successor": other.pk})
    assert again.status_code == 422
    assert "has left already" in text(again)


def test_offboard_of_the_last_member_asks_first(world, client):
    Member.objects.exclude(user=world.ae).update(is_active=False)
    client.force_login(world.admin)
    address = reverse("handoff:offboard", args=[world.ae.pk])
    assert "Left without anybody" in text(client.get(address))
    refused = client.post(address, {"successor": world.sdr.pk})
    assert refused.status_code == 422
    sure = {"successor": world.sdr.pk, "leaves_pools_empty": "on"}
    assert client.post(address, sure).status_code == 302


def test_offboard_is_for_admins(world, client):
    assert read(client, world.manager, "offboard", world.ae.pk).status_code == 403
    assert read(client, world.admin, "offboard", 2**62).status_code == 404


# Cost


def queries(client, user, name):
    client.force_login(user)
    client.get(reverse(f"handoff:{name}"))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(reverse(f"handoff:{name}")).status_code == 200
    return len(seen)


def fill(world, name, count):
    """So many rows more on the page of that name."""
    for n in range(count):
        if name == "contests":
            contested(world)
        elif name == "team":
            ae = world.person(f"Person {n}", Role.AE)
            Member.objects.create(pool=world.pool, user=ae)
            TimeOff.objects.create(user=ae, starts_at=LATER, ends_at=LATER + timedelta(days=1))
        else:
            world.submitted() if name == "holding" else accepted(world)


@pytest.mark.parametrize("who", ["manager", "admin"])
@pytest.mark.parametrize("name", ["late", "holding", "contests", "team"])
def test_cost_of_a_page_does_not_depend_on_its_rows(world, client, time_machine, name, who):
    if name == "holding":
        world.pool.members.update(is_active=False)
    fill(world, name, 1)
    if name == "late":
        set_late(time_machine)
    few = queries(client, getattr(world, who), name)
    time_machine.move_to(NOW, tick=False)
    fill(world, name, 7)
    if name == "late":
        set_late(time_machine)
    assert queries(client, getattr(world, who), name) == few


def test_ruled_contests_are_listed_with_who_and_when(world, client):
    row = contested(world)
    rule_on_contest(row, is_upheld=True, note="Fair", by=world.manager, now=NOW)
    shown = text(read(client, world.manager, "contests"))
    assert "Ruled lately" in shown
    assert "Helen Brandt" in shown
    assert "Fair" in shown


# What stands with a clock, on the page of the handoff


def test_manager_who_only_had_it_once_is_offered_nothing(world, client, late):
    once = world.person("Olga Once", Role.AE, Role.MANAGER, team=False)
    first = late.owner
    for to in (once, first):
        late.refresh_from_db()
        reassign_handoff(late, to=to, reason="manager", note="Cover", by=world.manager, now=LATER)
    for place, args in (("late", ()), ("detail", (late.pk,))):
        theirs = text(read(client, once, place, *args))
        assert late.lead.name in theirs
        for name in ("reassign", "return", "acknowledge", "extend"):
            address = reverse(f"handoff:{name}", args=[late.pk])
            assert address not in theirs
            assert address in text(read(client, world.manager, place, *args)), (place, name)


def test_manager_who_only_had_it_once_does_not_rule_on_it(world, client):
    once = world.person("Olga Once", Role.AE, Role.MANAGER, team=False)
    row = world.submitted()
    first = row.owner
    for to in (once, first):
        row.refresh_from_db()
        reassign_handoff(row, to=to, reason="manager", note="Cover", by=world.manager, now=NOW)
    reject_handoff(row, reason="wrong_icp", fields=[], note="No.", by=first, now=NOW)
    contest_rejection(row, note="We are 180 people.", by=world.sdr, now=NOW)
    theirs = text(read(client, once, "contests"))
    assert "A manager of the submitter or of the receiver rules on it, or an admin." in theirs
    address = reverse("handoff:rule", args=[row.pk])
    assert address not in theirs
    assert address in text(read(client, world.manager, "contests"))


def test_detail_lets_the_manager_acknowledge_and_says_who_has(world, client, late):
    address = reverse("handoff:acknowledge", args=[late.pk])
    assert address not in text(read(client, late.owner, "detail", late.pk))
    assert address in text(read(client, world.manager, "detail", late.pk))
    acknowledge_late(late, kind="contact", note="She calls at 13:00", by=world.manager, now=LATER)
    for reader in (world.manager, late.owner):
        shown = text(read(client, reader, "detail", late.pk))
        assert f"{world.manager.name} has seen it: no message and no move until" in shown
        assert "She calls at 13:00" in shown
        assert address not in shown


def test_detail_lets_the_manager_resume_a_paused_clock(world, client, late):
    pause_clocks(late, kind="contact", reason="Buyer asked", by=world.manager, now=LATER)
    shown = text(read(client, world.manager, "detail", late.pk))
    assert (
        f"Paused by {world.manager.name} until somebody resumes it: \u201cBuyer asked\u201d"
        in shown
    )
    assert "It was due 11:00 and stays missed." in shown
    assert reverse("handoff:resume", args=[late.pk]) in shown
    assert reverse("handoff:resume", args=[late.pk]) not in text(
        read(client, late.owner, "detail", late.pk)
    )


def test_reassign_names_the_clock_that_starts_and_when_each_must_accept(world, client, late):
    shown = text(read(client, world.manager, "reassign", late.pk))
    assert "An accept clock of 4 h of working time starts for the new owner" in shown
    assert "accept by 16:00" in shown
    assert "first contact was due 11:00 and stays late" in shown
