"""Every driver dies: the probes and every page say so in time, and stop when one is back."""

import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from core.loops import database_now
from core.models import Heartbeat
from tests.factories.handoff import make_world
from tests.support.box import CLOCK, START_SECONDS, box
from tests.support.servers import wait_for
from tests.support.visitor import Visitor, with_real_password

pytestmark = [pytest.mark.races, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

SAID = "Clocks and messages are running late."
# At the tenth at which the box runs: a loop may be silent for a minute, and beats when it idles
# every five seconds.
SILENT = timedelta(seconds=6 - 2 * 0.5)
# Ninety seconds are promised; a busy machine may add some.
SOON_SECONDS = 9 + 60


def read(visitor, path):
    """The status and the text of a page."""
    cookies = "; ".join(f"{name}={text}" for name, text in visitor.cookies.items())
    request = urllib.request.Request(
        f"http://127.0.0.1:{visitor.port}{path}", headers={"Cookie": cookies}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


@pytest.mark.fault(
    "F2",
    "the last driver killed",
    held="probe and banner say so, and stop",
)
def test_loss_of_the_last_driver_is_said_by_probe_and_banner_until_one_is_back(settings):
    world = make_world()
    with_real_password(world.sdr, settings)
    with box() as machine:
        visitor = Visitor(machine.port)
        machine.start("web")
        wait_for(visitor.is_answered, START_SECONDS, "the web does not answer")
        visitor.sign_in(world.sdr.email)
        machine.start(CLOCK)
        wait_for(lambda: read(visitor, "/readyz/")[0] == 200, START_SECONDS, "not every loop ticks")
        wait_for(lambda: SAID not in read(visitor, "/inbox/")[1], START_SECONDS, "it is said early")

        machine.kill(CLOCK)
        last = Heartbeat.objects.latest("at").at
        wait_for(lambda: read(visitor, "/readyz/")[0] == 503, SOON_SECONDS, "the probe is silent")
        assert database_now() - last > SILENT
        assert SAID in read(visitor, "/inbox/")[1]

        machine.start(CLOCK)
        wait_for(lambda: SAID not in read(visitor, "/inbox/")[1], START_SECONDS, "it is still said")
        wait_for(lambda: read(visitor, "/readyz/")[0] == 200, START_SECONDS, "the probe still says")
