"""Rule 2: open clocks follow other versions only where an admin has them re-timed."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.errors import NotPermitted
from handoff.models import Event, Handoff, HandoffClock
from handoff.selectors.retiming import retimings
from handoff.selectors.verify import findings
from handoff.services import accept_handoff, apply_escalations, pause_clocks, withdraw_handoff
from handoff.services.retiming import retime_clocks
from notify.models import Message
from notify.registry import refresh
from sla.impact import open_clock_ids
from sla.models import Clock, Policy
from sla.rules.retiming import Scope, sum_up
from sla.rules.targets import ALERT_MANAGER, REASSIGN, StepSpec, TargetSpec
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world
from tests.factories.sla import publish_one
from worktime.services import publish_calendar_version

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ALL = Scope()
ALERT = StepSpec(0, ALERT_MANAGER, ("manager",))


@pytest.fixture
def world(db):
    return make_world()


def publish(key="standard", *, accept=120, contact=240, **place):
    ladder = (ALERT, StepSpec(0, REASSIGN, ()))
    publish_one(
        TargetSpec("accept", accept, "working_minutes", ladder),
        TargetSpec("contact", contact, "working_minutes", (ALERT,)),
        key=key,
        now=NOW,
        **place,
    )


def is_hot():
    return {"all": [{"field": "temperature", "op": "eq", "value": "hot"}]}


def retime(world, scope=ALL, *, now=NOW, by=None):
    return retime_clocks(open_clock_ids(), scope, by or world.admin, now)


def clocks(handoff):
    links = HandoffClock.objects.filter(handoff=handoff, is_current=True)
    return {link.kind: link.clock for link in links.select_related("clock")}


def promises_kept():
    return [f"{one.check}: {one.text}" for one in findings(NOW + HOUR / 60)]


def test_rule_2_publishing_alone_changes_no_open_clock(world):
    handoff = world.submitted()
    before = clocks(handoff)["accept"].due_at
    publish()
    assert clocks(handoff)["accept"].due_at == before


def test_retime_all_gives_each_clock_the_versions_of_now(world):
    handoff = world.submitted()
    publish()
    done = retime(world)
    assert {line.kind for line in done} == {"accept", "contact"}
    now = clocks(handoff)
    assert (now["accept"].due_at, now["contact"].due_at) == (NOW + 2 * HOUR, NOW + 4 * HOUR)
    assert {clock.target.version.n for clock in now.values()} == {2}
    handoff.refresh_from_db()
    assert handoff.next_due_at == NOW + 2 * HOUR
    assert promises_kept() == []


def test_retime_writes_one_event_for_each_handoff_with_who_did_it(world):
    handoff = world.submitted()
    was = clocks(handoff)["accept"].due_at
    publish()
    retime(world)
    event = Event.objects.get(kind="retimed")
    assert (event.handoff, event.by) == (handoff, world.admin)
    told = {clock["clock_kind"]: clock for clock in event.data["clocks"]}
    assert told["accept"]["was_due_at"] == was.isoformat()
    assert told["accept"]["due_at"] == (NOW + 2 * HOUR).isoformat()


def test_retime_again_finds_nothing_left_to_do(world):
    world.submitted()
    publish()
    assert len(retime(world)) == 2
    before = list(Clock.objects.order_by("pk").values())
    assert retime(world) == []
    assert list(Clock.objects.order_by("pk").values()) == before
    assert Event.objects.filter(kind="retimed").count() == 1


def test_retime_stopped_half_way_is_finished_by_the_next_run(world):
    for _ in range(3):
        world.submitted()
    publish()
    ids = open_clock_ids()
    first = retime_clocks(ids[:3], ALL, world.admin, NOW)
    second = retime(world)
    assert len(first) + len(second) == 6
    assert {clock.target.version.n for clock in Clock.objects.live()} == {2}
    assert promises_kept() == []


def test_retime_touches_no_finished_clock(world):
    handoff = world.submitted()
    withdraw_handoff(handoff, by=world.sdr, now=NOW)
    before = list(Clock.objects.order_by("pk").values())
    publish()
    assert retime(world) == []
    assert list(Clock.objects.order_by("pk").values()) == before


def test_retime_preview_says_what_retiming_then_does_and_writes_nothing(world):
    world.submitted()
    late = world.submitted(now=NOW - 3 * HOUR)
    publish(accept=60)
    before = list(Clock.objects.order_by("pk").values())
    planned = retimings(open_clock_ids(), ALL, NOW)
    assert list(Clock.objects.order_by("pk").values()) == before
    total = sum_up(planned)
    # Accept within 1 h instead of 4, contact within 4 h of work instead of a day.
    assert (total.count, total.earlier, total.missed) == (4, 4, 1)
    assert retime(world) == planned
    assert {clock.due_at for clock in Clock.objects.live()} == {line.due_at for line in planned}
    assert clocks(late)["accept"].breached_at == NOW - HOUR


def test_retime_past_its_new_due_time_is_missed_once_and_at_once(world):
    handoff = world.submitted(now=NOW - 3 * HOUR)
    publish(accept=60)
    retime(world)
    while fire_due_steps(NOW + HOUR / 60):
        pass
    apply_escalations(NOW + HOUR / 60)
    kinds = list(handoff.events.values_list("kind", flat=True))
    assert (kinds.count("breached"), kinds.count("alerted"), kinds.count("timed_out")) == (1, 1, 1)
    assert promises_kept() == []


def test_retime_of_one_policy_takes_also_what_would_follow_it(world):
    hot, warm = world.submitted(temperature="hot"), world.submitted()
    publish("hot", accept=30, contact=60, conditions=is_hot(), position=10)
    publish()
    policy = Policy.objects.get(key="hot")
    done = retime(world, Scope(policy_id=policy.pk))
    assert {line.handoff_id for line in done} == {hot.pk}
    assert clocks(hot)["accept"].due_at == NOW + HOUR / 2
    assert clocks(warm)["accept"].target.version.n == 1


def test_retime_of_one_calendar_takes_its_new_hours(world):
    handoff = world.submitted()
    calendar = world.organisation.calendar
    data = {**calendar.current_version.data, "zone": calendar.current_version.zone}
    data["holidays"] = [{"date": "2026-11-17", "name": "Fair"}]
    publish_calendar_version(calendar, data=data, by=world.admin, now=NOW)
    assert retime(world, Scope(calendar_id=calendar.pk + 1)) == []
    retime(world, Scope(calendar_id=calendar.pk))
    calendar.refresh_from_db()
    accept = clocks(handoff)["accept"]
    assert accept.calendar_version == calendar.current_version
    # Today is closed, so the four hours are those of tomorrow morning.
    assert accept.due_at.date() == (NOW + timedelta(days=1)).date()


def test_retime_where_no_policy_asks_any_more_keeps_the_clock(world):
    handoff = world.submitted()
    publish_one(TargetSpec("accept", 60, "working_minutes"), now=NOW)
    total = sum_up(retimings(open_clock_ids(), ALL, NOW))
    assert (total.count, total.kept) == (1, 1)
    before = clocks(handoff)["contact"].pk
    assert [line.kind for line in retime(world)] == ["accept"]
    assert clocks(handoff)["contact"].pk == before


def test_retime_keeps_a_paused_clock_paused(world):
    handoff = world.submitted()
    pause_clocks(handoff, kind="contact", reason="Holiday", by=world.manager, now=NOW)
    publish()
    retime(world, now=NOW + HOUR)
    handoff.refresh_from_db()
    contact = clocks(handoff)["contact"]
    assert (contact.state, contact.target.version.n) == ("paused", 2)
    assert handoff.next_due_at == clocks(handoff)["accept"].due_at
    assert promises_kept() == []


def test_retimed_handoff_is_accepted_and_its_clock_met_as_ever(world):
    handoff = world.submitted()
    publish()
    retime(world)
    accept_handoff(handoff, by=world.receiver_of(handoff), now=NOW + HOUR)
    assert clocks(handoff)["accept"].state == "met"
    assert promises_kept() == []


def only_contact(minutes):
    publish_one(TargetSpec("contact", minutes, "working_minutes", (ALERT,)), now=NOW)


def test_retimed_late_clock_is_still_told_of_as_late(world):
    only_contact(60)
    world.submitted()
    late = NOW + 2 * HOUR
    while fire_due_steps(late) or apply_escalations(late):
        pass
    message = Message.objects.filter(kind="late").first()
    before = refresh(message, late)
    assert "1 h late" in before.subject
    only_contact(600)
    retime(world, now=late)
    assert refresh(message, late) == before


@pytest.mark.parametrize("who", ["manager", "sdr", "ae"])
def test_retime_by_others_than_an_admin_is_refused(world, who):
    world.submitted()
    publish()
    with pytest.raises(NotPermitted):
        retime(world, by=getattr(world, who))
    assert not Event.objects.filter(kind="retimed").exists()


def test_retime_preview_takes_as_many_queries_for_one_as_for_many(world, django_assert_num_queries):
    world.submitted()
    publish()
    with django_assert_num_queries(11) as first:
        retimings(open_clock_ids(), ALL, NOW)
    for _ in range(5):
        world.submitted()
    publish(accept=60)
    with django_assert_num_queries(len(first.captured_queries)):
        retimings(open_clock_ids(), ALL, NOW)


def command(*arguments):
    out = StringIO()
    call_command("retime_clocks", *arguments, stdout=out)
    return out.getvalue()


def test_command_without_apply_tells_and_changes_nothing(world):
    handoff = world.submitted()
    publish()
    before = list(Clock.objects.order_by("pk").values())
    said = command("--all")
    assert f"of handoff {handoff.pk}: due " in said
    assert "2 clocks would be re-timed: " in said
    assert "Nothing was changed" in said
    assert list(Clock.objects.order_by("pk").values()) == before


def test_command_applied_does_it_and_says_by_whom(world):
    world.submitted()
    publish()
    said = command("--policy", "standard", "--apply", "--by", world.admin.email.upper())
    assert "2 clocks re-timed" in said
    assert Event.objects.get(kind="retimed").by == world.admin
    assert "0 clocks re-timed" in command("--all", "--apply", "--by", world.admin.email)


def test_command_lists_as_many_clocks_as_asked_for_and_counts_all(world):
    world.submitted()
    publish()
    said = command("--calendar", world.organisation.calendar.name, "--limit", "1")
    assert said.count("of handoff") == 1
    assert "2 clocks would be" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--policy", "fastest"], "Give one of: standard"),
        (["--calendar", "Moon"], "Give one of: Office hours"),
        (["--all", "--apply"], "Say who does it"),
        (["--all", "--apply", "--by", "nobody@handoff.example"], "Nobody has"),
        ([], "required"),
    ],
)
def test_command_that_cannot_be_understood_says_what_to_give(world, arguments, words):
    with pytest.raises(CommandError, match=words):
        command(*arguments)


def test_command_by_somebody_else_than_an_admin_is_refused(world):
    world.submitted()
    publish()
    with pytest.raises(CommandError, match="Only an admin"):
        command("--all", "--apply", "--by", world.ae.email)
    assert Handoff.objects.get().version == 2
