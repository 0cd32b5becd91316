"""The order has arrived: done, or cancelled with a reason."""

from nodes.contract import Finish, NodeType, Step


def _enter(step: Step) -> Finish:
    return Finish(step.settings["result"], step.settings["reason"])


NODE = NodeType(kind="end", group="end", ports=lambda settings: (), enter=_enter)
