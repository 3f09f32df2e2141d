"""Panels find their places by themselves."""

from dashboards.grafana import Frame, Json, heading, panel
from dashboards.layout import packed


def sized(panel_id: int, width: int, height: int) -> Json:
    return panel("stat", Frame(panel_id, "title", "about", width, height), [])


def places(panels: list[Json]) -> dict[int, tuple[int, int]]:
    """Left and top edge by id."""
    return {one["id"]: (one["gridPos"]["x"], one["gridPos"]["y"]) for one in packed(panels)}


def test_panels_stand_side_by_side_until_the_row_is_full() -> None:
    """The next row begins below the tallest, and a heading has a row for itself."""
    panels = [sized(1, 12, 4), sized(2, 12, 6), sized(3, 8, 2), heading(4, "more"), sized(5, 24, 3)]
    assert places(panels) == {1: (0, 0), 2: (12, 0), 3: (0, 6), 4: (0, 8), 5: (0, 9)}


def test_a_new_panel_moves_those_behind_it_and_renames_none() -> None:
    """Who inserts a panel writes it down once; ids and order of the others stay."""
    before = [sized(1, 24, 4), sized(2, 12, 8), sized(3, 12, 8)]
    after = [before[0], sized(9, 24, 5), *before[1:]]
    assert list(places(after)) == [1, 9, 2, 3]
    moved = {panel_id: (x, y + 5) for panel_id, (x, y) in places(before).items() if panel_id != 1}
    assert places(after) == {1: (0, 0), 9: (0, 4), **moved}


def test_packing_leaves_the_panels_it_was_given_alone() -> None:
    """The same panel can stand on several pages."""
    panels = [sized(1, 12, 4), sized(2, 12, 4)]
    packed(panels)
    assert [one["gridPos"]["x"] for one in panels] == [0, 0]
