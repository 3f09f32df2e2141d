"""Tables: what each query brings, which columns are shown, and how they look."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana import Frame, Json, panel

HISTORY_REF = "H"
EMPTY = "–"


@dataclass(frozen=True)
class Column:
    """A column: its field in the queries' answers, its heading, its widths in pixels, its override properties.

    Without `width` it shares what the others leave, down to `min_width`; two such columns at most, as thirds of a
    pixel bring a scrollbar. Without `title` it is hidden, for links and tooltips of others.
    """

    source: str
    title: str = ""
    width: int = 0
    min_width: int = 0
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.title or self.source

    def override(self) -> Json:
        values: dict[str, Any] = {"noValue": EMPTY} if self.title else {"custom.hideFrom.viz": True}
        if self.width:
            values["custom.width"] = self.width
        if self.min_width:
            values["custom.minWidth"] = self.min_width
        properties = [{"id": key, "value": value} for key, value in (values | self.properties).items()]
        return {"matcher": {"id": "byName", "options": self.name}, "properties": properties}


def table(
    frame: Frame,
    targets: list[Json],
    columns: Sequence[Column],
    *,
    key: str = "",
    sort: Sequence[tuple[str, bool]] = (),
    no_rows: str,
    header: bool = True,
) -> Json:
    """A table of instant queries joined by the label `key`, with a history in target H if there is one.

    The first target decides which rows there are then; `sort` holds (heading, descending);
    `no_rows` is said when there is nothing; `header` off saves a line where there is little room.
    """
    result = panel("table", frame, targets)
    history = HISTORY_REF in {target["refId"] for target in targets}
    result["transformations"] = [
        *(_history_to_string(key) if history else ()),
        *((_join(key), _only_rows_of(targets[0]["refId"])) if key else ()),
        *_choose(columns),
    ]
    result["fieldConfig"] = {
        "defaults": {
            "noValue": no_rows,
            "custom": {
                "align": "left",
                "cellOptions": {"type": "auto"},
                "filterable": False,
                "inspect": False,
                "wrapHeaderText": True,
            },
        },
        "overrides": [column.override() for column in columns],
    }
    result["options"] = {
        "showHeader": header,
        "cellHeight": "sm",
        "enablePagination": False,
        "sortBy": [{"displayName": name, "desc": descending} for name, descending in sort],
    }
    return result


def _history_to_string(key: str) -> list[Json]:
    """All numbers of a row become one string, which the column's mappings turn into bars."""
    value = f"Value #{HISTORY_REF}"
    fields = {
        key: {"operation": "groupby", "aggregations": []},
        value: {"operation": "aggregate", "aggregations": ["allValues"]},
    }
    conversion = {"targetField": f"{value} (allValues)", "destinationType": "string", "joinWith": ","}
    return [
        {
            "id": "groupBy",
            "filter": {"id": "byRefId", "options": HISTORY_REF},
            "options": {"fields": fields},
        },
        {"id": "convertFieldType", "options": {"fields": {}, "conversions": [conversion]}},
    ]


def _join(key: str) -> Json:
    return {"id": "joinByField", "options": {"byField": key, "mode": "outer"}}


def _only_rows_of(ref: str) -> Json:
    """The filters stand in one query only; rows that only others know go."""
    is_there = {"fieldName": f"Value #{ref}", "config": {"id": "isNotNull", "options": {}}}
    return {"id": "filterByValue", "options": {"type": "include", "match": "all", "filters": [is_there]}}


def _choose(columns: Sequence[Column]) -> list[Json]:
    """Only the columns, in their order, under their headings."""
    return [
        {
            "id": "filterFieldsByName",
            "options": {"include": {"names": [column.source for column in columns]}},
        },
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {column.source: index for index, column in enumerate(columns)},
                "renameByName": {column.source: column.title for column in columns if column.title},
            },
        },
    ]
