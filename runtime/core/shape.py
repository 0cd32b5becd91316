"""What a JSON Schema finds wrong, as problems with our own codes and words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from runtime.core.json_text import shown
from runtime.core.problem import Problem, joined

# The rules of a schema whose limit is told: code, and the name of the limit in the words.
_LIMITS = {
    "minimum": ("shape.too_small", "least"),
    "maximum": ("shape.too_large", "most"),
    "minLength": ("shape.too_short", "least"),
    "maxLength": ("shape.too_long", "most"),
    "minItems": ("shape.too_few", "least"),
    "maxItems": ("shape.too_many", "most"),
    "minProperties": ("shape.too_few", "least"),
}
_OTHERS = {"uniqueItems": "shape.twice", "pattern": "shape.pattern", "const": "shape.not_offered"}


def _matches(validator: Any, pattern: str, given: Any, schema: Any) -> Iterator[ValidationError]:
    """The end of a pattern is the end of the text; Python's own `$` also stands before a last line break."""
    if validator.is_type(given, "string") and not re.search(_END.sub(r"\\Z", pattern), given):
        yield ValidationError(f"{given!r} does not match {pattern!r}")


_END = re.compile(r"(?<!\\)\$")

StrictValidator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _matches}
)


def shape_problems(
    validator: Draft202012Validator, value: Any, where: str = "", node: str | None = None
) -> tuple[Problem, ...]:
    """All that the validator's schema finds wrong with `value`, each once. `where` is the path that leads to the value."""
    found: dict[tuple[str, str], Problem] = {}
    for error in validator.iter_errors(value):
        for problem in _problems(error, where, node):
            found.setdefault((problem.code, problem.where), problem)
    return tuple(found.values())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.6)), None)


def _problems(error: ValidationError, where: str, node: str | None) -> Iterator[Problem]:
    place = joined(where, *error.absolute_path)
    rule: Any = error.validator
    limit: Any = error.validator_value
    schema: Any = error.schema
    given: Any = error.instance
    match rule:
        case "required":
            for name in limit:
                if name not in given:
                    yield Problem("shape.required", joined(place, name), {"field": name}, node)
        case "additionalProperties" if limit is False:
            yield from _unknown(given, schema.get("properties", {}), place, node)
        case "type":
            yield Problem(_wanted(limit), place, {}, node)
        case "enum":
            yield Problem("shape.not_offered", place, {"given": _short(given), "choices": _listed(limit)}, node)
        case str() if rule in _LIMITS:
            code, name = _LIMITS[rule]
            yield Problem(code, place, {name: limit}, node)
        case _:
            code = _OTHERS.get(rule, "shape.wrong")
            yield Problem(code, place, {"given": _short(given), "choices": _listed([limit])}, node)


def _unknown(given: Mapping[str, Any], known: Mapping[str, Any], place: str, node: str | None) -> Iterator[Problem]:
    for name in given:
        if name in known:
            continue
        near = nearest(str(name), known)
        code = "shape.unknown_near" if near else "shape.unknown"
        yield Problem(code, joined(place, shown(str(name))), {"field": shown(str(name)), "nearest": near or ""}, node)


def _wanted(types: Any) -> str:
    if isinstance(types, str):
        return f"shape.wants_{types}"
    named = [name for name in types if name != "null"]
    return "shape.wants_value" if len(named) > 2 else f"shape.wants_{named[0]}"


def _listed(choices: Iterable[Any]) -> str:
    return ", ".join("null" if choice is None else str(choice) for choice in choices)


def _short(given: Any) -> str:
    return shown(given) if isinstance(given, str) else shown(repr(given))
