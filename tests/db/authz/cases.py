"""Reads the tables of `table.py` into cases: who asks for what, and the answer that is due.

A table's first line names the columns: after the address come the roles, each with the relations
in which it stands to the row, in the order of the answers below it. `-` means that there is no
such row. A role without relations answers the same for every row, or the page has no row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ROLES = ("sdr", "ae", "manager", "admin")
OUTSIDERS = ("anonymous", "inactive")
# What a page without a row, or a row that is the same to everybody, is asked in.
ANY = "any"
LOGIN = "login"
Answers = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One address and method on one kind of row, with the answer per role and relation."""

    key: str
    method: str
    on: str
    query: str
    answers: Answers = field(hash=False)

    @property
    def id(self) -> str:
        asked = self.key + (f"?{self.query}" if self.query else "")
        return f"{self.method} {asked}" + (f" [{self.on}]" if self.on else "")

    def answer(self, role: str, relation: str) -> str | None:
        by_relation = self.answers[role]
        return by_relation.get(relation, by_relation.get(ANY))


def read(table: str, *, outsiders: str = LOGIN) -> list[Case]:
    """The cases of one table; who is not signed in gets the answer of `outsiders`."""
    lines = [line for line in table.splitlines() if line.strip() and line.strip()[0] != "#"]
    columns = [_column(cell) for cell in lines[0].split("|")[1:]]
    return [_case(line, columns, outsiders) for line in lines[1:]]


def _column(cell: str) -> tuple[str, list[str]]:
    role, _, relations = cell.strip().partition(":")
    return role, relations.split() or [ANY]


def _case(line: str, columns: list[tuple[str, list[str]]], outsiders: str) -> Case:
    cells = [cell.split() for cell in line.split("|")]
    (method, asked, *on), answers = cells[0], cells[1:]
    assert len(answers) == len(columns), f"{len(columns)} columns are needed: {line}"
    due: Answers = {role: {ANY: outsiders} for role in OUTSIDERS}
    for (role, relations), given in zip(columns, answers, strict=True):
        assert len(relations) == len(given), f"{role} needs {relations}: {line}"
        pairs = zip(relations, given, strict=True)
        due[role] = {relation: status for relation, status in pairs if status != "-"}
    key, _, query = asked.partition("?")
    return Case(key, method, on[0] if on else "", query, due)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the admin: who reads it, who may open and send its dialogs.

    `dialogs` are those of a row and `list_dialogs` those of the list, each with the answer to a
    form that is sent empty by somebody who may: `"edit:422 retire:302"`.
    """

    name: str
    read: str
    edit: str = ""
    dialogs: str = ""
    list_dialogs: str = ""
    has_past: bool = True

    def cases(self) -> Iterator[Case]:
        yield self._case("GET", "changelist", "200", self.read, query="p=1", is_list=True)
        yield self._case("GET", "change", "200", self.read)
        yield self._case("GET", "history", "200" if self.has_past else "404", self.read)
        for dialogs, is_list in ((self.list_dialogs, True), (self.dialogs, False)):
            for dialog, _, sent in (one.partition(":") for one in dialogs.split()):
                yield self._case("GET", dialog, "200", self.edit, is_list=is_list)
                yield self._case("POST", dialog, sent, self.edit, is_list=is_list)

    def _case(
        self,
        method: str,
        view: str,
        status: str,
        who: str,
        *,
        query: str = "",
        is_list: bool = False,
    ) -> Case:
        due: Answers = {role: {ANY: LOGIN} for role in OUTSIDERS}
        due |= {role: {ANY: status if role in who.split() else "403"} for role in ROLES}
        on = "" if is_list else self.name
        return Case(f"admin:{self.name}_{view}", method, on, query, due)


def all_cases(*parts: Iterable[Case]) -> list[Case]:
    """The cases of all tables, each of them once."""
    cases = [case for part in parts for case in part]
    ids = [case.id for case in cases]
    twice = {one for one in ids if ids.count(one) > 1}
    assert not twice, f"listed twice: {sorted(twice)}"
    return cases
