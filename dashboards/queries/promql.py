"""Pieces of PromQL that several dashboards use."""

from dashboards.look import State

MINUTES_24H = 1440

SEVERITIES = {'severity="critical"': 3, 'severity="warning"': 2, 'severity!~"critical|warning"': 1}
SUBJECTS = ("service", "service_id", "node", "connection", "source")

SEARCH = "(?i).*${search:regex}.*"
"""What is typed is taken literally, so a lone bracket is no error; backticks keep its backslashes."""


def percent(rule: str, selector: str) -> str:
    """Share of a panel's window in percent, from a rule sampled once a minute."""
    return f"100 * sum_over_time({rule}{{{selector}}}[$__interval]) * 60000 / $__interval_ms"


def percent_24h(rule: str, good: str, bad: str, selector: str) -> str:
    """Share of the good status in that part of the last 24 hours that counts."""
    held = f'sum_over_time({rule}{{status="{good}",{selector}}}[24h])'
    return f"100 * {held} / ignoring (status) ({_counted(rule, good, bad, selector)} > 0)"


def hours_24h(rule: str, good: str, bad: str, selector: str) -> str:
    """How many of the last 24 hours count: those of which it is known that the status was good or one of the bad ones."""
    return f"{_counted(rule, good, bad, selector)} / 60"


def _counted(rule: str, good: str, bad: str, selector: str) -> str:
    return f'sum without (status) (sum_over_time({rule}{{status=~"{good}|{bad}",{selector}}}[24h]))'


def styled(expr: str, css: str) -> str:
    """The series with CSS for Grafana in the label `style`."""
    return f"label_replace({expr}, `style`, `{css}`, ``, ``)"


def joined(expr: str, label: str, parts: tuple[str, ...], separator: str = "/") -> str:
    """Add a label made of others."""
    names = ", ".join(f'"{part}"' for part in parts)
    return f'label_join({expr}, "{label}", "{separator}", {names})'


def worst(by: str, metric: str, states: tuple[State, ...], selector: str) -> str:
    """Rank of the worst status now: what rules/recording.yml records, without waiting for its next minute."""
    ranked = (f'{state.code} * {metric}{{{selector},status="{state.key}"}}' for state in states)
    return f"max by ({by}) ({' or '.join(ranked)})"


def chosen(expr: str, label: str, variable: str) -> str:
    """Those of `expr` whose computed label is chosen in a variable, which no matcher could tell."""
    marked = f'label_replace({expr}, "chosen", "yes", "{label}", `${{{variable}:regex}}`)'
    return f'({marked} and on (chosen) label_replace(vector(1), "chosen", "yes", "", ""))'


def all_chosen(variable: str) -> str:
    """One sample if the variable stands at All, else nothing: only `.*` matches a label that is not there."""
    return chosen("vector(1)", "no_such_label", variable)


def one_per(by: str, expr: str) -> str:
    """The largest of each group, so that a join always finds one."""
    return f"topk by ({by}) (1, {expr})"


def firing(selector: str) -> str:
    """Alerts that fire now, without the one that always does."""
    return f'ALERTS{{alertstate="firing",severity!="none",{selector}}}'


def alerts(selector: str) -> str:
    """The same as rows of a table: what each is about in the label `subject`, how bad it is in the value."""
    ranked = (f"{rank} * {firing(f'{selector},{severity}')}" for severity, rank in SEVERITIES.items())
    about = joined(f"({' or '.join(ranked)})", "subject", SUBJECTS, " ")
    return f"max by (alertname, severity, subject) ({about})"
