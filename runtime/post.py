"""The post: brings messages to people by the ways that were set up, each try written down before it is made.

What is asked of it stands in `messages`; whom each reaches is looked up once (`runtime.placing`) and becomes letters. A
letter waits for its way: what exceeds the way's caps, or comes within its digest's window, is folded into one message; what
is not urgent waits while the way is quiet. A letter that a way refuses, or keeps waiting for too long, takes the next one.
A delivery is written down with its key before it goes, so that one whose sender dies goes again with the same key.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, RowMapping

from nodes.contract import Answered
from runtime import adapters, carrying
from runtime.clock import Clock
from runtime.core.lane import MINUTE, SECOND, Lane, Mark, answered, claimed, room
from runtime.core.moment import micros
from runtime.core.postroom import Parcel, Round, Waiting, plan, quiet_until
from runtime.core.problem import Problem
from runtime.effects import Sender, Told
from runtime.placing import Roads, caps_of, go_on, look_up_roads, patience, person_of, place, tell_of_trouble
from runtime.reaching import languages_of
from runtime.store import lanes, mail
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.journal import ClaimedEffect
from runtime.store.mail import Parting
from runtime.store.ways import Way
from runtime.telling import Word, keep
from runtime.wording import written

LANE: Final = "messenger"
PLACED_AT_ONCE: Final = 200
LISTEN_SECONDS: Final = 0.2
LOOK_AGAIN: Final = 5 * MINUTE
KEPT_TRYING: Final = 24 * 60 * MINUTE
KEPT: Final = 180 * 24 * 60 * MINUTE
WAITS: Final = (5 * SECOND, 20 * SECOND, 60 * SECOND)

Answer = Callable[[Mapping[str, Answered]], None]


class Post:
    """What people are told and have not been told yet, and what this process brings them just now."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        zone: tzinfo,
        secret_key: str,
        answer: Answer,
        ring: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._secret_key = secret_key
        self._answer = answer
        self._ring = ring
        self._sender = Sender(self._record, self._ring_for_more)

    def work(self) -> int:
        """Bring messages on their way. How many went on, or are out since a moment; 0 means that none can go now."""
        if not self.due():
            return self._sender.wait_for_the_young(LISTEN_SECONDS)
        moved = self._look_up()
        with reading(self._engine) as connection:
            ways = mail.ways_with_work(connection, self._now())
        return moved + sum(self._begin(way) for way in ways) + self._sender.wait_for_the_young(LISTEN_SECONDS)

    def tidy(self) -> None:
        """Forget what was told long ago."""
        with begin(self._engine, durable=False) as connection:
            mail.forget(connection, _moment(self._now() - KEPT))

    def due(self) -> bool:
        """Whether anything can go on."""
        with reading(self._engine) as connection:
            return mail.anything_due(connection, self._now())

    def take(self, connection: Connection, way: str, calls: Sequence[ClaimedEffect], at: int) -> None:
        """Take over steps' calls: they are answered when their message is delivered, or cannot be."""
        for call in calls:
            content, run_id = call.content, call.trace.partition(".")[0]
            word = Word(content.get("subject", ""), content["text"], f"/orders/{run_id}", run_id)
            urgent = bool(content.get("urgent"))
            keep(connection, content["to"], word, key=call.trace, at=at, urgent=urgent, way=way, trace=call.trace)

    # --- whom it reaches, and what came of it -----------------------------------------------------------------------------

    def _look_up(self) -> int:
        """Make letters of new messages, and answer the calls whose messages have arrived."""
        at = self._now()
        answers: dict[str, Answered] = {}
        with begin(self._engine, durable=False) as connection:
            rows = mail.due_messages(connection, at, PLACED_AT_ONCE)
            roads = look_up_roads(connection)
            for row in rows:
                letters = mail.letters_of(connection, row["id"])
                found = carrying.outcome(letters, roads.house.language) if letters else None
                if found:
                    answers[row["trace"]] = found
                    continue
                mail.looked_at(connection, [row["id"]])
                if not letters:
                    place(connection, row, roads, at)
        if answers:
            self._answer(answers)
        with begin(self._engine, durable=False) as connection:
            mail.looked_at(connection, [row["id"] for row in rows if row["trace"] in answers])
        return len(rows)

    # --- what goes out ----------------------------------------------------------------------------------------------------

    def _begin(self, key: str) -> int:
        """Let go by a way what can go now. How many letters went on: out, or by another way."""
        with begin(self._engine, durable=False) as connection:
            lane = lanes.lock(connection, (LANE, key))
            at, claimed_at = self._now(), time.monotonic()
            roads = look_up_roads(connection)
            way = roads.ways.get(key)
            letters = self._without_withdrawn(connection, mail.waiting_by(connection, key), at)
            if way is None or roads.messenger(key) is None:
                return self._leave(connection, letters, roads, Problem("post.no_way", params={"way": key}), at)
            letters, gone = self._lose_patience(connection, letters, roads, at)
            free = min(room(lane, mail.out_by(connection, key, at), at), self._sender.room(LANE, key))
            if not free:
                if lane.next_at is None or lane.next_at > at:
                    self._stand_by(connection, letters, lane, at)
                return gone
            calls = [
                carrying.call_of(row) for row in mail.part_again(connection, key, at, at + lane.limits.lease, free)
            ]
            letters = self._keep_quiet(connection, letters, way, at)
            calls += self._part(connection, letters, way, roads, lane, free - len(calls), at)
            if calls and (lane.open or lane.limits.calls_per_minute):
                lanes.save(connection, claimed(lane, [call.trace for call in calls], at))
            conveyance = carrying.conveyance(connection, way, self._secret_key, lane.limits.timeout_seconds)
        outlet = carrying.outlet(way, adapters.all_messengers()[way.messenger], conveyance, self._clock)
        return gone + self._sender.begin(calls, outlet, lane.limits.timeout_seconds, claimed_at)

    def _without_withdrawn(
        self, connection: Connection, letters: Sequence[RowMapping], at: int
    ) -> Sequence[RowMapping]:
        """End letters for which nobody waits any more: their step has taken another way."""
        ended = mail.withdrawn_traces(connection, {one["trace"] for one in letters if one["trace"]})
        mail.settle(connection, [one for one in letters if one["trace"] in ended], "withdrawn", at)
        return [one for one in letters if one["trace"] not in ended]

    def _lose_patience(
        self, connection: Connection, letters: Sequence[RowMapping], roads: Roads, at: int
    ) -> tuple[Sequence[RowMapping], int]:
        """Let those go by the next way that have waited for this one long enough. Who stays, and how many went."""
        staying = [one for one in letters if one["patient_until"] > at or not go_on(connection, one, roads, at)]
        return staying, len(letters) - len(staying)

    def _stand_by(self, connection: Connection, letters: Sequence[RowMapping], lane: Lane, at: int) -> None:
        """Look at letters again when the way may go, or when their patience is over."""
        opens = lane.next_at
        again = at + MINUTE if opens is None else max(opens, at + SECOND)
        mail.put_off(
            connection,
            {one["id"]: min(again, max(one["patient_until"], at + 1)) for one in letters if one["due_at"] <= at},
        )

    def _keep_quiet(
        self, connection: Connection, letters: Sequence[RowMapping], way: Way, at: int
    ) -> Sequence[RowMapping]:
        """Put off what is not urgent while the way is quiet; whoever waits for it hears that it is kept."""
        until = quiet_until(_moment(at), way.quiet_from, way.quiet_to, self._zone)
        if until is None:
            return letters
        kept = [one for one in letters if not one["urgent"]]
        due = {one["id"]: micros(until) for one in kept}
        mail.put_off(connection, due, {"result": "kept", "until": until.isoformat()})
        mail.be_patient(connection, due, patience(False))
        mail.look_again(connection, [one["message_id"] for one in kept], at)
        return [one for one in letters if one["urgent"]]

    def _part(
        self,
        connection: Connection,
        letters: Sequence[RowMapping],
        way: Way,
        roads: Roads,
        lane: Lane,
        free: int,
        at: int,
    ) -> list[ClaimedEffect]:
        """Write down what goes out now, and put off what the caps keep back."""
        by_id = {one["id"]: one for one in letters}
        going = self._plan(connection, letters, way, at)
        later = {
            letter: min(until, max(by_id[letter]["patient_until"], at + 1)) for letter, until in going.later.items()
        }
        mail.put_off(connection, later)
        chosen = [(parcel, [by_id[one] for one in parcel.letters]) for parcel in going.parcels[: max(0, free)]]
        people = {person for _parcel, rows in chosen if (person := person_of(rows[0]["recipient"]))}
        languages = languages_of(connection, people)
        calls = []
        for parcel, rows in chosen:
            language = languages.get(person_of(rows[0]["recipient"]) or "", roads.house.language)
            parting, made = _parting(parcel, rows, way, roads, language, at)
            mail.part(connection, parting, at, at + lane.limits.lease, delivery_id=made)
            calls.append(ClaimedEffect(made, LANE, way.key, {**parting.content, "key": parting.key}, 1))
        return calls

    def _plan(self, connection: Connection, letters: Sequence[RowMapping], way: Way, at: int) -> Round:
        caps = caps_of(way)
        longest = max((cap.seconds for cap in caps), default=0) * SECOND
        spent = mail.spent_by(connection, way.key, at - longest) if caps else ()
        waiting = [
            Waiting(one["id"], one["at_address"], one["urgent"], one["made_at"], one["due_at"]) for one in letters
        ]
        return plan(waiting, spent, caps, at, folds=way.digest_seconds > 0)

    def _leave(
        self, connection: Connection, letters: Sequence[RowMapping], roads: Roads, problem: Problem, at: int
    ) -> int:
        """The way cannot go at all: every letter takes the next one, or ends."""
        stuck = [one for one in letters if not go_on(connection, one, roads, at)]
        mail.settle(connection, stuck, "failed", at, mail.why_not("refused", problem))
        return len(letters)

    # --- what came back ---------------------------------------------------------------------------------------------------

    def _record(self, told: Sequence[Told]) -> None:
        """Write down what came of deliveries, and what their letters do now."""
        by_way: dict[str, list[Told]] = {}
        for one in told:
            by_way.setdefault(one.effect.target, []).append(one)
        for key, of_way in sorted(by_way.items()):
            with begin(self._engine, durable=False) as connection:
                at = self._now()
                lane = lanes.lock(connection, (LANE, key))
                roads = look_up_roads(connection)
                for one in of_way:
                    self._settle(connection, one, key, roads, at)
                lanes.save(connection, answered(lane, [_mark(one) for one in of_way], at))

    def _settle(self, connection: Connection, told: Told, key: str, roads: Roads, at: int) -> None:
        result, said = carrying.result_of(told.answer)
        delivery = mail.answer(connection, told.effect.trace, result, orjson.dumps(said).decode(), told.millis)
        if delivery is None:
            return
        letters = mail.letters_in(connection, delivery["id"])
        if result == "ok":
            digest = {"digest": delivery["id"]} if len(letters) > 1 else {}
            mail.settle(connection, letters, "sent", at, {"result": "ok", "way": key, **digest})
            mail.end_trouble(connection, "wrong_key", [key], at)
            return
        if result == "wrong_key":
            tell_of_trouble(connection, "wrong_key", key, at, said)
        for letter in letters:
            self._try_again(connection, letter, result, said, roads, at)

    def _try_again(
        self, connection: Connection, letter: RowMapping, result: str, said: Mapping[str, Any], roads: Roads, at: int
    ) -> None:
        """What a letter does that was not delivered: wait, take the next way, or end."""
        wait = _wait(letter, result, said, at)
        if wait is not None and (at + wait <= letter["patient_until"] or not mail.rest_of(letter)):
            mail.try_again(connection, letter, at + wait, {"result": result, **said})
        elif not go_on(connection, letter, roads, at):
            mail.settle(connection, [letter], "failed", at, {"result": result, **said})

    def _ring_for_more(self) -> None:
        if self.due():
            self._ring()

    def _now(self) -> int:
        return micros(self._clock())


def _parting(
    parcel: Parcel, rows: Sequence[RowMapping], way: Way, roads: Roads, language: str, at: int
) -> tuple[Parting, str]:
    """A delivery that is to go out, and its id. One letter's key stays the same however often it is tried."""
    made = new_id(_moment(at))
    messenger = roads.messenger(way.key)
    assert messenger is not None
    to = list(dict.fromkeys(address for row in rows for address in mail.to_of(row)))
    key = f"{rows[0]['id']}.{way.key}"[:64] if len(rows) == 1 else made
    content = {
        "to": to,
        "urgent": parcel.urgent,
        **written([dict(row) for row in rows], language, roads.house.url, messenger.longest.most, made),
    }
    recipient = rows[0]["recipient"]
    shown = carrying.masked(to)
    parting = Parting(key, way.key, way.messenger, recipient, shown, parcel.at_address, parcel.urgent, rows, content)
    return parting, made


def _wait(letter: RowMapping, result: str, said: Mapping[str, Any], at: int) -> int | None:
    """How long a letter waits before its next try by the same way; None: there is none."""
    told_inside = letter["trace"] is None and at - letter["made_at"] < KEPT_TRYING and not mail.rest_of(letter)
    match result:
        case "capped":
            return max(1, int(said.get("retry_after_seconds") or 60)) * SECOND
        case "error" if letter["tries"] < len(WAITS):
            return WAITS[letter["tries"]]
        case "refused" | "timeout":
            return None
        case _:
            return LOOK_AGAIN if told_inside else None


def _mark(told: Told) -> Mark:
    """What a delivery tells of its way. A key that is wrong, or too many messages, say nothing about its health."""
    result, said = carrying.result_of(told.answer)
    mark = told.mark
    if result == "capped":
        return replace(mark, result="refused", wait_seconds=int(said.get("retry_after_seconds") or 0))
    return replace(mark, wait_seconds=0)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e6, UTC)
