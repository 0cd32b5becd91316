"""What failures have in common: those with one cause are looked at, mended and tried again together."""

import re
from hashlib import sha256

import orjson

from nodes.contract import Failure

_OF_ONE_ORDER = re.compile(r"[0-9A-Za-z]*[0-9][0-9A-Za-z]*")
LONGEST_MESSAGE = 300


def cause_of(flow_key: str, node: str, failure: Failure) -> str:
    """SHA-256 in hex over what failures with one cause share: step, kind, code, and the message without its numbers.

    Every word with a digit in it (order numbers, amounts, times, trace codes) may differ from order to order.
    """
    params = {
        name: _OF_ONE_ORDER.sub("#", value)[:LONGEST_MESSAGE] if isinstance(value, str) else None
        for name, value in failure.params.items()
    }
    shared = [flow_key, node, failure.kind, failure.code, params]
    return sha256(orjson.dumps(shared, option=orjson.OPT_SORT_KEYS)).hexdigest()
