"""How a message becomes one text: its subject, what it says, and its link, cut to what a messenger holds."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from runtime.adapters.contract import Longest, Message

ELLIPSIS: Final = "…"
# Chinese mobile numbers, or any number with its country.
_PHONE: Final = re.compile(r"1[3-9]\d{9}|\+[1-9]\d{6,14}")
_WRITTEN_BETWEEN_DIGITS: Final = re.compile(r"[\s().\u2010-\u2015-]")
# What belongs to the sign before it: variation selectors, the joiner of emoji, skin tones.
_JOINER: Final = "\u200d"
_LEANS: Final = re.compile("[\ufe00-\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")


def as_one_text(message: Message, longest: Longest) -> str:
    """Subject, text and link, a line each. What is too long is cut; a link is whole, or left out where it fills half."""
    subject = cut(one_line(message.subject), Longest(longest.most // 4, longest.unit))
    link = message.link or ""
    if size(link, longest) > longest.most // 2:
        link = ""
    around = sum(size(f"{part}\n", longest) for part in (subject, link) if part)
    text = cut(message.text.strip(), Longest(longest.most - around, longest.unit))
    return "\n".join(part for part in (subject, text, link) if part)


def cut(text: str, longest: Longest) -> str:
    """The text, or its beginning with an ellipsis where it is longer. No sign is cut in two."""
    if size(text, longest) <= longest.most:
        return text
    room = max(longest.most - size(ELLIPSIS, longest), 0)
    end = room if longest.unit == "characters" else len(text.encode()[:room].decode(errors="ignore"))
    while end and (_leans(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def size(text: str, longest: Longest) -> int:
    """How long a text is, in the unit of what holds it."""
    return len(text.encode()) if longest.unit == "bytes" else len(text)


def one_line(text: str) -> str:
    """A text without line breaks and other signs that cannot be seen, but for what joins emoji."""
    return " ".join("".join(sign if sign.isprintable() or sign == _JOINER else " " for sign in text).split())


def phone(text: str) -> str | None:
    """A phone number as it is dialled: digits, a foreign one with `+`; None where it is none. A Chinese one is bare."""
    number = _WRITTEN_BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    number = number.removeprefix("+86").removeprefix("0086")
    return number if _PHONE.fullmatch(number) and number.isascii() else None


def filled(template: Any, words: Mapping[str, str], fit: Callable[[str], str] = str) -> Any:
    """A JSON value with the placeholders of its texts (`{text}`) replaced by these words; others stay as they are.

    Only texts are looked at, and what is filled in is not looked at again, so that no message changes the form. `fit` makes
    each text fit.
    """
    match template:
        case str():
            return fit(_PLACEHOLDER.sub(lambda found: words.get(found[1], found[0]), template))
        case list():
            return [filled(part, words, fit) for part in template]
        case dict():
            return {name: filled(part, words, fit) for name, part in template.items()}
        case _:
            return template


def header(text: str) -> str:
    """A text as it can stand in a header."""
    return quote(text, safe="!#$&'()*+,/:;=?@[]~ ")


_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def _leans(sign: str) -> bool:
    return unicodedata.combining(sign) > 0 or bool(_LEANS.match(sign))
