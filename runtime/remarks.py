"""What people say about an order: comments with files, that mention others. Only ever added to; struck by their author."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from nodes.contract import Words
from runtime.actor import Actor
from runtime.attaching import MOST_BYTES, Kind, fit_name, kind_of
from runtime.store import trail
from runtime.store.database import begin
from runtime.store.ids import new_id
from runtime.store.tables import attachment_parts, attachments, mentions, orders, remarks, users
from runtime.telling import Word, tell

LONGEST: Final = 4000
MOST_FILES: Final = 5
MOST_TOGETHER: Final = 20 * 1024 * 1024
MOST_OF_ORDER: Final = 500
MOST_FILES_OF_ORDER: Final = 40
MOST_BYTES_OF_ORDER: Final = 100 * 1024 * 1024
PIECE: Final = 512 * 1024
STRIKE_WITHIN: Final = 5 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file as somebody attaches it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was said. large, empty_file and kind are about `file`; full: the order holds no more."""

    why: Literal["unknown", "empty", "long", "many", "large", "empty_file", "kind", "full"]
    file: str = ""


def say(
    engine: Engine, run_id: str, text: str, files: Sequence[File], people: Mapping[str, str], actor: Actor, at: int
) -> str | Refusal:
    """Say something about an order; the comment's id. `people` are those who can be mentioned: name -> shown name."""
    refused = _refusal(text, files)
    if refused:
        return refused
    kinds = [kind_of(file.content, file.name) for file in files]
    for file, kind in zip(files, kinds, strict=True):
        if kind is None:
            return Refusal("kind", file.name)
    with begin(engine, durable=True) as connection:
        order = connection.execute(select(orders.c.external_id).where(orders.c.run_id == run_id).with_for_update())
        external_id = order.scalar()
        if external_id is None:
            return Refusal("unknown")
        if _is_full(connection, run_id, files):
            return Refusal("full")
        remark_id = _new_id(at)
        row = {"id": remark_id, "run_id": run_id, "author": actor.name, "at": at, "text": text}
        connection.execute(insert(remarks), row)
        for file, kind in zip(files, kinds, strict=True):
            if kind is not None:
                _attach(connection, row, file, kind)
        mentioned = sorted(find_mentions(text, people) - {actor.name})
        if mentioned:
            named = [{"person": one, "remark_id": remark_id, "run_id": run_id} for one in mentioned]
            connection.execute(insert(mentions), named)
            _tell(connection, row, external_id, mentioned)
        told = {"remark": remark_id, "files": [file.name for file in files], "mentions": mentioned}
        trail.write(connection, actor, at, "remark.add", run_id, after=told)
    return remark_id


def strike(engine: Engine, remark_id: str, actor: Actor, at: int) -> bool:
    """Take back what one has said, within five minutes. What was said stays in the trail. False: it is too late."""
    with begin(engine, durable=True) as connection:
        own = (
            remarks.c.id == remark_id,
            remarks.c.author == actor.name,
            remarks.c.struck_at.is_(None),
            remarks.c.at > at - STRIKE_WITHIN,
        )
        if connection.execute(update(remarks).where(*own).values(struck_at=at)).rowcount != 1:
            return False
        row = connection.execute(select(remarks).where(remarks.c.id == remark_id)).mappings().one()
        connection.execute(delete(mentions).where(mentions.c.remark_id == remark_id))
        said = {"remark": remark_id, "text": row["text"]}
        trail.write(connection, actor, at, "remark.strike", row["run_id"], before=said)
    return True


def read_mentions(engine: Engine, person: str, at: int, *, run_id: str | None = None, upto: str | None = None) -> int:
    """A person has seen where they are mentioned: on an order, or everywhere up to a comment. How many were new."""
    seen = update(mentions).where(mentions.c.person == person, mentions.c.read_at.is_(None))
    if run_id is not None:
        seen = seen.where(mentions.c.run_id == run_id)
    if upto is not None:
        seen = seen.where(mentions.c.remark_id <= upto)
    with begin(engine, durable=False) as connection:
        return connection.execute(seen.values(read_at=at)).rowcount


def find_mentions(text: str, people: Mapping[str, str]) -> set[str]:
    """Who is mentioned: `@` and a name, the one to sign in with or the shown one. The longest name that fits counts."""
    return {name for _start, _end, name in mentions_in(text, people)}


def mentions_in(text: str, people: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where somebody is mentioned: begin and end of each place, and the name to sign in with."""
    called: dict[str, str] = {}
    for name, shown in people.items():
        called.setdefault(shown.casefold(), name)
    called |= {name.casefold(): name for name in people}
    names = "|".join(re.escape(one) for one in sorted(called, key=len, reverse=True) if one)
    if not names:
        return []
    found = re.finditer(rf"(?<![A-Za-z0-9._-])@({names})(?![A-Za-z0-9_])", text, re.IGNORECASE)
    places = ((one.start(), one.end(), called.get(one[1].casefold())) for one in found)
    return [(start, end, name) for start, end, name in places if name is not None]


def _refusal(text: str, files: Sequence[File]) -> Refusal | None:
    if not text and not files:
        return Refusal("empty")
    if len(text) > LONGEST:
        return Refusal("long")
    if len(files) > MOST_FILES or sum(len(file.content) for file in files) > MOST_TOGETHER:
        return Refusal("many")
    for file in files:
        if not file.content:
            return Refusal("empty_file", file.name)
        if len(file.content) > MOST_BYTES:
            return Refusal("large", file.name)
    return None


def _is_full(connection: Connection, run_id: str, files: Collection[File]) -> bool:
    count = select(func.count()).select_from(remarks).where(remarks.c.run_id == run_id)
    if connection.execute(count).scalar_one() >= MOST_OF_ORDER:
        return True
    kept = select(func.count(), func.coalesce(func.sum(attachments.c.size), 0)).where(attachments.c.run_id == run_id)
    number, size = connection.execute(kept).one()
    together = int(size) + sum(len(file.content) for file in files)
    return bool(files) and (number + len(files) > MOST_FILES_OF_ORDER or together > MOST_BYTES_OF_ORDER)


def _attach(connection: Connection, remark: Mapping[str, object], file: File, kind: Kind) -> None:
    at = int(str(remark["at"]))
    row = {
        "id": _new_id(at),
        "remark_id": remark["id"],
        "run_id": remark["run_id"],
        "name": fit_name(file.name, kind),
        "type": kind.type,
        "size": len(file.content),
        "digest": hashlib.sha256(file.content).hexdigest(),
        "at": at,
    }
    connection.execute(insert(attachments), row)
    for number, start in enumerate(range(0, len(file.content), PIECE)):
        piece = {"attachment_id": row["id"], "number": number, "content": file.content[start : start + PIECE]}
        connection.execute(insert(attachment_parts), piece)


def _tell(connection: Connection, remark: Mapping[str, object], order: str, mentioned: Collection[str]) -> None:
    """Messages say where, and not what was said: that stays in the house."""
    author = connection.execute(select(users.c.display).where(users.c.name == remark["author"])).scalar()
    who = author or str(remark["author"])
    subject: Words = {"en": f"{who} mentioned you at order {order}", "zh-CN": f"{who} 在订单 {order} 的评论中提到了你"}
    text: Words = {"en": "Open the order to read the comment.", "zh-CN": "请打开订单查看评论。"}
    link = f"/orders/{remark['run_id']}#remark-{remark['id']}"
    for name in mentioned:
        word = Word(subject, text, link, str(remark["run_id"]))
        tell(connection, f"person:{name}", word, key=f"mention:{remark['id']}:{name}", at=int(str(remark["at"])))


def _new_id(at: int) -> str:
    return new_id(datetime.fromtimestamp(at / 1e6, UTC))
