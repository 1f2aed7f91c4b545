import pytest

from notify import registry, selectors
from notify.choices import Channel, MessageState
from notify.models import Message
from notify.registry import SETTLED, UNKNOWN, UNREADABLE, Text
from notify.selectors import inbox_page, unread_count
from notify.services import mark_read


@pytest.fixture
def queue_inbox(queue):
    def queue_inbox(key, **changes):
        (message,) = queue(key, channels=[Channel.INBOX], **changes)
        return message

    return queue_inbox


def subjects(page):
    return [entry.text.subject for entry in page.entries]


def test_unread_count_counts_own_unread_inbox_messages(queue, queue_inbox, anna, bert, now):
    queue("a")
    read = queue_inbox("b")
    queue_inbox("c", recipient=bert)
    mark_read(user=anna, message_ids=[read.pk], now=now)
    assert unread_count(anna) == 1


def test_unread_count_among_many_read_ones_uses_its_index(queue_inbox, anna, plan_of, now):
    queue_inbox("a")
    old = {"recipient": anna, "kind": "note", "channel": "inbox", "not_before": now}
    Message.objects.bulk_create(
        Message(key=f"old{n}", state="sent", sent_at=now, read_at=now, **old) for n in range(1_000)
    )
    assert "notify_message_unread" in plan_of(Message.objects.inbox_of(anna).unread().order_by())


def test_unread_count_stops_at_a_hundred_and_the_inbox_counts_all(anna, now):
    new = {"recipient": anna, "kind": "note", "channel": "inbox", "not_before": now}
    Message.objects.bulk_create(
        Message(key=f"new{n}", state="sent", sent_at=now, **new) for n in range(120)
    )
    assert unread_count(anna) == 100
    assert inbox_page(anna, 1, now=now).unread == 120


def test_mark_read_of_one_leaves_the_others(queue_inbox, anna, now):
    first, second = queue_inbox("a"), queue_inbox("b")
    assert mark_read(user=anna, message_ids=[first.pk], now=now) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.read_at == now
    assert second.read_at is None


def test_mark_read_of_all_marks_own_only(queue_inbox, anna, bert, now):
    queue_inbox("a")
    queue_inbox("b")
    queue_inbox("c", recipient=bert)
    assert mark_read(user=anna, message_ids=None, now=now) == 2
    assert (unread_count(anna), unread_count(bert)) == (0, 1)


def test_mark_read_of_somebody_elses_changes_nothing(queue_inbox, anna, bert, now):
    message = queue_inbox("a", recipient=bert)
    assert mark_read(user=anna, message_ids=[message.pk], now=now) == 0
    assert unread_count(bert) == 1


def test_mark_read_twice_keeps_the_first_time(queue_inbox, anna, now):
    message = queue_inbox("a")
    mark_read(user=anna, message_ids=None, now=now)
    assert mark_read(user=anna, message_ids=None, now=now.replace(hour=10)) == 0
    message.refresh_from_db()
    assert message.read_at == now


def test_inbox_page_shows_own_texts_made_now_newest_first(queue_inbox, kinds, anna, bert, now):
    queue_inbox("a")
    queue_inbox("b")
    queue_inbox("c", recipient=bert)
    kinds.update(a=Text("A as it is now"), b=Text("B as it is now"))
    page = inbox_page(anna, 1, now=now)
    assert subjects(page) == ["B as it is now", "A as it is now"]
    assert (page.total, page.unread, page.pages) == (2, 2, 1)
    assert not page.entries[0].is_read


def test_inbox_page_without_a_text_has_a_plain_line(queue_inbox, kinds, anna, now):
    queue_inbox("unknown", kind="from another version")
    queue_inbox("broken")
    queue_inbox("untrue")
    queue_inbox("fine")
    kinds.update(broken=RuntimeError("broken"), untrue=None, fine=Text("Fine"))
    assert [entry.text for entry in inbox_page(anna, 1, now=now).entries] == [
        Text("Fine"),
        SETTLED,
        UNREADABLE,
        UNKNOWN,
    ]


def test_inbox_page_leaves_out_mails(queue, anna, now):
    queue("a", channels=[Channel.EMAIL])
    assert inbox_page(anna, 1, now=now).entries == ()


@pytest.mark.parametrize(
    ("asked", "number"), [(1, 1), ("2", 2), (0, 2), ("99999999999999999999", 2), ("x", 1), ("", 1)]
)
def test_inbox_page_of_any_number_is_one_that_exists(queue_inbox, anna, now, asked, number):
    for n in range(selectors.PAGE_SIZE + 1):
        queue_inbox(f"n{n}")
    page = inbox_page(anna, asked, now=now)
    assert (page.number, page.pages) == (number, 2)
    assert len(page.entries) == (selectors.PAGE_SIZE if number == 1 else 1)


def test_inbox_page_costs_the_same_for_one_and_many(
    queue_inbox, anna, now, django_assert_num_queries
):
    queue_inbox("one")
    with django_assert_num_queries(3):
        inbox_page(anna, 1, now=now)
    for n in range(10):
        queue_inbox(f"n{n}")
    with django_assert_num_queries(3):
        inbox_page(anna, 1, now=now)


def notice_text(admin, now):
    (entry,) = inbox_page(admin, 1, now=now).entries
    return entry.text


@pytest.fixture
def notice(queue_inbox, admin):
    return queue_inbox("notice", kind=selectors.DEAD_NOTICE, recipient=admin)


def test_dead_notice_counts_what_is_dead_now(queue_mail, notice, admin, now):
    for key in ("one", "two"):
        queue_mail(key)
    Message.objects.filter(channel="email").update(state=MessageState.DEAD, last_error="550 no")
    text = notice_text(admin, now)
    assert text.subject == "2 messages could not be delivered"
    assert "E-mail to Anna. 550 no" in text.body
    assert text.path.endswith("?state__exact=dead")


def test_dead_notice_when_all_went_out_says_so(notice, admin, now):
    assert notice_text(admin, now).subject == "Every message has been delivered"
    assert registry.refresh(notice, now) == notice_text(admin, now)
