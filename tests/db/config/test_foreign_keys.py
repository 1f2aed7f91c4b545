"""What import-linter cannot see: a foreign key names its target in a string."""

from pathlib import Path

from django.apps import apps

from config.env import PROJECT_DIR

LAYERS = [
    {"core"},
    {"worktime"},
    {"accounts"},
    {"notify"},
    {"routing", "sla"},
    {"handoff"},
    {"review"},
]
RANKS = {app: rank for rank, layer in enumerate(LAYERS) for app in layer}


def test_foreign_keys_point_only_down():
    upward = [
        f"{model._meta.label}.{field.name} -> {target._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in RANKS
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and (target := field.related_model)
        if points_up(model._meta.app_label, target._meta.app_label)
    ]

    assert upward == []


def points_up(source: str, target: str) -> bool:
    if source == target or target not in RANKS:
        return False
    return RANKS[target] >= RANKS[source]


def test_points_up_knows_neighbours_and_outsiders():
    assert points_up("accounts", "handoff")
    assert points_up("routing", "sla")
    assert not points_up("handoff", "sla")
    assert not points_up("handoff", "handoff")
    assert not points_up("accounts", "auth")


def test_every_app_of_ours_has_a_layer():
    ours = {
        config.label for config in apps.get_app_configs() if Path(config.path).parent == PROJECT_DIR
    }

    assert ours - {"config"} == set(RANKS)
