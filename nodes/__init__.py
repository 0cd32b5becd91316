"""The node types: one folder each, found by itself."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nodes.contract import NodeType

_HERE = Path(__file__).parent


@cache
def node_types() -> Mapping[str, NodeType]:
    """Every node type by its kind. A folder `pre_check` holds the kind `pre-check`."""
    folders = sorted(path.parent.name for path in _HERE.glob("*/schema.json"))
    found = (import_module(f"nodes.{name}").NODE for name in folders)
    return MappingProxyType({node.kind: node for node in found})


def folder(kind: str) -> Path:
    """The folder of a node type: schema.json, icon.svg, help.*.md, messages.json and cases.json are in it."""
    return _HERE / kind.replace("-", "_")


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of the kind's settings."""
    return MappingProxyType(json.loads((folder(kind) / "schema.json").read_text("utf-8")))


@cache
def messages(kind: str) -> Mapping[str, Any]:
    """The kind's words: message code -> language -> {text, remedy?}."""
    return MappingProxyType(json.loads((folder(kind) / "messages.json").read_text("utf-8")))
