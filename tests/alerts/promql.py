"""Which labels a PromQL expression has, from Prometheus' own parse of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Parsed = dict[str, Any]
Labels = frozenset[str]

_INNER = ("expr", "lhs", "rhs", "param")
_CHOOSING = ("topk", "bottomk")  # the aggregations that leave labels as they are


@dataclass(frozen=True)
class Known:
    """The labels of metrics, as one alert sees them; of what isn't there for it `every` label may be assumed.

    Problems have other labels from alert to alert, so asking for one of them chooses among the alerts.
    """

    metrics: Mapping[str, Labels]
    every: Labels
    alert: str

    def of(self, selector: Parsed) -> Labels:
        """Return the labels that each series of a selector has."""
        matchers = selector["matchers"]
        if not all(_fits(matcher, self.alert) for matcher in matchers if matcher["name"] == "alert"):
            return self.every
        demanded = {matcher["name"] for matcher in matchers if not _fits(matcher, "")} - {"__name__"}
        labels = self.metrics.get(selector["name"], frozenset())
        return self.every if ":problem:" in selector["name"] and demanded - labels else labels | demanded


def _fits(matcher: Parsed, value: str) -> bool:
    wanted: str = matcher["value"]
    equal = re.fullmatch(wanted, value) is not None if "~" in matcher["type"] else value == wanted
    return equal is not str(matcher["type"]).startswith("!")


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


def joins(expr: Parsed, known: Known) -> Iterator[tuple[list[str], Labels, Labels]]:
    """Yield the labels of each `on (...)`, with those of the left and the right side."""
    for node in walk(expr):
        matching = node.get("matching")
        if matching and matching["on"]:
            yield matching["labels"], labels_of(node["lhs"], known), labels_of(node["rhs"], known)


def labels_of(node: Parsed, known: Known) -> Labels:
    """Return the labels that each series of the expression has."""
    match node["type"]:
        case "vectorSelector" | "matrixSelector":
            return known.of(node)
        case "aggregation":
            return _of_aggregation(node, known)
        case "binaryExpr":
            return _of_binary(node, known)
        case "call":
            return _of_call(node, known)
        case "numberLiteral" | "stringLiteral":
            return frozenset()
        case _:
            return labels_of(node["expr"], known)


def _of_aggregation(node: Parsed, known: Known) -> Labels:
    inner, grouping = labels_of(node["expr"], known), set(node["grouping"])
    if node["op"] in _CHOOSING:
        return inner
    return inner - grouping if node["without"] else inner & grouping


def _of_binary(node: Parsed, known: Known) -> Labels:
    left, right, matching = labels_of(node["lhs"], known), labels_of(node["rhs"], known), node.get("matching")
    if not matching:
        return left | right
    if node["op"] == "or":
        return left & right
    if node["op"] in ("and", "unless"):
        return left
    if matching["card"] == "one-to-one":
        return left & set(matching["labels"]) if matching["on"] else left - set(matching["labels"])
    many, one = (left, right) if matching["card"] == "many-to-one" else (right, left)
    return many | one & set(matching["include"])


def _of_call(node: Parsed, known: Known) -> Labels:
    name, arguments = node["func"]["name"], node["args"]
    if name in ("time", "scalar"):
        return frozenset()
    if name == "absent":
        return _of_absent(arguments[0])
    inner = frozenset[str]().union(*(labels_of(argument, known) for argument in arguments))
    return inner | {arguments[1]["val"]} if name == "label_replace" else inner


def _of_absent(selector: Parsed) -> Labels:
    equal = (matcher for matcher in selector.get("matchers", []) if matcher["type"] == "=")
    return frozenset(matcher["name"] for matcher in equal) - {"__name__"}
