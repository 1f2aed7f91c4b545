import json

import pytest

from notify.choices import Tone
from notify.registry import Text, digest
from notify.transports.slack import BLOCK_LENGTH, compose

HOSTILE = "<!channel> & <@U1> <https://evil.example|Open> @here"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://handoff.example"


def buttons(payload):
    return [one for block in payload["blocks"] for one in block.get("elements", [])]


def sections(payload):
    return [block["text"] for block in payload["blocks"] if block["type"] == "section"]


def test_compose_has_one_button_to_the_site():
    payload = compose(Text("Late", "Accept it.", "/handoffs/7/", action="Accept"))
    (button,) = buttons(payload)
    assert button["url"] == "https://handoff.example/handoffs/7/"
    assert button["text"] == {"type": "plain_text", "text": "Accept"}
    assert [one["text"] for one in sections(payload)] == ["*Late*\nAccept it."]


def test_compose_without_a_path_has_no_button():
    assert not buttons(compose(Text("Late")))


def test_compose_with_mentions_and_links_sends_them_as_words():
    payload = compose(Text(HOSTILE, HOSTILE, "/a/", action=HOSTILE))
    for words in (payload["text"], *(one["text"] for one in sections(payload))):
        assert "<" not in words
        assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in words
    assert all(one["verbatim"] for one in sections(payload))


def test_compose_of_a_digest_has_a_link_in_each_line_and_what_is_late_first():
    texts = [
        Text("Plain & simple", path="/a/"),
        Text("Late <one>", path="/b/?x=1|2&y=3", tone=Tone.LATE),
        Text("No page"),
    ]
    payload = compose(digest(texts))
    assert payload["text"] == "3 messages for you, 1 about something late"
    (section,) = sections(payload)
    assert section["text"].splitlines()[1:] == [
        "• <https://handoff.example/b/?x=1%7C2&amp;y=3|Late &lt;one&gt;>",
        "• <https://handoff.example/a/|Plain &amp; simple>",
        "• No page",
    ]
    assert buttons(payload)[0]["url"] == "https://handoff.example/inbox/"


@pytest.mark.parametrize("letter", ["x", "&", "ü", "🎉"])
def test_compose_of_the_longest_digest_keeps_to_slacks_limits(letter):
    texts = [Text(letter * 999, path=f"/handoffs/{n}/") for n in range(100)]
    payload = compose(digest(texts))
    assert len(payload["blocks"]) <= 50
    assert all(len(one["text"]) <= BLOCK_LENGTH for one in sections(payload))
    assert json.dumps(payload)


@pytest.mark.parametrize("letter", ["x", "&"])
def test_compose_of_a_long_body_cuts_it(letter):
    payload = compose(Text("Late", letter * 100_000, "/a/", action="y" * 999))
    assert all(len(one["text"]) <= BLOCK_LENGTH for one in sections(payload))
    assert len(buttons(payload)[0]["text"]["text"]) <= 75
