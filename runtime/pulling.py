"""Pulling orders from shops: whoever has a channel's pull out fetches a page, stores it, and asks for the next.

A page and the cursor behind it are stored in one transaction of the intake. So whoever is killed, wherever it is, leaves
neither a gap nor a double: a page that is not stored is asked for again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from runtime import adapters, crash
from runtime.adapters.contract import Asked, NoPage, Page, Source
from runtime.clock import Clock
from runtime.core.json_text import Item
from runtime.core.moment import micros
from runtime.core.order import digest, read_order
from runtime.core.problem import Problem
from runtime.in_hand import InHand
from runtime.intake import Answer, Arrival, Delivery, Intake, Receipt, Refused, refuse
from runtime.store import pulls, surges
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.pulls import LEASE_MICROS, NOBODY
from runtime.systems import allowed, read_allowed

log = structlog.get_logger()

SENDER = "pull"
ORDERS_A_PAGE = 200
PAGES_A_TURN = 20
TIMEOUT_SECONDS = 15.0
PULLS_AT_ONCE = 4
SECOND = 1_000_000
FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 3_600


class Overtaken(Exception):
    """Somebody else has the pull by now, or a person stopped or changed it: nothing was stored."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A pull that is out: its row as it was claimed, where it stands now, and the new orders that it brought so far."""

    row: RowMapping
    source: Source
    cursor: str | None
    failures: int
    came: int = 0
    goes_on: bool = True

    @property
    def channel(self) -> str:
        channel: str = self.row["channel"]
        return channel


class Pulling:
    """The pulls that are due, and those that this process has out, each on a thread of its own. Safe to share."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        intake: Intake,
        ring: Callable[[], None],
        secret_key: str,
        in_hand: InHand | None = None,
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._intake = intake
        self._ring = ring
        self._secret_key = secret_key
        self._in_hand = in_hand
        self._sources = adapters.order_sources() if sources is None else sources
        self._changed = threading.Condition()
        self._out: set[str] = set()

    def due(self) -> bool:
        """Whether a channel is to be pulled now."""
        with reading(self._engine) as connection:
            return bool(pulls.due(connection, self._now()))

    def work(self) -> int:
        """Begin the pulls that are due, as many as this process has room for. How many; they go on behind."""
        with reading(self._engine) as connection:
            waiting = pulls.due(connection, self._now())
        return sum(self._begin(channel) for channel in waiting)

    def rest(self, seconds: float) -> bool:
        """Wait until no pull of this process is out, at the longest so many seconds. Whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._out, seconds)

    def take_up(self, claims: Mapping[str, int]) -> None:
        """Let pulls be taken up at once whose holders are dead: holder -> when its lease would lapse."""
        holders = [name for name in claims if "." not in name]  # what has a dot is the trace code of a call
        if holders:
            with begin(self._engine, durable=False) as connection:
                pulls.release(connection, holders, self._now())

    def try_out(self, source: str, asked: Asked) -> Page | NoPage:
        """Ask for one page and store nothing of it."""
        try:
            return self._sources[source].fetch(asked)
        except Exception as defect:
            log.exception("pull.defect", address=asked.address)
            return _defect(defect)

    # --- one turn -------------------------------------------------------------------------------------------------------

    def _begin(self, channel: str) -> bool:
        with self._changed:
            if channel in self._out or len(self._out) >= PULLS_AT_ONCE:
                return False
            self._out.add(channel)
        row = self._claim(channel)
        if row is None:
            self._end(channel)
            return False
        turn = _Turn(row, self._sources[row["source"]], row["cursor"], row["failures"])
        threading.Thread(target=self._pull, args=(turn,), name=f"pull {channel}", daemon=True).start()
        return True

    def _claim(self, channel: str) -> RowMapping | None:
        """Have the pull out, and write down first that this process has it."""
        now = self._clock()
        holder, at = new_id(now), micros(now)
        try:
            if self._in_hand:
                self._in_hand.note({holder: at + LEASE_MICROS}, at)
            with begin(self._engine, durable=False) as connection:
                row = pulls.claim(connection, channel, holder, at)
        except BaseException:
            self._end(channel)
            raise
        return row

    def _pull(self, turn: _Turn) -> None:
        """A turn of the pull, on its own thread. Whatever goes wrong is written down, and the next turn begins there."""
        try:
            for pages_left in reversed(range(PAGES_A_TURN)):
                page = self._fetch(turn)
                crash.at("pull.fetched")
                if isinstance(page, NoPage):
                    self._give_up(turn, page)
                    break
                turn = self._store(turn, page, last=not pages_left)
                if not turn.goes_on:
                    break
        except Overtaken:
            log.info("pull.overtaken", channel=turn.channel)
        except Exception as defect:
            log.exception("pull.defect", channel=turn.channel)
            self._give_up_after(turn, defect)
        finally:
            self._ring_for_more()
            self._end(turn.channel)

    def _fetch(self, turn: _Turn) -> Page | NoPage:
        # Only this needs cryptography, which is large: a process without pulls never opens a secret.
        from runtime.sealing import Seal

        secret = next(iter(Seal(self._secret_key).open(turn.row["secret"])), "")
        if not secret:
            return NoPage(Problem("pull.secret_lost"))
        with reading(self._engine) as connection:
            listed = read_allowed(allowed(connection))
        return turn.source.fetch(
            Asked(turn.row["address"], secret, turn.cursor, ORDERS_A_PAGE, TIMEOUT_SECONDS, listed)
        )

    def _store(self, turn: _Turn, page: Page, *, last: bool) -> _Turn:
        """Store a page and the cursor behind it, all or nothing. Overtaken when the pull is not ours any more."""
        checked = [taken(item, turn.channel) for item in page.orders]
        arrivals = [one for one in checked if isinstance(one, Arrival)]
        refused = [one for one in checked if isinstance(one, Refused)]

        moved: list[_Turn] = []

        def along(connection: Connection, receipts: Sequence[Receipt]) -> None:
            moved[:] = [self._move_on(connection, turn, page, receipts, last=last)]

        self._intake.take(Delivery(SENDER, arrivals, refused, lambda _stored: Answer(200, b""), along=along))
        return moved[0]

    def _move_on(
        self, connection: Connection, turn: _Turn, page: Page, receipts: Sequence[Receipt], *, last: bool
    ) -> _Turn:
        """Write down where the pull stands after a page, in the transaction that stores the page.

        The page in which the breaker trips is stored like any other, what is too much of it held; the next one is not asked
        for before the channel is open again. A shop that promises more for a whole turn and brings nothing new is asked
        again in its time only.
        """
        at = self._now()
        came = turn.came + sum(one.status == "accepted" for one in receipts)
        cursor = page.cursor or turn.cursor
        held = turn.channel in surges.holding(connection, [turn.channel])
        goes_on = page.more and not held and not last
        waits = not page.more or (last and not came)
        next_at = at + turn.row["every_seconds"] * SECOND if waits else at
        rests = {"lease_until": at + LEASE_MICROS} if goes_on else {"next_at": next_at, **NOBODY}
        told = {
            "cursor": cursor,
            "pulled_at": at,
            "last_came": came,
            "came": turn.row["came"] + came,
            "failures": 0,
            "error": None,
            **rests,
        }
        if not pulls.go_on(connection, turn.channel, turn.row["holder"], told):
            raise Overtaken
        if not goes_on:
            pulls.count_turn(connection, turn.channel, at, failed=False)
        return replace(turn, cursor=cursor, failures=0, came=came, goes_on=goes_on)

    # --- failures -------------------------------------------------------------------------------------------------------

    def _give_up(self, turn: _Turn, why: NoPage) -> None:
        """Try again later: after half a minute, then twice as long each time, an hour at most."""
        pause = max(pause_after(turn.failures), min(why.wait_seconds, LONGEST_PAUSE_SECONDS))
        log.warning("pull.failed", channel=turn.channel, code=why.problem.code, again_in=pause)
        with begin(self._engine, durable=False) as connection:
            at = self._now()
            if pulls.fail(connection, turn.row, turn.failures + 1, why.problem, at + pause * SECOND):
                pulls.count_turn(connection, turn.channel, at, failed=True)

    def _give_up_after(self, turn: _Turn, defect: Exception) -> None:
        try:
            self._give_up(turn, _defect(defect))
        except SQLAlchemyError as broken:
            # Nobody can write it down now; the lease lapses, and the next turn begins where this one did.
            log.warning("pull.left_to_lapse", channel=turn.channel, error=repr(broken))

    def _end(self, channel: str) -> None:
        with self._changed:
            self._out.discard(channel)
            self._changed.notify_all()

    def _ring_for_more(self) -> None:
        try:
            if self.due():
                self._ring()
        except SQLAlchemyError as broken:
            log.warning("pull.nobody_told", error=repr(broken))

    def _now(self) -> int:
        return micros(self._clock())


def pause_after(failures: int) -> int:
    """Seconds until the next try, when so many failed in a row before this one."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS << min(failures, 10))


def taken(item: Item, channel: str) -> Arrival | Refused:
    """One order of a page as an order at the door, or all that is wrong with it."""
    told = item.wreck if item.problems else item.value
    number = told.get("id") if isinstance(told, dict) else None
    if item.problems:
        return refuse(channel, number, item.problems, item.raw)
    order = read_order(item.value)
    if isinstance(order, tuple):
        return refuse(channel, number, order, item.raw)
    if order.get("channel") not in (None, channel):
        params = {"channel": order["channel"], "expected": channel}
        return refuse(channel, number, [Problem("pull.other_channel", "channel", params)], item.raw)
    order["channel"] = channel
    return Arrival(channel, order, digest(order), item.raw.decode())


def _defect(defect: Exception) -> NoPage:
    return NoPage(Problem("pull.defect", params={"error": type(defect).__name__}))
