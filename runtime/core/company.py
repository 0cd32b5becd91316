"""Which of an order's places belong together: branches that meet at a join, and all that is inside one sub-flow."""

from collections.abc import Sequence

from runtime.core.plan import Plan, enclosing
from runtime.core.run import Group, Token


def stay(token: Token) -> Group | None:
    """The stay inside a sub-flow that the token is on; None where it stands in the flow itself."""
    step = enclosing(token.node)
    return next((group for group in reversed(token.groups) if group[1] == step), None) if step else None


def within(tokens: Sequence[Token], group: Group) -> list[Token]:
    """All that came through this split and have not met again, or are on this stay."""
    return [token for token in tokens if group in token.groups]


def company(tokens: Sequence[Token], plan: Plan, token: Token) -> list[Token]:
    """Whom a token waits for at its join, itself the first: all that are left of the split that meets there."""
    depth = depth_met(plan, token)
    if depth is None:
        return [token]
    return [token, *(one for one in within(tokens, token.groups[depth]) if one is not token)]


def depth_met(plan: Plan, token: Token) -> int | None:
    """Which of its splits a join brings together: the innermost, with those around it that meet there too.

    Nothing meets across the border of a sub-flow.
    """
    here = stay(token)
    floor = token.groups.index(here) + 1 if here else 0
    if len(token.groups) == floor:
        return None
    depth = len(token.groups) - 1
    while depth > floor and token.node in plan.nodes[plan.index[token.groups[depth - 1][1]]].meets:
        depth -= 1
    return depth
