"""What every dashboard has: links to the others, the choice of data source and window, firing alerts."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboards.grafana import Json, annotation, dashboard, page_link
from dashboards.variables import constant_variable, datasource_variable, window_variable
from languages.language import Words

OVERVIEWS = (
    ("services", "services"),
    ("connections", "connections"),
    ("status-exporter", "exporter"),
    ("overview", "overview"),
)
RUNBOOKS = "https://github.com/status-exporter/status-exporter/blob/main/docs/runbooks"
KEEP = ("datasource", "window")


class Firing(NamedTuple):
    """Alerts that belong on a dashboard: their query, and how one is named over the charts."""

    expr: str
    legend: str


def page(
    text: Words,
    uid: str,
    key: str,
    panels: list[Json],
    *,
    variables: Sequence[Json],
    hidden: Sequence[Json] = (),
    firing: Firing,
    back_with: Sequence[str] = (),
) -> Json:
    """The dashboard whose title is the word `key`; the link back to the first overview keeps `back_with` too."""
    return dashboard(
        uid,
        text[key],
        text[f"{key}.about"],
        variables=[
            datasource_variable(text["datasource"]),
            *variables,
            window_variable(text["window"]),
            *hidden,
            constant_variable("runbooks", RUNBOOKS),
        ],
        annotations=[annotation(text["alerts"], firing.expr, firing.legend)],
        links=links(text, uid, back_with),
        panels=panels,
    )


def links(text: Words, here: str, back_with: Sequence[str]) -> list[Json]:
    """To every other overview."""
    return [
        page_link(text[key], uid, (*KEEP, *(back_with if uid == "services" else ())), text[f"{key}.about"])
        for uid, key in OVERVIEWS
        if uid != here
    ]
