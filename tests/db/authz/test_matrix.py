"""Every role against every address and method: the answer that `table.py` says is due."""

import pytest
from django.contrib import admin

from core.admin import ShellAdmin
from review.rules.metrics import METRICS
from tests.db.authz.asking import SAFE, Asker
from tests.db.authz.cases import ANY, LOGIN, OUTSIDERS, ROLES, Case
from tests.db.authz.table import CASES, knows
from tests.db.authz.walker import addresses
from tests.db.authz.worlds import ABSENT, HIDING, checksum

ADDRESSES = addresses()
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSED = ("403", "404", "405")
AWAY = {"302", "404", LOGIN}
RELATIONS = ("own", "past", "team", ANY, "other")
LISTED = {(case.key, case.method) for case in CASES}


def test_every_address_is_listed_and_every_line_has_its_address():
    listed = {case.key for case in CASES}
    missing = [f"{one.key}  ({one.route})" for one in ADDRESSES.values() if one.key not in listed]
    assert not missing, "say in tests/db/authz/table.py who may open:\n  " + "\n  ".join(missing)
    stale = sorted(listed - set(ADDRESSES))
    assert not stale, "no such address any more; take out of tests/db/authz/table.py: " + str(stale)


def test_admin_has_no_page_or_action_of_its_own_beside_the_dialogs():
    for model, page in admin.site._registry.items():
        assert isinstance(page, ShellAdmin), model
        assert not page.actions, f"{model}: list the action in table.py and ask for it here"
        assert not page.inlines, model


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_answer(worlds, asker, case):
    for role in (*OUTSIDERS, *ROLES):
        for relation in RELATIONS:
            due = case.answer(role, relation)
            row = worlds.row(case.on, relation, role)
            if due is None or row is None or (not case.on and relation != ANY):
                continue
            check(asker, case, role, relation, row, due)
        if case.on:
            check_absent(worlds, asker, case, role)


def check(asker: Asker, case: Case, role: str, relation: str, row, due: str):
    who = f"{role} on {relation or 'the page'}: {case.id}"
    answer = asker.ask(
        role, case.method, ADDRESSES[case.key], row, query=case.query, check_b=role != "admin"
    )
    assert answer.status == due, f"{who}: {answer.status}, and {due} is due\n{answer.text}"
    told = [word for word in asker.worlds.hidden.get(role, ()) if word in answer.text]
    assert not told, f"{who} tells what is hidden: {told}"
    if case.method in SAFE or due in REFUSED:
        assert not answer.writes, f"{who} writes: {answer.writes}"
    assert not answer.changed_b, f"{who} changes a row of the other world"


def check_absent(worlds, asker: Asker, case: Case, role: str):
    """A row that is not there, and one that is not to be known of: nobody can tell them apart."""
    other = worlds.row(case.on, "other", role) or worlds.row(case.on, ANY, role)
    if role in OUTSIDERS or "pk" not in (other or {}):
        return
    address, missing = ADDRESSES[case.key], worlds.row(case.on, ABSENT, role)
    who = f"{role} on a row that is not there: {case.id}"
    absent = asker.ask(role, case.method, address, missing, query=case.query)
    if absent.status in REFUSED:
        assert not absent.writes, f"{who} writes"
    if knows(role, case.on):
        due = {"404"} | ({"403"} & set(case.answers[role].values()) if case.query else set())
        assert absent.status in due, f"{who}: {absent.status}, and {due} is due"
        return
    there = asker.ask(role, case.method, address, other, query=case.query)
    assert there.without(other["pk"]) == absent.without(other["pk"]), f"{who} looks different"
    assert there.queries == absent.queries, f"{who} is asked for differently"


@pytest.mark.parametrize("key", ADDRESSES)
def test_methods_that_are_not_listed_are_not_allowed(worlds, asker, key):
    cases = [case for case in CASES if case.key == key]
    if not cases:
        pytest.fail(f"say in tests/db/authz/table.py who may open {key}")
    # What only leads elsewhere, or nowhere, may do so whatever the method is.
    leads_away = {status for case in cases for status in case.answers["admin"].values()} <= AWAY
    for method in METHODS:
        if (key, method) in LISTED:
            continue
        for role in ("anonymous", "admin"):
            answer = asker.ask(role, method, ADDRESSES[key], worlds.some_row(cases[0].on))
            allowed = {"405"} | (AWAY if leads_away or role == "anonymous" else set())
            assert answer.status in allowed, f"{role}: {method} {key} answers {answer.status}"
            assert not answer.writes


def test_what_is_asked_and_undone_leaves_the_worlds_as_they_were(worlds, asker):
    before = checksum()
    for name in ("handoff:detail", "handoff:list", "handoff:queue", "notify:inbox"):
        case = next(case for case in CASES if (case.key, case.method) == (name, "GET"))
        row = worlds.row(case.on, "own", "sdr")
        assert asker.ask("manager", "GET", ADDRESSES[name], row).status == "200"
    assert checksum() == before


@pytest.mark.parametrize("metric", METRICS)
def test_rows_behind_a_number_are_the_readers_only(worlds, asker, metric):
    row = {**worlds.some_row("metric"), "key": metric}
    for name in ("review:rows", "review:rows_csv"):
        for role in HIDING:
            answer = asker.ask(role, "GET", ADDRESSES[name], row)
            assert answer.status == "200"
            told = [word for word in worlds.hidden[role] if word in answer.text]
            assert not told, f"{role} finds others behind {metric}: {told}"


@pytest.mark.parametrize("key", sorted(key for key, method in LISTED if method == "POST"))
def test_form_without_its_token_is_refused(worlds, asker, key):
    case = next(case for case in CASES if (case.key, case.method) == (key, "POST"))
    row = worlds.some_row(case.on)
    answer = asker.ask("admin", "POST", ADDRESSES[key], row, with_token=False)
    assert answer.status == "403"
    assert not answer.writes
