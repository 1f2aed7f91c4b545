"""Asks for a page as somebody and takes down everything that matters about the answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.db.authz.cases import LOGIN
from tests.db.authz.table import BODIES
from tests.db.authz.walker import Address
from tests.db.authz.worlds import ABSENT_PK, Worlds

SAFE = ("GET", "HEAD", "OPTIONS")
READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "EXPLAIN", "SHOW", "WITH", "PRAGMA")
SECRET = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `writes` are the statements that would have changed a table."""

    status: str
    text: str
    queries: int
    writes: tuple[str, ...]
    changed_b: bool

    def without(self, pk: Any) -> tuple[str, str]:
        """Status and text without what differs between any two answers, and without the id."""
        text = SECRET.sub(r"\1", self.text)
        text = UUID.sub("#", text)
        return self.status, re.sub(rf"\b({pk}|{ABSENT_PK}|absent)\b", "#", text)


class Asker:
    """People of world A, each signed in once. What an answer changes is undone after it."""

    def __init__(self, worlds: Worlds) -> None:
        self.worlds = worlds
        self.sum_of_b = worlds.checksum_of_b()
        self.clients = {"anonymous": self._client()}
        for role, person in worlds.people.items():
            self.clients[role] = self._client()
            self.clients[role].force_login(person)
        worlds.people["inactive"].is_active = False
        worlds.people["inactive"].save()
        self.cookies = {role: client.cookies.copy() for role, client in self.clients.items()}

    @staticmethod
    def _client() -> Client:
        return Client(raise_request_exception=False)

    def client(self, role: str) -> Client:
        """Signed in as at the beginning, whatever a request before did to the session."""
        client = self.clients[role]
        client.cookies = self.cookies[role].copy()
        client.handler.enforce_csrf_checks = False
        return client

    def ask(
        self,
        role: str,
        method: str,
        address: Address,
        row: dict[str, Any],
        *,
        query: str = "",
        check_b: bool = False,
        with_token: bool = True,
    ) -> Answer:
        client = self.client(role)
        # Django's client passes the check of the token by, unless it is told otherwise.
        client.handler.enforce_csrf_checks = not with_token
        path = address.path({name: row[name] for name in address.params if name in row})
        path += f"?{query}".format(**row) if query else ""
        values = {"version": 1, **row}
        body = {key: text.format(**values) for key, text in BODIES.get(address.key, {}).items()}
        options = {"data": body} if method == "POST" else {}
        with undone(), watched() as statements:
            response = getattr(client, method.lower())(path, **options)
            text = read(response)
            # A union of reads stands in brackets.
            writes = tuple(one for one in statements if not one.lstrip("(").startswith(READS))
            # Looked at before it is undone; needless where nothing was written.
            changed = check_b and bool(writes) and self.worlds.checksum_of_b() != self.sum_of_b
        return Answer(status_of(response), text, len(statements), writes, changed)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def watched() -> Iterator[list[str]]:
    """The statements that reach the database, in upper case."""
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql.lstrip().upper())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def read(response: HttpResponse) -> str:
    """Body and headers as one text."""
    body = b"".join(response) if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n\n{body.decode()}"


def status_of(response: HttpResponse) -> str:
    """The status, or `login` for the way to the sign-in page."""
    signs_in = (reverse("accounts:login"), reverse("admin:login"))
    if response.status_code == 302 and response.url.startswith(signs_in):
        return LOGIN
    return str(response.status_code)
