"""Look an order over before anything is done with it: what is missing, out of range, oddly written or incomplete.

Masked values and cipher text are taken as told: nobody can judge what nobody can read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from nodes.contract import ABSENT, FieldOf, Finding, Leave, NodeType, Port, RangeOf, Step
from nodes.pre_check.characters import unusual
from nodes.pre_check.contact import lacking, odd_phone

PORTS = (Port("ok"), Port("abnormal"))

CHARACTER_CHECKS = frozenset(
    (
        "control_characters",
        "reversed_text",
        "private_characters",
        "unassigned_characters",
        "mojibake",
        "emoji",
        "rare_characters",
    )
)
# Harmless in a note or a title: these trouble who prints a label.
LABEL_CHECKS = frozenset(("emoji", "rare_characters"))
LABELS = ("buyer.", "address.")
BUYER_TEXTS = ("name", "phone", "email")
ADDRESS_TEXTS = ("country", "province", "city", "district", "street", "zip")

Found = dict[str, Any]
"""A finding as it stands in the trace: `{"code", "field", "params"?}`."""


def _enter(step: Step) -> Leave:
    findings = list(_findings(step.settings, step.order))
    return Leave("abnormal", note={"findings": findings}) if findings else Leave("ok")


def _findings(settings: Mapping[str, Any], order: Mapping[str, Any]) -> Iterator[Found]:
    for field in settings["required"]:
        yield from _missing(field, order)
    for length in settings["lengths"]:
        yield from _out_of_length(length, order)
    for span in settings["ranges"]:
        yield from _out_of_range(span, order)
    checks = frozenset(settings["checks"])
    yield from _odd_texts(checks & CHARACTER_CHECKS, order)
    if "address" in checks:
        for field in lacking(order.get("address")):
            yield _found("address_incomplete", field)
    if "phone" in checks and odd_phone(order):
        yield _found("phone_odd", "buyer.phone")
    if "lines" in checks and not order.get("lines"):
        yield _found("no_lines", "lines")


def _missing(field: FieldOf, order: Mapping[str, Any]) -> Iterator[Found]:
    value = field.read(order)
    if value is ABSENT:
        yield _found("missing", field.path)
    elif value is None or value in ("", []) or (isinstance(value, str) and not value.strip()):
        yield _found("empty", field.path)


def _out_of_length(length: Mapping[str, Any], order: Mapping[str, Any]) -> Iterator[Found]:
    value = length["field"].read(order)
    if not isinstance(value, str):
        return
    if len(value) < length.get("min", 0):
        yield _found("too_short", length["field"].path, min=length["min"], length=len(value))
    if len(value) > length.get("max", len(value)):
        yield _found("too_long", length["field"].path, max=length["max"], length=len(value))


def _out_of_range(span: RangeOf, order: Mapping[str, Any]) -> Iterator[Found]:
    if span.below(order):
        yield _found("too_low", span.path)
    if span.above(order):
        yield _found("too_high", span.path)


def _odd_texts(checks: frozenset[str], order: Mapping[str, Any]) -> Iterator[Found]:
    if not checks:
        return
    for path, text in _texts(order):
        if isinstance(text, str) and text:
            wanted = checks if path.startswith(LABELS) else checks - LABEL_CHECKS
            for check, example in unusual(text):
                if check in wanted:
                    yield _found(check, path, example=example)


def _texts(order: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What people will read off a parcel or a screen."""
    buyer, address = order.get("buyer") or {}, order.get("address") or {}
    yield from ((f"buyer.{name}", buyer.get(name)) for name in BUYER_TEXTS)
    yield from ((f"address.{name}", address.get(name)) for name in ADDRESS_TEXTS)
    yield "note", order.get("note")
    for number, line in enumerate(order.get("lines") or ()):
        yield f"lines.{number}.title", line.get("title")


def _found(code: str, field: str, **params: Any) -> Found:
    found: Found = {"code": f"pre-check.{code}", "field": field}
    return {**found, "params": params} if params else found


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings = [
        Finding("pre-check.upside_down", f"lengths.{number}.max")
        for number, length in enumerate(settings["lengths"])
        if length.get("min", 0) > length.get("max", length.get("min", 0))
    ]
    for name in ("lengths", "ranges"):
        findings += [
            Finding("pre-check.no_limit", f"{name}.{number}")
            for number, limits in enumerate(settings[name])
            if not {"min", "max"} & limits.keys()
        ]
    if not any(settings[name] for name in ("required", "checks", "lengths", "ranges")):
        findings.append(Finding("pre-check.checks_nothing", "checks", level="warning"))
    return tuple(findings)


NODE = NodeType(kind="pre-check", group="decide", ports=lambda settings: PORTS, enter=_enter, check=_check)
