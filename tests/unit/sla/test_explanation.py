import itertools
from datetime import timedelta

from sla.rules.explanation import explain_span
from tests.unit.sla.support import at, elapsed, working


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
