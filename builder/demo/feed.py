"""The demo shop's feed: orders through the public API, a starting set at once and then a few a minute."""

import http.client
import json
import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from builder.config import Settings
from builder.demo.orders import CHANNELS, simulated_order

log = structlog.get_logger()

STARTING_SET = 61  # one of them spoilt
SPOILT = 0.02  # of the later orders: a shop's programs make mistakes too
LONGEST_AGO = timedelta(hours=3)  # the starting set was ordered within this time
SHARES = {"own-shop": 5, "tmall-tea-house": 2, "douyin-live": 1, "wechat-mall": 2}
PAUSE = (8.0, 22.0)  # seconds between two orders: about four a minute


def send_orders(settings: Settings, stop: threading.Event) -> None:
    """Sends until `stop` is set. An order that the API does not take is told in the log, and the next one goes on."""
    chance = random.Random()  # noqa: S311 - shop orders, no secrets
    counter = _Counter(settings.home / "feed-number")
    token = (settings.home / "feed-token").read_text("ascii").strip()
    if counter.at == 0:
        _post(settings, token, starting_set(counter.take(STARTING_SET), datetime.now(UTC), chance))
    while not stop.wait(chance.uniform(*PAUSE)):
        channel = chance.choices(list(SHARES), list(SHARES.values()))[0]
        order = simulated_order(counter.take(1)[0], channel, datetime.now(UTC), chance)
        _post(settings, token, [spoil(order) if chance.random() < SPOILT else order])


def starting_set(numbers: Sequence[int], now: datetime, chance: random.Random) -> list[dict[str, Any]]:
    """Orders of the last hours, oldest first, from every channel in turn; the one in the middle is spoilt."""
    step = LONGEST_AGO / len(numbers)
    channels = tuple(CHANNELS)
    orders = [
        simulated_order(number, channels[at % len(channels)], now - LONGEST_AGO + step * at, chance)
        for at, number in enumerate(numbers)
    ]
    middle = len(orders) // 2
    return [*orders[:middle], spoil(orders[middle]), *orders[middle + 1 :]]


def spoil(order: dict[str, Any]) -> dict[str, Any]:
    """The order with a total that no currency has, as a shop's rounding mistake makes it."""
    return {**order, "total": f"{order['total']}5"}


class _Counter:
    """The number of the last order, kept in the home so that no number comes twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.at = int(path.read_text("ascii")) if path.exists() else 0

    def take(self, count: int) -> range:
        """The next numbers, in order."""
        first, self.at = self.at + 1, self.at + count
        self._path.write_text(str(self.at), "ascii")
        return range(first, self.at + 1)


def _post(settings: Settings, token: str, orders: Sequence[dict[str, Any]]) -> None:
    line = http.client.HTTPConnection(settings.host, settings.port, timeout=30)
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        line.request("POST", "/api/v1/orders", json.dumps(orders, ensure_ascii=False).encode(), head)
        answer = line.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as broken:
        log.warning("feed.not_sent", orders=len(orders), error=str(broken))
        return
    finally:
        line.close()
    if answer.status not in (202, 422):  # a refused order is not lost: it stands on the list of refusals
        log.warning("feed.not_taken", status=answer.status, answer=text[:500])
