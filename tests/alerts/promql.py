"""Which labels a PromQL expression has, from Prometheus' own parse of it."""

from collections.abc import Iterator, Mapping
from typing import Any

Parsed = dict[str, Any]
Labels = set[str]

_INNER = ("expr", "lhs", "rhs", "param")
_HELD = {"service_alert:held", "connection_alert:held", "exporter_alert:held"}
EVERY = {
    "datacenter",
    "service",
    "service_id",
    "node",
    "connection",
    "kind",
    "source",
    "reason",
    "instance",
    "alertname",
}


def _below(node: Parsed) -> Iterator[Parsed]:
    yield from (node[name] for name in _INNER if node.get(name))
    yield from node.get("args") or []


def walk(node: Parsed) -> Iterator[Parsed]:
    """Yield the node and all below it."""
    yield node
    for inner in _below(node):
        yield from walk(inner)


def selectors(expr: Parsed) -> Iterator[Parsed]:
    """Yield what is read from the storage."""
    return (node for node in walk(expr) if node["type"] in ("vectorSelector", "matrixSelector"))


def joins(expr: Parsed, known: Mapping[str, Labels]) -> Iterator[tuple[list[str], Labels, Labels]]:
    """Yield the labels of each `on (...)`, with those of the left and the right side."""
    for node in walk(expr):
        matching = node.get("matching")
        if matching and matching["on"]:
            yield matching["labels"], labels_of(node["lhs"], known), labels_of(node["rhs"], known)


def labels_of(node: Parsed, known: Mapping[str, Labels]) -> Labels:
    """Return the labels every series of the expression has; what a selector has stands in `known`."""
    match node["type"]:
        case "vectorSelector" | "matrixSelector":
            return _of_selector(node, known)
        case "aggregation":
            inner, grouping = labels_of(node["expr"], known), set(node["grouping"])
            return inner - grouping if node["without"] else inner & grouping
        case "binaryExpr":
            return _of_binary(node, known)
        case "call":
            return _of_call(node, known)
        case "numberLiteral" | "stringLiteral":
            return set()
        case _:
            return labels_of(node["expr"], known)


def _of_selector(node: Parsed, known: Mapping[str, Labels]) -> Labels:
    # Series of alerts have the labels of the alert; which those are is checked where the alert is.
    return set(EVERY) if node["name"] in _HELD | {"ALERTS"} else set(known.get(node["name"], ()))


def _of_binary(node: Parsed, known: Mapping[str, Labels]) -> Labels:
    left, right, matching = labels_of(node["lhs"], known), labels_of(node["rhs"], known), node.get("matching")
    if not matching:
        return left | right
    if node["op"] == "or":
        return left & right
    if node["op"] in ("and", "unless") or matching["card"] == "many-to-one":
        return left
    return left & set(matching["labels"]) if matching["on"] else left - set(matching["labels"])


def _of_call(node: Parsed, known: Mapping[str, Labels]) -> Labels:
    name, arguments = node["func"]["name"], node["args"]
    if name in ("time", "scalar"):
        return set()
    if name == "absent":
        return {matcher["name"] for matcher in arguments[0]["matchers"] if matcher["type"] == "="} - {
            "__name__"
        }
    inner = set().union(*(labels_of(argument, known) for argument in arguments))
    return inner | {arguments[1]["val"]} if name == "label_replace" else inner
