"""Shops that send orders and operators who decide: each repeats what was not answered until it is, as real ones do."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random
from typing import Any

from tests import trade
from tests.core.flow_documents import approval, total_over
from tests.core.flow_documents import document as flow
from tests.live import Line
from tests.olist import mapping

AGAIN_SECONDS = 0.1
LOOK_SECONDS = 0.3
SYSTEM = "sink"

FLOW = flow(
    [
        ("in", "ingest", {}),
        ("look", "pre-check", {"required": ["total"]}),
        ("way", "route", {"rules": [{"id": "large", "when": total_over("100.00", "BRL")}]}),
        ("ask", "approval", approval(deadline_minutes=600)),
        ("call", "request", {"system": SYSTEM, "action": "reserve", "timeout_seconds": 300}),
        ("again", "retry", {"max_tries": 5, "first_delay_seconds": 1}),
        ("tell", "notify", {"to": "sales", "text": "Order {id} over {total}"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "not approved"}),
    ],
    [
        "in.out>look",
        "look.ok>way",
        "look.abnormal>way",
        "way.large>ask",
        "way.else>call",
        "ask.approved>call",
        "ask.rejected>no",
        "call.ok>tell",
        "call.failed>again",
        "call.timeout>again",
        "tell.sent>end",
    ],
    key="chaos",
    teams=[{"key": "leads", "name": "Leads"}],
)
"""Look it over; over 100 real a person is asked; a system is called; somebody is told; the end."""


def real_orders() -> Iterator[Mapping[str, Any]]:
    """Order documents of a real year; where the data do not lie here, orders of our own making. Always new ids."""
    if (mapping.folder() / "expected.json").is_file():
        yield from (mapping.document(order) for order in mapping.orders())
        return
    for number in range(100_000):
        yield trade.order(number, currency="BRL", total=f"{80 + number % 300}.00", payments=[])


Address = tuple[str, int, str]
"""Host, port, token."""


@dataclass(slots=True)
class Heard:
    """What the shops and operators were answered. `times` are those of the acknowledgements, seconds since the epoch."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unheard: int = 0

    def hear(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Keep which orders were acknowledged just now, and with which trace codes."""
        self.times.append(time.time())
        self.acknowledged.update((one["id"], one["trace"]) for one in results)


@dataclass(slots=True)
class People:
    """`to` tells where Orderflow answers now; it may have another port after a restart."""

    to: Callable[[], Address]
    seed: int
    heard: Heard = field(default_factory=Heard)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, documents: Iterator[Mapping[str, Any]], *, shops: int, pause: float) -> None:
        """Let shops send these orders side by side, one to eight at a time with such a pause, until `stop_sending`."""
        turn = threading.Lock()
        for number in range(shops):
            dice = Random(f"{self.seed}.{number}")
            self._run(self._send_all, documents, turn, dice, pause)

    def start_operator(self) -> None:
        """Let somebody decide every task that comes, until `go_home`."""
        self._run(self._decide_all, Random(f"{self.seed}.operator"))

    def start_designer(self) -> None:
        """Let somebody publish the flow once more."""
        self._run(self._publish)

    def go_home(self) -> None:
        """End: what is in hand is finished first."""
        self.leave()
        self.finish()

    def leave(self) -> None:
        """Begin nothing new."""
        self._stop.set()

    def finish(self) -> None:
        """Until the last order is sent and acknowledged."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "somebody is never answered"

    def send(self, documents: Sequence[Mapping[str, Any]], patience: float = 60) -> None:
        """Send these together, again and again until all of them are acknowledged."""
        body = json.dumps(documents, ensure_ascii=False).encode()
        status, answer = self._insist("/api/v1/orders", body, patience)
        results = json.loads(answer).get("results", []) if status in (202, 422) else []
        if status != 202 or any(one["status"] not in ("accepted", "duplicate") for one in results):
            self.heard.refused.append(f"{status}: {answer[:500]!r}")
            return
        self.heard.hear(results)

    def decide(self, trace: str, decision: str) -> None:
        """Decide a task; whoever was first is who counts, and that may be ourselves a moment ago."""
        body = json.dumps({"decision": decision, "reason": "because"}).encode()
        status, answer = self._insist(f"/api/v1/tasks/{trace}/decision", body, 60)
        if status == 200:
            self.heard.decided[trace] = decision
        elif status == 409:
            self.heard.decided[trace] = json.loads(answer)["decision"]
        else:
            self.heard.refused.append(f"{status}: {answer[:500]!r}")

    def open_tasks(self) -> list[str]:
        """The tasks that wait, as far as they can be seen now."""
        try:
            with self.line() as line:
                return [task["trace"] for task in line.get("/api/v1/tasks?limit=100")["items"]]
        except (OSError, AssertionError):
            return []

    # --- on threads of their own ------------------------------------------------------------------------------------

    def _run(self, work: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _send_all(
        self, documents: Iterator[Mapping[str, Any]], turn: threading.Lock, dice: Random, pause: float
    ) -> None:
        while not self._stop.is_set():
            with turn:
                batch = [of_this_hour(one) for one in islice(documents, dice.choice((1, 1, 1, 2, 4, 8)))]
            if not batch:
                return
            self.send(batch)
            self._stop.wait(dice.uniform(0, 2 * pause))

    def _decide_all(self, dice: Random) -> None:
        while not self._stop.is_set():
            for trace in self.open_tasks():
                self.decide(trace, "reject" if dice.random() < 0.2 else "approve")
                if self._stop.is_set():
                    return
            self._stop.wait(LOOK_SECONDS)

    def _publish(self) -> None:
        status, answer = self._insist(f"/api/v1/flows/{FLOW['key']}/publication", b'{"note": "again"}', 60)
        if status >= 300:
            self.heard.refused.append(f"{status}: {answer[:500]!r}")

    def _insist(self, path: str, body: bytes, patience: float) -> tuple[int, bytes]:
        """Post until somebody answers with more than that it cannot be done now."""
        until = time.monotonic() + patience
        while True:
            try:
                with self.line() as line:
                    status, answer = line.post(path, body)
            except (OSError, ValueError) as broken:
                status, answer = 0, repr(broken).encode()
            if 0 < status < 500 or time.monotonic() > until:
                return status, answer
            self.heard.unheard += 1
            time.sleep(AGAIN_SECONDS)

    @contextmanager
    def line(self) -> Iterator[Line]:
        """A connection to whoever answers now."""
        line = Line(*self.to())
        try:
            yield line
        finally:
            line.close()


def of_this_hour(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document on a channel that began in this hour: so many orders at once are no surge where nothing is usual."""
    return {**document, "channel": f"chaos-{datetime.now(UTC):%d-%H}"}


def numbered(documents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """These documents over and over, each time with new ids."""
    for number, document in enumerate(cycle(documents)):
        yield {**document, "id": f"{document['id']}-{number}"}
