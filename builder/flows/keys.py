"""Keys of flows: free ones, and flows stored under them without ever taking another's place."""

from collections.abc import Mapping
from typing import Any, Final

from builder.models import engine
from builder.web import service
from runtime.actor import Actor
from runtime.core.flow import FlowCheck
from runtime.store import screens
from runtime.store.database import reading

KEPT_KEYS: Final = frozenset(("new", "from", "import", "export"))  # addresses below /flows mean something else by them
MOST_STEM: Final = 58  # of 64 letters, so that a number has room behind it


def free_key(key: str, taken: frozenset[str]) -> str:
    """The key, with a number behind it where it is taken."""
    taken = taken | KEPT_KEYS
    return next(one for one in (key, *(f"{key[:MOST_STEM]}-{n}" for n in range(2, 100_000))) if one not in taken)


def store_new(document: Mapping[str, Any], actor: Actor) -> str | FlowCheck:
    """Store a flow under its key, or the next free one, also where somebody takes that key at the same moment."""
    while True:
        with reading(engine()) as connection:
            key = free_key(document["key"], frozenset(screens.flow_names(connection)))
        saved = service().flows.add_new({**document, "key": key}, actor)
        if isinstance(saved, FlowCheck):
            return saved
        if saved is not None:
            return key
