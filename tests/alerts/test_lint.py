"""The alert rules hold together: names, labels, joins, thresholds, links and runbooks."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from exporter.metrics import CORE
from exporter.sources.connections.kinds import KINDS
from languages import LANGUAGES
from tests.alerts.durations import seconds
from tests.alerts.promql import EVERY, Labels, Parsed, joins, labels_of, selectors
from tests.alerts.test_rules import CASES, ROOT, RULES, alerts
from tests.conftest import StartPrometheus

RUNBOOKS = ROOT / "docs" / "runbooks"
DOCUMENTATION = ROOT / "docs" / "alerts.md"
CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
TARGET = {"job", "instance"}
STATUSES = {
    "service_status": {"passing", "warning", "critical", "maintenance"},
    "instance:service_status:fresh": {"passing", "warning", "critical", "maintenance"},
    "connection_status": {"online", "offline", "unreachable", "not_connected"},
}
NAMES = [alert["alert"] for alert in alerts()]


def exported() -> dict[str, Labels]:
    """Every metric an alert may build on, with its labels; the rules' own come first to last."""
    metrics = [*CORE, *(metric for kind in KINDS.values() for metric in kind.METRICS)]
    return {metric.name: TARGET | set(metric.labels) for metric in metrics} | {"up": set(TARGET)}


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from group["rules"]


@pytest.fixture(scope="module")
def thresholds() -> set[tuple[str, str]]:
    return {
        (rule["labels"]["alert"], rule["labels"]["setting"])
        for rule in rules()
        if rule.get("record") == "alert_threshold"
    }


@pytest.fixture
def parsed(start_prometheus: StartPrometheus) -> list[tuple[dict[str, Any], Parsed]]:
    """Each rule with its expression as Prometheus understands it."""
    server = start_prometheus({})
    return [(rule, server.api("parse_query", query=str(rule["expr"]))) for rule in rules()]


def test_rules_name_only_what_is_exported_and_join_only_on_labels_both_sides_have(
    parsed: list[tuple[dict[str, Any], Parsed]],
) -> None:
    """No unknown metric or label, no status that doesn't exist, no join on a label one side lacks, none in a text that is not there."""
    known = exported() | {"alert_threshold": {"alert", "setting"}}
    known |= {rule["record"]: labels for rule, labels in _recorded(parsed, known)}
    problems: list[str] = []
    for rule, expr in parsed:
        name = rule.get("alert") or rule["record"]
        for selector in selectors(expr):
            problems += [f"{name}: {problem}" for problem in _strange(selector, known)]
        for on, left, right in joins(expr, known):
            missing = {label for label in on if label not in left or label not in right}
            problems += [f"{name}: joins on {label}, which one side lacks" for label in missing]
        told = set(re.findall(r"\$labels\.(\w+)", "".join(rule.get("annotations", {}).values())))
        problems += [f"{name}: tells of {label}, which is lost" for label in told - labels_of(expr, known)]
    assert problems == []


def _recorded(
    parsed: list[tuple[dict[str, Any], Parsed]], known: dict[str, Labels]
) -> Iterator[tuple[dict[str, Any], Labels]]:
    """The labels of what the rules record, one after the other as they build on each other."""
    seen = dict(known)
    for rule, expr in parsed:
        if rule.get("record", "alert_threshold") != "alert_threshold":
            seen[rule["record"]] = EVERY  # one that builds on itself loses what its other sides lack
            seen[rule["record"]] = labels_of(expr, seen)
            yield rule, seen[rule["record"]]


def _strange(selector: Parsed, known: dict[str, Labels]) -> Iterator[str]:
    name = selector["name"]
    if name == "ALERTS":
        return
    if name not in known:
        yield f"nobody exports {name}"
        return
    for matcher in selector["matchers"]:
        label, value = matcher["name"].removeprefix("exported_"), matcher["value"]
        if label not in (*known[name], "__name__") and ":held" not in name:
            yield f"{name} has no label {label}"
        words = STATUSES.get(name, set())
        if label == "status" and value and words and not set(value.split("|")) <= words:
            yield f"{name} is never {value}"


def test_every_alert_waits_and_says_what_is_needed() -> None:
    """`for` on all (none has a reason to do without), a known severity, one sentence, a description, and both links."""
    for alert in alerts():
        notes = alert["annotations"]
        assert alert["for"], alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "warning", "info")
        assert re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)+", alert["alert"])
        assert re.fullmatch(r"[A-Z][^.!?]*\.", re.sub(r"\{\{.*?\}\}", "x", notes["summary"])), alert["alert"]
        assert "$labels." in notes["description"], alert["alert"]
        assert "$value" in notes["description"], alert["alert"]
        assert "$externalLabels.runbooks_url" in notes["runbook_url"]
        assert notes["runbook_url"].endswith(f"/{alert['alert']}.md")
        assert "$externalLabels.grafana_url" in notes["dashboard_url"]


def test_each_alert_has_a_runbook_page_and_each_page_an_alert() -> None:
    """No alert without advice, no advice for an alert that is no more; all pages have the same parts."""
    pages = {page.stem: page.read_text() for page in RUNBOOKS.glob("*.md")}
    assert sorted(pages) == sorted(NAMES)
    parts = ["What users see", "How to check", "How to fix", "When it is a false alarm"]
    for name, text in pages.items():
        assert text.startswith(f"# {name}\n\n"), name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == parts, name
        linked = re.findall(r"\((\w+)\.md\)", text)
        assert set(linked) <= set(pages), name


def test_each_alert_stands_in_the_table_of_the_documentation() -> None:
    """The table names every alert with its severity and its page, and no other."""
    rows = re.findall(
        r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|", DOCUMENTATION.read_text(), re.MULTILINE
    )
    assert {
        (name, name, alert["labels"]["severity"]) for alert in alerts() for name in [alert["alert"]]
    } == set(rows)


def test_what_inhibits_others_ends_no_later_than_they_do() -> None:
    """Alertmanager tells no end of what is inhibited at that moment."""
    keeps = {alert["alert"]: seconds(alert.get("keep_firing_for", "0s")) for alert in alerts()}
    for rule in yaml.safe_load(CONFIG.read_text())["inhibit_rules"]:
        (source,), (target,) = rule["source_matchers"], rule["target_matchers"]
        inhibiting = re.fullmatch('alertname="(.+)"', source)
        assert inhibiting, source
        inhibited = [
            name for name in NAMES if re.fullmatch(re.sub('alertname=~?"(.+)"', r"\1", target), name)
        ]
        assert inhibited, target
        assert all(keeps[inhibiting[1]] <= keeps[name] for name in inhibited), rule


def test_each_alert_is_seen_firing_just_not_yet_and_not_at_all() -> None:
    """No alert that can't fire: each has a case with its begin and end, and one in which it must stay silent."""
    cases = [case for file in CASES for case in yaml.safe_load(file.read_text())]
    fired = {alert.split()[0] for case in cases for now in case["firing"].values() for alert in now}
    names = [case["name"] for case in cases]
    assert fired == set(NAMES)
    for name in NAMES:
        assert [text for text in names if f"{name} is silent" in text], f"when does {name} begin?"
        assert [
            text for text in names if re.search(rf"{name} .*(does not fire|fires nothing)", text)
        ] or name in ALWAYS


# Alerts whose every reason is seen in the cases above; there is no moment in which they could be wrong.
ALWAYS = {"ExporterAbsent", "ServiceInstanceCritical", "ConsulDataStale"}


def test_every_threshold_is_used_where_it_says(thresholds: set[tuple[str, str]]) -> None:
    """A threshold that is looked up exists, and one that exists is looked up or is the `for` of its alert."""
    text = RULES.read_text()
    looked_up = set(re.findall(r'scalar\(alert_threshold\{alert="(\w+)", setting="(\w+)"\}\)', text))
    waits = {(name, "for") for name in NAMES}
    keeps = {("every", "keep_firing_for"), ("inhibiting", "keep_firing_for")}
    assert thresholds == looked_up | waits | keeps
    anchors, aliases = re.findall(r"expr: &(\w+)", text), re.findall(r": \*(\w+)", text)
    assert set(anchors) == set(aliases)
    for alert in re.split(r"- alert: ", text)[1:]:
        name = alert.split()[0]
        words = re.findall("[A-Z][a-z]+", name)
        assert f"for: *{'_'.join(words).lower()}_for" in alert, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_to_dashboards_and_variables_that_exist(language: str) -> None:
    """The uid of each link is a dashboard's, and what it passes on is a variable of that dashboard."""
    folder = ROOT / "grafana" / "dashboards" / language
    pages = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    variables = {page["uid"]: {one["name"] for one in page["templating"]["list"]} for page in pages}
    for alert in alerts():
        link = alert["annotations"]["dashboard_url"].rpartition("/d/")[2]
        uid, _, passed = link.partition("?")
        assert set(re.findall(r"var-(\w+)=", passed)) <= variables[uid], alert["alert"]


def test_every_scrape_configuration_that_is_shipped_honors_labels() -> None:
    """In files, manifests and documents alike: a job of the exporter, or an operator's monitor, keeps our labels."""
    marks = {
        r"job_name: *status-exporter": r"honor_labels: *true",
        r"apiVersion: \S+\s+kind: .*([Mm]onitor|Scrape)\b": r"honorLabels: *true",
    }
    shipped = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {
        name: (ROOT / name).read_text()
        for name in shipped.splitlines()
        if name.endswith((".yml", ".yaml", ".md", ".tpl", ".txt")) and (ROOT / name).is_file()
    }
    concerned = {
        name: wanted
        for mark, wanted in marks.items()
        for name, text in texts.items()
        if re.search(mark, text)
    }
    assert {"prometheus.yml", "deploy/kubernetes/monitor.yaml"} <= concerned.keys()
    assert [name for name, wanted in concerned.items() if not re.search(wanted, texts[name])] == []
