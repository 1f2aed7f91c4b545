"""The demo organisation: one week of it here, where a new installation gets twelve."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organisation, User
from handoff.choices import EventKind, Status
from handoff.management.commands import demo
from handoff.management.story import make_people, tell_story, weeks
from handoff.models import Contest, Event, Handoff, Touch
from handoff.selectors.verify import findings
from notify.models import Message
from sla.models import Clock
from tests.factories.bulk import analyze
from tests.factories.handoff import make_world

MONDAY_MORNING = datetime(2026, 11, 16, 8, 30, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 11, 15, 23, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.DEMO_WEEKS = 1
    return tmp_path


@pytest.fixture
def clock(time_machine, monkeypatch):
    """The command's time stands still, also beside a server that has a clock of its own."""
    time_machine.move_to(MONDAY_MORNING, tick=False)
    monkeypatch.setattr(demo, "database_now", lambda: datetime.now(UTC))
    return time_machine


@pytest.fixture
def short(clock, monkeypatch):
    """Few handoffs: the others are about the story, these about the command."""
    monkeypatch.setattr(weeks, "PER_DAY", (2,))


def run(*arguments, **options):
    out = StringIO()
    call_command("demo", *arguments, stdout=out, **options)
    return out.getvalue()


def tell(*, now, seed=1, weeks=1):
    people = make_people(now - timedelta(weeks=weeks + 2))
    return tell_story(people, weeks=weeks, now=now, seed=seed, told=lambda: None)


@pytest.mark.django_db
@pytest.mark.usefixtures("short")
def test_demo_fills_an_empty_installation_and_leaves_it_alone_the_next_time(place):
    told = run()
    assert "1 week of handoffs" in told
    assert "The demo organisation is there" in told
    logins = (place / "demo_logins.txt").read_text()
    people = User.objects.values_list("email", flat=True)
    assert all(email in logins for email in people)
    assert len(people) == 4 + 6 + 2 + 1
    count = Handoff.objects.count()
    assert run() == "There is an organisation already; the demo changed nothing.\n"
    assert Handoff.objects.count() == count
    assert not (place / "demo_unfinished").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("now", [MONDAY_MORNING, SUNDAY_NIGHT], ids=["monday", "sunday"])
def test_demo_has_something_of_everything_for_today(now):
    stage = tell(now=now)
    running = Clock.objects.filter(state="running")
    assert running.filter(breached_at__isnull=False).exists()
    assert running.filter(breached_at__isnull=True, due_at__gt=now).exists()
    pending = Handoff.objects.filter(status=Status.PENDING)
    assert pending.filter(next_due_at__gt=now).exists()
    assert Handoff.objects.filter(status=Status.DRAFT).exists()
    assert Contest.objects.filter(ruled_at=None).exists()
    assert Touch.objects.exists()
    assert Message.objects.filter(channel="inbox", read_at=None).exists()
    # What came too late is the exception.
    assert stage.refused < Handoff.objects.count() / 4


@pytest.mark.django_db
def test_demo_keeps_every_promise():
    tell(now=MONDAY_MORNING)
    analyze()
    assert [found.text for found in findings(MONDAY_MORNING, moving=True)] == []
    assert not Event.objects.filter(at__gt=MONDAY_MORNING).exists()


def story():
    rows = Event.objects.order_by("at", "pk")
    return list(rows.values_list("handoff__lead__company__name", "kind", "at"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("short")
def test_demo_reset_tells_the_same_story_anew():
    run()
    first = story()
    kinds = {kind for _, kind, _ in first}
    assert {EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CONTESTED} <= kinds
    told = run("--reset")
    assert "The demo organisation is there" in told
    assert story() == first


@pytest.mark.django_db
@pytest.mark.usefixtures("short")
def test_demo_of_some_days_ago_gets_something_for_today(clock, monkeypatch):
    run()
    before = set(Handoff.objects.values_list("pk", flat=True))
    # Rows know when they were written by the database's own clock.
    monkeypatch.setattr(demo, "OLD_AFTER", timedelta.min)
    clock.move_to(MONDAY_MORNING + timedelta(days=2), tick=False)
    assert "a few handoffs of today were added" in run()
    added = Handoff.objects.exclude(pk__in=before)
    assert added.filter(status=Status.PENDING).exists()
    assert list(findings(datetime.now(UTC), moving=True)) == []


@pytest.mark.django_db
def test_old_organisation_of_ones_own_is_left_alone(monkeypatch):
    world = make_world()
    world.submitted()
    monkeypatch.setattr(demo, "OLD_AFTER", timedelta.min)
    assert run() == "There is an organisation already; the demo changed nothing.\n"
    assert Handoff.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("short")
def test_demo_that_was_broken_off_is_told_anew(place):
    make_people(MONDAY_MORNING - timedelta(weeks=3))
    (place / "demo_unfinished").touch()
    assert "The demo organisation is there" in run()
    assert not (place / "demo_unfinished").exists()


@pytest.mark.django_db
def test_demo_reset_of_an_organisation_of_ones_own_is_refused():
    make_world()
    with pytest.raises(CommandError, match="This is no demo"):
        run("--reset")
    assert Organisation.objects.exists()


@pytest.mark.django_db
def test_demo_in_production_is_refused(settings):
    settings.DEMO_ALLOWED = False
    with pytest.raises(CommandError, match="for development only"):
        run()
    assert not Organisation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("weeks", ["0", "53", "-1", "many"])
def test_demo_of_too_few_or_too_many_weeks_is_refused(weeks):
    with pytest.raises(CommandError, match="is not a number of weeks from 1 to 52"):
        run("--weeks", weeks)
    assert not Organisation.objects.exists()
