"""What stands in a message: in the reader's language, alone or folded with others. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from nodes.contract import Words
from runtime.core import words
from runtime.core.words import Language, spoken

LONGEST_LINE: Final = 80
# What a digest leaves to its heading and its last line.
FRAME: Final = 60


def in_language(told: Words, language: str) -> str:
    """A text in this language, else in the house's other one, else as it is."""
    if isinstance(told, str):
        return told
    return told.get(spoken(language)) or told.get(language) or next(iter(told.values()), "")


def written(
    messages: Sequence[Mapping[str, Any]], language: str, house_url: str, room: int, key: str
) -> Mapping[str, Any]:
    """What is sent of these messages (with `subject`, `text` and `link`): one as it is, several as one list.

    `room` is how much the messenger holds at least, in characters; `key` names the delivery whose page lists them all.
    """
    if len(messages) == 1:
        [one] = messages
        subject, text, link = _said(one["subject"], language), _said(one["text"], language), one["link"]
    else:
        subject, text = _listed([_line(one, language) for one in messages], language, room)
        link = f"/messages/deliveries/{key}"
    link = f"{house_url.rstrip('/')}{link}" if house_url and link else None
    return {"subject": subject, "text": text, "language": _tag(language), "link": link}


def _listed(lines: Sequence[str], language: str, room: int) -> tuple[str, str]:
    """Heading and list, as many lines as there is room for, and how many are left out."""
    heading = words.text("post.digest", {"count": len(lines)}, language)[0]
    shown: list[str] = []
    left = room - FRAME
    for line in lines:
        left -= len(line.encode()) + 3
        if left < 0 and shown:
            break
        shown.append(f"· {line}")
    more = len(lines) - len(shown)
    last = [words.text("post.more", {"count": more}, language)[0]] if more else []
    return heading, "\n".join((*shown, *last))


def _line(message: Mapping[str, Any], language: str) -> str:
    """A message as one line: its subject, else how it begins."""
    told = _said(message["subject"], language) or _said(message["text"], language)
    line = " ".join(told.split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _said(kept: str, language: str) -> str:
    return in_language(orjson.loads(kept), language)


def _tag(language: str) -> Language:
    return spoken(language)
