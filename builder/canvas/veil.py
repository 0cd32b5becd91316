"""A veil over an answer: wherever it tells what an order says of a person, only the mask of it is seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.masking import PERSONAL, masked
from runtime.core.order import value_at

STRUCTURE: Final = frozenset({"node", "left", "path", "way", "where", "op", "kind", "state", "rest", "waited", "port"})
"""Parts of an answer that scripts read: they never hold what an order says."""

SHORTEST: Final = 2


@dataclass(frozen=True, slots=True)
class Veil:
    """What is hidden, and what is seen instead of it."""

    masks: Mapping[str, str]

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> "Veil":
        """Over everything personal that can be read in an order."""
        shown = masked(order)
        found = {
            value: value_at(shown, path)["masked"]
            for path in PERSONAL
            if isinstance(value := value_at(order, path), str) and len(value) >= SHORTEST
        }
        return cls(dict(sorted(found.items(), key=lambda item: -len(item[0]))))

    @property
    def hides(self) -> bool:
        """Whether the order is a real one, with a person in it."""
        return bool(self.masks)

    def over(self, answer: Any) -> Any:
        """The answer with every text masked."""
        match answer:
            case str():
                for secret, mask in self.masks.items():
                    answer = answer.replace(secret, mask)
                return answer
            case dict():
                return {name: part if name in STRUCTURE else self.over(part) for name, part in answer.items()}
            case list() | tuple():
                return [self.over(part) for part in answer]
            case _:
                return answer
