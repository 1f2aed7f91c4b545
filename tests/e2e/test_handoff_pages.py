"""Every page of handoffs: readable to all, in both themes, and fit for a phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from handoff.services import (
    accept_handoff,
    apply_escalations,
    convert_handoff,
    log_touch,
    reject_handoff,
    start_fix,
)
from sla.services import fire_due_steps
from tests.e2e.browsing import problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    """One of everything: late, waiting, held, rejected with a fix begun, a draft."""
    now = timezone.now()
    world = make_world()
    others = world.pool.members.exclude(user=world.ae)
    others.update(is_active=False)
    world.late = world.submitted(now=now - timedelta(days=4), objections="They fear the app.")
    fire_due_steps(now)
    apply_escalations(now)
    world.waiting = world.submitted(now=now, contact__phone="+49 40 5550 1842")
    world.rejected = world.submitted(now=now)
    reject_handoff(
        world.rejected,
        reason="missing_information",
        fields=["timeline"],
        note="Why March?",
        by=world.ae,
        now=now,
    )
    world.rejected.refresh_from_db()
    world.fix = start_fix(world.rejected, by=world.sdr, now=now)
    world.taken = accept_handoff(world.submitted(now=now), by=world.ae, now=now)
    log_touch(world.taken, kind="email", occurred_at=now, text="Hello", by=world.ae, now=now)
    world.won = accept_handoff(world.submitted(now=now), by=world.ae, now=now)
    convert_handoff(world.won, by=world.ae, now=now)
    world.refused = world.submitted(now=now)
    reject_handoff(world.refused, reason="wrong_icp", by=world.ae, now=now)
    world.pool.members.update(is_active=False)
    world.held = world.submitted(now=now)
    world.gaps = world.draft(now=now, budget="n/a", need="")
    return world


def pages(world):
    def of(user, name, *args, query=""):
        return user, reverse(f"handoff:{name}", args=args) + query

    return [
        of(world.ae, "queue"),
        of(world.aes[1], "queue"),
        of(world.ae, "list"),
        of(world.ae, "detail", world.late.pk),
        of(world.ae, "reject", world.waiting.pk),
        *(of(world.ae, name, world.waiting.pk) for name in ("touch", "disqualify", "nurture")),
        of(world.ae, "merge", world.waiting.pk),
        *(of(world.ae, name, world.taken.pk) for name in ("detail", "next_step", "convert")),
        of(world.sdr, "contest", world.refused.pk),
        of(world.sdr, "detail", world.refused.pk),
        of(world.ae, "outcome", world.won.pk),
        of(world.ae, "detail", world.won.pk),
        of(world.sdr, "list"),
        of(world.sdr, "list", query="?q=nobody&status=lost"),
        of(world.sdr, "leads"),
        of(world.sdr, "new"),
        of(world.sdr, "new", query="?q=ruiz"),
        of(world.sdr, "edit", world.gaps.pk, query="?missing=1"),
        of(world.sdr, "edit", world.fix.pk),
        of(world.sdr, "detail", world.waiting.pk),
        of(world.sdr, "detail", world.rejected.pk),
        of(world.sdr, "detail", world.gaps.pk),
        of(world.sdr, "detail", world.held.pk),
        of(world.sdr, "concede", world.rejected.pk),
        of(world.sdr, "withdraw", world.waiting.pk),
        of(world.manager, "late"),
        of(world.manager, "holding"),
        of(world.manager, "list"),
    ]


def test_pages_are_accessible_and_fit_a_phone(world, page, live_server, sign_in):
    failures = {}
    for user, address in pages(world):
        sign_in(page.context, user)
        answer = page.goto(live_server.url + address)
        assert answer.status == 200, address
        found = problems(page)
        if found:
            failures[(user.name, address)] = found
    assert failures == {}
