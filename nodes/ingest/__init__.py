"""Take the order in: the one place where a flow begins."""

from nodes.contract import Leave, NodeType, Port, Step


def _enter(step: Step) -> Leave:
    return Leave("out")


NODE = NodeType(kind="ingest", group="start", ports=lambda settings: (Port("out"),), enter=_enter)
