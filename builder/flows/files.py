"""Flow files: one flow, many in a bundle, an array, one a line, packed as zip or gzip. All that is read is bounded.

A bundle is `{"format": "orderflow-flows/1", "flows": [...]}`; each flow in it is a flow document.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

from runtime.core.flow import FORMAT, FlowCheck, read_flow
from runtime.core.flow_foreign import product_of
from runtime.core.json_text import Item, plain, read, read_many, shown
from runtime.core.problem import Problem

BUNDLE: Final = "orderflow-flows/1"
MOST_FILES: Final = 100
MOST_FLOWS: Final = 200
MOST_BYTES: Final = 8 * 1024 * 1024  # of all files together, unpacked
MOST_TOLD: Final = 20

_BOM: Final = b"\xef\xbb\xbf"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP: Final = b"\x1f\x8b"
_PASSED_OVER: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True, slots=True)
class Found:
    """One flow of a file, or what a file or a part of it is refused for. `place` is where in the file it stands."""

    file: str
    place: str = ""
    document: Mapping[str, Any] | None = None
    check: FlowCheck | None = None
    problems: Sequence[Problem] = field(default_factory=tuple)

    @property
    def sound(self) -> bool:
        """Whether it can be taken in. What is only not finished yet can: it is mended on the canvas."""
        return not self.problems


def read_files(files: Iterable[tuple[str, bytes]]) -> list[Found]:
    """Every flow of the files, in their order, each with its problems. Never raises, whatever bytes were given."""
    found: list[Found] = []
    room = MOST_BYTES
    for number, (name, content) in enumerate(files):
        if number == MOST_FILES:
            return [*found, _refused(name, "flow_file.many_files", most=MOST_FILES)]
        for part, unpacked in _unpacked(file_name(name), content, room):
            if isinstance(unpacked, Problem):
                found.append(Found(part, problems=(unpacked,)))
                continue
            room -= len(unpacked)
            found += _read(part, unpacked)
            if len(found) > MOST_FLOWS:
                return [*found[:MOST_FLOWS], _refused(part, "flow_file.many_flows", most=MOST_FLOWS)]
    return found


def bundle(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Flows as one file that can be taken in again."""
    return {"format": BUNDLE, "flows": list(documents)}


def file_name(name: str) -> str:
    """A file's name as it can be shown: the last of its path, short, with what cannot be printed replaced."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in last)[:80] or "?"


def _refused(file: str, code: str, **params: Any) -> Found:
    return Found(file_name(file), problems=(Problem(code, params=params),))


# --- packed files -----------------------------------------------------------------------------------------------------


def _unpacked(name: str, content: bytes, room: int) -> Iterator[tuple[str, bytes | Problem]]:
    if content.startswith(_ZIP):
        yield from _from_zip(name, content, room)
    elif content.startswith(_GZIP):
        yield name, _from_gzip(content, room)
    elif len(content) > room:
        yield name, _too_large()
    else:
        yield name, content


def _from_zip(name: str, content: bytes, room: int) -> Iterator[tuple[str, bytes | Problem]]:
    """The files in a zip. What it says of their sizes is not believed: reading stops where the room ends."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            entries = [one for one in packed.infolist() if not one.is_dir() and not _is_clutter(one.filename)]
            if len(entries) > MOST_FILES:
                yield name, Problem("flow_file.many_files", params={"most": MOST_FILES})
                return
            for entry in entries:
                part = f"{name} › {file_name(entry.filename)}"
                if entry.flag_bits & 1:
                    yield part, Problem("flow_file.locked")
                    continue
                with packed.open(entry) as stream:
                    own = stream.read(room + 1)
                if len(own) > room:
                    yield part, _too_large()
                    return
                room -= len(own)
                yield part, own
            if not entries:
                yield name, Problem("flow_file.empty_zip")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        yield name, Problem("flow_file.damaged")


def _is_clutter(name: str) -> bool:
    return name.startswith(_PASSED_OVER[0]) or name.rpartition("/")[2] in _PASSED_OVER


def _from_gzip(content: bytes, room: int) -> bytes | Problem:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        own = unpacker.decompress(content, room + 1)
    except zlib.error:
        return Problem("flow_file.damaged")
    if len(own) > room:
        return _too_large()
    return own if unpacker.eof else Problem("flow_file.damaged")


def _too_large() -> Problem:
    return Problem("flow_file.large", params={"most": MOST_BYTES // 1024 // 1024})


# --- what is in a file ------------------------------------------------------------------------------------------------


def _read(file: str, content: bytes) -> list[Found]:
    content = content.removeprefix(_BOM)
    text = content.lstrip()
    if text.startswith(b"<"):
        bpmn = b"bpmn" in text[:4000].lower()
        why = Problem("flow.foreign", params={"product": "Camunda (BPMN)"}) if bpmn else Problem("flow.no_object")
        return [_refused_part(file, "", why)]
    if text.startswith(b"["):
        return _read_list(file, content)
    if _is_lines(content):
        lines = read_many(content, MOST_FLOWS, lines=True)
        return [_one(file, f"{number}", item) for number, item in enumerate(lines.items, 1)] or [
            Found(file, problems=lines.problems)
        ]
    return _of_document(file, read(content))


def _is_lines(content: bytes) -> bool:
    """Whether a whole document stands on the first line, and more below it."""
    first, _newline, rest = content.strip().partition(b"\n")
    return bool(rest.strip()) and first.startswith(b"{") and not read(first).problems


def _read_list(file: str, content: bytes) -> list[Found]:
    """An array of flows. Another product's export that is an array is one flow of that product."""
    many = read_many(content, MOST_FLOWS)
    if many.problems:
        return [Found(file, problems=[_of_flows(one) for one in many.problems])]
    product = product_of([item.value for item in many.items])
    if product:
        return [_refused_part(file, "", Problem("flow.foreign", params={"product": product}))]
    return [_one(file, str(number), item) for number, item in enumerate(many.items, 1)]


def _of_flows(problem: Problem) -> Problem:
    """What the reader says of orders, said of flows."""
    match problem.code:
        case "json.no_orders" | "json.empty":
            return Problem("flow_file.no_flows")
        case "json.too_many":
            return Problem("flow_file.many_flows", params={"most": MOST_FLOWS})
        case _:
            return problem


def _of_document(file: str, item: Item) -> list[Found]:
    document = item.value
    if item.problems or not isinstance(document, Mapping) or not _is_bundle(document):
        return [_one(file, "", item)]
    if document["format"] != BUNDLE:
        params = {"given": shown(str(document["format"])), "wanted": f"{FORMAT}, {BUNDLE}"}
        return [_refused_part(file, "", Problem("flow.format", "format", params))]
    flows = document.get("flows")
    if not isinstance(flows, list) or not flows:
        return [_refused_part(file, "", Problem("flow_file.no_flows", "flows"))]
    if len(flows) > MOST_FLOWS:
        return [_refused_part(file, "", Problem("flow_file.many_flows", "flows", {"most": MOST_FLOWS}))]
    return [_flow(file, str(number), one) for number, one in enumerate(flows, 1)]


def _is_bundle(document: Mapping[str, Any]) -> bool:
    return str(document.get("format", "")).startswith("orderflow-flows/")


def _one(file: str, place: str, item: Item) -> Found:
    if item.problems:
        return Found(file, place, problems=[_of_flows(one) for one in item.problems])
    return _flow(file, place, item.value)


def _flow(file: str, place: str, value: Any) -> Found:
    document = plain(value)
    if isinstance(document, Problem):
        return Found(file, place, problems=(document,))
    check = read_flow(document)
    if any(problem.code == "flow.format" for problem in check.errors) and document.get("format") is None:
        return _refused_part(file, place, Problem("flow.no_object"))
    broken = [problem for problem in check.errors if check.flow is None or _is_broken(problem)]
    if broken or not isinstance(document, dict):
        return Found(file, place, problems=broken[:MOST_TOLD])
    return Found(file, place, {name: part for name, part in document.items() if name != "template"}, check)


def _is_broken(problem: Problem) -> bool:
    """Whether a problem shows that this is no document of ours. A step that is not filled in yet is not broken."""
    inside = ".settings." in f"{problem.where}." or problem.where.startswith("failures")
    return problem.code.startswith("flow.type_unknown") or (problem.code.startswith("shape.") and not inside)


def _refused_part(file: str, place: str, problem: Problem) -> Found:
    return Found(file, place, problems=(problem,))
