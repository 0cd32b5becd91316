"""Wait until all branches of the split have come, then go on as one."""

from nodes.contract import Meet, NodeType, Port, Step


def _enter(step: Step) -> Meet:
    return Meet()


NODE = NodeType(kind="join", group="order", ports=lambda settings: (Port("out"),), enter=_enter)
