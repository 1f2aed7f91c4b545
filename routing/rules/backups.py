"""Who stands in for whom in a pool: chains of backups, which never close."""

from __future__ import annotations

from collections.abc import Mapping


def closes_circle(backups: Mapping[int, int], member_id: int, backup_id: int) -> bool:
    """Whether the member would stand in for themselves, perhaps through others.

    `backups` maps each member to the present backup; it has no circle yet.
    """
    here: int | None = backup_id
    while here is not None and here != member_id:
        here = backups.get(here)
    return here == member_id
