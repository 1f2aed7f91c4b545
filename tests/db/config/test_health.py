"""The health page: the loops, what waits for them, what they have given up."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.dead_man import FINDING as DEAD_MAN
from core.findings import CLOCK_JUMPED, keep_finding
from core.loops import registered_loops
from core.models import Heartbeat
from handoff.models import Event
from notify.models import Message
from sla.models import Clock, Escalation
from sla.services import fire_due_steps, reconcile
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


@pytest.fixture
def health(client, world):
    client.force_login(world.admin)

    def read():
        answer = client.get(reverse("health"))
        assert answer.status_code == 200
        return answer

    return read


def shown(answer, heading):
    """What stands in the card of that name, as words."""
    text = answer.content.decode().split(f'aria-labelledby="{heading}"', 1)[1]
    return " ".join(text.split("</section>", 1)[0].split())


def beat(name, age=1.0, **fields):
    at = NOW - timedelta(seconds=age)
    Heartbeat.objects.update_or_create(loop=name, defaults={"at": at, "worker": "box:7", **fields})


def set_aside(world, n=1):
    """So many steps of as many handoffs, given up an hour ago."""
    for _ in range(n):
        world.submitted()
    fire_due_steps(Clock.objects.filter(kind="accept").latest("next_step_at").next_step_at + HOUR)
    Escalation.objects.update(
        state="quarantined", handled_at=NOW, attempts=5, last_error="disk full"
    )
    return list(Escalation.objects.order_by("-pk"))


@pytest.mark.parametrize("who", ["sdr", "ae", "manager"])
def test_health_is_refused_to_others_than_admins(client, world, who):
    client.force_login(getattr(world, who))
    assert client.get(reverse("health")).status_code == 403


def test_health_shows_each_loop_with_its_state(health):
    beat("sla.fire_due_steps", 3)
    beat(
        "notify.deliver_due",
        3_725,
        last_error="OSError: no space left\non the disk",
        last_error_at=NOW,
    )
    loops = shown(health(), "loops")
    for loop in registered_loops():
        assert loop.about in loops
        assert loop.name in loops
    assert [loops.count(f"</span>{state}</span>") for state in ("On time", "Late")] == [1, 1]
    assert loops.count("</span>Never ran</span>") == len(registered_loops()) - 2
    assert "1 h 2 min ago" in loops
    assert "OSError: no space left" in loops
    assert "on the disk" not in loops
    assert "17 Nov 2026, 11:00" in loops
    assert 'data-label="Every">10 s<' in loops


def test_health_says_what_waits_and_marks_what_is_late(health, world):
    world.submitted()
    Clock.objects.filter(kind="accept").update(next_step_at=NOW - 2 * HOUR)
    Message.objects.filter(channel="email").update(not_before=NOW - HOUR)
    waiting = shown(health(), "waiting")
    waits = [line.split("</tr>")[0] for line in waiting.split("<tr>")[2:]]
    assert ["tag-late" in line for line in waits] == [True, False, False, True]
    assert "2 h" in waits[0]
    assert "1 h" in waits[3]


def test_health_of_nothing_says_so(health):
    answer = health()
    assert "No step was set aside" in shown(answer, "steps")
    assert "No jump was seen" in shown(answer, "around")
    assert "DEAD_MAN_URL turns it on" in shown(answer, "around")


def test_health_lists_what_was_set_aside_with_its_handoff(health, world):
    (step, *_) = set_aside(world)
    steps = shown(health(), "steps")
    assert "disk full" in steps
    assert reverse("handoff:detail", args=[step.clock.handoff_clock.handoff_id]) in steps
    assert reverse("health_retry", args=[step.pk]) in steps


def test_health_try_again_puts_it_back_and_says_who_did(health, client, world):
    (step, *_) = set_aside(world)
    client.force_login(world.admin)
    answer = client.post(reverse("health_retry", args=[step.pk]), follow=True)
    assert "is tried again now" in answer.content.decode()
    step.refresh_from_db()
    assert (step.state, step.attempts) == ("pending", 0)
    assert Event.objects.get(kind="step_retried").by == world.admin
    assert client.post(reverse("health_retry", args=[step.pk])).status_code == 409
    row = step.clock.handoff_clock.handoff
    page = client.get(reverse("handoff:detail", args=[row.pk])).content.decode()
    assert "A step that had failed is tried again" in page


def test_health_try_again_is_for_posts_only(health, client, world):
    (step, *_) = set_aside(world)
    client.force_login(world.admin)
    assert client.get(reverse("health_retry", args=[step.pk])).status_code == 405


def test_health_lists_25_and_counts_all_in_as_many_queries_as_for_one(health, world):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            answer = health()
        return len(seen), answer

    set_aside(world)
    Message.objects.filter(channel="email").update(state="dead")
    health()
    one, _ = cost()
    set_aside(world, 29)
    Message.objects.filter(channel="email").update(state="dead")
    many, answer = cost()
    assert many == one
    steps, messages = shown(answer, "steps"), shown(answer, "messages")
    assert steps.count("Try again<") == messages.count("Send again<") == 25
    assert f"{Escalation.objects.count()} in all" in steps
    assert "The newest 25 are shown" in steps
    assert "The newest 25 are shown" in messages


def test_health_tells_of_the_last_jump_of_the_clock(health):
    keep_finding(CLOCK_JUMPED, at=NOW, data={"seconds": -7_200, "worker": "box:7"})
    around = shown(health(), "around")
    assert "The machine's clock jumped back by 2 h at 17 Nov 2026, 11:00" in around


@pytest.mark.parametrize(
    ("reason", "said"), [("", "https://watch.example was told 5 s ago"), ("Answered 500", "500")]
)
def test_health_tells_of_the_dead_mans_switch(health, settings, reason, said):
    settings.DEAD_MAN_URL = "https://watch.example/zqsecretzq"
    assert "Not tried yet" in shown(health(), "around")
    found = {"origin": "https://watch.example", "reason": reason}
    keep_finding(DEAD_MAN, at=NOW - timedelta(seconds=5), data=found)
    answer = health()
    assert said in shown(answer, "around")
    assert "zqsecretzq" not in answer.content.decode()


def menu(answer):
    """What the menu says beside Health."""
    text = answer.content.decode().split('<span class="side-text">Health</span>', 1)[1]
    return " ".join(text.split("</a>", 1)[0].split())


def test_menu_counts_what_wants_an_admin(health, client, world):
    for loop in registered_loops():
        beat(loop.name)
    assert "to look at" not in menu(health())
    assert "to look at" not in menu(client.get(reverse("notify:inbox")))
    set_aside(world, 2)
    Message.objects.filter(channel="email").update(state="dead")
    beat("notify.deliver_due", 3_600)
    # And a loop.
    there = Escalation.objects.count() + Message.objects.dead().count() + 1
    assert f">{there}<" in menu(health())
    # Elsewhere by the loop's last look, and the loops as they are.
    assert ">1<" in menu(client.get(reverse("notify:inbox")))
    reconcile(NOW)
    assert f">{there}<" in menu(client.get(reverse("notify:inbox")))
