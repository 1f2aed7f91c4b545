from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils import timezone


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"

    def ready(self) -> None:
        from accounts.impact import calendar_followers
        from worktime import uses

        uses.register_followers(calendar_followers)
        # Django's receiver of this name saves the person, which writes a line of history that
        # tells of no change. Whichever app is ready first, only one can have the name.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(_note_sign_in, dispatch_uid="update_last_login")


def _note_sign_in(sender: object, user: Any, **kwargs: object) -> None:
    type(user).objects.filter(pk=user.pk).update(last_login=timezone.now())
