"""Tells people something: `tell` is what every room calls.

What is told is stored with the caller's own transaction and sent after it: as a notice inside Orderflow to each person
whom it reaches, and by the ways that each of them chose (else by the house's). `runtime.post` does the sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from nodes.contract import Words
from runtime.core.words import LANGUAGES, text
from runtime.store.ids import new_id
from runtime.store.tables import messages

LONGEST_KEY: Final = 128
LONGEST_ADDRESSEE: Final = 500


@dataclass(frozen=True, slots=True)
class Word:
    """What is told, as a text or a text a language. `link` is the path of a page of ours, where a GET changes nothing.

    `run_id` is the order that it is about, so that its page can tell who was told.
    """

    subject: Words
    text: Words
    link: str = ""
    run_id: str | None = None


def word_of(code: str, params: Mapping[str, Any], *, link: str = "", run_id: str | None = None) -> Word:
    """The words of a code in every language: its text is the subject, its remedy the text.

    A parameter may be a text a language itself.
    """
    told = {tag: text(code, {name: _said(value, tag) for name, value in params.items()}, tag) for tag in LANGUAGES}
    subject, body = ({str(tag): parts[number].strip() for tag, parts in told.items()} for number in (0, 1))
    return Word(subject, body, link=link, run_id=run_id)


def _said(value: Any, language: str) -> Any:
    return (value.get(language) or next(iter(value.values()), "")) if isinstance(value, Mapping) else value


def tell(
    connection: Connection, who: str | Mapping[str, Any], word: Word, *, key: str, at: int, urgent: bool = False
) -> bool:
    """Tell a person, a team, a role or an address something, in the running transaction. False: this key was told already.

    `who` is `person:li.wei`, `team:leads`, `role:lead`, an address such as `li@example.com`, or a task's `who`
    (`{"kind", "value"}`). `key` (up to 128 characters) is the caller's own: the same key is the same message, told once,
    however often it is said. What is urgent waits for no digest and no morning. `at` is microseconds since the epoch.
    Nothing is sent before the commit; the clock rings for it within a second, and `service.effect_bell.ring()` at once.
    """
    return keep(connection, who, word, key=key, at=at, urgent=urgent)


def keep(
    connection: Connection,
    who: str | Mapping[str, Any],
    word: Word,
    *,
    key: str,
    at: int,
    urgent: bool,
    way: str | None = None,
    trace: str | None = None,
) -> bool:
    """Store a message. With `way` it goes by that one alone (and those it falls back to), and no notice is made inside.

    `trace` is the call of a step that is answered when all of it is delivered, or cannot be.
    """
    row = {
        "id": new_id(datetime.fromtimestamp(at / 1e6, UTC)),
        "key": key[:LONGEST_KEY],
        "addressee": addressee(who)[:LONGEST_ADDRESSEE],
        "way": way,
        "subject": orjson.dumps(word.subject).decode(),
        "text": orjson.dumps(word.text).decode(),
        "link": word.link,
        "urgent": urgent,
        "run_id": word.run_id,
        "trace": trace,
        "made_at": at,
        "due_at": at,
    }
    connection.execute(_insert_once(connection), row)
    kept = select(messages.c.id).where(messages.c.key == row["key"])
    return bool(connection.execute(kept).scalar_one() == row["id"])


def addressee(who: str | Mapping[str, Any]) -> str:
    """Whom a message goes to, as one text."""
    return who if isinstance(who, str) else f"{who['kind']}:{who['value']}"


def _insert_once(connection: Connection) -> Any:
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(messages).on_conflict_do_nothing()
        case "sqlite":
            return sqlite.insert(messages).on_conflict_do_nothing()
        case _:
            return insert(messages).prefix_with("IGNORE")
