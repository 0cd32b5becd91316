"""Named places at which a crash test ends the process. The product never arms one: then a place costs one look-up.

Only `tests.chaos.part` arms them, in its own process, before it runs a part's own command.
"""

from collections.abc import Callable
from typing import Final, Literal, get_args

Place = Literal[
    "intake.stored",
    "intake.committed",
    "intake.answered",
    "drain.locked",
    "drain.decided",
    "drain.saved",
    "drain.committed",
    "save.swapped",
    "effect.claimed",
    "effect.answered",
    "effect.recorded",
    "reply.settled",
    "reply.saved",
    "reply.committed",
    "pull.fetched",
    "publication.stored",
    "publication.committed",
    "tick.begun",
    "tick.looked",
    "ring.held",
    "ring.called",
]
"""`stored`, `locked`, `decided`, `saved`, `swapped`, `settled`: inside the transaction. `committed`, `claimed`, `recorded`:
right after it. `intake.answered`: the askers have their answer, the bell is not rung. `effect.answered`: the system has
answered, and nobody wrote it down. `pull.fetched`: a page of orders is here, nothing of it is stored. `ring.held`: the
bell's key is set, no job is there yet."""

PLACES: Final[tuple[Place, ...]] = get_args(Place)

_armed: dict[str, Callable[[], None]] = {}


def at(place: Place) -> None:
    """Says that the process passes here."""
    act = _armed.get(place)
    if act:
        act()


def arm(place: Place, act: Callable[[], None]) -> None:
    """Let `act` happen whenever this process passes the place. ValueError where no place is called so."""
    if place not in PLACES:
        raise ValueError(f"no place is called {place}; there are {', '.join(PLACES)}")
    _armed[place] = act
