"""A notice inside Orderflow: the effect's own row is what people see, so there is nothing to send."""

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet


def send(call: Call) -> Answered:
    """Always there."""
    return Answered("ok")


OUTLET = Outlet({"en": "Notice in Orderflow", "zh-CN": "站内通知"}, send, inside=True)
