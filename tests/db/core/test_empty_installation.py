"""Nothing is set up yet, and the first admin looks around."""

import pytest
from django.urls import get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from accounts.models import User


@pytest.fixture
def first_admin(client, db):
    user = User.objects.create_superuser(
        email="first@example.com", name="First Admin", password=None
    )
    client.force_login(user)
    return user


def addresses_without_arguments():
    resolver = get_resolver()
    names = [name for name in resolver.reverse_dict if isinstance(name, str)]
    for space, (_, inside) in resolver.namespace_dict.items():
        names += [f"{space}:{name}" for name in inside.reverse_dict if isinstance(name, str)]
    for name in sorted(names):
        try:
            yield reverse(name)
        except NoReverseMatch:
            continue


def test_pages_without_an_organisation_are_shown_or_say_what_is_missing(client, first_admin):
    client.raise_request_exception = False
    asked = list(addresses_without_arguments())
    assert len(asked) > 40
    answers = {address: client.get(address) for address in asked}
    failed = [address for address, told in answers.items() if told.status_code >= 500]
    assert [address for address in failed if address != reverse("readyz")] == []


def test_page_that_needs_the_organisation_says_so(client, first_admin):
    response = client.get(reverse("accounts:time_off"))
    assert response.status_code == 400
    assert b"Create the organisation first" in response.content


def test_person_changed_before_there_is_an_organisation_is_changed_and_told_so(client, first_admin):
    response = client.post(
        reverse("admin:accounts_user_edit", args=[first_admin.pk]),
        {
            "name": "First Admin",
            "email": "first@example.com",
            "roles": ["admin"],
            "zone": "Europe/Berlin",
        },
    )
    assert response.status_code == 302
    first_admin.refresh_from_db()
    assert first_admin.zone == "Europe/Berlin"
