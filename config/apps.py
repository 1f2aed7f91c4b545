from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    """The wiring as an app, so that its commands and system checks are found."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  # importing registers them


class ShellConfig(AdminConfig):
    """Django's admin with our own site behind `admin.site`."""

    default_site = "core.admin.HandoffSite"
