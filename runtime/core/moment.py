"""Points in time: ISO 8601 text with its zone outside, UTC inside, microseconds since the epoch where they are kept."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

BUSINESS_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""The zone of a business that says none."""

TIME_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])$"
)
_TIME = re.compile(TIME_PATTERN[:-1], re.ASCII)


def read_moment(given: Any) -> datetime | None:
    """The UTC instant of an ISO 8601 text with date, time and zone; None for everything else."""
    if not isinstance(given, str) or not _TIME.fullmatch(given):
        return None
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def show_moment(moment: datetime) -> str:
    """The text of a UTC instant as canonical orders hold it: `2026-11-22T02:00:00Z`, with a fraction if it has one."""
    return moment.replace(tzinfo=None).isoformat() + "Z"


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (moment - EPOCH) // MICROSECOND
