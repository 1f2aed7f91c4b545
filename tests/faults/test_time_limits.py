"""A worker's time is over in the middle of a send: the message goes out later, and is not lost."""

import pytest

from core.loops import database_now
from notify.choices import Channel, MessageState
from notify.models import Message
from tests.factories.handoff import make_world
from tests.support.box import box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.smtp import mail_server

pytestmark = [pytest.mark.deep, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

UP = 120
# A send may take 3.75 s, and its lease lasts 7.5 s.
SCALE = "0.25"


@pytest.mark.parametrize(
    ("soft", "hard", "said"),
    [
        pytest.param("2", "120", "Soft time limit (2.0s) exceeded", id="soft"),
        pytest.param("0", "2", "Hard time limit (2.0s) exceeded", id="hard"),
    ],
)
@pytest.mark.fault(
    "F30",
    "the worker's time is over during a send",
    held="leased again and sent, not lost",
)
def test_time_limit_during_a_send_leaves_the_message_to_the_next_tick(
    transactional_db, soft, hard, said
):
    world = make_world(preset="inbound", receivers=1)
    # Else a lead of the night has an alert of its own.
    work_always()
    with (
        mail_server() as server,
        box(
            EMAIL_URL=f"smtp://127.0.0.1:{server.port}",
            TIME_SCALE=SCALE,
            SOFT_LIMIT=soft,
            HARD_LIMIT=hard,
        ) as machine,
    ):
        server.hang = True
        machine.start_broker()
        # The limits come with the message, so beat needs them too.
        for name in ("worker", "beat"):
            machine.start(name, app="tests.support.hurried")
        world.submitted(now=database_now())
        message = Message.objects.get(channel=Channel.EMAIL, kind="assigned")
        machine.wait_until_said("worker", said)
        assert len(server.mails) >= 1
        message.refresh_from_db()
        assert message.state != MessageState.SENT

        server.hang = False
        wait_until_caught_up(UP)
    first, *_, last = message.tries.order_by("n")
    assert (first.is_delivered, last.is_delivered) == (None, True)
    assert len({mail["Message-ID"] for mail in server.mails}) == 1
