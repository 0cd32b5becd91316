"""A flow document as cells that can be changed apart from each other: what an edit changed, its way back, and merging.

A cell is named by where it stands: `nodes.n3`, `edges.e7`, `layout.nodes.n3`, `layout.notes.a`, or the name of any other
part of the document, such as `name` or `cases`. A change gives some cells new values; None takes a cell away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Document = Mapping[str, Any]
Change = Mapping[str, Any]

_LISTS: Final = ("nodes", "edges")
_LAYOUT_LISTS: Final = ("notes", "groups")


def cells(document: Document) -> dict[str, Any]:
    """The document's cells. Parts of a list that bear the same id are told apart by new ones."""
    found: dict[str, Any] = {}
    for name, part in document.items():
        if name in _LISTS:
            found |= _listed(name, part)
        elif name == "layout" and isinstance(part, Mapping):
            found |= _layout_cells(part)
        elif part is not None:
            found[name] = part
    return found


def document_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The document that has these cells; what stood in an order keeps it."""
    document: dict[str, Any] = {"nodes": [], "edges": []}
    layout: dict[str, Any] = {"nodes": {}}
    for name, value in found.items():
        match _split(name):
            case ("layout", "nodes", node):
                layout["nodes"][node] = value
            case ("layout", part, _):
                layout.setdefault(part, []).append(value)
            case ("layout", part):
                layout[part] = value
            case (part, _):
                document[part].append(value)
            case _:
                document[name] = value
    return {**document, "layout": layout}


def normal(document: Document) -> dict[str, Any]:
    """The document in the form that changes are made to."""
    return document_of(cells(document))


def difference(before: Document, after: Document) -> dict[str, Any]:
    """The change that makes `after` of `before`."""
    old, new = cells(before), cells(after)
    gone = {name: None for name in old if name not in new}
    return gone | {name: value for name, value in new.items() if name not in old or old[name] != value}


def changed(document: Document, change: Change) -> dict[str, Any]:
    """The document after a change."""
    found = cells(document)
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return document_of(found)


def is_change(value: Any) -> bool:
    """Whether a value read from JSON is a change that can be made to any document."""
    return isinstance(value, Mapping) and all(_fits(name, one) for name, one in value.items())


def way_back(document: Document, change: Change) -> dict[str, Any]:
    """The change that takes `change` back again."""
    found = cells(document)
    return {name: found.get(name) for name in change}


# --- merging ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two people gave one cell different values; None: took it away."""

    cell: str
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """`change` brings theirs into mine; where both touched the same thing, mine stays and a conflict tells of it."""

    change: Change
    conflicts: tuple[Conflict, ...]


def merge(base: Document, mine: Document, theirs: Document) -> Merged:
    """Bring what they changed since `base` into mine. A step that both changed is merged setting by setting."""
    before, ours = cells(base), cells(mine)
    others = _apart(before, ours, cells(theirs))
    change: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name, value in _differing(before, others):
        was, here = before.get(name), ours.get(name)
        if here == value:
            continue
        if here == was:
            change[name] = value
            continue
        together = _merged(was, here, value)
        if together is not None:
            change[name] = together
        elif not name.startswith("layout."):
            conflicts.append(Conflict(name, here, value))
    return Merged(_standing(ours, change), tuple(conflicts))


def _apart(before: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Theirs, with new ids for what they added under an id that mine gave to something else meanwhile."""
    taken = {*before, *ours, *theirs}
    names: dict[str, str] = {}
    for name in theirs:
        head, _, own = name.partition(".")
        if head in _LISTS and name not in before and name in ours and ours[name] != theirs[name]:
            names[name] = next(f"{head}.{one}" for one in _tries(own) if f"{head}.{one}" not in taken)
            taken.add(names[name])
    if not names:
        return theirs
    steps = {old.removeprefix("nodes."): new.removeprefix("nodes.") for old, new in names.items()}
    return {_renamed(name, names, steps): _retold(name, value, names, steps) for name, value in theirs.items()}


def _renamed(name: str, names: Mapping[str, str], steps: Mapping[str, str]) -> str:
    place = name.removeprefix("layout.nodes.")
    return f"layout.nodes.{steps.get(place, place)}" if place != name else names.get(name, name)


def _retold(name: str, value: Any, names: Mapping[str, str], steps: Mapping[str, str]) -> Any:
    """A cell that speaks of steps by their new ids."""
    match _split(name):
        case ("nodes", _):
            return {**value, "id": names.get(name, name).removeprefix("nodes.")} if name in names else value
        case ("edges", _):
            ends = {end: steps.get(value[end], value[end]) for end in ("from", "to") if end in value}
            return {**value, **ends, "id": names.get(name, name).removeprefix("edges.")}
        case ("layout", "groups", _):
            return {**value, "nodes": [steps.get(node, node) for node in value.get("nodes", ())]}
        case _:
            return value


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in (*before, *(name for name in after if name not in before)):
        if before.get(name) != after.get(name):
            yield name, after.get(name)


def _merged(was: Any, mine: Any, theirs: Any) -> Any:
    """Both changes of one thing together; None where they contradict each other."""
    if not all(isinstance(one, Mapping) for one in (was, mine, theirs)):
        return None
    together = dict(mine)
    for name, value in _differing(was, theirs):
        if mine.get(name) == value:
            continue
        part = value if mine.get(name) == was.get(name) else _merged(was.get(name), mine.get(name), value)
        if part is None and value is not None:
            return None
        if part is None:
            if mine.get(name) != was.get(name):
                return None
            together.pop(name, None)
        else:
            together[name] = part
    return together


def _standing(ours: Mapping[str, Any], change: Mapping[str, Any]) -> Change:
    """The change without edges whose ends would not be there, and with only one way out of a port: mine."""
    after = {name: value for name, value in {**ours, **change}.items() if value is not None}
    steps = {name.removeprefix("nodes.") for name in after if name.startswith("nodes.")}
    taken = {_port(value) for name, value in after.items() if name.startswith("edges.") and name not in change}
    kept = dict(change)
    for name, value in change.items():
        if name.startswith("edges.") and value is not None:
            if not {value.get("from"), value.get("to")} <= steps or _port(value) in taken:
                del kept[name]
            taken.add(_port(value))
    for name, value in ours.items():
        if name.startswith("edges.") and name not in change and not {value.get("from"), value.get("to")} <= steps:
            kept[name] = None
    return kept


def _port(edge: Mapping[str, Any]) -> tuple[Any, Any]:
    return edge.get("from"), edge.get("port")


# --- names of cells ---------------------------------------------------------------------------------------------------


def _split(name: str) -> tuple[str, ...]:
    head, _, rest = name.partition(".")
    if head in _LISTS and rest:
        return head, rest
    if head == "layout" and rest:
        part, _, one = rest.partition(".")
        return ("layout", part, one) if one and part in ("nodes", *_LAYOUT_LISTS) else ("layout", rest)
    return (name,)


def _fits(name: str, value: Any) -> bool:
    """Whether a cell of this name may hold the value."""
    match _split(name):
        case ("nodes" | "edges" | "layout",) | ("layout", "nodes" | "notes" | "groups"):
            return False
        case ("layout", "nodes", _):
            return value is None or isinstance(value, Mapping)
        case ("nodes" | "edges", own) | ("layout", "notes" | "groups", own):
            return value is None or (isinstance(value, Mapping) and value.get("id") == own)
        case parts:
            return "." not in parts[-1]  # `edges.` is neither an edge nor a part of a document


def _listed(name: str, part: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in part:
        own = str(one["id"])
        free = next(told for told in _tries(own) if f"{name}.{told}" not in found)
        found[f"{name}.{free}"] = one if free == own else {**one, "id": free}
    return found


def _tries(own: str) -> Iterator[str]:
    yield own
    number = 2
    while True:
        yield f"{own[:58]}-{number}"
        number += 1


def _layout_cells(layout: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in layout.items():
        if name == "nodes" and isinstance(part, Mapping):
            found |= {f"layout.nodes.{node}": place for node, place in part.items()}
        elif name in _LAYOUT_LISTS and _bear_ids(part):
            found |= _listed(f"layout.{name}", part)
        elif part is not None:
            found[f"layout.{name}"] = part
    return found


def _bear_ids(part: Any) -> bool:
    return isinstance(part, list) and all(isinstance(one, Mapping) and isinstance(one.get("id"), str) for one in part)
