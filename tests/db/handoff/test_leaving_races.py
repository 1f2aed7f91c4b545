"""Somebody leaves in the instant in which something comes to them: nothing stays with them."""

import itertools
from datetime import timedelta

import pytest

from accounts.choices import Role
from accounts.models import User
from accounts.services import create_team, set_membership
from core.errors import DomainError
from handoff.models import Company, Handoff
from handoff.models.handoff import OPEN
from handoff.services import (
    accept_handoff,
    contest_rejection,
    convert_handoff,
    offboard_user,
    reassign_handoff,
    reject_handoff,
    return_handoff,
    rule_on_contest,
    set_company_owner,
    start_fix,
)
from tests.factories.handoff import NOW, World, make_world
from tests.support.race import race

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]
EACH = 6
HOUR = timedelta(hours=1)
_number = itertools.count(1)
ACTS = ("draft", "reject", "return", "fix", "overturn")


def leave_or_act(racer, side, rounds, admin_id, successor_id, manager_id):
    """One side lets the person of each round leave, the other does what brings them something."""
    admin, successor, manager = (
        User.objects.get(pk=pk) for pk in (admin_id, successor_id, manager_id)
    )
    outcomes = []
    for act, user_id, handoff_id, receiver_id in rounds:
        user, receiver = (User.objects.get(pk=pk) for pk in (user_id, receiver_id))
        assert user.roles
        racer.line_up()
        try:
            if side == "leave":
                offboard_user(user, successor=successor, by=admin, now=NOW + HOUR)
            else:
                _act(act, user, receiver, manager, Handoff(pk=handoff_id))
            outcomes.append("")
        except DomainError as refused:
            outcomes.append(refused.code)
    return outcomes


def _act(act, user, receiver, manager, row):
    common = {"now": NOW + HOUR}
    if act == "draft":
        type_ = row.__class__.objects.get(pk=row.pk).type
        World(*[None] * 7, type=type_).draft(by=user)
    elif act == "reject":
        reject_handoff(row, reason="no_budget", by=receiver, **common)
    elif act == "return":
        return_handoff(row, note="Left the company.", by=receiver, **common)
    elif act == "fix":
        start_fix(row, by=manager, **common)
    elif act == "convert":
        convert_handoff(row, by=manager, **common)
    elif act == "own":
        company = Company.objects.get(leads__handoffs=row.pk)
        set_company_owner(company, owner=user, by=manager, **common)
    else:
        rule_on_contest(row, is_upheld=False, by=manager, **common)


def prepared(world, act):
    """Who leaves in this round, the handoff that comes to them, and its receiver."""
    sdr = world.person("Gone Person", Role.SDR)
    row = world.submitted(by=sdr)
    receiver = row.owner
    if act in ("fix", "overturn"):
        reject_handoff(row, reason="no_budget", by=receiver, now=NOW)
    if act == "overturn":
        contest_rejection(row, note="The CFO said so.", by=sdr, now=NOW)
    return act, sdr.pk, row.pk, receiver.pk


def without_submitter(world, act, successor):
    """The same of the manager who stands in for a submitter that has left."""
    team = create_team(name=f"Team {next(_number)}", by=world.admin, now=NOW)
    sdr = world.person("Gone First", Role.SDR, team=False)
    set_membership(team=team, user=sdr, by=world.admin, now=NOW)
    manager = world.person("Gone Manager", Role.MANAGER, team=False)
    set_membership(team=team, user=manager, is_manager=True, by=world.admin, now=NOW)
    row = world.submitted(by=sdr)
    offboard_user(sdr, successor=successor, by=world.admin, now=NOW)
    return act, manager.pk, row.pk, row.owner_id


def test_nothing_stays_with_a_stand_in_who_leaves_as_it_arrives(transactional_db):
    world = make_world(receivers=3)
    successor = world.person("Sue Cessor", Role.SDR, Role.MANAGER)
    rounds = [
        without_submitter(world, act, successor)
        for act in ("reject", "return")
        for _ in range(EACH)
    ]
    shared = (rounds, world.admin.pk, successor.pk, world.manager.pk)
    left, acted = race(leave_or_act, [("leave", *shared), ("act", *shared)], seconds=240)
    assert left == acted == [""] * len(rounds)
    stayed = Handoff.objects.filter(status__in=OPEN, owner__is_active=False)
    assert list(stayed.values_list("pk", "status")) == []


def test_nothing_stays_with_somebody_who_leaves_as_it_arrives(transactional_db):
    world = make_world(receivers=3)
    successor = world.person("Sue Cessor", Role.SDR)
    rounds = [prepared(world, act) for act in ACTS for _ in range(EACH)]
    shared = (rounds, world.admin.pk, successor.pk, world.manager.pk)
    left, _acted = race(leave_or_act, [("leave", *shared), ("act", *shared)], seconds=240)
    assert left == [""] * len(rounds)
    stayed = Handoff.objects.filter(status__in=OPEN, owner__is_active=False)
    assert list(stayed.values_list("pk", "status")) == []


def received(world, act):
    """The same of a receiver who leaves while a company comes to them."""
    receiver = world.person("Gone Receiver", Role.AE)
    row = world.submitted()
    row = reassign_handoff(
        row, to=receiver, reason="manager", note="Theirs.", by=world.manager, now=NOW
    )
    accept_handoff(row, by=receiver, now=NOW)
    return act, receiver.pk, row.pk, receiver.pk


def test_no_company_stays_with_somebody_who_leaves_as_it_comes_to_them(transactional_db):
    world = make_world(receivers=3)
    successor = world.person("Sue Cessor", Role.SDR)
    rounds = [received(world, act) for act in ("convert", "own") for _ in range(EACH)]
    shared = (rounds, world.admin.pk, successor.pk, world.manager.pk)
    left, _acted = race(leave_or_act, [("leave", *shared), ("act", *shared)], seconds=240)
    assert left == [""] * len(rounds)
    assert not Company.objects.filter(owner__is_active=False).exists()
