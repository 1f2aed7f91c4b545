from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "core"
    label = "core"

    def ready(self) -> None:
        from core import checks, triggers  # noqa: F401  # importing registers the checks

        pre_migrate.connect(
            triggers.drop_before_migrate, sender=self, dispatch_uid="core.drop_triggers"
        )
        post_migrate.connect(
            triggers.create_after_migrate, sender=self, dispatch_uid="core.create_triggers"
        )
        # Each app's loops are registered in its `tasks` module.
        autodiscover_modules("tasks")
