"""A person at the pages, over real HTTP and without a browser."""

import http.client
import re
import uuid
from typing import Any
from urllib.parse import urlencode

from django.conf import settings as django_settings
from django.urls import reverse

from handoff.rules.presets import QUALIFIED_LEAD_KEY
from tests.factories.handoff import PASSWORD
from tests.support.servers import wait_for

TIMEOUT_SECONDS = 30
DETAIL = re.compile(r"^/handoffs/(\d+)/$")


class NotAnswered(Exception):
    """Nothing was promised: no answer came, or one that says that nothing is sure."""


def with_real_password(user: Any, settings: Any) -> None:
    """Keep the password as a real process reads it; the tests' own hashes are too cheap for it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


class Visitor:
    """Signed in once, it may be used by several threads: each request has its own connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.read = b""

    def is_answered(self) -> bool:
        try:
            return self.ask("GET", reverse("healthz"))[0] == 200
        except NotAnswered:
            return False

    def sign_in(self, email: str, *, password: str = PASSWORD) -> None:
        # Right after its start a server may answer the probe and not yet this.
        page = reverse("accounts:login")
        wait_for(lambda: self.ask("GET", page)[0] == 200, TIMEOUT_SECONDS, "no page to sign in")
        status, _ = self.send(reverse("accounts:login"), {"username": email, "password": password})
        assert status == 302, (status, self.read)
        assert django_settings.SESSION_COOKIE_NAME in self.cookies

    def hand_off(self, answers: dict[str, Any], *, key: uuid.UUID | None = None) -> int:
        """Send the form to hand off at once; the id that the answer leads to.

        Raises NotAnswered when no redirect to the handoff came back. Sending it again with the
        same key is safe.
        """
        typed = {name: _typed(value) for name, value in answers.items()}
        begin = {"submission_uuid": key or uuid.uuid4(), "type": QUALIFIED_LEAD_KEY, "lead": ""}
        chosen = {"temperature": "warm", "action": "hand_off"}
        status, location = self.send(reverse("handoff:new"), {**begin, **typed, **chosen})
        found = DETAIL.match(location)
        if status != 302 or found is None:
            raise NotAnswered(f"{status} {location}")
        return int(found[1])

    def send(self, path: str, fields: dict[str, Any]) -> tuple[int, str]:
        """Send a form; the status of the answer and where it leads."""
        token = self.cookies.get(django_settings.CSRF_COOKIE_NAME, "")
        return self.ask("POST", path, urlencode({**fields, "csrfmiddlewaretoken": token}))

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        headers = {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            self.read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NotAnswered(str(error)) from error
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, text = cookie.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer.status, answer.headers.get("Location", "")


def _typed(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value)
