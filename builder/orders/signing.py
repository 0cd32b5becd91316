"""What an order's story tells of a step that asks several people: whom it asks, and what each of them did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from builder.i18n import moment
from builder.i18n.text import _
from builder.orders.names import Names

Fact = tuple[str, str]


def whom(names: Names, asked: Sequence[RowMapping]) -> str:
    """All whom these tasks ask."""
    return _(", ").join(dict.fromkeys(names.asked(task["who_kind"], task["who"]) for task in asked))


def sayings(records: Sequence[Mapping[str, Any]], names: Names, node_name: Callable[[str], str]) -> Iterator[Fact]:
    """What people did at the step while it went on asking, the first first. The last word of all is told elsewhere."""
    for record in records:
        event = record["event"]
        if "rest" in record or "sent_back" in record:
            yield from _saying(event, record, names, node_name)


def _saying(
    event: Mapping[str, Any], record: Mapping[str, Any], names: Names, node_name: Callable[[str], str]
) -> Iterator[Fact]:
    who, at = names.person(event.get("by")), moment(record["at"])
    meant = event.get("who")
    other = names.asked(meant["kind"], meant["value"]) if meant else ""
    note = f" “{event['note']}”" if event.get("note") else ""
    match event:
        case {"kind": "decided", "decision": decision, "reason": reason}:
            word = _("approved") if decision == "approve" else _("rejected")
            yield who, f"{word} · {at}" + (f" “{reason}”" if reason else "")
        case {"kind": "joined", "place": "before"}:
            yield who, _("asked %(other)s to sign first", other=other) + f" · {at}{note}"
        case {"kind": "joined"}:
            yield who, _("asked %(other)s to sign afterwards", other=other) + f" · {at}{note}"
        case {"kind": "handed_on"}:
            yield who, _("handed over to %(other)s", other=other) + f" · {at}{note}"
        case {"kind": "sent_back"}:
            yield who, _("sent back to “%(step)s”", step=node_name(record["sent_back"])) + f" · {at}{note}"
        case {"kind": "due"}:
            yield _("Nobody decided"), _("the next step of the ladder was taken") + f" · {at}"
