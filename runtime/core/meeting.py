"""Where the branches of a split come together again, told from the drawing alone."""

from collections.abc import Collection, Mapping, Sequence

Ways = Mapping[str, Sequence[str]]
"""From each node to the nodes behind its ports."""

Places = dict[str, frozenset[str]]
"""For each split the joins at which its branches come to stand."""


def meeting_places(ways: Ways, splits: Sequence[str], joins: Collection[str]) -> Places:
    """For each split the joins at which its own branches come to stand.

    A split within a branch is passed by way of the joins of its own. More than one place: the branches may never meet.
    """
    places: Places = dict.fromkeys(splits, frozenset())
    # What a split finds depends on what the splits within its branches found: look again until nobody finds more.
    settled = not joins
    while not settled:
        settled = True
        for split in reversed(splits):
            found = _places(split, ways, places, joins)
            if found != places[split]:
                places[split] = found
                settled = False
    return places


def _places(split: str, ways: Ways, places: Places, joins: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    seen: set[str] = set()
    ahead = list(ways.get(split, ()))
    while ahead:
        node = ahead.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in joins:
            found.add(node)
        elif node in places:
            ahead.extend(target for join in places[node] for target in ways.get(join, ()))
        else:
            ahead.extend(ways.get(node, ()))
    return frozenset(found)
