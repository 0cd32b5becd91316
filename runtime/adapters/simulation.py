"""Systems that only pretend: the same call always gets the same answer, so that a demo and a test can rely on it."""

import hashlib

from nodes.contract import Answered
from runtime.adapters.contract import Call


def chance(call: Call, salt: str = "") -> float:
    """A number in [0, 1) that depends on nothing but the call's key."""
    digest = hashlib.sha256(f"{salt}{call.key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def accept(call: Call) -> Answered:
    """Yes, with a receipt number made from the key."""
    return Answered("ok", {"receipt": hashlib.sha256(call.key.encode()).hexdigest()[:10].upper()})
