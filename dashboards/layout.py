"""Where panels stand: from left to right on Grafana's grid, then below."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

COLUMNS = 24


def packed(panels: Iterable[Json]) -> list[Json]:
    """Give every panel its place by its width and height; one that no longer fits begins a row below the tallest."""
    left = top = bottom = 0
    placed = []
    for panel in panels:
        size = panel["gridPos"]
        if left + size["w"] > COLUMNS:
            left, top = 0, bottom
        placed.append(panel | {"gridPos": size | {"x": left, "y": top}})
        left += size["w"]
        bottom = max(bottom, top + size["h"])
    return placed
