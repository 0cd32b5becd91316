"""Words for codes, in the asker's language: node types, ports, problems, failures, fields of an order."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from builder.i18n import language_tag, plain, words
from builder.i18n.text import _, ngettext
from builder.web import service
from runtime.core import words as vocabulary
from runtime.core.conditions import sentence
from runtime.core.order import CHOICE_LABELS, LINE_FIELDS, field_at
from runtime.core.problem import Problem


def told(code: str, params: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """What a code says, and how to mend it."""
    return vocabulary.text(code, params or {}, language_tag())


def told_problem(problem: Problem) -> tuple[str, str]:
    """What a problem says, and how to mend it."""
    return told(problem.code, problem.params)


def word(code: str, otherwise: str) -> str:
    """The word for a code, where there is one."""
    found = vocabulary.messages().get(code, {}).get(vocabulary.spoken(language_tag()))
    return found["text"] if found else otherwise


def kind_name(kind: str) -> str:
    """What a node type is called."""
    return word(kind, kind)


def port_name(kind: str, port: str, name: str | Mapping[str, str] | None = None) -> str:
    """What a way out is called: the designer's own name, else the node type's."""
    return words(name) or word(f"{kind}.port.{port}", port)


def setting_name(kind: str, name: str) -> str:
    """What a setting of a node type is called."""
    return word(f"{kind}.field.{name}", name)


def setting_value(kind: str, name: str, value: str | int | None) -> str:
    """What a setting of a node type is set to: choices by their words, lengths of time and shares with their unit."""
    match value:
        case str():
            return word(f"{kind}.field.{name}.{value}", value)
        case int() if not isinstance(value, bool):
            return _UNITS.get(name.rpartition("_")[2], str)(value)
        case _:
            return plain(value)


_UNITS: Final[Mapping[str, Callable[[int], str]]] = {
    "minutes": lambda number: ngettext("%(num)s min", "%(num)s min", number),
    "seconds": lambda number: _("%(n)s s", n=number),
    "percent": lambda number: f"{number} %",
}


def outlet_name(adapter: str, target: str) -> str:
    """What a notifier or system is called."""
    found = service().outbox.outlets.get((adapter, target))
    return words(found.label) if found else target


def field_name(path: str) -> str:
    """What a field of the order is called."""
    head, _dot, rest = path.partition(".")
    if head == "lines" and "." in rest:
        number, _dot, name = rest.partition(".")
        found = field_at(name, LINE_FIELDS)
        label = found.label[language_tag()] if found else name
        return _("line %(n)s, %(field)s", n=int(number) + 1, field=label) if number.isdigit() else path
    found = field_at(path)
    return found.label[language_tag()] if found else path


def rule_sentence(when: Mapping[str, Any]) -> str:
    """A rule's condition as a sentence. A condition that was never sound has none."""
    try:
        return sentence(when, language_tag())
    except (ValueError, KeyError, TypeError):
        return ""


def value_name(kind: str, value: str) -> str:
    """What a word of shops and systems (a `status`, a `method` of payment, an `action`) is called, where it is known."""
    return word(f"{kind}.{value.lower()}", value)


def answer_words(message: str) -> str:
    """What was said of a call: the house's own words in the reader's language, those of others as they stand."""
    match message:
        case "the answer is not JSON":
            return _("The answer was not JSON.")
        case "no answer within the time allowed":
            return _("No answer came within the time allowed.")
        case "503 Service Unavailable":
            return _("It answered: 503 Service Unavailable.")
        case _:
            return message


def choice_name(choice: str) -> str:
    """What a counted value of an order is called."""
    labels = CHOICE_LABELS.get(choice)
    return labels[language_tag()] if labels else choice
