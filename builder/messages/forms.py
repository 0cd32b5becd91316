"""What was typed into the form of a way, read into a draft; and what stands in the form before anybody types."""

from collections.abc import Mapping
from typing import Any, Final

from builder.messages.words import clock
from nodes.contract import Words
from runtime import adapters
from runtime.adapters.contract import Messenger
from runtime.core.problem import Problem
from runtime.placing import cap_name
from runtime.store.ways import Way
from runtime.ways import Draft, secret_names

SETTING: Final = "set_"
CAP: Final = "cap_"


def read(told: Mapping[str, str], key: str, messenger_key: str) -> tuple[Draft, list[Problem]]:
    """The way that a form tells, and what could not even be read of it."""
    messenger = adapters.all_messengers().get(messenger_key)
    settings, secrets = _settings(told, messenger) if messenger else ({}, {})
    caps, wrong = _caps(told, messenger) if messenger else ({}, [])
    window = _count(told.get("digest_seconds", ""))
    draft = Draft(
        key=key,
        name=_name(told, key),
        messenger=messenger_key,
        settings=settings,
        secrets=secrets,
        fall_back=told.get("fall_back") or None,
        quiet_from=_minute(told.get("quiet_from", "")),
        quiet_to=_minute(told.get("quiet_to", "")),
        digest_seconds=-1 if window is None else window,
        caps=caps,
    )
    return draft, wrong


def typed_before(way: Way | None) -> dict[str, str]:
    """What stands in the fields before anybody types. Secrets are never shown again."""
    if way is None:
        return {"digest_seconds": "0"}
    name = way.name
    english, chinese = (name, name) if isinstance(name, str) else (name.get("en", ""), name.get("zh-CN", ""))
    return {
        "name_en": english,
        "name_zh": chinese,
        "fall_back": way.fall_back or "",
        "quiet_from": clock(way.quiet_from),
        "quiet_to": clock(way.quiet_to),
        "digest_seconds": str(way.digest_seconds),
        **{f"{SETTING}{key}": _shown(value) for key, value in way.settings.items()},
        **{f"{CAP}{key}": str(most) for key, most in way.caps.items()},
    }


def field_of(problem: Problem, messenger_key: str) -> str:
    """The field of the form that a problem belongs to."""
    messenger = adapters.all_messengers().get(messenger_key)
    known = messenger.settings["properties"] if messenger else {}
    return f"{SETTING}{problem.where}" if problem.where in known else problem.where


def _settings(told: Mapping[str, str], messenger: Messenger) -> tuple[dict[str, Any], dict[str, str]]:
    sealed = secret_names(messenger)
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for name, rule in messenger.settings["properties"].items():
        text = told.get(f"{SETTING}{name}", "")
        if name in sealed and text.strip():
            secrets[name] = text.strip()
        elif name not in sealed and text.strip():
            settings[name] = _value(text.strip(), rule)
    return settings, secrets


def _value(text: str, rule: Mapping[str, Any]) -> Any:
    """As the schema wants it; what does not fit stays a text, so that the schema can say so."""
    number = text.removeprefix("-")
    if rule.get("type") == "integer" and number.isascii() and number.isdigit():
        return int(text[:18])
    if rule.get("type") == "boolean":
        return text == "true"
    return text


def _caps(told: Mapping[str, str], messenger: Messenger) -> tuple[dict[str, int], list[Problem]]:
    caps: dict[str, int] = {}
    wrong: list[Problem] = []
    for cap in messenger.caps:
        name = cap_name(cap.each, cap.seconds)
        text = told.get(f"{CAP}{name}", "").strip()
        most = _count(text)
        if text and most is None:
            wrong.append(Problem("way.cap", f"{CAP}{name}", {"most": cap.most}))
        elif most is not None:
            caps[name] = most
    return caps, wrong


def _name(told: Mapping[str, str], key: str) -> Words:
    english, chinese = told.get("name_en", "").strip(), told.get("name_zh", "").strip()
    return {"en": english or chinese or key, "zh-CN": chinese or english or key}


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text[:9]) if text.isascii() and text.isdigit() else None


def _minute(text: str) -> int | None:
    """A time of the day as minutes; None where there is none, -1 where it cannot be read."""
    if not text.strip():
        return None
    hour, _colon, minute = text.strip()[:5].partition(":")
    if not (_count(hour) is not None and _count(minute) is not None):
        return -1
    found = int(hour) * 60 + int(minute)
    return found if int(hour) < 24 and int(minute) < 60 else -1


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
