"""The tiles and the lines of a week."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.choices import Role
from accounts.models import Organisation
from accounts.selectors import NoOrganisation
from handoff.models import Contest, Leg
from review.rules.errors import WeekNotBegun, WeekUnknown
from review.rules.metrics import Tone
from review.rules.weeks import Week
from review.selectors.report import week_frame, weekly_report
from tests.factories.accounts import make_user
from tests.factories.review import HOUR

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
TUESDAY = datetime(2026, 11, 10, 11, tzinfo=BERLIN)
WEEK = Week(2026, 46)
MINUTE = timedelta(minutes=1)


def report(user, label="2026-W46", now=NOW):
    return weekly_report(user, week_frame(label, now=now), now=now)


def tile_of(found, key):
    return next(tile for tile in (*found.tiles, *found.beside) if tile.metric.key == key)


def line_of(found, key):
    lines = [line for section in found.sections for line in section.lines]
    return next(line for line in lines if line.metric.key == key)


def test_frame_without_a_label_is_the_running_week(scene):
    frame = week_frame(None, now=NOW)

    assert frame.week == Week(2026, 47)
    assert frame.is_running
    assert frame.next is None
    assert frame.previous == WEEK


def test_frame_of_a_past_week_has_both_neighbours(scene):
    frame = week_frame("2026-W46", now=NOW)

    assert not frame.is_running
    assert (frame.previous, frame.next) == (Week(2026, 45), Week(2026, 47))


def test_frame_of_a_week_ahead_is_refused(scene):
    with pytest.raises(WeekNotBegun, match="Week 48, 23 to 29 Nov 2026 has not begun"):
        week_frame("2026-W48", now=NOW)


def test_frame_of_no_week_is_refused(scene):
    with pytest.raises(WeekUnknown):
        week_frame("last", now=NOW)


def test_frame_is_cut_in_the_organisations_zone(scene):
    sunday_evening = datetime(2026, 11, 15, 23, 30, tzinfo=ZoneInfo("UTC"))
    assert week_frame(None, now=sunday_evening).week == Week(2026, 47)

    Organisation.objects.update(zone="America/New_York")
    assert week_frame(None, now=sunday_evening).week == WEEK


def test_frame_of_an_unknown_zone_falls_back_to_utc(scene):
    Organisation.objects.update(zone="Mars/Olympus")

    assert week_frame(None, now=NOW).zone.key == "UTC"


def test_frame_before_the_set_up_says_what_is_missing(db):
    with pytest.raises(NoOrganisation):
        week_frame(None, now=NOW)


def test_report_counts_decisions_and_names_what_is_left_out(scene):
    for how, times in {"accepted": 5, "rejected": 2, "conflict": 1, "withdrawn": 2}.items():
        for _ in range(times):
            scene.leg(TUESDAY, how=how)

    tile = tile_of(report(scene.admin), "acceptance")

    assert (tile.shown.value, tile.shown.of) == ("63 %", "5 of 8 decisions")
    assert tile.shown.detail == "95 % interval 31 to 86 %"
    assert tile.shown.verdict.tone is Tone.BAD
    assert tile.notes == (
        "2 rejected, 1 conflict declared.",
        "Left out: 2 ended without a decision.",
    )


def test_report_says_by_how_much_misses_were_late_in_working_time(scene):
    # Due at 16:50; the office closes at 17:00 and opens at 9:00.
    due = TUESDAY.replace(hour=16, minute=50)
    for late in (10, 20, 30, 40, 50):
        # Ten minutes are left in the evening, the rest passes from 9:00 on.
        met = due + timedelta(hours=16, minutes=late) if late > 10 else due + 10 * MINUTE
        scene.clock(due, state="met", met_at=met, breached_at=due)
    scene.clock(due, breached_at=due)

    tile = tile_of(report(scene.admin), "attainment")

    assert (tile.shown.value, tile.shown.of) == ("0 %", "0 of 6 clocks due")
    assert tile.notes == (
        "Misses late by 30 min, median of 5. 1 of the misses still waits to be met.",
    )


def test_report_with_few_misses_gives_no_median(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY + HOUR, breached_at=TUESDAY)

    notes = tile_of(report(scene.admin), "attainment").notes

    assert notes == ("1 miss was stopped late, too few for a median.",)


def test_report_shows_medians_and_who_waits(scene):
    for hours in (1, 2, 3, 3, 9):
        scene.handoff(TUESDAY, accepted_after=hours)
    scene.handoff(TUESDAY)
    scene.handoff(TUESDAY, closed_as="withdrawn")
    scene.handoff(TUESDAY, status="rejected", reason="no_budget")

    tile = tile_of(report(scene.admin), "time-to-accept")

    assert (tile.shown.value, tile.shown.of) == ("3 h", "median of 5 handoffs")
    assert tile.shown.detail == "slowest tenth over 9 h"
    assert tile.notes == ("1 still waiting.", "Left out: 1 sent back, 1 withdrawn.")


def test_report_shows_first_contacts_by_working_time_and_by_the_wall_clock(scene):
    for hours in (1, 2, 3, 3, 9):
        scene.handoff(
            TUESDAY,
            status="accepted",
            first_contact_at=TUESDAY + 2 * hours * HOUR,
            contact_seconds=hours * 3600,
        )
    scene.handoff(TUESDAY)

    tile = tile_of(report(scene.admin), "first-contact")

    assert (tile.shown.value, tile.shown.detail) == ("3 h", "slowest tenth over 9 h")
    assert tile.notes == (
        "1 still waiting.",
        "By the wall clock 6 h, slowest tenth over 18 h.",
    )


def test_report_has_a_line_for_each_kind_of_clock_that_fell_due(scene):
    scene.clock(TUESDAY, state="met", met_at=TUESDAY)
    for n in range(5):
        scene.clock(TUESDAY, kind="contact", state="met", met_at=TUESDAY + n * HOUR)

    found = report(scene.admin)

    (section,) = [one for one in found.sections if one.key == "kept"]
    keys = [line.metric.key for line in section.lines]
    assert keys == ["attainment", "attainment-contact", "logged-late"]
    assert line_of(found, "attainment-contact").shown.of == "1 of 5 clocks due"
    assert line_of(found, "attainment").shown.value == "1 of 1"


def test_report_says_no_number_twice_in_lines_and_tiles(scene):
    found = report(scene.admin)

    tiles = {tile.metric.key for tile in (*found.tiles, *found.beside)}
    lines = [line.metric.key for section in found.sections for line in section.lines]
    assert len(lines) == len(set(lines))
    assert not tiles & set(lines)


def test_report_names_the_types_of_the_handoffs(scene):
    scene.handoff(TUESDAY)
    scene.handoff(TUESDAY)

    line = line_of(report(scene.admin), "handoffs")

    assert line.shown.value == "2"
    assert line.notes[0] == "2 Qualified lead."


def test_report_shows_rejections_by_reason_and_those_that_fell_apart(scene):
    for reason in ("no_budget", "no_budget", "wrong_icp"):
        scene.leg(TUESDAY, how="rejected", reason=reason)
    upheld = scene.leg(TUESDAY, how="rejected", reason="wrong_icp", receiver=scene.outsider)
    fallen = scene.leg(TUESDAY, how="rejected", reason="duplicate")
    said = {"by": scene.sdr, "at": TUESDAY, "ruled_by": scene.manager, "ruled_at": NOW}
    Contest.objects.create(leg=upheld, note="No", is_upheld=True, **said)
    Contest.objects.create(leg=fallen, note="No", is_upheld=False, **said)
    Leg.objects.filter(pk=fallen.pk).update(ended_at=None, ended_as="", accepted_at=NOW)

    found = report(scene.admin).rejections

    bars = [(bar.label, bar.count, bar.upheld, bar.overturned) for bar in found.bars]
    assert bars == [
        ("No budget", 2, 0, 0),
        ("Wrong ICP", 2, 1, 0),
        ("Duplicate", 0, 0, 1),
    ]
    pairs = [(str(pair.receiver), pair.count, pair.reasons) for pair in found.pairs]
    assert pairs == [
        ("Priya Nair", 3, "2 No budget, 1 Wrong ICP"),
        ("Tom Weiss", 1, "1 Wrong ICP"),
    ]
    assert found.more == 0


def test_report_has_a_line_for_each_submitter_beside_the_week_before(scene):
    scene.leg(TUESDAY)
    scene.handoff(TUESDAY, by=scene.outsider)
    for _ in range(2):
        scene.handoff(TUESDAY - timedelta(weeks=1))

    lines = {line.person.name: line for line in report(scene.admin).submitters}

    assert (lines["Sam Okafor"].submitted, lines["Sam Okafor"].before) == (1, 2)
    assert lines["Sam Okafor"].acceptance.value == "1 of 1"
    assert (lines["Tom Weiss"].submitted, lines["Tom Weiss"].before) == (1, 0)
    assert lines["Tom Weiss"].acceptance.value == "none"


def test_report_draws_twelve_weeks_ending_with_the_one_shown(scene):
    for back in (0, 3, 11, 12):
        for _ in range(5):
            scene.leg(TUESDAY - timedelta(weeks=back))

    tile = tile_of(report(scene.admin), "acceptance")

    drawn = [week for week, value in enumerate(tile.chart["values"]) if value is not None]
    assert drawn == [0, 8, 11]
    assert tile.trend[0].week == Week(2026, 35)
    assert tile.trend[-1].words == "100 %, 5 of 5 decisions"


def test_report_has_a_line_for_each_receiver(scene):
    for how in ("accepted", "accepted", "rejected", "conflict", "accepted"):
        scene.leg(TUESDAY, how=how)
    scene.clock(TUESDAY, state="met", met_at=TUESDAY, receiver=scene.outsider)

    lines = {line.person.name: line for line in report(scene.admin).receivers}

    assert list(lines) == ["Priya Nair", "Tom Weiss"]
    assert (lines["Priya Nair"].accepted, lines["Priya Nair"].rejected) == (3, 2)
    assert lines["Priya Nair"].acceptance.value == "60 %"
    assert lines["Tom Weiss"].attainment.value == "1 of 1"
    assert lines["Tom Weiss"].acceptance.value == "none"


def test_report_of_an_empty_week_says_so(scene):
    scene.leg(TUESDAY)

    assert report(scene.admin, "2026-W40").is_empty
    assert report(scene.ae, "2026-W40").is_empty
    assert not report(scene.admin).is_empty
    assert report(make_user(roles=[Role.AE])).is_empty


@pytest.mark.parametrize("role", ["admin", "manager", "sdr", "ae"])
def test_report_takes_as_many_queries_for_one_row_as_for_thirty(
    scene, role, django_assert_max_num_queries
):
    counts = []
    for rows in (1, 30):
        for _ in range(rows):
            receiver = make_user(name="Another") if role == "admin" else scene.ae
            leg = scene.leg(TUESDAY, receiver=receiver)
            late = TUESDAY + HOUR
            scene.clock(TUESDAY, state="met", met_at=late, breached_at=TUESDAY, leg=leg)
            scene.handoff(TUESDAY, accepted_after=2)
        user = type(scene.sdr).objects.get(pk=getattr(scene, role).pk)
        with django_assert_max_num_queries(80) as queries:
            report(user)
        counts.append(len(queries))

    assert counts[0] == counts[1]
