"""The look and feel, in one place."""

from dataclasses import dataclass

from exporter.model import CONNECTION_STATUSES, SERVICE_STATUSES

# Of bars and lines, which stand out from both themes' backgrounds.
GREEN, YELLOW, ORANGE, RED, BLUE = "#73BF69", "#F2CC0C", "#FF9830", "#F2495C", "#5794F2"
GREY, FAINT = "#8E8E8E", "#8080805C"

# Of cells and tiles. Grafana writes white on a dark colour, black on a bright one, and the theme's own text on one that is
# nearly transparent: each of these can be read on both themes, and what needs nobody is quiet.
LOUD_RED, LOUD_ORANGE, LOUD_YELLOW = "#C4162A", "#FFB357", "#FADE2A"
QUIET_GREEN, QUIET_BLUE, QUIET_GREY = "#73BF692E", "#5794F240", "#8080802E"
TAG = "#5F6B7A"

# Of text, as Grafana names it: each theme has its own shade.
TEXT, TEXT_RED = "text", "red"
BELOW_TARGET = '{"color": "light-dark(#C4162A, #FF7383)", "fontWeight": 500}'
"""CSS of a percentage below the target."""

WINDOWS = ("5m", "15m", "30m", "1h")
DEFAULT_WINDOW = "15m"
TARGETS = ("90", "95", "98", "99", "99.5", "99.9", "99.95", "99.99")
DEFAULT_TARGET = "99"
"""Percent of the time; what a day has less of is marked."""
REFRESH_INTERVALS = ("30s", "1m", "2m", "5m", "10m")
DEFAULT_REFRESH = "1m"
FOLDER_TAG = "status"
DATASOURCE_UID = "prometheus"
NO_DATA = "no_data"
NO_DATA_CODE = 2


@dataclass(frozen=True)
class State:
    """One status: its key (value of the label, key of the text), rank of badness in the rules, colours."""

    key: str
    code: int
    color: str
    cell: str


SERVICE_STATES = (
    State("passing", 0, GREEN, QUIET_GREEN),
    State("warning", 3, YELLOW, LOUD_YELLOW),
    State("critical", 4, RED, LOUD_RED),
    State("maintenance", 1, BLUE, QUIET_BLUE),
)
CONNECTION_STATES = (
    State("online", 0, GREEN, QUIET_GREEN),
    State("unreachable", 3, ORANGE, LOUD_ORANGE),
    State("offline", 4, RED, LOUD_RED),
    State("not_connected", 1, GREY, QUIET_GREY),
)
UNKNOWN = State(NO_DATA, NO_DATA_CODE, FAINT, QUIET_GREY)

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
