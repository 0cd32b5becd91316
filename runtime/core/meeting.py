"""Where the branches of a split come together again, told from the drawing alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence

Ways = Mapping[str, Sequence[str]]
"""From each node to the nodes behind its ports, in the order of the ports."""


def meeting_places(split: str, ways: Ways, joins: Collection[str]) -> frozenset[str]:
    """The joins at which branches of this split wait for each other: the first to which two or more of them can come.

    More than one: what becomes of an order depends on the ways that its branches take.
    """
    branches = _branches_reaching(split, ways)
    shared = {join for join in joins if branches.get(join, 0).bit_count() > 1}
    return frozenset(_first_of(shared, split, ways))


def _branches_reaching(split: str, ways: Ways) -> dict[str, int]:
    """For each node a bit for each branch that can come to it. Coming through the split again is another story."""
    reaching: dict[str, int] = {}
    # Where branches are on their way; those that come to one node go on from it together.
    arriving: dict[str, int] = {}
    for number, target in enumerate(ways.get(split, ())):
        arriving[target] = arriving.get(target, 0) | 1 << number
    while arriving:
        node = next(iter(arriving))
        new = arriving.pop(node) & ~reaching.get(node, 0)
        if new and node != split:
            reaching[node] = reaching.get(node, 0) | new
            for target in ways.get(node, ()):
                arriving[target] = arriving.get(target, 0) | new
    return reaching


def _first_of(wanted: Collection[str], split: str, ways: Ways) -> Iterator[str]:
    """Those of the wanted nodes that a branch meets before any other of them."""
    seen = {split}
    ahead = list(ways.get(split, ()))
    while ahead:
        node = ahead.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in wanted:
            yield node
        else:
            ahead.extend(ways.get(node, ()))
