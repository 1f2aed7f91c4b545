from datetime import UTC, datetime

import pytest

from notify import registry
from notify.choices import Tone, Topic
from notify.models import Message
from notify.registry import SETTLED, UNKNOWN, UNREADABLE, Text, UnknownKind

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def only_these_kinds(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})


def messages(*kinds):
    return [Message(pk=n, kind=kind) for n, kind in enumerate(kinds, 1)]


def says(words):
    return lambda message, now: Text(words) if words else None


def broken(*_):
    raise RuntimeError("broken")


def test_register_kind_twice_is_refused():
    registry.register_kind("a", says("A"))
    with pytest.raises(ValueError, match="twice"):
        registry.register_kind("a", says("A"))


def test_refresh_gives_the_text_of_the_kind():
    registry.register_kind("a", says("A"))
    assert registry.refresh(*messages("a"), NOW) == Text("A")


def test_refresh_of_an_unknown_kind_raises():
    with pytest.raises(UnknownKind, match="'b'"):
        registry.refresh(*messages("b"), NOW)


def test_refresh_many_gives_every_message_a_text():
    registry.register_kind("a", says("A"))
    registry.register_kind("untrue", says(None))
    registry.register_kind("broken", broken)
    found = registry.refresh_many(messages("a", "untrue", "broken", "never heard of"), NOW)
    assert found == {1: Text("A"), 2: SETTLED, 3: UNREADABLE, 4: UNKNOWN}


def test_refresh_many_calls_a_function_for_many_once_for_all_its_kinds():
    calls = []

    def together(batch, now):
        calls.append([message.pk for message in batch])
        return {message.pk: Text(message.kind) for message in batch}

    for kind in "ab":
        registry.register_kind(kind, broken, together)
    found = registry.refresh_many(messages("a", "b", "a"), NOW)
    assert calls == [[1, 2, 3]]
    assert [found[n].subject for n in (1, 2, 3)] == ["a", "b", "a"]


def test_refresh_many_with_a_broken_function_for_many_asks_for_each():
    registry.register_kind("a", says("A"), broken)
    registry.register_kind("b", broken, broken)
    assert registry.refresh_many(messages("a", "b"), NOW) == {1: Text("A"), 2: UNREADABLE}


def test_refresh_many_with_a_message_left_out_asks_for_each():
    registry.register_kind("a", says("A"), lambda batch, now: {})
    assert registry.refresh_many(messages("a"), NOW) == {1: Text("A")}


def test_topic_of_a_kind_is_the_one_it_was_registered_with():
    registry.register_kind("a", says("A"))
    registry.register_kind("b", says("B"), topic=Topic.LATE)
    registry.register_kind("c", says("C"), topic=None)
    found = [registry.topic_of(kind) for kind in ("a", "b", "c", "never heard of")]
    assert found == [Topic.OTHER, Topic.LATE, None, Topic.OTHER]
    assert registry.topics() == [Topic.LATE, Topic.OTHER]


def test_digest_counts_and_puts_what_is_late_first():
    texts = [Text("b"), Text("a", tone=Tone.SOON), Text("c", tone=Tone.LATE), Text("d")]
    found = registry.digest(texts)
    assert found.subject == "4 messages for you, 1 about something late"
    assert [line.subject for line in found.lines] == ["c", "a", "b", "d"]
    assert (found.tone, found.path) == (Tone.LATE, "/inbox/")
