from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "routing"
    label = "routing"

    def ready(self) -> None:
        from core import triggers

        triggers.register(*triggers.append_only("routing_turn"))
