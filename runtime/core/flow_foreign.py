"""Flows of other products, told by their shape, so that the refusal can name them."""

from collections.abc import Mapping
from typing import Any


def product_of(document: Any) -> str | None:
    """The product whose export this looks like, or None. Our own documents name their format and are never taken for it."""
    if isinstance(document, list):
        return "Node-RED" if _is_node_red(document) else None
    if not isinstance(document, Mapping) or str(document.get("format", "")).startswith("orderflow/"):
        return None
    wrapped = document.get("workflow")
    return _product(document) or (_product(wrapped) if isinstance(wrapped, Mapping) else None)


def _product(document: Mapping[str, Any]) -> str | None:
    has = document.keys()
    if has >= {"nodes", "connections"} or any(str(kind).startswith("n8n-") for kind in _kinds(document)):
        return "n8n"
    if isinstance(document.get("flows"), list) and _is_node_red(document["flows"]):
        return "Node-RED"
    if has >= {"start_event", "end_event", "flows"} or has >= {"pipeline_tree"}:
        return "BKFlow"
    if has >= {"StartAt", "States"}:
        return "AWS Step Functions"
    if has >= {"elements", "schemaVersion"} or ("definitions" in has and "bpmn" in str(document["definitions"])[:500]):
        return "Camunda"
    if "cells" in has:
        return "X6"
    edges = document.get("edges")
    if isinstance(edges, list) and edges and isinstance(edges[0], Mapping) and {"source", "target"} <= edges[0].keys():
        return "React Flow"
    return None


def _kinds(document: Mapping[str, Any]) -> list[Any]:
    nodes = document.get("nodes")
    return [node.get("type") for node in nodes if isinstance(node, Mapping)] if isinstance(nodes, list) else []


def _is_node_red(parts: list[Any]) -> bool:
    drawn = [part for part in parts if isinstance(part, Mapping) and "type" in part and "id" in part]
    return any("wires" in part or part["type"] == "tab" for part in drawn)
