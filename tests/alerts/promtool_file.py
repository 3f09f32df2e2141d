"""Cases as `promtool test rules` reads them."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from tests.alerts.world import STEP, Labels, identity, scrapes

GRAFANA = "http://localhost:3000"
RUNBOOKS = "https://github.com/status-exporter/status-exporter/blob/main/docs/runbooks"
WHO = "datacenter, service, service_id, node, connection, kind, source, reason, instance, job, host, severity"
FIRING = f'group by (alertname, {WHO}) (ALERTS{{alertstate="firing"}})'


def promtool_test(case: Mapping[str, Any], severities: Mapping[str, str]) -> dict[str, Any]:
    """Return one test; each moment of `firing` lists all alerts that fire then, and no others may."""
    return {
        "name": case["name"],
        "interval": f"{STEP}s",
        "input_series": [*_series(case), *_extra(case)],
        "promql_expr_test": [
            {
                "expr": FIRING,
                "eval_time": moment,
                "exp_samples": [{"labels": _labels(alert, severities), "value": 1} for alert in alerts or []],
            }
            for moment, alerts in case["firing"].items()
        ],
        "alert_rule_test": [
            _text_test(moment, alert, words, severities)
            for moment, alerts in case.get("texts", {}).items()
            for alert, words in alerts.items()
        ],
    }


def _text_test(
    moment: str, alert: str, words: Mapping[str, str], severities: Mapping[str, str]
) -> dict[str, Any]:
    """Expect just this alert of its name, and these annotations; the links begin as they do without external labels."""
    own = _own(alert, severities)
    name = own.pop("alertname")
    links = {"runbook_url": f"{RUNBOOKS}/{name}.md", "dashboard_url": f"{GRAFANA}{words['dashboard']}"}
    notes = {"summary": words["summary"], "description": " ".join(words["description"].split())}
    return {
        "eval_time": moment,
        "alertname": name,
        "exp_alerts": [{"exp_labels": own, "exp_annotations": notes | links}],
    }


def _series(case: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    shown = list(scrapes(case))
    for name, own in dict.fromkeys(sample for scrape in shown for sample in scrape):
        values = [_text(scrape.get((name, own))) for scrape in shown]
        yield {"series": _selector(name, own), "values": " ".join(_shortened(values))}


def _extra(case: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for series, values in case.get("series", {}).items():
        yield {"series": series, "values": values}


def _text(value: float | None) -> str:
    return "_" if value is None else f"{value:g}" if value < 1e6 else f"{value:.0f}"


def _shortened(values: list[str]) -> Iterator[str]:
    """Write runs short; the first absent one of a run is the marker Prometheus leaves when a series ends."""
    known = False
    for value, run in groupby(values):
        count = len(list(run))
        if value == "_" and known:
            yield "stale"
            count -= 1
        if count:
            yield f"{value}x{count - 1}" if value != "_" else f"_x{count}"
        known = value != "_"


def _selector(name: str, own: Labels) -> str:
    pairs = ", ".join(f'{key}="{value}"' for key, value in own)
    return f"{name}{{{pairs}}}"


def _labels(alert: str, severities: Mapping[str, str]) -> str:
    """Return the selector of `ServiceCritical dc2:web`, `ConnectionRefused evotor/a` or `ConsulPollFailing source=main`."""
    return _selector("", tuple(_own(alert, severities).items()))


def _own(alert: str, severities: Mapping[str, str]) -> dict[str, str]:
    name, *words = alert.split()
    own = {"alertname": name, "severity": severities[name]}
    for word in words:
        own |= _who(name, word)
    return own


def _who(name: str, word: str) -> dict[str, str]:
    if "=" in word and ":" not in word.partition("=")[0]:
        key, _, value = word.partition("=")
        return {key: value}
    if name.startswith("Connection"):
        kind, _, connection = word.partition("/")
        return {"kind": kind, "connection": connection}
    who = identity(word)
    return who if who["service_id"] else {key: who[key] for key in ("datacenter", "service")}
