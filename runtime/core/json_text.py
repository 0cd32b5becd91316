"""Strict reading of JSON that comes from outside.

What other readers let pass in silence is refused here by name and place: a key that stands twice, a number that
cannot be kept exactly, text that is not Unicode, nesting without end. Decimals stay exact (`Decimal`).
One bad order never spoils its neighbours: whatever leaves the borders of the orders clear is refused alone.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from json import JSONDecodeError, JSONDecoder
from math import isfinite
from typing import Any, Literal

from runtime.core.problem import Problem, joined

MOST_LEVELS = 64
MOST_ORDERS = 1000
LARGEST_NUMBER = 2**53
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""

_MOST_PROBLEMS = 20
_LONGEST_NUMBER = 64
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BLANK = re.compile(r"[ \t\n\r]*")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_SUSPECT_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a request: its value, or the problems that refuse it. `raw` are its own bytes, as they came.

    `wreck` is what could be read of a refused document. It is good for nothing but to tell which one it was.
    """

    position: int
    raw: bytes
    value: Any = None
    problems: tuple[Problem, ...] = ()
    wreck: Any = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A request's documents in their order, or the problems that refuse all of it (then there are no items)."""

    form: Literal["one", "array", "lines"]
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(raw: bytes) -> Item:
    """One JSON document. Objects become dicts, decimals `Decimal`; every refusal is a problem in the item."""
    refusal = _unreadable(raw)
    if refusal:
        return Item(0, raw, problems=(refusal,))
    text, damaged = _decoded(raw)
    return _only_item(text, raw, damaged, _Reader())


def read_many(raw: bytes, most: int = MOST_ORDERS, lines: bool | None = None) -> Batch:
    """One document, an array of them, or one a line (NDJSON). `lines` says which of the last two, when it is known.

    An element of an array, or a line, that breaks a rule of content is refused alone; a line with broken JSON too.
    Broken JSON in an array refuses the request, for nobody can tell where its orders begin.
    """
    refusal = _unreadable(raw)
    if refusal:
        return Batch("one", problems=(refusal,))
    text, damaged = _decoded(raw)
    start = _skip_blank(text, 0)
    if not lines and text[start] == "[":
        return _read_array(text, start, damaged, most)
    if lines or (lines is None and _looks_like_lines(text)):
        return _read_lines(raw, most)
    item = _only_item(text, raw, damaged, _Reader())
    broken = any(problem.code in _BROKEN for problem in item.problems)
    return Batch("one", problems=item.problems) if broken else Batch("one", items=(item,))


_BROKEN = frozenset({"json.syntax", "json.unfinished", "json.extra"})


def _unreadable(raw: bytes) -> Problem | None:
    if raw.startswith(_BOMS):
        return Problem("json.bom")
    if not raw.strip():
        return Problem("json.empty")
    return None


def _decoded(raw: bytes) -> tuple[str, bool]:
    """The text, and whether some bytes were not UTF-8 (they stand as lone surrogates, to be refused where they are)."""
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape"), True


def _only_item(text: str, raw: bytes, damaged: bool, reader: "_Reader") -> Item:
    try:
        value, problems, end = reader.document(text, _skip_blank(text, 0), damaged)
    except JSONDecodeError as error:
        return Item(0, raw, problems=(_syntax_problem(error),))
    rest = _skip_blank(text, end)
    if rest < len(text):
        problems = (Problem("json.extra", params=_place(text, rest)),)
    return _item(0, raw, value, problems)


def _item(position: int, raw: bytes, value: Any, problems: tuple[Problem, ...]) -> Item:
    return Item(position, raw, None, problems, wreck=value) if problems else Item(position, raw, value)


def _read_array(text: str, start: int, damaged: bool, most: int) -> Batch:
    reader = _Reader()
    items: list[Item] = []
    index = _skip_blank(text, start + 1)
    try:
        while text[index : index + 1] != "]" or items:
            value, problems, end = reader.document(text, index, damaged)
            own = text[index:end].encode("utf-8", "surrogateescape")
            items.append(_item(len(items), own, value, problems))
            index = _skip_blank(text, end)
            if text[index : index + 1] == "]":
                break
            if text[index : index + 1] != ",":
                raise JSONDecodeError("Expecting ',' delimiter", text, index)
            if len(items) == most:
                return Batch("array", problems=(Problem("json.too_many", params={"most": most}),))
            index = _skip_blank(text, index + 1)
    except JSONDecodeError as error:
        return Batch("array", problems=(_syntax_problem(error),))
    rest = _skip_blank(text, index + 1)
    if rest < len(text):
        return Batch("array", problems=(Problem("json.extra", params=_place(text, rest)),))
    if not items:
        return Batch("array", problems=(Problem("json.no_orders"),))
    return Batch("array", items=tuple(items))


def _looks_like_lines(text: str) -> bool:
    """An indented single document never has a bracket at the start of a later line, nor a first line that is whole."""
    first, _, rest = text.strip(" \t\r\n").partition("\n")
    if not rest:
        return False
    if rest.startswith("{") or "\n{" in rest:
        return True
    try:
        return not _BLANK.sub("", first[JSONDecoder().raw_decode(first)[1] :])
    except (JSONDecodeError, RecursionError):
        return False


def _read_lines(raw: bytes, most: int) -> Batch:
    reader = _Reader()
    items: list[Item] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        own = line.strip(b" \t\r")
        if not own:
            continue
        if len(items) == most:
            return Batch("lines", problems=(Problem("json.too_many", params={"most": most}),))
        text, damaged = _decoded(own)
        item = _only_item(text, own, damaged, reader)
        told = tuple(_on_line(problem, number) for problem in item.problems)
        items.append(replace(item, position=len(items), problems=told))
    return Batch("lines", items=tuple(items))


def _on_line(problem: Problem, number: int) -> Problem:
    if "line" not in problem.params:
        return problem
    return Problem(problem.code, problem.where, {**problem.params, "line": number})


class _Reader:
    """Reads documents out of a text. Its hooks leave a mark where a rule is broken, so that the path can be told."""

    def __init__(self) -> None:
        self._marked = False
        self._strict = self._decoder(strict=True)

    def document(self, text: str, start: int, damaged: bool) -> tuple[Any, tuple[Problem, ...], int]:
        """The document at `start`: its value, its problems, and where it ends. Broken JSON raises `JSONDecodeError`."""
        self._marked = False
        control: Problem | None = None
        try:
            value, end = self._strict.raw_decode(text, start)
        except RecursionError:
            return None, (_depth_problem(text, start),), end_of_brackets(text, start)
        except JSONDecodeError as error:
            if not error.msg.startswith("Invalid control character"):
                raise
            control = _control_problem(error)
            value, end = self._decoder(strict=False).raw_decode(text, start)
        return value, self._problems(value, text, start, end, damaged, control), end

    def _decoder(self, strict: bool) -> JSONDecoder:
        return JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._decimal,
            parse_int=self._integer,
            parse_constant=self._constant,
            strict=strict,
        )

    def _problems(
        self, value: Any, text: str, start: int, end: int, damaged: bool, control: Problem | None
    ) -> tuple[Problem, ...]:
        if text.count("{", start, end) + text.count("[", start, end) > MOST_LEVELS:
            too_deep = _first_too_deep(text, start, end)
            if too_deep is not None:
                return (Problem("json.depth", params={"most": MOST_LEVELS, **_place(text, too_deep)}),)
        if control:
            return (control,)
        if damaged:
            byte = _SURROGATE.search(text, start, end)
            if byte:
                return (Problem("json.utf8", params=_place(text, byte.start())),)
        if self._marked or (text.find("\\u", start, end) >= 0 and _SUSPECT_ESCAPE.search(text, start, end)):
            return tuple(islice(content_problems(value, ""), _MOST_PROBLEMS))
        return ()

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        self._marked = True
        return _Twice(value, Counter(name for name, _ in pairs).most_common(1)[0][0])

    def _integer(self, text: str) -> Any:
        if len(text) < 16:
            return int(text)
        if len(text) < 18 and -LARGEST_NUMBER <= int(text) <= LARGEST_NUMBER:
            return int(text)
        return self._refused("json.large_number", text)

    def _decimal(self, text: str) -> Any:
        if len(text) > _LONGEST_NUMBER or len(text.lower().partition("e")[2]) > 4:
            return self._refused("json.long_number", text)
        number = Decimal(text)
        if number.adjusted() > 16 or number > LARGEST_NUMBER or number < -LARGEST_NUMBER:
            return self._refused("json.large_number", text)
        if number.adjusted() < -LARGEST_NUMBER.bit_length():
            return self._refused("json.long_number", text)
        return number

    def _constant(self, text: str) -> Any:
        return self._refused("json.not_a_number", text)

    def _refused(self, code: str, text: str) -> "_Refused":
        self._marked = True
        return _Refused(code, text if len(text) <= 40 else text[:40] + "…")


class _Twice(dict[str, Any]):
    """An object in which `name` stood more than once."""

    def __init__(self, value: Mapping[str, Any], name: str) -> None:
        super().__init__(value)
        self.name = name


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where a number stood that cannot be kept exactly."""

    code: str
    text: str


def content_problems(value: Any, where: str) -> Iterator[Problem]:
    """What no database and no other reader can be trusted with, by path: NUL, lone surrogates, and this reader's marks."""
    if isinstance(value, _Refused):
        yield Problem(value.code, where, {"number": value.text})
    elif isinstance(value, str):
        yield from _text_problems(value, where)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from content_problems(element, joined(where, index))
    elif isinstance(value, dict):
        if isinstance(value, _Twice):
            yield Problem("json.twice", joined(where, shown(value.name)), {"name": shown(value.name)})
        for name, element in value.items():
            yield from _text_problems(name, where)
            yield from content_problems(element, joined(where, shown(name)))


def _text_problems(text: str, where: str) -> Iterator[Problem]:
    if "\0" in text:
        yield Problem("json.nul", where, {"text": shown(text)})
    if not text.isascii() and _SURROGATE.search(text):
        yield Problem("json.surrogate", where, {"text": shown(text)})


def plain(value: Any) -> Any:
    """A value that was read, with its decimals as JSON numbers, so that it can be written again; or a `Problem`.

    A decimal that a float would not give back digit by digit is refused, never rounded. So is more than 64 levels.
    """
    return _plain(value, 1)


def _plain(value: Any, level: int) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return plain_number(value)
    if level > MOST_LEVELS:
        return Problem("json.levels", params={"most": MOST_LEVELS})
    if isinstance(value, Mapping):
        return _plain_parts(value.items(), dict, level)
    return _plain_parts(enumerate(value), lambda pairs: [part for _, part in pairs], level)


def _plain_parts(parts: Iterable[tuple[Any, Any]], gather: Callable[[list[tuple[Any, Any]]], Any], level: int) -> Any:
    kept = []
    for name, part in parts:
        own = _plain(part, level + 1)
        if type(own) is Problem:
            return replace(own, where=joined(shown(str(name)), own.where))
        kept.append((name, own))
    return gather(kept)


def plain_number(number: int | float | Decimal) -> int | float | Problem:
    """The number as int or float; refused when it is too large, or when a float would not give back its digits."""
    if isinstance(number, int):
        return number if -LARGEST_NUMBER <= number <= LARGEST_NUMBER else _too_large(number)
    if not isfinite(number):
        return Problem("json.not_a_number", params={"number": str(number)})
    if not -LARGEST_NUMBER <= number <= LARGEST_NUMBER:
        return _too_large(number)
    kept = float(number)
    if isinstance(number, Decimal) and Decimal(repr(kept)) != number:
        return Problem("json.long_number", params={"number": str(number)[:40]})
    return kept


def _too_large(number: int | float | Decimal) -> Problem:
    return Problem("json.large_number", params={"number": f"{Decimal(number):.15g}"})


def shown(text: str) -> str:
    """A text as it can be told in a problem: short, with NUL and lone surrogates replaced."""
    return _SURROGATE.sub("\ufffd", text[:40]).replace("\0", "\u2400")


def _first_too_deep(text: str, start: int, end: int) -> int | None:
    level = 0
    for bracket in _BRACKETS.finditer(text, start, end):
        first = text[bracket.start()]
        if first in "[{":
            level += 1
            if level > MOST_LEVELS:
                return bracket.start()
        elif first in "]}":
            level -= 1
    return None


def end_of_brackets(text: str, start: int) -> int:
    """Where the document ends whose nesting is too deep to be read at all, told by its brackets alone."""
    level = 0
    for bracket in _BRACKETS.finditer(text, start):
        first = text[bracket.start()]
        level += (first in "[{") - (first in "]}")
        if level == 0:
            return bracket.end()
    raise JSONDecodeError("Unterminated document", text, len(text))


def _depth_problem(text: str, start: int) -> Problem:
    place = _first_too_deep(text, start, len(text))
    return Problem("json.depth", params={"most": MOST_LEVELS, **_place(text, place if place is not None else start)})


def _control_problem(error: JSONDecodeError) -> Problem:
    number = f"U+{ord(error.doc[error.pos]):04X}"
    return Problem("json.control", params={"character": number, **_place(error.doc, error.pos)})


def _syntax_problem(error: JSONDecodeError) -> Problem:
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
        return Problem("json.unfinished", params=_place(error.doc, min(error.pos, len(error.doc))))
    near = shown(error.doc[error.pos : error.pos + 20])
    return Problem("json.syntax", params={"near": near, **_place(error.doc, error.pos)})


def _place(text: str, index: int) -> dict[str, int]:
    return {"line": text.count("\n", 0, index) + 1, "column": index - text.rfind("\n", 0, index)}


def _skip_blank(text: str, index: int) -> int:
    match = _BLANK.match(text, index)
    return match.end() if match else index
