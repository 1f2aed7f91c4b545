import logging

import pytest

from config.logs import ExpectedRefusals


def record(name, level, **extra):
    error = ValueError("what went wrong")
    trace = (ValueError, error, None)
    made = logging.LogRecord(name, level, __file__, 1, "Bad Request", (), trace)
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("django.request", {"status_code": 400}),
        ("django.request", {"status_code": 403}),
        ("django.security.RequestDataTooBig", {}),
    ],
)
def test_refused_request_is_a_warning_in_one_line(name, extra):
    line = record(name, logging.ERROR, **extra)
    assert ExpectedRefusals().filter(line)
    assert (line.exc_info, line.levelname) == (None, "WARNING")


@pytest.mark.parametrize(
    ("name", "extra"), [("django.request", {"status_code": 500}), ("core.loops", {})]
)
def test_failure_keeps_its_trace_and_level(name, extra):
    line = record(name, logging.ERROR, **extra)
    assert ExpectedRefusals().filter(line)
    assert line.exc_info is not None
    assert line.levelname == "ERROR"
