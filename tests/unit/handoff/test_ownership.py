"""The freeze: from an acceptance on, the lead stays where it is, but for a few reasons."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff.choices import TransferReason
from handoff.rules.ownership import is_frozen, may_move

NOW = datetime(2026, 11, 17, 10, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "until", "frozen"),
    [
        ("accepted", LATER, True),
        ("accepted", NOW, False),
        ("accepted", None, False),
        ("pending", LATER, False),
    ],
)
def test_freeze_holds_from_acceptance_to_its_end(status, until, frozen):
    assert is_frozen(status=status, freeze_until=until, now=NOW) is frozen


def test_freeze_is_passed_by_people_absence_and_the_ladder_only():
    passing = {reason for reason in TransferReason.values if may_move(reason, frozen=True)}
    assert passing == {
        "sla_breach",
        "cover",
        "territory",
        "manager",
        "left",
        "returned",
        "overturned",
    }
    assert all(may_move(reason, frozen=False) for reason in TransferReason.values)
