"""Links between the dashboards."""

from collections.abc import Sequence

from dashboards.grafana import Json, page_link
from dashboards.panels import Texts

OVERVIEWS = (("services", "services"), ("connections", "connections"), ("status-exporter", "exporter"))
RUNBOOKS = "https://github.com/status-exporter/status-exporter/blob/main/docs/runbooks"
KEEP = ("datasource", "window")


def links(text: Texts, here: str, back_with: Sequence[str] = ()) -> list[Json]:
    """To every other overview; the first of them gets the variables in `back_with` too."""
    return [
        page_link(text[key], uid, (*KEEP, *(back_with if uid == "services" else ())), text[f"{key}.about"])
        for uid, key in OVERVIEWS
        if uid != here
    ]
