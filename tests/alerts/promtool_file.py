"""Cases as `promtool test rules` reads them."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from tests.alerts.connections import host_of
from tests.alerts.timeline import Labels
from tests.alerts.world import STEP, identity, scrapes

GRAFANA = "http://localhost:3000"
RUNBOOKS = "https://github.com/status-exporter/status-exporter/blob/main/docs/runbooks"
# All labels of an alert, that of Watchdog apart, which always fires.
FIRING = 'group without (alertstate, __name__) (ALERTS{alertstate="firing", alertname!="Watchdog"})'


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
    notes = {key: " ".join(text.split()) for key, text in words.items() if key != "dashboard"}
    return {
        "eval_time": moment,
        "alertname": name,
        "exp_alerts": [{"exp_labels": own, "exp_annotations": links | notes}],
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
    """Return the labels; what is written as `name=value` counts, and an empty value takes a label away."""
    name, *words = alert.split()
    own = {"alertname": name, "severity": severities[name]}
    written = dict(word.split("=", 1) for word in words if _is_label(word))
    for word in words:
        own |= {} if _is_label(word) else _who(name, word)
    own |= written
    if name.startswith("Connection") and "kind" in own and name != "ConnectionChecksLate":
        own.setdefault("host", host_of(own["kind"]))
    return {key: value for key, value in own.items() if value}


def _is_label(word: str) -> bool:
    return "=" in word and not {":", "/"} & set(word.partition("=")[0])


def _who(name: str, word: str) -> dict[str, str]:
    if name.startswith("Connection"):
        kind, _, connection = word.partition("/")
        return {"kind": kind, "connection": connection}
    if name.startswith("Node"):
        datacenter, _, node = word.rpartition(":")
        return {"datacenter": datacenter or "dc1", "node": node}
    who = identity(word)
    return {key: who[key] for key in ("datacenter", "service")}
