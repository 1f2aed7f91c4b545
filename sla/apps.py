from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "sla"
    label = "sla"

    def ready(self) -> None:
        from core import triggers
        from sla import checks, notices  # noqa: F401  # importing registers the checks
        from sla.triggers import TRIGGERS

        triggers.register(*TRIGGERS)
        notices.register()
