"""Every list of the admin, asked for what no page offers."""

import pytest
from django.contrib import admin
from django.urls import reverse

from core.admin import ShellAdmin
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
ENDS = ("", "__exact", "__in", "__id__exact", "__id__in", "__isnull")
TOO_MUCH = ("9" * 30, "\x00")


def lists():
    return [
        pytest.param(model, id=model._meta.label)
        for model, found in sorted(admin.site._registry.items(), key=lambda one: str(one[0]))
        if isinstance(found, ShellAdmin)
    ]


def address(model, view, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


@pytest.fixture
def boss(time_machine, client):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return client


@pytest.mark.parametrize("model", lists())
def test_list_with_a_hostile_filter_is_empty_or_refused(boss, model):
    found = admin.site._registry[model]
    names = [one if isinstance(one, str) else one[0] for one in found.list_filter]
    for key in [f"{name}{end}" for name in [*names, "id"] for end in ENDS] + ["q", "p", "o"]:
        for value in TOO_MUCH:
            shown = boss.get(address(model, "changelist"), {key: value})
            assert shown.status_code in (200, 302, 400), (key, value)


@pytest.mark.parametrize("model", lists())
def test_list_offers_filters_by_addresses_that_it_takes(boss, model):
    found = admin.site._registry[model]
    for name in found.list_filter:
        taken = [
            end
            for end in ENDS
            if boss.get(address(model, "changelist"), {f"{name}{end}": "1"}).status_code == 200
        ]
        assert {"__exact", "__id__exact"} & set(taken), name


@pytest.mark.parametrize("model", lists())
def test_row_with_a_huge_number_is_not_found(boss, model):
    for view in ("change", "history"):
        assert boss.get(address(model, view, int("9" * 30))).status_code == 404
