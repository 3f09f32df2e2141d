"""The look and feel, in one place."""

from dataclasses import dataclass

from exporter.model import CONNECTION_STATUSES, SERVICE_STATUSES

GREEN, YELLOW, ORANGE, RED, BLUE = "#73BF69", "#FADE2A", "#FF9830", "#F2495C", "#5794F2"
GREY = "#8E8E8E"
QUIET_GREEN = "#37672F"
FAINT = "#8080805C"
"""What is unknown: visible on the dark and on the light theme, and never the loudest thing on the page."""

WINDOWS = ("5m", "15m", "30m", "1h")
DEFAULT_WINDOW = "15m"
REFRESH_INTERVALS = ("30s", "1m", "2m", "5m", "10m")
DEFAULT_REFRESH = "1m"
FOLDER_TAG = "status"
DATASOURCE_UID = "prometheus"
NO_DATA = "no_data"
NO_DATA_CODE = 2


@dataclass(frozen=True)
class State:
    """One status: its key (value of the label, key of the text), colour, rank of badness in the rules, cell colour.

    What is well has a quieter cell, so that a long green column doesn't drown the one red cell.
    """

    key: str
    color: str
    code: int
    cell: str = ""

    @property
    def cell_color(self) -> str:
        return self.cell or self.color


SERVICE_STATES = (
    State("passing", GREEN, 0, QUIET_GREEN),
    State("warning", YELLOW, 3),
    State("critical", RED, 4),
    State("maintenance", BLUE, 1),
)
CONNECTION_STATES = (
    State("online", GREEN, 0, QUIET_GREEN),
    State("unreachable", ORANGE, 3),
    State("offline", RED, 4),
    State("not_connected", GREY, 1),
)
UNKNOWN = State(NO_DATA, "#6E6E6E", NO_DATA_CODE)

assert {state.key for state in SERVICE_STATES} == set(SERVICE_STATUSES)
assert {state.key for state in CONNECTION_STATES} == set(CONNECTION_STATUSES)


def worst_first(states: tuple[State, ...]) -> list[State]:
    """All states and `no data`, the one that needs a person most first."""
    return sorted((*states, UNKNOWN), key=lambda state: -state.code)


def letter_icon(letter: str, color: str) -> str:
    """A small picture that needs no request to anywhere."""
    fill = color.replace("#", "%23")
    return (
        "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24'>"
        f"<rect width='24' height='24' rx='6' fill='{fill}'/>"
        "<text x='12' y='17' font-family='sans-serif' font-size='13' font-weight='bold' "
        f"text-anchor='middle' fill='white'>{letter}</text></svg>"
    )


ICONS = {"evotor": letter_icon("Э", "#F05A28"), "http": letter_icon("H", "#3274D9")}
OTHER_ICON = letter_icon("•", "#6E6E6E")
