import pytest
from django.db import connection

from core import triggers
from sla.checks import check_breach_steps, check_default_policy
from sla.models import PolicyVersion, Step
from sla.services import install_preset
from tests.factories.sla import START

pytestmark = pytest.mark.django_db


def ids(check):
    return [message.id for message in check(None, databases=["default"])]


def test_default_policy_check_before_the_set_up_only_reminds():
    assert ids(check_default_policy) == ["sla.W001"]


def test_default_policy_check_with_a_preset_is_silent():
    install_preset(name="temperatures", by_id=None, now=START)
    assert ids(check_default_policy) == []


def test_default_policy_check_without_a_default_is_an_error():
    install_preset(name="temperatures", by_id=None, now=START)
    PolicyVersion.objects.filter(is_default=True).update(state="retired")
    assert ids(check_default_policy) == ["sla.E001"]


@pytest.mark.parametrize("check", [check_default_policy, check_breach_steps])
def test_checks_ask_nothing_where_no_database_is_named(check, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(check(None)) == []


def test_breach_step_check_of_a_preset_is_silent():
    install_preset(name="standard", by_id=None, now=START)
    assert ids(check_breach_steps) == []


@pytest.mark.django_db(transaction=True)
def test_breach_step_check_names_the_target_without_one():
    install_preset(name="standard", by_id=None, now=START)
    with triggers.suspended():
        Step.objects.filter(action="breach", target__kind="accept").delete()
    assert ids(check_breach_steps) == ["sla.E002"]


@pytest.mark.django_db(transaction=True)
def test_checks_before_the_first_migrate_are_silent():
    table = PolicyVersion._meta.db_table
    with connection.schema_editor() as editor:
        editor.execute(f"ALTER TABLE {table} RENAME TO hidden_away")
    try:
        assert ids(check_default_policy) == []
        assert ids(check_breach_steps) == []
    finally:
        with connection.schema_editor() as editor:
            editor.execute(f"ALTER TABLE hidden_away RENAME TO {table}")
