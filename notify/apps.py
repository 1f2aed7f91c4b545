from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "notify"
    label = "notify"

    def ready(self) -> None:
        from notify import checks, registry, selectors  # noqa: F401  # importing registers checks

        registry.register_kind(selectors.DEAD_NOTICE, selectors.dead_notice, selectors.dead_notices)
