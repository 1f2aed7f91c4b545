from datetime import timedelta

import pytest
from django.db import DatabaseError

from config import views
from core.loops import database_now, registered_loops
from core.models import Heartbeat

pytestmark = pytest.mark.django_db


def beat_all(age_seconds: float = 0) -> None:
    at = database_now() - timedelta(seconds=age_seconds)
    for loop in registered_loops():
        Heartbeat.objects.create(loop=loop.name, at=at, worker="w")


def test_healthz_asks_nothing_of_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz/")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_readyz_with_fresh_loops_is_ok_even_without_a_broker(client):
    beat_all()

    answer = client.get("/readyz/")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["broker"] == "down"
    assert set(answer.json()["loops"]) == {loop.name for loop in registered_loops()}


def test_readyz_with_a_stale_loop_is_503_and_names_it(client):
    assert registered_loops()
    beat_all(age_seconds=3600)

    answer = client.get("/readyz/")

    assert answer.status_code == 503
    assert all(state["stale"] for state in answer.json()["loops"].values())


def test_readyz_does_not_show_the_text_of_an_error(client):
    Heartbeat.objects.create(
        loop=registered_loops()[0].name,
        worker="w",
        last_error="secret",
        last_error_at=database_now(),
    )

    assert b"secret" not in client.get("/readyz/").content


def test_readyz_without_a_database_is_503(client, monkeypatch):
    def lost() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(views, "database_now", lost)

    answer = client.get("/readyz/")

    assert answer.status_code == 503
    assert answer.json()["database"] == "down"


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_health_pages_refuse_to_be_posted_to(client, path):
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_probes_answer_who_asks_by_address(client, path):
    beat_all()
    answer = client.get(path, headers={"host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_pages_do_not_answer_who_asks_by_another_name(client):
    assert client.get("/login/", headers={"host": "evil.example"}).status_code == 400
