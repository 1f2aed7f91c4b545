"""A manager's day in a browser: what is late, what is contested, who is away."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from handoff.services import (
    accept_handoff,
    apply_escalations,
    contest_rejection,
    reject_handoff,
)
from routing.models import Member
from routing.services import set_backup, set_capacity
from sla.models import Clock
from sla.services import fire_due_steps
from tests.e2e.browsing import on_both, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    """Late at first contact, one contested, one held, a draft that is late too."""
    now = timezone.now()
    world = make_world(preset="temperatures", receivers=3)
    before = now - timedelta(days=8)
    world.late = accepted(world, before)
    world.draft(now=before)
    # The ladder up to the alert; what comes after has not fired yet.
    due = Clock.objects.get(kind="contact", handoff_clock__handoff=world.late).due_at
    fire_due_steps(due + timedelta(seconds=1))
    apply_escalations(due + timedelta(seconds=1))
    world.contested = world.submitted(now=now)
    receiver = world.receiver_of(world.contested)
    reject_handoff(
        world.contested,
        reason="missing_information",
        fields=["timeline"],
        note="When do they decide?",
        by=receiver,
        now=now,
    )
    contest_rejection(world.contested, note="By March, it is in the form.", by=world.sdr, now=now)
    for member in Member.objects.all():
        set_capacity(user=member.user, capacity=4, by=world.admin, now=now)
    one, two = Member.objects.order_by("pk")[:2]
    set_backup(member=one, backup=two, by=world.admin, now=now)
    accepted(world, now)
    world.submitted(now=now)
    world.pool.members.update(is_active=False)
    world.held = world.submitted(now=now)
    world.pool.members.update(is_active=True)
    return world


def accepted(world, now):
    row = world.submitted(now=now)
    return accept_handoff(row, by=world.receiver_of(row), now=now)


@on_both
def test_late_is_acknowledged_then_reassigned(world, visit):
    page = visit(world.manager, "/")
    expect(page).to_have_url(re.compile(reverse("handoff:late")))
    name = world.late.lead.name
    page.get_by_role("link", name=f"Acknowledge {name}, First contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("On site, calls at eleven")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged until").first).to_be_visible()
    expect(page.get_by_text("On site, calls at eleven")).to_be_visible()

    page.get_by_role("link", name=f"Reassign {name}").first.click()
    dialog = page.get_by_role("dialog")
    other = next(one for one in world.aes if one != world.late.owner)
    dialog.get_by_role("radio", name=other.name).check()
    dialog.get_by_role("button", name="Reassign").click()
    expect(dialog.get_by_text("Say why in a sentence.").first).to_be_visible()
    expect(dialog.get_by_role("radio", name=other.name)).to_be_checked()
    dialog.get_by_label("Note").fill("Knows the buyer")
    dialog.get_by_role("button", name="Reassign").click()
    expect(page.get_by_text(f"{other.name} has {name}")).to_be_visible()
    assert world.receiver_of(world.late) == other


def test_pages_are_accessible_and_fit_a_phone(world, page, live_server, sign_in):
    late, contested = world.late.pk, world.contested.pk
    pages = [
        ("late", (), world.manager),
        ("holding", (), world.manager),
        ("contests", (), world.manager),
        ("team", (), world.manager),
        ("acknowledge", (late,), world.manager),
        ("reassign", (late,), world.manager),
        ("extend", (late,), world.manager),
        ("return", (late,), world.manager),
        ("rule", (contested,), world.manager),
        ("backup", (Member.objects.first().pk,), world.manager),
        ("offboard", (world.ae.pk,), world.admin),
    ]
    failures = {}
    for name, args, user in pages:
        sign_in(page.context, user)
        answer = page.goto(live_server.url + reverse(f"handoff:{name}", args=args))
        assert answer.status == 200, name
        found = problems(page)
        if found:
            failures[name] = found
    assert failures == {}
