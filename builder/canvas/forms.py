"""What the forms of the canvas ask while somebody types: what orders hold, and which way they would go."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import requires
from builder.canvas.answers import answered, body, refused
from builder.flows.samples import ORDINARY
from builder.i18n import LANGUAGES, language_tag, told_moment
from builder.i18n.text import _
from builder.models import engine
from builder.web import service
from runtime.clock import now
from runtime.core.flow_settings import FORMS, fill
from runtime.core.masking import masked
from runtime.core.money import show_money
from runtime.core.order import FIELDS, LINE_FIELDS, Order, read_order
from runtime.core.tally import is_countable, tally
from runtime.store.database import reading
from runtime.store.recent import recent_orders

pages = Blueprint("forms", __name__)

COUNTED: Final = 1_000
LOOKED_AT: Final = 100
EXAMPLES: Final = 3
LONGEST_EXAMPLE: Final = 40
MOST_ATTRIBUTES: Final = 20
NOT_TOLD: Final = "–"


@pages.post("/flows/<key>/counts")
@requires("flows.see")
def count(key: str) -> ResponseReturnValue:
    """By which ways a step, set as the page says, would have sent the orders that came in last."""
    told = body()
    kind, settings, connected, channels = (told.get(name) for name in ("type", "settings", "connected", "channels"))
    understood = isinstance(kind, str) and isinstance(settings, dict) and _texts(connected) and _texts(channels)
    if not understood or not is_countable(str(kind)):
        return refused(400, _("Not understood"), _("The request does not say which step it is about."))
    if service().drafts.document(key, current_user.name) is None:
        abort(404)
    with reading(engine()) as connection:
        orders = recent_orders(connection, channels or (), COUNTED)
    counted = tally(str(kind), settings or {}, frozenset(connected or ()), orders, now())
    return answered({"orders": counted.orders, "ways": counted.ways})


@pages.get("/canvas/samples")
@requires("flows.see")
def samples() -> ResponseReturnValue:
    """What the fields of recent orders hold, personal data masked, and one order to show messages with."""
    with reading(engine()) as connection:
        recent = [masked(order) for order in recent_orders(connection, (), LOOKED_AT)]
    attributes = _attributes(recent)
    shown = recent[0] if recent else masked(_ordinary())
    language, zone = language_tag(), service().flows.zone
    return answered(
        {
            "order": _examples(recent, [*FIELDS, *attributes], language),
            "item": _item_examples(recent, language),
            "attributes": attributes,
            "shown": {
                "number": str(shown["id"]) if recent else "",
                "values": {
                    tag: {path: fill(f"{{{path}}}", shown, tag, zone) for path in (*FIELDS, *_formed(), *attributes)}
                    for tag in LANGUAGES
                },
            },
        }
    )


def _formed() -> list[str]:
    """Every field in each form in which a message can write it: `created_at:date`."""
    return [f"{path}:{form}" for path, field in FIELDS.items() for form, kinds in FORMS.items() if field.kind in kinds]


def _examples(orders: Sequence[Mapping[str, Any]], paths: Sequence[str], language: str) -> dict[str, list[str]]:
    """Some different values of each field, the newest first."""
    return {path: _different(_example(order, path, language) for order in orders) for path in paths}


def _example(order: Mapping[str, Any], path: str, language: str) -> str:
    if path in FIELDS and FIELDS[path].kind == "time":
        return told_moment(order.get(path)) or NOT_TOLD
    return fill(f"{{{path}}}", order, language)


def _item_examples(orders: Sequence[Mapping[str, Any]], language: str) -> dict[str, list[str]]:
    lines = [(order["currency"], line) for order in orders for line in order.get("lines") or ()]
    return {
        path: _different(_spelled(field.kind, line.get(path), currency, language) for currency, line in lines)
        for path, field in LINE_FIELDS.items()
        if field.kind != "bool"
    }


def _spelled(kind: str, value: Any, currency: str, language: str) -> str:
    match value:
        case int() if kind == "money":
            return show_money(value, currency, language)
        case str() | int() | float():
            return str(value)
        case _:
            return NOT_TOLD


def _different(values: Iterator[str]) -> list[str]:
    found: dict[str, None] = {}
    for value in values:
        if value.strip("*") not in ("", NOT_TOLD):
            found.setdefault(value if len(value) <= LONGEST_EXAMPLE else value[: LONGEST_EXAMPLE - 1] + "…")
        if len(found) == EXAMPLES:
            break
    return list(found)


def _attributes(orders: Sequence[Mapping[str, Any]]) -> list[str]:
    """The paths of the free fields that recent orders carry."""
    found: dict[str, None] = {}
    for order in orders:
        for name in order.get("attributes") or ():
            found.setdefault(f"attributes.{name}")
    return list(found)[:MOST_ATTRIBUTES]


def _ordinary() -> Order:
    """An order such as any, for a shop that has none yet."""
    order = read_order(ORDINARY)
    assert isinstance(order, dict)
    return order


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
