"""A system that is down now and then: two of three calls fail, each kind of failure comes up."""

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.adapters.simulation import accept, chance


def send(call: Call) -> Answered:
    """An answer that depends on the call's key alone."""
    lot = chance(call)
    if lot < 0.34:
        return accept(call)
    if lot < 0.70:
        return Answered("error", message="503 Service Unavailable")
    if lot < 0.85:
        return Answered("timeout", message="no answer within the time allowed")
    return Answered("bad_answer", message="the answer is not JSON")


OUTLET = Outlet({"en": "Shaky system (simulated)", "zh-CN": "不稳定系统（模拟）"}, send, simulated=True)
