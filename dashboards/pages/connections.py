"""Connections: cards and a table, one row per connection of a customer."""

from dashboards import panels
from dashboards.columns import (
    WRAPPED,
    age_columns,
    history_column,
    icon_column,
    share_columns,
    state_column,
    state_mappings,
)
from dashboards.grafana import Frame, Json, frame, link, override, regex_mapping, rows, series, value_mapping
from dashboards.look import CONNECTION_STATES, worst_first
from dashboards.pages.page import Firing, page
from dashboards.queries import connections as queries
from dashboards.table import Column, table
from dashboards.variables import choice_variable, query_variable, target_variable, text_variable
from languages.language import Words

UID = "connections"
# Numbers that take other forms of a word: 1, then 21 and the like, 2 to 4 but not 12 to 14, all others.
FORMS = {"one": "1", "ones": ".*[^1]1", "few": ".*[^1][2-4]|[2-4]", "many": ".*"}
REASONS = (
    "unauthorized",
    "payment_required",
    "forbidden",
    "rate_limited",
    "server_error",
    "unexpected_status",
    "unexpected_body",
    "intermediary",
    "redirect",
    "malformed",
    "too_large",
    "timeout",
    "dns",
    "connect",
    "tls",
    "token",
    "internal",
)


def build(text: Words) -> Json:
    """The whole dashboard; the shares come last, as Grafana adds a panel for each kind below."""
    states = [(text[state.key], str(state.code)) for state in worst_first(CONNECTION_STATES)]
    return page(
        text,
        UID,
        "connections",
        [
            counts(text),
            panels.alerts(2, text, 11, 4, queries.ALERTS, header=False),
            cards(text),
            overview(text),
            ends(text),
            failures(text),
            check_seconds(text),
            shares(text),
        ],
        variables=[
            text_variable("search", text["search"]),
            query_variable("kind", text["kind"], queries.KINDS, all_text=text["all"]),
            choice_variable("status", text["status"], states, text["all"]),
            target_variable(text["target"]),
        ],
        firing=Firing(queries.FIRING, "{{connection}} {{kind}}"),
    )


def counts(text: Words) -> Json:
    """How many connections are in each status."""
    head = frame(text, 1, "connections.counts", 13, 4, about="counts")
    return panels.counts(UID, head, text, CONNECTION_STATES, queries.count, ("target", "search", "kind"))


def cards(text: Words) -> Json:
    """A card for each of the worst connections; a click connects or disconnects."""
    result = panels.stat(
        frame(text, 3, "cards", 24, 5),
        series({"{{card}}": queries.cards()}, instant=True),
        names=True,
    )
    result["options"]["text"] = {"titleSize": 13, "valueSize": 16}
    result["fieldConfig"]["defaults"] |= {
        "noValue": text["connections.none"],
        "mappings": state_mappings(CONNECTION_STATES, text, cell=True),
        "links": [link(text["open_action"], "${__field.labels.link}", new_tab=True)],
    }
    return result


def overview(text: Words) -> Json:
    """The table."""
    expressions = {
        "A": queries.rows(),
        "I": queries.info(),
        "R": queries.reason(),
        "L": queries.age(),
        "M": queries.checked_ms(),
        "U": queries.online_24h(),
        "C": queries.counted_24h(),
        "B": queries.below_target(),
    }
    result = panels.history_table(
        frame(text, 4, "connections", 24, 14, about="connections.table"),
        expressions,
        queries.history(),
        columns(text),
        key="connection",
        sort=[(text["status"], True), (text["online_24h"], False)],
        no_rows=text["connections.none"],
    )
    result["options"]["cellHeight"] = "lg"  # two lines fit: words of a mapping do not make a row higher
    return result


def ends(text: Words) -> Json:
    """Tokens and certificates that end soon, the next one first."""
    kinds = value_mapping([(what, text[f"ends.{what}"], "") for what in queries.ENDS])
    return table(
        frame(text, 8, "ends", 24, 5),
        rows({"A": queries.ends()}),
        [
            Column("connection", text["connection"], min_width=120),
            Column("kind", text["kind"], width=90),
            Column("what", text["ends.what"], width=130, properties={"mappings": [kinds]}),
            Column("Value", text["ends.days"], width=130, properties={"decimals": 1}),
        ],
        sort=[(text["ends.days"], False)],
        no_rows=text["ends.none"],
    )


def columns(text: Words) -> list[Column]:
    """From left to right; `connection` joins the queries, `connect_url` serves a link."""
    reasons = value_mapping([(reason, text[f"reason.{reason}"], "") for reason in REASONS])
    return [
        icon_column("icon", " "),
        Column("name", text["name"], min_width=100, properties=WRAPPED),
        Column("details", text["details"], min_width=100, properties={"mappings": stores(text)} | WRAPPED),
        Column("kind", text["kind"], width=56),
        state_column("Value #A", text["status"], CONNECTION_STATES, text),
        Column("reason", text["reason"], width=80, properties={"mappings": [reasons]} | WRAPPED),
        *age_columns("Value #L", "Value #M", text["last_check"], text),
        *share_columns("Value #U", "Value #C", text["online_24h"], text),
        history_column(text["history_24h"], CONNECTION_STATES, text),
        Column("disconnect_url", text["action"], width=115, properties=offers(text)),
        Column("connect_url", properties={"noValue": ""}),
        Column("connection"),
    ]


def stores(text: Words) -> list[Json]:
    """Words for a number of stores, by the forms that languages tell apart."""
    return [
        regex_mapping(f"^stores=({form})$", f"$1 {text[f'stores.{name}']}", index)
        for index, (name, form) in enumerate(FORMS.items())
    ]


def offers(text: Words) -> dict[str, object]:
    """What can be done, each word a link; Grafana leaves out a link without a URL."""
    return {
        "noValue": "",
        "custom.cellOptions": {"type": "data-links"},
        "links": [
            link(text["connect"], "${__data.fields.connect_url}", new_tab=True),
            link(text["disconnect"], "${__value.raw}", new_tab=True),
        ],
        **WRAPPED,
    }


def failures(text: Words) -> Json:
    """Why checks failed, over time."""
    result = panels.bars(
        frame(text, 5, "check_failures", 12, 7),
        {"{{reason}}": queries.failures()},
        unit="none",
        no_value=text["no_failures"],
    )
    result["fieldConfig"]["overrides"] = [
        override(reason, displayName=text[f"reason.{reason}"]) for reason in REASONS
    ]
    return result


def check_seconds(text: Words) -> Json:
    """How long checks take."""
    return panels.chart(
        frame(text, 6, "check_seconds", 12, 7),
        {"{{kind}}": queries.check_seconds()},
        unit=text["unit.seconds"],
    )


def shares(text: Words) -> Json:
    """Stacked bars per window, one panel for each kind."""
    parts = [(state, queries.share(state.key)) for state in CONNECTION_STATES]
    head = Frame(7, f"{text['shares']}: $kind", text["shares.about"], 24, 8)
    result = panels.share_bars(head, text, parts, queries.no_data())
    return result | {"repeat": "kind", "repeatDirection": "h", "maxPerRow": 2}
