import itertools
from datetime import timedelta

import pytest

from sla.rules.explanation import Promise, explain_deadline, explain_span
from sla.rules.pauses import OPEN_END
from tests.unit.sla.support import OFFICE, at, days, elapsed, working
from worktime.rules import Calendar, Holiday, Why


def told(spans):
    return [(span.start, span.end, span.counted, span.note) for span in spans]


def test_explain_cuts_pauses_out_of_open_time():
    pace = working(("Mon 11:00", "Mon 12:00"))
    assert told(explain_span(pace, at("Mon 10:00"), at("Mon 18:00"))) == [
        (at("Mon 10:00"), at("Mon 11:00"), True, ""),
        (at("Mon 11:00"), at("Mon 12:00"), False, "paused"),
        (at("Mon 12:00"), at("Mon 17:00"), True, ""),
        (at("Mon 17:00"), at("Mon 18:00"), False, "outside working hours"),
    ]


def test_explain_around_the_clock_is_one_span():
    spans = explain_span(elapsed(), at("Sat 10:00"), at("Sun 10:00"))
    assert told(spans) == [(at("Sat 10:00"), at("Sun 10:00"), True, "runs around the clock")]


def test_explain_counted_spans_add_up_to_what_is_left():
    pace = working(("Mon 16:00", "Tue 10:00"), ("Wed 09:00", "Wed 09:30"))
    spans = explain_span(pace, at("Mon 10:00"), at("Thu 12:00"))
    counted = sum((span.end - span.start for span in spans if span.counted), timedelta())
    assert counted == pace.left(at("Mon 10:00"), at("Thu 12:00"))
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))


def explained(pace, start, due, amount, *, reasons=None, **facts):
    known = {
        "is_fixed": False,
        "follows_buyer": False,
        "is_unstaffed": False,
        "is_breached": False,
    }
    promise = Promise(
        start=at(start),
        due=at(due),
        amount=amount,
        **{**known, "is_replacement": False, **facts},
    )
    return explain_deadline(promise, pace, reasons=reasons or {})


LANDING = "Where that is closed, the next opening, at the latest the end of that day's hours."
UNITS = [
    (
        working(),
        ("Mon 16:00", "Tue 10:00", 120),
        "2 h of working time: only open hours of the calendar count.",
    ),
    (
        elapsed(),
        ("Fri 16:00", "Fri 18:00", 120),
        "2 h around the clock: every hour counts, by night and on holidays too.",
    ),
    (
        days(),
        ("Fri 16:00", "+Mon 16:00", 1),
        f"1 working day: the same time of day, 1 open day later. {LANDING}",
    ),
    (
        days(),
        ("Mon 16:00", "Wed 16:00", 2),
        f"2 working days: the same time of day, 2 open days later. {LANDING}",
    ),
    (
        days(),
        ("Sat 16:00", "+Tue 09:00", 1),
        f"1 working day: the same time of day, 1 open day later. {LANDING} It began on a day "
        "without hours, so it counts from the next opening.",
    ),
]


@pytest.mark.parametrize(("pace", "promised", "words"), UNITS)
def test_deadline_of_each_unit_says_how_it_is_counted(pace, promised, words):
    start, due, amount = promised
    told = explained(pace, start, due, amount)
    assert told.rules == (words,)
    assert at(due) == pace.due(at(start), amount)
    assert told.counted == pace.counted(at(start), at(due))


def test_deadline_spans_tile_the_time_to_due_and_those_around_whole_days():
    told = explained(working(), "Mon 16:00", "Tue 10:00", 120)
    assert (told.spans[0].start, told.spans[-1].end) == (at("Mon 16:00"), at("Tue 10:00"))
    assert (told.around[0].start, told.around[-1].end) == (at("Mon 00:00"), at("Wed 00:00"))
    for spans in (told.spans, told.around):
        assert all(a.end == b.start for a, b in itertools.pairwise(spans))


def test_deadline_names_the_reason_of_each_pause_and_what_it_moved():
    pace = working(("Mon 16:30", "Tue 09:30"))
    told = explained(pace, "Mon 16:00", "Tue 11:00", 120, reasons={pace.holds[0]: "at a fair"})
    assert at("Tue 11:00") == pace.due(at("Mon 16:00"), 120)
    skipped = [(span.why, span.note) for span in told.spans if not span.counted]
    assert skipped == [
        (Why.PAUSE, "paused: at a fair"),
        (Why.OUTSIDE_HOURS, "outside working hours"),
        (Why.PAUSE, "paused: at a fair"),
    ]
    assert told.rules[1] == "Pauses have moved the due time by 1 h."


def test_deadline_of_a_paused_clock_says_that_it_will_move():
    pace = working().held([working(("Tue 09:30", "Tue 10:00")).holds[0]], since=at("Mon 00:00"))
    pace = pace.held([type(pace.holds[0])(at("Tue 09:30"), OPEN_END)], since=at("Mon 00:00"))
    told = explained(pace, "Mon 16:00", "Tue 10:00", 120)
    assert told.rules[1:] == ("It is paused: the due time is worked out anew when it goes on.",)
    assert told.counted == timedelta(hours=1, minutes=30)


FACTS = [
    ({"is_fixed": True}, ["It is due at a time that was agreed."]),
    ({"is_fixed": True, "follows_buyer": True}, ["It is due with the buyer's first contact"]),
    ({"is_breached": True}, ["2 h of working time", "It was missed, so"]),
    ({"is_replacement": True}, ["2 h of working time", "It took the place of an earlier clock"]),
    ({"is_unstaffed": True}, ["2 h of working time", "Nobody of the pool was at work"]),
]


@pytest.mark.parametrize(("facts", "beginnings"), FACTS)
def test_deadline_says_what_else_is_true_of_its_clock(facts, beginnings):
    rules = explained(working(), "Mon 16:00", "Tue 10:00", 120, **facts).rules
    assert len(rules) == len(beginnings)
    assert all(rule.startswith(words) for rule, words in zip(rules, beginnings, strict=True))


def test_deadline_of_a_missed_clock_does_not_say_that_later_pauses_moved_it():
    pace = working(("Mon 16:30", "Tue 09:30"))
    rules = explained(pace, "Mon 16:00", "Tue 10:00", 120, is_breached=True).rules
    assert not any("moved the due time" in rule for rule in rules)


def test_deadline_names_a_holiday():
    holiday = Holiday(date=at("Tue 12:00").date(), name="Day of Repentance")
    calendar = Calendar(OFFICE.zone, windows=OFFICE.windows, holidays=[holiday])
    pace = type(working())(calendar, "working_minutes")
    told = explained(pace, "Mon 16:00", "Wed 10:00", 120)
    assert [span.note for span in told.spans if span.why == Why.HOLIDAY] == ["Day of Repentance"]
