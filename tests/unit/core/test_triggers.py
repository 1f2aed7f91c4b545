import pytest

from core import triggers


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(triggers, "_triggers", {})


def test_register_the_same_name_twice_is_refused(registry):
    triggers.register(*triggers.append_only("notes"))

    with pytest.raises(ValueError, match="notes_no_update is registered twice"):
        triggers.register(*triggers.append_only("notes"))


def test_append_only_refuses_truncate_where_the_database_has_it(registry):
    by_name = {trigger.name: trigger for trigger in triggers.append_only("notes")}

    assert "BEFORE TRUNCATE" in by_name["notes_no_truncate"].postgresql
    assert by_name["notes_no_truncate"].sqlite == ""
