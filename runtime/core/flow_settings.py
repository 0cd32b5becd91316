"""The settings of a node: completed, checked by the type's schema and words, and compiled for the engine.

A schema marks with `format` what is more than plain JSON: `condition`, `template`, `field`, `range` and `who`. Each is
checked here against the order's fields, and becomes in the plan what `nodes.contract.Step` promises.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator

import nodes
from nodes.contract import ABSENT, FieldOf, Finding, NodeType, RangeOf, Words
from runtime.core import conditions
from runtime.core.json_text import shown
from runtime.core.moment import BUSINESS_ZONE, read_moment
from runtime.core.money import show_amount, show_money
from runtime.core.order import CHOICE_LABELS, FIELDS, MISSING, Field, field_at, value_at
from runtime.core.problem import Problem, joined
from runtime.core.shape import StrictValidator, nearest, shape_problems
from runtime.core.words import spoken

Settings = Mapping[str, Any]
Place = tuple[str | int, ...]

EVERY = "*"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NOT_TOLD = "–"

FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType({"date": ("time",), "time": ("time",), "tail": ("text",)})
"""How a placeholder may write a field, and for which kinds of fields."""


@dataclass(frozen=True, slots=True)
class Special:
    """A place in a schema whose value has a `format`. `*` in the path stands for every element of a list."""

    path: tuple[str, ...]
    format: str
    schema: Mapping[str, Any]


# --- reading --------------------------------------------------------------------------------------------------------


def with_defaults(kind: str, settings: Settings) -> dict[str, Any]:
    """The settings with the schema's defaults where nothing was set, at any depth. What was given is not altered."""
    completed: dict[str, Any] = _completed(settings, nodes.schema(kind))
    return completed


def _completed(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping) and "properties" in schema:
        properties = schema["properties"]
        preset = {name: rule["default"] for name, rule in properties.items() if "default" in rule and name not in value}
        return {name: _completed(part, properties.get(name, {})) for name, part in value.items()} | preset
    if isinstance(value, list) and "items" in schema:
        return [_completed(part, schema["items"]) for part in value]
    return value


def read_settings(
    node_type: NodeType, given: Settings, where: str, node: str | None
) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """The completed settings and all that is wrong with them. `where` is the path of the settings in the document."""
    settings = with_defaults(node_type.kind, given)
    problems = shape_problems(_validator(node_type.kind), given, where, node)
    return settings, problems or _deeper_problems(node_type, settings, where, node)


def _deeper_problems(node_type: NodeType, settings: Settings, where: str, node: str | None) -> tuple[Problem, ...]:
    """What a schema cannot say."""
    special = chain.from_iterable(
        _FORMATS[rule.format].problems(value, rule.schema, joined(where, *place))
        for rule, place, value in _special_values(node_type.kind, settings)
    )
    return (
        *(replace(problem, node=node) for problem in special),
        *(_problem(finding, where, node) for finding in node_type.check(settings)),
    )


def _problem(finding: Finding, where: str, node: str | None) -> Problem:
    return Problem(finding.code, joined(where, finding.field), finding.params, node, finding.level)


@cache
def _validator(kind: str) -> Draft202012Validator:
    return StrictValidator(dict(nodes.schema(kind)))


# --- compiling ------------------------------------------------------------------------------------------------------


def compiled(kind: str, settings: Settings, zone: tzinfo = BUSINESS_ZONE) -> Settings:
    """Completed settings, free of errors, with every special value compiled. Texts tell times in `zone`."""
    return MappingProxyType(_compiled(settings, nodes.schema(kind), zone))


def _compiled(value: Any, schema: Mapping[str, Any], zone: tzinfo) -> Any:
    known = _FORMATS.get(schema.get("format", ""))
    if known:
        return known.compile(value, zone)
    if isinstance(value, Mapping) and "properties" in schema:
        return {name: _compiled(part, schema["properties"].get(name, {}), zone) for name, part in value.items()}
    if isinstance(value, list) and "items" in schema:
        return [_compiled(part, schema["items"], zone) for part in value]
    return value


# --- finding the special places of a schema ---------------------------------------------------------------------------


@cache
def special_places(kind: str) -> tuple[Special, ...]:
    """Every place of the kind's schema that has one of our formats."""
    return tuple(_special_places(nodes.schema(kind), ()))


def _special_places(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Special]:
    if schema.get("format") in _FORMATS:
        yield Special(path, schema["format"], schema)
        return
    for name, part in schema.get("properties", {}).items():
        yield from _special_places(part, (*path, name))
    if "items" in schema:
        yield from _special_places(schema["items"], (*path, EVERY))


def _special_values(kind: str, settings: Settings) -> Iterator[tuple[Special, Place, Any]]:
    for special in special_places(kind):
        for place, value in _values_at(settings, special.path, ()):
            yield special, place, value


def _values_at(value: Any, path: tuple[str, ...], place: Place) -> Iterator[tuple[Place, Any]]:
    if not path:
        yield place, value
    elif path[0] == EVERY:
        for number, part in enumerate(value):
            yield from _values_at(part, path[1:], (*place, number))
    elif path[0] in value:
        yield from _values_at(value[path[0]], path[1:], (*place, path[0]))


# --- the formats ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Format:
    problems: Callable[[Any, Mapping[str, Any], str], Iterator[Problem]]
    compile: Callable[[Any, tzinfo], Any]


def _condition_problems(condition: Any, schema: Mapping[str, Any], where: str) -> Iterator[Problem]:
    yield from conditions.check(condition, where)


def _template_problems(template: Words, schema: Mapping[str, Any], where: str) -> Iterator[Problem]:
    texts = (
        {where: template} if isinstance(template, str) else {joined(where, tag): each for tag, each in template.items()}
    )
    for place, text in texts.items():
        for path in dict.fromkeys(_PLACEHOLDER.findall(text)):
            yield from _placeholder_problems(path, place)


def _placeholder_problems(path: str, place: str) -> Iterator[Problem]:
    """A placeholder is a field, or a field in a form: `{created_at:date}`."""
    name, colon, form = path.partition(":")
    field = field_at(name)
    if field is None:
        yield _unknown_field("template.unknown_field", name, place)
    elif colon and not (form in FORMS and _fits(field, FORMS[form])):
        yield Problem("template.unknown_form", place, {"field": shown(name), "form": shown(form)})


def fill(template: str, order: Mapping[str, Any], language: str, zone: tzinfo = BUSINESS_ZONE) -> str:
    """The text with each `{field.path}` replaced by what the order tells, as `language` writes it; times in `zone`.

    Plain replacement: nothing is evaluated.
    """
    return _PLACEHOLDER.sub(lambda found: _spelled(order, found.group(1), language, zone), template)


def _compile_template(template: Words, zone: tzinfo) -> Callable[[Mapping[str, Any]], Words]:
    """A text gives a text, a text a language gives a text a language."""
    if isinstance(template, str):
        return _compile_text(template, _language_of(template), zone)
    compiled_texts = {tag: _compile_text(text, tag, zone) for tag, text in template.items()}
    return lambda order: {tag: text(order) for tag, text in compiled_texts.items()}


def _compile_text(template: str, language: str, zone: tzinfo) -> Callable[[Mapping[str, Any]], str]:
    if not _PLACEHOLDER.search(template):
        return lambda order: template
    return lambda order: fill(template, order, language, zone)


def _language_of(text: str) -> str:
    """In which language amounts are written in a text that names none: Chinese beside Chinese characters."""
    return "zh-CN" if _CHINESE.search(text) else "en"


def _spelled(order: Mapping[str, Any], path: str, language: str, zone: tzinfo) -> str:
    path, _colon, form = path.partition(":")
    if form:
        return _formed(tell(order, path), form, language, zone)
    field = field_at(path)
    if path == "total":
        return show_money(order["total"], order["currency"], language)
    told = tell(order, path)
    if field is not None and field.kind == "choice" and told in CHOICE_LABELS:
        return CHOICE_LABELS[told][spoken(language)]
    return _spelled_value(told, language)


def _formed(told: Any, form: str, language: str, zone: tzinfo) -> str:
    """A value in a form: a time as date or time of the day, a text as its last four signs."""
    if form == "tail":
        return told[-4:] if isinstance(told, str) and told else _NOT_TOLD
    moment = read_moment(told)
    if moment is None:
        return _NOT_TOLD
    local = moment.astimezone(zone)
    if form == "time":
        return f"{local:%H:%M}"
    return f"{local.month}月{local.day}日" if spoken(language) == "zh-CN" else f"{local:%Y-%m-%d}"


def _spelled_value(told: Any, language: str) -> str:
    match told:
        case None | "":
            return _NOT_TOLD
        case list():
            comma = "、" if spoken(language) == "zh-CN" else ", "
            return comma.join(_spelled_value(each, language) for each in told) or _NOT_TOLD
        case _:
            return _NOT_TOLD if told is ABSENT else str(told)


def _field_problems(path: str, schema: Mapping[str, Any], where: str) -> Iterator[Problem]:
    field = field_at(path)
    if field is None:
        yield _unknown_field("flow.field_unknown", path, where)
    elif not _fits(field, schema.get("x-kinds")):
        yield Problem("flow.field_kind", where, {"field": shown(path)})


def _fits(field: Field, kinds: Any) -> bool:
    return not kinds or field.kind == "any" or field.kind in kinds


def _unknown_field(code: str, path: str, where: str) -> Problem:
    near = nearest(path, FIELDS)
    return Problem(f"{code}_near" if near else code, where, {"field": shown(path), "nearest": near or ""})


def field_of(path: str) -> FieldOf:
    """The field of this path, ready to be read from any order."""
    return FieldOf(path, lambda order: _read(order, path), lambda order: tell(order, path))


def _read(order: Mapping[str, Any], path: str) -> Any:
    value = value_at(order, path)
    return ABSENT if value is MISSING else value


def tell(order: Mapping[str, Any], path: str) -> Any:
    """A field's value for the world outside: amounts with their currency, masks as they are, cipher text as stars."""
    value = _read(order, path)
    match value:
        case {"masked": text}:
            return text
        case {"cipher": _}:
            return "***"
        case int() if path == "total":
            return {"amount": show_amount(value, order["currency"]), "currency": order["currency"]}
        case _:
            return value


def _range_problems(limits: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[Problem]:
    found = list(_field_problems(limits["field"], schema["properties"]["field"], joined(where, "field")))
    yield from found
    for limit in () if found else [name for name in ("min", "max") if name in limits]:
        for problem in conditions.check(_beyond(limits, limit), joined(where, limit)):
            place = problem.where.replace(f"{limit}.value", limit, 1)
            yield replace(problem, where=place)


def _compile_range(limits: Mapping[str, Any]) -> RangeOf:
    below, above = (
        conditions.compile(_beyond(limits, limit)) if limit in limits else _never for limit in ("min", "max")
    )
    return RangeOf(limits["field"], below, above)


def _beyond(limits: Mapping[str, Any], limit: str) -> Mapping[str, Any]:
    """The condition that a value lies outside of one limit."""
    field = field_at(limits["field"])
    timed = field is not None and field.kind == "time"
    op = {"min": "before" if timed else "lt", "max": "after" if timed else "gt"}[limit]
    return {"field": limits["field"], "op": op, "value": limits[limit]}


def _never(order: Mapping[str, Any]) -> bool:
    return False


def _who_problems(who: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if who["kind"] == "field":
        yield from _field_problems(who["value"], {"x-kinds": ["text"]}, joined(where, "value"))


def _compile_who(who: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**who, "value": field_of(who["value"])} if who["kind"] == "field" else dict(who)


def _timeless(compiling: Callable[[Any], Any]) -> Callable[[Any, tzinfo], Any]:
    """For what tells no time, in whatever zone."""
    return lambda value, _zone: compiling(value)


_FORMATS: Mapping[str, _Format] = {
    "condition": _Format(_condition_problems, _timeless(conditions.compile)),
    "template": _Format(_template_problems, _compile_template),
    "field": _Format(_field_problems, _timeless(field_of)),
    "range": _Format(_range_problems, _timeless(_compile_range)),
    "who": _Format(_who_problems, _timeless(_compile_who)),
}
