"""ULIDs: sortable by time, and in the order in which they were made."""

from datetime import datetime

from ulid import ULID


def new_id(moment: datetime) -> str:
    """One new id."""
    return str(ULID.from_datetime(moment))


def new_ids(moment: datetime, count: int) -> list[str]:
    """So many new ids, sorted."""
    return sorted(str(ULID.from_datetime(moment)) for _ in range(count))
