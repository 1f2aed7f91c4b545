import pytest
from django.test import Client
from django.urls import reverse

from notify.choices import Channel
from notify.models import Message
from notify.registry import Text

INBOX = reverse("notify:inbox")
READ = reverse("notify:read")


@pytest.fixture
def messages(queue):
    return [queue(key, channels=[Channel.INBOX])[0] for key in ("one", "two")]


@pytest.fixture
def visitor(client, anna):
    client.force_login(anna)
    return client


def unread():
    return set(Message.objects.unread().values_list("pk", flat=True))


def body_of(response):
    return response.content.decode()


def test_inbox_by_get_shows_the_messages_and_marks_nothing(visitor, messages):
    response = visitor.get(INBOX)
    assert response.status_code == 200
    assert body_of(response).count("<b>A note</b>") == 2
    assert "2 unread of 2" in body_of(response)
    assert len(unread()) == 2


def test_inbox_without_messages_says_what_comes(visitor):
    assert "Nothing has been sent to you yet." in body_of(visitor.get(INBOX))


def test_inbox_escapes_what_messages_say(visitor, messages, kinds):
    kinds["one"] = Text("<script>alert(1)</script>", '"><img src=x onerror=alert(1)> {{ 7 }}')
    page = body_of(visitor.get(INBOX))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert" in page


def test_inbox_of_somebody_not_signed_in_leads_to_the_sign_in(client, db):
    for response in (client.get(INBOX), client.post(READ, {"everything": "on"})):
        assert response.status_code == 302
        assert "next=" in response.url


def test_inbox_shows_nothing_of_others(client, bert, messages):
    client.force_login(bert)
    assert "A note" not in body_of(client.get(INBOX))


def test_inbox_with_many_messages_has_pages_and_a_constant_number_of_queries(
    visitor, queue, messages, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30) as few:
        visitor.get(INBOX)
    for n in range(30):
        queue(f"n{n}", channels=[Channel.INBOX])
    with django_assert_max_num_queries(len(few)):
        page = body_of(visitor.get(INBOX))
    assert page.count("<b>A note</b>") == 25
    assert "Page 1 of 2" in page
    assert body_of(visitor.get(INBOX, {"page": 2})).count("<b>A note</b>") == 7


def test_read_of_one_marks_it_and_goes_back_to_the_page(visitor, messages):
    response = visitor.post(READ, {"message": messages[0].pk, "page": 3})
    assert response.status_code == 302
    assert response.url == f"{INBOX}?page=3"
    assert unread() == {messages[1].pk}


def test_read_of_everything_marks_all(visitor, messages):
    visitor.post(READ, {"everything": "on"})
    assert not unread()


def test_read_of_somebody_elses_changes_nothing(client, bert, messages):
    client.force_login(bert)
    assert client.post(READ, {"message": messages[0].pk}).status_code == 302
    assert len(unread()) == 2


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"message": "x"},
        {"message": "-1"},
        {"message": str(2**63)},
        {"message": "1", "everything": "on"},
        {"message": "1\x00"},
        {"everything": "on", "page": "//evil.example"},
    ],
)
def test_read_of_nonsense_is_refused_and_changes_nothing(visitor, messages, given):
    assert visitor.post(READ, given).status_code == 400
    assert len(unread()) == 2


def test_read_by_get_is_refused(visitor, messages):
    assert visitor.get(READ, {"everything": "on"}).status_code == 405
    assert len(unread()) == 2


def test_read_without_a_token_is_refused(anna, messages):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert client.post(READ, {"everything": "on"}).status_code == 403
    assert len(unread()) == 2
