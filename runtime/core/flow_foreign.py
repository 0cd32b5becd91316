"""Flows of other products, told by their shape, so that the refusal can name them."""

from collections.abc import Mapping
from typing import Any


def product_of(document: Any) -> str | None:
    """The product whose export this looks like, or None. Our own documents name their format and are never taken for it."""
    if isinstance(document, list):
        return "Node-RED" if _is_node_red(document) else None
    if not isinstance(document, Mapping) or str(document.get("format", "")).startswith("orderflow/"):
        return None
    wrapped = (document.get(name) for name in ("workflow", "template"))
    found = (_product(part) for part in (document, *wrapped) if isinstance(part, Mapping))
    return next(filter(None, found), None)


_BY_NAMES = (
    ({"nodes", "connections"}, "n8n"),
    ({"start_event", "end_event", "flows"}, "BKFlow"),
    ({"pipeline_tree"}, "BKFlow"),
    ({"StartAt", "States"}, "AWS Step Functions"),
    ({"elements", "schemaVersion"}, "Camunda"),
    ({"cells"}, "X6"),
    ({"flow", "metadata"}, "Make"),
    ({"displayName", "trigger"}, "Activepieces"),
)
"""What the outermost object of a product's export always holds."""


def _product(document: Mapping[str, Any]) -> str | None:
    for names, product in _BY_NAMES:
        if document.keys() >= names:
            return product
    if any(str(kind).startswith("n8n-") for kind in _kinds(document)):
        return "n8n"
    if isinstance(document.get("flows"), list) and _is_node_red(document["flows"]):
        return "Node-RED"
    if "bpmn" in str(document.get("definitions", ""))[:500]:
        return "Camunda"
    value, edges = document.get("value"), document.get("edges")
    if isinstance(value, Mapping) and "modules" in value:
        return "Windmill"
    if isinstance(edges, list) and edges and isinstance(edges[0], Mapping) and {"source", "target"} <= edges[0].keys():
        return "React Flow"
    return None


def _kinds(document: Mapping[str, Any]) -> list[Any]:
    nodes = document.get("nodes")
    return [node.get("type") for node in nodes if isinstance(node, Mapping)] if isinstance(nodes, list) else []


def _is_node_red(parts: list[Any]) -> bool:
    drawn = [part for part in parts if isinstance(part, Mapping) and "type" in part and "id" in part]
    return any("wires" in part or part["type"] == "tab" for part in drawn)
