"""The demo shop's feed: orders through the public API, a starting set at once and then a few a minute."""

import http.client
import json
import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from builder.config import Settings
from builder.demo.orders import simulated_order
from builder.demo.shop import example_flows

log = structlog.get_logger()

STARTING_SET = 60
PAUSE = (8.0, 22.0)  # seconds between two orders: about four a minute


def send_orders(settings: Settings, stop: threading.Event) -> None:
    """Sends until `stop` is set. An order that the API does not take is told in the log, and the next one goes on."""
    chance = random.Random()  # noqa: S311 - shop orders, no secrets
    channels = sorted({name for flow in example_flows() for name in flow.get("channels", ())}) or ["own-shop"]
    counter = _Counter(settings.home / "feed-number")
    token = (settings.home / "feed-token").read_text("ascii").strip()

    def send(count: int) -> None:
        numbers = [counter.next() for _ in range(count)]
        orders = [simulated_order(n, channels[n % len(channels)], datetime.now(UTC), chance) for n in numbers]
        _post(settings, token, orders)

    if counter.at == 0:
        send(STARTING_SET)
    while not stop.wait(chance.uniform(*PAUSE)):
        send(1)


class _Counter:
    """The number of the last order, kept in the home so that no number comes twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.at = int(path.read_text("ascii")) if path.exists() else 0

    def next(self) -> int:
        self.at += 1
        self._path.write_text(str(self.at), "ascii")
        return self.at


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
    refused = (
        [one for one in json.loads(text).get("results", []) if one.get("status") == "refused"]
        if answer.status < 500
        else []
    )
    if answer.status >= 300 or refused:
        log.warning("feed.refused", status=answer.status, answer=str(refused or text)[:500])
