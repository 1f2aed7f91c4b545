"""Signing in, one's own password, time off; and the pages that say no."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import TimeOff, User
from core import views
from tests.factories.handoff import NOW, PASSWORD, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LOGIN = reverse("accounts:login")


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


def text(response):
    return response.content.decode()


def sign_in(client, user, password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": user.email, "password": password, **extra})


def test_sign_in_by_address_in_any_case(world, client):
    world.sdr.email = world.sdr.email.upper()
    assert sign_in(client, world.sdr).url == "/"


def test_sign_in_goes_on_to_our_own_pages_only(world, client):
    assert sign_in(client, world.sdr, next="/inbox/").url == "/inbox/"
    client.logout()
    assert sign_in(client, world.sdr, next="https://elsewhere.example/").url == "/"


def test_sign_in_with_a_wrong_password_says_one_sentence(world, client):
    page = text(sign_in(client, world.sdr, "wrong"))
    assert "This e-mail address and password do not belong together." in page


def test_sign_in_of_somebody_who_left_is_refused(world, client):
    User.objects.filter(pk=world.sdr.pk).update(is_active=False)
    assert sign_in(client, world.sdr).status_code == 200
    client.force_login(world.sdr)
    assert client.get(reverse("accounts:time_off")).status_code == 302


def test_sign_in_is_locked_after_five_wrong_passwords(world, client):
    for n in range(5):
        world.sdr.email = world.sdr.email.swapcase() if n else world.sdr.email
        response = sign_in(client, world.sdr, "wrong")
    assert response.status_code == 429
    assert "Wait a little" in text(response)
    assert sign_in(client, world.sdr).status_code == 429


def test_sign_out_needs_a_post(world, client):
    client.force_login(world.sdr)
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert client.post(reverse("accounts:logout")).url == LOGIN
    assert client.get(reverse("accounts:time_off")).status_code == 302


def test_password_change_needs_the_old_one_and_keeps_the_session(world, client):
    client.force_login(world.sdr)
    address = reverse("accounts:password")
    new = {"password": "another long password", "repeated": "another long password"}
    assert client.post(address, {"old": "wrong", **new}).status_code == 422
    assert client.post(address, {"old": PASSWORD, **new}).status_code == 302
    assert client.get(address).status_code == 200
    assert User.objects.get(pk=world.sdr.pk).check_password("another long password")


def test_password_change_to_a_weak_one_says_why(world, client):
    client.force_login(world.sdr)
    weak = {"old": PASSWORD, "password": "short", "repeated": "short"}
    response = client.post(reverse("accounts:password"), weak)
    assert response.status_code == 422
    assert "too short" in text(response)


@pytest.mark.parametrize("address", ["/welcome/x/y/", "/welcome/OTk5OTk5/abc-def/"])
def test_welcome_with_a_made_up_link_is_over(db, client, address):
    assert client.get(address).status_code == 410


def test_pages_are_kept_by_no_cache(world, client):
    client.force_login(world.sdr)
    response = client.get(reverse("accounts:time_off"))
    assert "no-store" in response["Cache-Control"]


def test_times_are_shown_and_read_in_the_readers_zone(world, client):
    User.objects.filter(pk=world.sdr.pk).update(zone="America/New_York")
    client.force_login(world.sdr)
    add = reverse("accounts:time_off_add", args=[world.sdr.pk])
    client.post(add, {"starts_at": "2026-12-01T09:00", "ends_at": "2026-12-02T09:00"})
    span = TimeOff.objects.get()
    assert span.starts_at.isoformat() == "2026-12-01T14:00:00+00:00"
    assert "Tue 1 Dec 2026, 09:00" in text(client.get(reverse("accounts:time_off")))
    assert timezone.get_current_timezone_name() == "UTC"


def test_time_off_that_cannot_be_kept_is_shown_with_the_reason(world, client):
    client.force_login(world.sdr)
    add = reverse("accounts:time_off_add", args=[world.sdr.pk])
    response = client.post(add, {"starts_at": "2026-12-02T09:00", "ends_at": "2026-12-01T09:00"})
    assert response.status_code == 422
    assert "The end must come after the start." in text(response)
    assert 'value="2026-12-02T09:00"' in text(response)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_time_off_in_a_far_year_is_refused_at_its_field(world, client, zone, at):
    User.objects.filter(pk=world.ae.pk).update(zone=zone)
    client.force_login(world.ae)
    add = reverse("accounts:time_off_add", args=[world.ae.pk])
    response = client.post(add, {"starts_at": at, "ends_at": at})
    assert response.status_code == 422
    assert response.context["form"].errors["starts_at"] == ["Give a year from 2000 to 2100."]
    pause = reverse("accounts:pause", args=[world.ae.pk])
    assert client.post(pause, {"until": at}).status_code == 422


def test_time_off_and_pause_of_others_do_not_exist_for_a_colleague(world, client):
    client.force_login(world.sdr)
    span = TimeOff.objects.create(user=world.ae, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    for name, pk in (
        ("time_off_add", world.ae.pk),
        ("time_off_remove", span.pk),
        ("pause", world.ae.pk),
        ("resume", world.ae.pk),
    ):
        assert client.post(reverse(f"accounts:{name}", args=[pk])).status_code == 404, name
    assert "Priya" not in text(client.get(reverse("accounts:time_off")))


def test_time_off_and_pauses_change_by_post_only(world, client):
    client.force_login(world.sdr)
    span = TimeOff.objects.create(user=world.sdr, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    assert client.get(reverse("accounts:time_off_remove", args=[span.pk])).status_code == 405
    assert client.get(reverse("accounts:resume", args=[world.sdr.pk])).status_code == 405
    client.get(reverse("accounts:pause", args=[world.sdr.pk]), {"until": ""})
    assert TimeOff.objects.filter(pk=span.pk).exists()
    assert User.objects.get(pk=world.sdr.pk).paused_at is None


def test_manager_pauses_and_resumes_somebody_of_the_team(world, client):
    client.force_login(world.manager)
    client.post(reverse("accounts:pause", args=[world.ae.pk]), {"until": ""})
    assert User.objects.get(pk=world.ae.pk).is_paused(NOW)
    assert "until somebody ends it" in text(client.get(reverse("accounts:time_off")))
    client.post(reverse("accounts:resume", args=[world.ae.pk]))
    assert not User.objects.get(pk=world.ae.pk).is_paused(NOW)


def test_time_off_page_finds_people_by_name(world, client):
    client.force_login(world.manager)
    page = text(client.get(reverse("accounts:time_off"), {"q": "priya", "page": "x"}))
    assert "Priya Nair" in page
    assert "Tom Okafor" not in page


def test_forms_sent_from_a_dialog_are_told_where_to_go(world, client):
    client.force_login(world.sdr)
    response = client.post(
        reverse("accounts:pause", args=[world.sdr.pk]), headers={"X-Dialog": "1"}
    )
    assert response.status_code == 204
    assert response["X-Location"] == reverse("accounts:time_off")
    # The message still waits for the page that is opened next.
    assert "is paused" in text(client.get(reverse("accounts:time_off")))


def test_posts_without_a_token_are_refused_in_the_look(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.sdr)
    response = client.post(reverse("accounts:pause", args=[world.sdr.pk]))
    assert response.status_code == 403
    assert "This form is no longer valid" in text(response)
    assert not User.objects.get(pk=world.sdr.pk).is_paused(NOW)


def test_addresses_that_do_not_exist_say_so_to_anybody(db, client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing at this address" in text(response)


def test_refusals_name_who_can(rf):
    response = views.permission_denied(rf.get("/"), PermissionDenied("Only Helen Brandt can."))
    assert response.status_code == 403
    assert "Only Helen Brandt can." in text(response)


@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError("gone"), 503), (ZeroDivisionError("why"), 500)]
)
def test_failures_tell_a_defect_from_a_lost_database(
    rf, django_assert_num_queries, monkeypatch, error, status
):
    monkeypatch.setattr(views.sys, "exc_info", lambda: (type(error), error, None))
    with django_assert_num_queries(0):
        response = views.server_error(rf.get("/"))
    assert response.status_code == status
    assert response.has_header("Retry-After") == (status == 503)
    assert "why" not in text(response)
