"""Chains of backups: whatever is set in whatever order, nobody stands in for themselves."""

from hypothesis import given
from hypothesis import strategies as st

from routing.rules.backups import closes_circle

MEMBERS = st.integers(min_value=1, max_value=8)


@given(st.lists(st.tuples(MEMBERS, st.none() | MEMBERS), max_size=60))
def test_set_backup_in_any_order_never_closes_a_circle(wishes):
    backups = {}
    for member, backup in wishes:
        if backup is None:
            backups.pop(member, None)
        elif not closes_circle(backups, member, backup):
            backups[member] = backup
        for start in backups:
            seen, here = set(), start
            while here is not None:
                assert here not in seen
                seen.add(here)
                here = backups.get(here)


def test_closes_circle_is_refused_through_others_only():
    backups = {1: 2, 2: 3}
    assert closes_circle(backups, 3, 1)
    assert closes_circle(backups, 1, 1)
    assert not closes_circle(backups, 4, 1)
