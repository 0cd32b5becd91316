"""The words for every code: what is wrong and why, and how to mend it, in each language.

They are read from the `…messages.json` beside this file, in each node type's folder and in each adapter's folder.
"""

import json
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")

_ROOT = Path(__file__).parents[2]
_PLACES = (
    "runtime/core/*messages.json",
    "runtime/messages.json",
    "nodes/*/messages.json",
    "runtime/adapters/*/messages.json",
    "runtime/adapters/*/*/messages.json",
)
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class NoWords(UserWarning):
    """A code has no words, or its words want a parameter that was not given: a bug that must not stop a page."""


def text(code: str, params: Mapping[str, Any] = _EMPTY, language: str = "en") -> tuple[str, str]:
    """What is wrong and how to mend it. A code without words answers itself and warns (in tests a warning fails)."""
    words = messages().get(code, {}).get(spoken(language))
    if words is None:
        warnings.warn(f"no words for {code}", NoWords, stacklevel=2)
        return code, ""
    try:
        told = {name: _told(name, value, language) for name, value in params.items()}
        return _joined(words["text"].format_map(told)), _joined(words.get("remedy", "").format_map(told))
    except KeyError as absent:
        warnings.warn(f"the words for {code} want {absent}", NoWords, stacklevel=2)
        return words["text"], words.get("remedy", "")


def _joined(sentence: str) -> str:
    """Chinese keeps a blank beside a name in Latin letters, but none behind a wide bracket."""
    return sentence.replace("） ", "）")


def _told(name: str, value: Any, language: str) -> Any:
    """A parameter named `…_kind` holds a kind of value, which has words of its own under `kind.<name>`."""
    return text(f"kind.{value}", language=language)[0] if name.endswith("_kind") else value


def spoken(language: str) -> Language:
    """Which of our languages serves a language tag: every Chinese one zh-CN, all others en."""
    return "zh-CN" if language.lower().startswith("zh") else "en"


@cache
def messages() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Code -> language -> {text, remedy}. Two folders that claim one code are refused."""
    found: dict[str, Any] = {}
    for path in sorted(path for place in _PLACES for path in _ROOT.glob(place)):
        for code, words in json.loads(path.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"{code} has words in two places, one is {path}")
            found[code] = words
    return MappingProxyType(found)
