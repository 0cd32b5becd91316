"""Letters (a message to one recipient), deliveries (each try to bring some), and troubles with them. The one writer of all.

What is told by whom stands in `messages`, see `runtime.telling`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from runtime.core.postroom import Spent
from runtime.core.problem import Problem
from runtime.store.ids import new_id
from runtime.store.tables import (
    delivered_letters,
    deliveries,
    effects,
    letters,
    message_troubles,
    messages,
    notices,
)

LOADED_AT_ONCE: Final = 500
FOREVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a letter goes now: the way, those after it, and the addresses (in a room: who is mentioned)."""

    way: str
    rest: tuple[str, ...]
    to: tuple[str, ...]
    people: tuple[str, ...] | None
    at_address: str

    def row(self, at: int, patient_until: int, due_at: int) -> dict[str, Any]:
        """The columns of a letter that stops here."""
        return {
            "way": self.way,
            "rest": _json(self.rest),
            "address": _json({"to": self.to, "people": self.people}),
            "at_address": self.at_address,
            "state": "waiting",
            "due_at": due_at,
            "patient_until": patient_until if self.rest else FOREVER,
            "tries": 0,
        }


@dataclass(frozen=True, slots=True)
class Parting:
    """A delivery that is to be sent: its idempotency key, what is in it, and what is sent."""

    key: str
    way: str
    messenger: str
    recipient: str
    shown: str
    at_address: str
    urgent: bool
    letters: Sequence[RowMapping]
    content: Mapping[str, Any]


# --- reading a letter ---------------------------------------------------------------------------------------------------


def rest_of(letter: RowMapping) -> list[str]:
    """The ways that are tried after the letter's own."""
    rest: list[str] = orjson.loads(letter["rest"])
    return rest


def to_of(letter: RowMapping) -> list[str]:
    """The addresses of a letter, as the messenger of its way takes them."""
    to: list[str] = orjson.loads(letter["address"])["to"]
    return to


def people_of(letter: RowMapping) -> list[str] | None:
    """The people whom a letter is for; None where it was told to an address."""
    people: list[str] | None = orjson.loads(letter["address"])["people"]
    return people


def message_of(letter: RowMapping) -> Mapping[str, Any]:
    """The message of a letter that was loaded with it."""
    return {**letter, "id": letter["message_id"], "way": letter["asked_way"]}


def why_not(kind: str, problem: Problem) -> Mapping[str, Any]:
    """The answer of a letter that was not delivered."""
    return {"result": kind, "code": problem.code, "params": dict(problem.params)}


# --- what is to be done -------------------------------------------------------------------------------------------------


def due_messages(connection: Connection, now: int, limit: int) -> Sequence[RowMapping]:
    """Messages of which it is to be looked up whom they reach, or what came of them; locked."""
    query = select(messages).where(messages.c.due_at <= now).order_by(messages.c.due_at).limit(limit)
    return connection.execute(query.with_for_update(skip_locked=True)).mappings().all()


def anything_due(connection: Connection, now: int) -> bool:
    """Whether anything of the post can go on."""
    found = [exists().where(table.c.due_at <= now) for table in (messages, letters, deliveries)]
    return bool(connection.execute(select(or_(*found))).scalar())


def ways_with_work(connection: Connection, now: int) -> list[str]:
    """The ways by which something is due."""
    due = (select(table.c.way).where(table.c.due_at <= now) for table in (letters, deliveries))
    return sorted(connection.execute(union(*due)).scalars())


def waiting_by(connection: Connection, way: str) -> Sequence[RowMapping]:
    """The letters that wait for a way: urgent ones first, then those that are due longest; locked, with their messages."""
    query = (
        select(letters, *_OF_MESSAGE)
        .join(messages, messages.c.id == letters.c.message_id)
        .where(letters.c.way == way, letters.c.due_at.is_not(None))
        .order_by(letters.c.urgent.desc(), letters.c.due_at, letters.c.id)
        .limit(LOADED_AT_ONCE)
        .with_for_update(of=letters)
    )
    return connection.execute(query).mappings().all()


def letters_in(connection: Connection, delivery_id: str) -> Sequence[RowMapping]:
    """The letters of a delivery, with their messages, the oldest first."""
    query = (
        select(letters, *_OF_MESSAGE)
        .join(delivered_letters, delivered_letters.c.letter_id == letters.c.id)
        .join(messages, messages.c.id == letters.c.message_id)
        .where(delivered_letters.c.delivery_id == delivery_id)
        .order_by(letters.c.id)
    )
    return connection.execute(query).mappings().all()


def letters_of(connection: Connection, message_id: str) -> Sequence[RowMapping]:
    """The letters of a message."""
    return connection.execute(select(letters).where(letters.c.message_id == message_id)).mappings().all()


def withdrawn_traces(connection: Connection, traces: Collection[str]) -> set[str]:
    """Those of these calls for which nobody waits any more."""
    query = select(effects.c.trace).where(effects.c.trace.in_(traces), effects.c.state == "withdrawn")
    return set(connection.execute(query).scalars()) if traces else set()


def spent_by(connection: Connection, way: str, since: int) -> list[Spent]:
    """What went by a way since then, answered or not."""
    query = select(deliveries.c.at_address, deliveries.c.at).where(deliveries.c.way == way, deliveries.c.at > since)
    return [Spent(address, at) for address, at in connection.execute(query)]


def out_by(connection: Connection, way: str, now: int) -> int:
    """How many deliveries of a way are out, of all workers."""
    query = select(func.count()).select_from(deliveries).where(deliveries.c.way == way, deliveries.c.due_at > now)
    return connection.execute(query).scalar_one()


# --- letters ------------------------------------------------------------------------------------------------------------


def post(
    connection: Connection,
    message: Mapping[str, Any],
    recipient: str,
    stop: Stop,
    at: int,
    due_at: int,
    patient_until: int,
) -> None:
    """A new letter."""
    row = {**_new(message, recipient, at), **stop.row(at, patient_until, due_at)}
    connection.execute(insert(letters), row)


def post_nowhere(
    connection: Connection, message: Mapping[str, Any], recipient: str, at: int, answer: Mapping[str, Any]
) -> None:
    """A letter that cannot go anywhere: kept, so that it is known."""
    row = {**_new(message, recipient, at), **_NOWHERE, "way": message["way"] or "", "settled_at": at}
    connection.execute(insert(letters), {**row, "answer": _json(answer)})


def put_off(connection: Connection, until: Mapping[str, int], answer: Mapping[str, Any] | None = None) -> None:
    """Let letters wait until a time each: letter -> time."""
    told = {"answer": _json(answer)} if answer else {}
    for letter_id, at in until.items():
        connection.execute(update(letters).where(letters.c.id == letter_id).values(due_at=at, state="waiting", **told))


def be_patient(connection: Connection, due: Mapping[str, int], patience: int) -> None:
    """Let letters be patient for so long behind the time at which they are due."""
    for letter_id, at in due.items():
        waits = update(letters).where(letters.c.id == letter_id, letters.c.patient_until < FOREVER)
        connection.execute(waits.values(patient_until=at + patience))


def try_again(connection: Connection, letter: RowMapping, due_at: int, answer: Mapping[str, Any]) -> None:
    """Let a letter that was not delivered wait for its next try by the same way."""
    values = {"state": "waiting", "due_at": due_at, "tries": letter["tries"] + 1, "answer": _json(answer)}
    connection.execute(update(letters).where(letters.c.id == letter["id"]).values(**values))


def send_on(connection: Connection, letter_id: str, stop: Stop, at: int, patient_until: int) -> None:
    """Let a letter go by another way from now on."""
    connection.execute(update(letters).where(letters.c.id == letter_id).values(**stop.row(at, patient_until, at)))


def settle(
    connection: Connection, found: Sequence[RowMapping], state: str, at: int, answer: Mapping[str, Any] | None = None
) -> None:
    """These letters have come to their end, and whoever waits for them is to be told."""
    ids = [one["id"] for one in found]
    ended = update(letters).where(letters.c.id.in_(ids))
    connection.execute(ended.values(state=state, due_at=None, settled_at=at, answer=_json(answer) if answer else None))
    look_again(connection, [one["message_id"] for one in found], at)


def look_again(connection: Connection, message_ids: Collection[str], at: int) -> None:
    """Let it be looked what came of these messages, where a call waits for it."""
    waited = update(messages).where(messages.c.id.in_(message_ids), messages.c.trace.is_not(None))
    connection.execute(waited.values(due_at=at))


def looked_at(connection: Connection, message_ids: Collection[str]) -> None:
    """Nothing more is to be looked up about these messages for now."""
    connection.execute(update(messages).where(messages.c.id.in_(message_ids)).values(due_at=None))


def hurry(connection: Connection, way: str, at: int) -> None:
    """Let whatever waits for a way be looked at again now: it can go by it again, or by another one."""
    connection.execute(update(letters).where(letters.c.way == way, letters.c.due_at > at).values(due_at=at))


# --- deliveries ---------------------------------------------------------------------------------------------------------


def part(connection: Connection, parting: Parting, at: int, lapses: int, *, delivery_id: str | None = None) -> str:
    """Write down that a delivery goes out now. Its id."""
    made = delivery_id or new_id(datetime.fromtimestamp(at / 1e6, UTC))
    row = {
        "id": made,
        "key": parting.key,
        "way": parting.way,
        "messenger": parting.messenger,
        "recipient": parting.recipient,
        "shown": parting.shown[:200],
        "at_address": parting.at_address,
        "letters": max(1, len(parting.letters)),
        "urgent": parting.urgent,
        "content": _json(parting.content),
        "result": "out",
        "message": "",
        "at": at,
        "sends": 1,
        "due_at": lapses,
    }
    connection.execute(insert(deliveries), row)
    if parting.letters:
        carried = [{"delivery_id": made, "letter_id": one["id"], "run_id": one["run_id"]} for one in parting.letters]
        connection.execute(insert(delivered_letters), carried)
        out = update(letters).where(letters.c.id.in_([one["id"] for one in parting.letters]))
        connection.execute(out.values(state="out", due_at=None))
    return made


def part_again(connection: Connection, way: str, now: int, lapses: int, limit: int) -> Sequence[RowMapping]:
    """Take up deliveries whose sender died before it wrote the answer down: they go again, with the same key."""
    query = select(deliveries).where(deliveries.c.way == way, deliveries.c.due_at <= now).limit(limit)
    rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
    if rows:
        again = update(deliveries).where(deliveries.c.id.in_([row["id"] for row in rows]))
        connection.execute(again.values(due_at=lapses, at=now, sends=deliveries.c.sends + 1))
    return rows


def answer(connection: Connection, delivery_id: str, result: str, message: str, millis: int) -> RowMapping | None:
    """Write down what came of a delivery, and give it as it was. None: it was answered already."""
    query = select(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.result == "out")
    row = connection.execute(query.with_for_update()).mappings().first()
    if row:
        answered = update(deliveries).where(deliveries.c.id == delivery_id)
        connection.execute(answered.values(result=result, message=message, millis=millis, due_at=None))
    return row


def forget(connection: Connection, before: datetime) -> None:
    """Forget what was told before, as far as it has come to its end. Ids tell when they were made."""
    oldest = str(ULID.from_datetime(before))
    connection.execute(delete(delivered_letters).where(delivered_letters.c.delivery_id < oldest))
    connection.execute(delete(deliveries).where(deliveries.c.id < oldest, deliveries.c.due_at.is_(None)))
    connection.execute(delete(notices).where(notices.c.message_id < oldest))
    connection.execute(delete(letters).where(letters.c.id < oldest, letters.c.settled_at.is_not(None)))
    open_still = select(letters.c.message_id)
    connection.execute(delete(messages).where(messages.c.id < oldest, messages.c.id.not_in(open_still)))


# --- troubles -----------------------------------------------------------------------------------------------------------


def open_trouble(connection: Connection, kind: str, subject: str, message: str, at: int) -> str | None:
    """A trouble that goes on is one line. Its id where it is new; None where it was known."""
    open_as = f"{kind}:{subject}"
    again = update(message_troubles).where(message_troubles.c.open_as == open_as)
    known = connection.execute(again.values(last_at=at, times=message_troubles.c.times + 1, message=message))
    if known.rowcount:
        return None
    made = new_id(datetime.fromtimestamp(at / 1e6, UTC))
    row = {"id": made, "kind": kind, "open_as": open_as, "subject": subject, "message": message}
    try:
        with connection.begin_nested():
            connection.execute(insert(message_troubles), {**row, "since": at, "last_at": at, "times": 1})
    except IntegrityError:
        return None
    return made


def end_trouble(connection: Connection, kind: str, subjects: Collection[str], at: int) -> None:
    """What these troubles told of is over."""
    over = update(message_troubles).where(message_troubles.c.open_as.in_([f"{kind}:{one}" for one in subjects]))
    connection.execute(over.values(open_as=None, ended_at=at))


def troubles(connection: Connection) -> Sequence[RowMapping]:
    """The troubles that are not over, the oldest first."""
    query = select(message_troubles).where(message_troubles.c.open_as.is_not(None)).order_by(message_troubles.c.id)
    return connection.execute(query).mappings().all()


def count_troubles(connection: Connection) -> int:
    """How many troubles are not over."""
    query = select(func.count()).select_from(message_troubles).where(message_troubles.c.open_as.is_not(None))
    return connection.execute(query).scalar_one()


# --- rows ---------------------------------------------------------------------------------------------------------------

_OF_MESSAGE: Final = (
    messages.c.key,
    messages.c.subject,
    messages.c.text,
    messages.c.link,
    messages.c.run_id,
    messages.c.trace,
    messages.c.addressee,
    messages.c.way.label("asked_way"),
)
_NOWHERE: Final[Mapping[str, Any]] = {
    "rest": "[]",
    "address": "{}",
    "at_address": "",
    "state": "failed",
    "due_at": None,
    "patient_until": 0,
    "tries": 0,
}


def _new(message: Mapping[str, Any], recipient: str, at: int) -> dict[str, Any]:
    return {
        "id": new_id(datetime.fromtimestamp(at / 1e6, UTC)),
        "message_id": message["id"],
        "recipient": recipient[:160],
        "urgent": message["urgent"],
        "made_at": at,
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
