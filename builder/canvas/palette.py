"""Everything that the canvas offers: step types from their folders, fields of the order, people and outlets.

The page knows no step type by name. Form, ports and words all come from here, in the asker's language.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

import nodes
from builder.i18n import words
from builder.labels import choice_name, port_name, word
from builder.navigation import DUTY_NAMES, duty_name
from nodes.contract import NodeType, Port
from runtime.adapters import all_messengers, outlets
from runtime.calendars import all_calendars
from runtime.core.conditions import OPERATORS
from runtime.core.order import FIELDS, LINE_FIELDS, Field
from runtime.core.words import messages, spoken
from runtime.store import screens, versions
from runtime.store.tables import channels, flows
from runtime.store.ways import all_ways
from runtime.systems import all_systems

Json = dict[str, Any]

MOST_VERSIONS: Final = 50

_PROBE = "probe"


@dataclass(frozen=True, slots=True)
class PortRules:
    """How a type's ports follow from its settings: `fixed`, one for each item of the list `of`, and after them `then`."""

    fixed: tuple[Port, ...]
    of: str | None = None
    then: tuple[Port, ...] = ()


def palette(connection: Connection, language: str, currency: str) -> Json:
    """All of it, ready to be sent as JSON."""
    return {
        "kinds": [_kind(node_type, language) for node_type in nodes.node_types().values()],
        "fields": [*_fields(FIELDS, "order", language), *_fields(LINE_FIELDS, "item", language)],
        "operators": {
            kind: [{"op": each.op, "label": each.label[language], "takes": each.takes} for each in operators]
            for kind, operators in OPERATORS.items()
        },
        "teams": [_named(row["key"], words(row["name"])) for row, _, _ in screens.team_rows(connection)],
        "people": [_named(row["name"], row["display"]) for row in screens.people_rows(connection) if row["active"]],
        "roles": [_named(duty, duty_name(duty)) for duty in DUTY_NAMES],
        "channels": _channels(connection, language),
        "notifiers": [*_outlets("notifiers", language), *_ways(connection, language)],
        "systems": [*_outlets("systems", language), *_set_up(connection, language)],
        "flows": _flows(connection, language),
        "calendars": [_named(one.key, words(one.name, language)) for one in all_calendars(connection)],
        "currency": currency,
    }


def port_rules(node_type: NodeType) -> PortRules:
    """The rules behind a type's ports, found by asking it: once without items, once with one."""
    listed = next(_lists_with_ids(nodes.schema(node_type.kind)), None)
    if listed is None:
        return PortRules(node_type.ports({}))
    probed = node_type.ports({listed: [{"id": _PROBE}]})
    place = next((number for number, port in enumerate(probed) if port.id == _PROBE), None)
    if place is None:
        return PortRules(probed)
    return PortRules(probed[:place], listed, probed[place + 1 :])


def _lists_with_ids(schema: Mapping[str, Any]) -> Iterator[str]:
    """The settings that are lists of things with an id of their own: such things have ports."""
    for name, rule in schema.get("properties", {}).items():
        if rule.get("items", {}).get("properties", {}).get("id", {}).get("x-widget") == "id":
            yield name


# --- step types -----------------------------------------------------------------------------------------------------


def _kind(node_type: NodeType, language: str) -> Json:
    kind = node_type.kind
    rules = port_rules(node_type)
    folder = nodes.folder(kind)
    return {
        "kind": kind,
        "group": node_type.group,
        "label": word(kind, kind),
        "help": _said(kind, language).get("help", ""),
        "sentence": word(f"{kind}.sentence", ""),
        "guide": (folder / f"help.{language[:2]}.md").read_text("utf-8"),
        "icon": (folder / "icon.svg").read_text("utf-8"),
        "incoming": node_type.group != "start",
        "schema": _worded(nodes.schema(kind), language),
        "ports": {
            "fixed": [_port(kind, port) for port in rules.fixed],
            "from": rules.of,
            "then": [_port(kind, port) for port in rules.then],
        },
    }


def _port(kind: str, port: Port) -> Json:
    return {
        "id": port.id,
        "label": port_name(kind, port.id, port.name),
        "failure": port.failure,
        "optional": port.optional,
    }


def _worded(schema: Mapping[str, Any], language: str) -> Json:
    """The schema with the words of its titles, helps and choices in place of their codes."""
    told = dict(schema)
    code = schema.get("title", "")
    said = _said(code, language)
    told["title"] = said.get("text", code)
    told |= {name: said[name] for name in ("help", "placeholder") if name in said}
    if "properties" in schema:
        told["properties"] = {name: _worded(rule, language) for name, rule in schema["properties"].items()}
    if "items" in schema:
        told["items"] = _worded(schema["items"], language)
        told["items"].update(_options(schema["items"], code, language))
    told.update(_options(schema, code, language))
    return told


def _options(schema: Mapping[str, Any], code: str, language: str) -> Json:
    """The words of counted values: `<code of the setting>.<value>`."""
    if "enum" not in schema or not code:
        return {}
    choices = [choice for choice in schema["enum"] if isinstance(choice, str)]
    return {"options": {choice: _said(f"{code}.{choice}", language).get("text", choice) for choice in choices}}


def _said(code: str, language: str) -> Mapping[str, str]:
    return messages().get(code, {}).get(spoken(language), {})


# --- fields of the order ----------------------------------------------------------------------------------------------


def _fields(fields: Mapping[str, Field], scope: str, language: str) -> list[Json]:
    return [
        {
            "path": path,
            "label": field.label[language],
            "kind": field.kind,
            "scope": scope,
            "choices": [_named(choice, choice_name(choice)) for choice in field.choices],
        }
        for path, field in fields.items()
    ]


# --- the shop ---------------------------------------------------------------------------------------------------------


def _named(key: str, label: str) -> Json:
    return {"key": key, "label": label or key}


def _outlets(kind: str, language: str) -> Sequence[Json]:
    return [_named(name, words(outlet.label, language)) for name, outlet in outlets(kind).items()]


def _channels(connection: Connection, language: str) -> list[Json]:
    """The shops' channels, each with the flow that takes its orders by name."""
    query = select(channels.c.name, channels.c.flow_key, flows.c.name.label("flow_name"))
    rows = connection.execute(
        query.join(flows, flows.c.key == channels.c.flow_key, isouter=True).order_by(channels.c.name)
    )
    return [
        {
            **_named(row.name, row.name),
            **({"flow": _named(row.flow_key, words(row.flow_name, language))} if row.flow_key else {}),
        }
        for row in rows.all()
    ]


def _flows(connection: Connection, language: str) -> Sequence[Json]:
    """The flows that were published, with their newest versions."""
    return [
        {
            **_named(key, words(orjson.loads(name), language)),
            "versions": [{"number": number, "note": note} for number, note in found],
        }
        for key, name, found in versions.published_flows(connection, MOST_VERSIONS)
    ]


def _ways(connection: Connection, language: str) -> Sequence[Json]:
    """The ways by which messages go, and how much text each holds."""
    messengers = all_messengers()
    return [
        {**_named(way.key, words(way.name, language)), "longest": asdict(messengers[way.messenger].longest)}
        for way in all_ways(connection).values()
        if way.messenger in messengers
    ]


def _set_up(connection: Connection, language: str) -> Sequence[Json]:
    """The systems that administrators set up."""
    return [_named(row["name"], words(row["label"], language)) for row in all_systems(connection)]
