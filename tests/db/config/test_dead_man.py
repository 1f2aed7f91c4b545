"""The dead man's switch: somebody outside hears of us while all loops tick."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.checks import check_dead_man_url
from config.dead_man import FINDING, LOOP, ping_dead_man, read_target
from core import loops
from core.findings import findings
from core.loops import Loop, Outcome, database_now, tick
from core.models import Heartbeat
from tests.support.servers import free_port, wait_for

SECRET = "zqsecretzq"
WORK = Loop("app.work", timedelta(seconds=1), lambda now: 0)
PING = Loop(LOOP, timedelta(seconds=60), ping_dead_man)
PATIENCE = 60


class Watcher:
    """What was asked for, and what is answered; `hold` keeps the answers back until it is set."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/ping/{SECRET}?from=box"
        self.asked = []
        self.status = 200
        self.headers = {}
        self.hold = threading.Event()
        self.hold.set()


@contextmanager
def watching():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            watcher.asked.append(self.path)
            watcher.hold.wait(PATIENCE)
            self.send_response(watcher.status)
            for name, value in watcher.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            """A test's own output is enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    watcher = Watcher(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


@pytest.fixture
def watcher(db, settings, monkeypatch):
    monkeypatch.setattr(loops, "_loops", {loop.name: loop for loop in (WORK, PING)})
    beat()
    with watching() as found:
        settings.DEAD_MAN_URL = found.url
        yield found


def beat(age=0):
    at = database_now() - timedelta(seconds=age)
    Heartbeat.objects.update_or_create(loop=WORK.name, defaults={"at": at, "worker": "w"})


def ping():
    assert ping_dead_man(database_now()) == 0


def test_ping_while_all_tick_asks_once_with_path_and_query(watcher, caplog):
    caplog.set_level("INFO")
    ping()
    assert watcher.asked == [f"/ping/{SECRET}?from=box"]
    assert findings()[FINDING].data["reason"] == ""
    assert "was reached" in caplog.text


def test_ping_while_another_loop_stands_still_asks_nobody(watcher):
    beat(age=3_600)
    ping()
    Heartbeat.objects.all().delete()
    ping()
    assert watcher.asked == []
    assert FINDING not in findings()


def test_ping_without_an_address_asks_nobody(watcher, settings):
    settings.DEAD_MAN_URL = ""
    ping()
    assert watcher.asked == []


@pytest.mark.parametrize("status", [301, 404, 500])
def test_ping_that_is_answered_otherwise_is_a_failure_and_follows_nothing(watcher, status):
    watcher.status = status
    watcher.headers = {"Location": watcher.url}
    ping()
    assert len(watcher.asked) == 1
    assert findings()[FINDING].data["reason"] == f"Answered {status}"


def test_ping_that_nobody_answers_ends_at_its_deadline(watcher, settings):
    settings.DEAD_MAN_DEADLINE_SECONDS = 0.3
    watcher.hold.clear()
    ping()
    assert findings()[FINDING].data["reason"].startswith(("No answer", "Could not be reached"))
    watcher.hold.set()
    wait_for(
        lambda: not [one for one in threading.enumerate() if one.name == "notify-send"],
        PATIENCE,
        "a thread was left behind",
    )


def test_ping_of_nobody_is_a_failure_that_makes_nothing_late(watcher, settings, caplog):
    settings.DEAD_MAN_URL = f"http://127.0.0.1:{free_port()}/{SECRET}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "exclusively", alone)
        assert tick(PING).outcome is Outcome.DONE
    beats = Heartbeat.objects.get(loop=LOOP)
    assert (beats.last_error, beats.at is None) == ("", False)
    assert "was not reached" in caplog.text


@contextmanager
def alone(name, using):
    yield True


@pytest.mark.parametrize("is_up", [True, False])
def test_ping_never_tells_the_secret(watcher, settings, caplog, is_up):
    caplog.set_level("DEBUG")
    watcher.status = 200 if is_up else 500
    ping()
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert SECRET not in logged
    assert SECRET not in str(findings()[FINDING].data)


@pytest.mark.parametrize(
    "url",
    [
        "ping.example/x",
        "ftp://ping.example/x",
        "https://",
        "https://user:pw@ping.example/",
        "https://ping.example:99999/",
        "https://ping.example/a b",
        "https://ping.example/\nHost: evil",
        "https://píng.example/",
    ],
)
def test_check_refuses_what_cannot_be_asked_without_repeating_it(settings, url):
    settings.DEAD_MAN_URL = url
    assert read_target(url) is None
    (found,) = check_dead_man_url(None)
    assert found.id == "config.E005"
    assert url not in f"{found.msg} {found.hint}"


@pytest.mark.parametrize("url", ["", "https://ping.example", "http://10.0.0.7:8080/a/b?c=d"])
def test_check_of_an_address_or_none_is_silent(settings, url):
    settings.DEAD_MAN_URL = url
    assert not list(check_dead_man_url(None))


def test_target_of_a_whole_address_has_its_parts():
    target = read_target("https://ping.example:8443/a/b?c=d")
    assert (target.host, target.port, target.path) == ("ping.example", 8443, "/a/b?c=d")
    assert target.is_tls
    assert target.origin == "https://ping.example:8443"
