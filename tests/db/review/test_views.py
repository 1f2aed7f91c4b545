import csv
import io
import json
import re
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from handoff.models import Handoff
from review.rules.figures import percent_words
from review.rules.metrics import METRICS, Unit
from review.rules.weeks import Week
from tests.factories.accounts import make_user
from tests.factories.review import HOUR

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
TUESDAY = datetime(2026, 11, 10, 11, tzinfo=BERLIN)
WEEK = "2026-W46"


def body(response):
    return re.sub(r"\s+", " ", response.content.decode())


def week(label=WEEK):
    return reverse("review:week", args=[label])


def rows(key, label=WEEK, query=""):
    return reverse("review:rows", args=[label, key]) + query


def sheet(key, label=WEEK, query=""):
    return reverse("review:rows_csv", args=[label, key]) + query


def tile_of(text, key):
    start = text.index(f'aria-labelledby="tile-{key}"')
    return text[start : text.index("weeks as a table", start)]


def line_of(text, key):
    start = text.index(f'id="line-{key}"')
    return text[start : text.index("</tr>", start)]


def read_csv(response):
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


# The week


def test_week_without_a_label_is_the_running_one(visit):
    text = body(visit(reverse("review:week")))

    assert "Week 47, 16 to 22 Nov 2026" in text
    assert "Running week, not final" in text
    assert "Nothing was handed off, decided or due yet this week." in text


def test_week_that_is_over_is_not_called_running(visit, scene):
    text = body(visit(week()))

    assert "Week 46, 9 to 15 Nov 2026" in text
    assert "Running week" not in text
    assert week("2026-W45") in text
    assert week("2026-W47") in text
    assert "Nothing was handed off, decided or due in this week." in text


def test_week_shows_number_count_interval_and_verdict(visit, scene):
    for how in ("accepted", "accepted", "accepted", "rejected", "accepted"):
        scene.leg(TUESDAY, how=how)

    text = body(visit(week()))

    assert "80 %" in text
    assert "4 of 5 decisions" in text
    assert "95 % interval 38 to 96 %" in text
    assert "Above the target of 70 %" in text
    assert rows("acceptance") in text


def test_week_gives_the_line_as_data_and_as_a_table(visit, scene):
    for _ in range(5):
        scene.leg(TUESDAY)

    text = body(visit(week()))

    found = re.search(r'<script id="chart-acceptance" type="application/json">(.*?)</script>', text)
    assert json.loads(found[1])["values"][-1] == 100.0
    assert "100 %, 5 of 5 decisions" in text
    assert text.count('<th scope="row" class="nowrap">') == 42


def test_week_has_no_script_or_style_of_its_own(visit, scene):
    scene.leg(TUESDAY)

    text = visit(week()).content.decode()
    main = text[text.index("<main") : text.index("</main>")]

    assert not re.search(r"<script(?![^>]*application/json)", main)
    assert " style=" not in main
    assert "<style" not in main


@pytest.mark.parametrize(
    "label", ["nonsense", "2026-W54", "2026-47", "9999-W01", "%00", "2026-W4٧"]
)
@pytest.mark.parametrize("address", [week, lambda label: rows("acceptance", label)])
def test_week_of_nonsense_is_a_clear_refusal(visit, address, label):
    response = visit(address(label))

    assert response.status_code == 400
    assert "There is no such week" in body(response)


@pytest.mark.parametrize("label", ["2026-W48", "2027-W01", "9998-W52"])
def test_week_ahead_is_not_found_in_words(visit, label):
    for address in (week(label), rows("acceptance", label), sheet("acceptance", label)):
        response = visit(address)
        assert response.status_code == 404
        assert "has not begun" in body(response)


def test_week_of_the_first_year_is_only_empty(visit):
    assert visit(week("1970-W01")).status_code == 200


@pytest.mark.parametrize("typed", ["2026-W46", "2026-w46", " 2026-W46 "])
def test_week_picker_leads_to_the_weeks_address(visit, typed):
    response = visit(reverse("review:week") + f"?week={typed.replace(' ', '%20')}")

    assert response.status_code == 302
    assert response.url == week()


def test_week_picker_with_nonsense_is_refused(visit):
    assert visit(reverse("review:week") + "?week=").status_code == 400
    assert visit(reverse("review:week") + "?week=//evil.example").status_code == 400


def test_week_for_somebody_not_signed_in_leads_to_the_sign_in(client, scene):
    for address in (reverse("review:week"), week(), rows("acceptance"), sheet("acceptance")):
        response = client.get(address)
        assert response.status_code == 302
        assert "next=" in response.url


def test_week_without_a_role_is_not_permitted(visit):
    nobody = make_user(roles=[])

    for address in (week(), rows("acceptance"), sheet("acceptance")):
        assert visit(address, nobody).status_code == 403


def test_review_takes_no_post(client, scene):
    client.force_login(scene.manager)

    for address in (week(), rows("acceptance"), sheet("acceptance")):
        assert client.post(address).status_code == 405


def test_week_escapes_what_people_typed(visit, scene):
    type(scene.ae).objects.filter(pk=scene.ae.pk).update(name="<script>alert(1)</script>")
    scene.leg(TUESDAY)

    assert "<script>alert(1)" not in body(visit(week()))
    assert "<script>alert(1)" not in body(visit(rows("acceptance")))


# The rows


@pytest.fixture
def busy(scene):
    """Rows of every kind, dated in week 46, and one beside it."""
    for how in ("accepted", "rejected", "conflict", "withdrawn"):
        scene.leg(TUESDAY, how=how)
        scene.leg(TUESDAY, how=how, receiver=scene.outsider)
    scene.leg(TUESDAY, by=scene.ae)
    scene.leg(TUESDAY - timedelta(weeks=1))
    late = TUESDAY + HOUR
    scene.clock(TUESDAY, state="met", met_at=TUESDAY)
    scene.clock(TUESDAY, state="met", met_at=late, breached_at=TUESDAY)
    scene.clock(TUESDAY, state="met", met_at=late, breached_at=TUESDAY, is_unstaffed=True)
    scene.clock(TUESDAY, state="cancelled", cancelled_at=TUESDAY)
    scene.clock(TUESDAY, state="cancelled", cancelled_at=late, breached_at=TUESDAY)
    scene.clock(TUESDAY, receiver=scene.outsider)
    for hours in (1, 2):
        scene.handoff(TUESDAY, accepted_after=hours)
    for status in ("holding", "rejected"):
        scene.handoff(TUESDAY, status=status, reason="wrong_icp" if status == "rejected" else "")
    for closed_as in ("withdrawn", "superseded", "conceded", "nurture"):
        scene.handoff(TUESDAY, closed_as=closed_as, reason="wrong_icp")
    return scene


PEOPLE = ["admin", "manager", "sdr", "ae", "outsider"]


@pytest.mark.parametrize("who", PEOPLE)
def test_rows_are_exactly_those_that_the_page_counts(visit, busy, who):
    user, seen = getattr(busy, who), set()
    page = body(visit(week(), user))

    for key, metric in METRICS.items():
        n = {
            counts: len(read_csv(visit(sheet(key, query=f"?show={counts}"), user)))
            for counts in ("hit", "against")
        }
        if f"tile-{key}" in page:
            number = number_of(tile_of(page, key))
        elif f'id="line-{key}"' in page:
            number = number_of(line_of(page, key))
        else:
            # A clock that fell due for nobody has no line.
            assert not sum(n.values())
            continue
        seen.add(key)
        assert number == expected(metric, **n), key

    assert {"acceptance", "attainment", "time-to-accept", "handoffs", "rejections"} <= seen


def number_of(text):
    """The large number and what it is of."""
    number, of = (
        r'(?:number-large|line-number)">([^<]*)<',
        r'(?:<b>|<td data-label="Counted"><span>)([^<]*)<',
    )
    return re.search(f"{number}.*?{of}", text).groups()


def expected(metric, hit, against):
    """The weeks of these tests are small, so that all but a few numbers are counts."""
    n = hit + against
    if metric.unit is Unit.COUNT:
        return str(n), metric.cases
    if metric.unit is Unit.PERCENT and n >= 5:
        share = percent_words(Fraction(hit, n), metric.marks)
        return f"{share} %", f"{hit} of {n} {metric.cases}"
    if metric.unit is Unit.PERCENT and n:
        return f"{hit} of {n}", metric.cases
    if metric.unit is Unit.PERCENT:
        return "none", f"no {metric.cases}"
    if metric.unit is Unit.MEAN:
        return ("0 %", f"mean of {n} {metric.cases}") if n >= 5 else (str(n), metric.cases)
    return (str(n), metric.measured) if n else ("none", f"none {metric.measured}")


@pytest.mark.parametrize("who", PEOPLE)
def test_rows_open_for_whoever_sees_them(visit, busy, who):
    user = getattr(busy, who)
    readable = set(Handoff.objects.for_user(user).values_list("pk", flat=True))

    for key in METRICS:
        for line in read_csv(visit(sheet(key), user)):
            assert int(line["handoff"]) in readable


def test_rows_say_how_each_was_counted_and_why(visit, busy):
    text = body(visit(rows("acceptance"), busy.admin))

    assert "Accepted Tue 10 Nov, 11:00." in text
    assert "Rejected Tue 10 Nov, 11:00: No budget." in text
    assert "Rejected Tue 10 Nov, 11:00: Conflict." in text
    assert "Withdrawn Tue 10 Nov, 11:00, before a decision." in text
    assert "Decided Tue 10 Nov, 11:00, by the person who submitted it." in text
    assert "n = 6: 2 accepted, 2 rejected, 2 conflicts declared." in text
    assert "Left out: 2 ended without a decision, 1 had one person" in text


def test_rows_of_clocks_say_when_due_and_how_late(visit, busy):
    text = body(visit(rows("attainment"), busy.admin))

    assert "Due Tue 10 Nov, 11:00; decided Tue 10 Nov, 11:00." in text
    assert "decided Tue 10 Nov, 12:00, 1 h late." in text
    assert "stopped without a decision Tue 10 Nov, 12:00, 1 h late." in text
    assert "Nobody of the pool was at work when it started." in text
    assert "Due Tue 10 Nov, 11:00; no decision yet." in text


def test_rows_of_times_say_what_became_of_each(visit, busy):
    text = body(visit(rows("time-to-accept"), busy.admin))

    assert "after 2 h of working time (2 h by the wall clock)." in text
    assert "Nobody was eligible yet." in text
    assert "Sent back: Wrong ICP." in text
    assert "Sent back: Wrong ICP. Handed off again" in text


def test_rows_can_be_narrowed_to_one_kind(visit, busy):
    text = body(visit(rows("acceptance", query="?show=against"), busy.admin))

    assert "Accepted Tue" not in text
    assert text.count("Rejected Tue") == 4
    assert visit(rows("acceptance", query="?show=all")).status_code == 404


def test_rows_can_be_narrowed_to_one_outcome(visit, busy):
    text = body(visit(rows("rejections", query="?show=no_budget"), busy.admin))

    assert text.count("Rejected Tue") == 2
    assert "No budget 2" in text
    assert visit(rows("rejections", query="?show=no_such_reason")).status_code == 404


def test_rows_of_a_length_give_the_median_that_counts_who_waits(visit, scene):
    for hours in (1, 2, 3):
        scene.handoff(TUESDAY, accepted_after=hours)
    for _ in range(3):
        scene.handoff(TUESDAY)

    assert "Kaplan-Meier median by the wall clock: 3 h." in body(visit(rows("time-to-accept")))

    scene.handoff(TUESDAY)
    assert "Kaplan-Meier median by the wall clock: not reached." in body(
        visit(rows("time-to-accept"))
    )


def test_rows_of_a_length_of_too_few_give_no_such_median(visit, scene):
    for _ in range(4):
        scene.handoff(TUESDAY, accepted_after=1)

    assert "Kaplan-Meier median" not in body(visit(rows("time-to-accept"))).split("<details")[0]


# How it is counted


def test_counted_tells_of_every_metric(visit):
    response = visit(reverse("review:counted"))
    text = body(response)

    for metric in METRICS.values():
        assert f'id="{metric.key}"' in text
        assert metric.formula in text.replace("&#x27;", "'")
    assert text.count("<dt>Formula</dt>") == len(METRICS)


def test_counted_is_linked_from_the_week(visit):
    assert reverse("review:counted") in body(visit(week()))


def test_counted_without_a_role_is_not_permitted(visit):
    assert visit(reverse("review:counted"), make_user(roles=[])).status_code == 403


def test_rows_come_a_page_at_a_time(visit, scene):
    for _ in range(30):
        scene.leg(TUESDAY)

    first, second = (body(visit(rows("acceptance", query=f"?page={n}"))) for n in (1, 2))

    assert first.count("Accepted Tue") == 25
    assert second.count("Accepted Tue") == 5
    assert "Page 2 of 2, 30 in all" in second
    assert visit(rows("acceptance", query="?page=nonsense")).status_code == 200


def test_rows_of_an_unknown_metric_are_not_found(visit):
    assert visit(rows("happiness")).status_code == 404
    assert visit(sheet("happiness")).status_code == 404


def test_rows_of_an_empty_week_say_so(visit):
    assert "No row of this kind in this week." in body(visit(rows("acceptance")))


# One of each kind of row.
KINDS = [
    "acceptance",
    "rulings",
    "attainment",
    "time-to-accept",
    "second-meeting",
    "show-rate",
    "many-owners",
    "returned",
    "escalations",
]


@pytest.mark.parametrize("key", KINDS)
def test_rows_take_as_many_queries_for_one_row_as_for_twenty(
    visit, scene, key, django_assert_max_num_queries
):
    counts = []
    for number in (1, 19):
        for _ in range(number):
            leg = scene.leg(TUESDAY)
            scene.clock(TUESDAY, state="met", met_at=TUESDAY, leg=leg)
        visit(rows(key))
        with django_assert_max_num_queries(28) as queries:
            visit(rows(key))
        counts.append(len(queries))

    assert counts[0] == counts[1]


# The file


def test_csv_has_every_row_with_its_definition(visit, busy):
    response = visit(sheet("acceptance"), busy.admin)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        response["Content-Disposition"] == 'attachment; filename="review-2026-W46-acceptance.csv"'
    )
    lines = read_csv(response)
    assert len(lines) == 9
    assert {line["counts"] for line in lines} == {"in the numerator and in n", "in n", "left out"}
    assert lines[0]["dated_at"] == "2026-11-10T11:00:00+01:00"
    assert lines[0]["company"] == "Nordwind GmbH"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\tcmd", "\rcmd"])
def test_csv_never_holds_a_formula(visit, scene, name):
    type(scene.company).objects.filter(pk=scene.company.pk).update(name=name)
    scene.leg(TUESDAY)

    (line,) = read_csv(visit(sheet("acceptance")))

    assert line["company"] == f"'{name}"


def test_csv_of_a_past_week_keeps_its_zone(visit, scene):
    scene.leg(Week(2026, 43).ends_at(BERLIN) - HOUR)

    (line,) = read_csv(visit(sheet("acceptance", "2026-W43")))

    assert line["dated_at"] == "2026-10-25T23:00:00+01:00"
