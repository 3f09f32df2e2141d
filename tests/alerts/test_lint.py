"""The alert rules hold together: names, labels, joins, thresholds, links and runbooks."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from exporter.metrics import CORE
from exporter.sources.connections.kinds import KINDS
from languages import LANGUAGES
from tests.alerts.durations import seconds
from tests.alerts.promql import Known, Labels, Parsed, joins, labels_of, selectors
from tests.alerts.test_rules import FILES, ROOT, alerts, cases, rules, severity
from tests.conftest import StartPrometheus

RUNBOOKS = ROOT / "docs" / "runbooks"
DOCUMENTATION = ROOT / "docs" / "alerts.md"
CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
TARGET = {"job", "instance"}
SERVICE = {"passing", "warning", "critical", "maintenance"}
CONNECTION = {"online", "offline", "unreachable", "not_connected"}
STATUSES = {
    "service_status": SERVICE,
    "consul_node_status": SERVICE,
    "instance:service_status:fresh": SERVICE,
    "node:consul_node_status:fresh": SERVICE,
    "connection_status": CONNECTION,
    "connection:status:now": CONNECTION,
}
# Labels that may be missing on both sides: a connection that was not checked yet has no host.
OPTIONAL = {"host"}
# What operators write: of any alert, about any of these.
OVERRIDES = {"alert", "datacenter", "service", "team", "node", "connection", "kind", "host"}
NAMES = [alert["alert"] for alert in alerts()]
# The one that always fires, and those whose every sample is fresh: Prometheus itself makes it.
WATCHDOG, NEVER_STALE = "Watchdog", {"ExporterDown", "ExporterAbsent", "Watchdog"}
FAMILY = {
    rule["labels"]["alert"]: rule["record"].split(":")[0]
    for rule in rules()
    if rule.get("record", "").endswith(":problem:now")
}
TEXT = "\n".join(file.read_text() for file in FILES)


def exported() -> dict[str, Labels]:
    """Every metric an alert may build on, with its labels."""
    metrics = [*CORE, *(metric for kind in KINDS.values() for metric in kind.METRICS)]
    known = {metric.name: frozenset(TARGET | set(metric.labels)) for metric in metrics}
    given = {"up": TARGET, "alert_threshold": {"alert", "setting"}, "alert_override": OVERRIDES}
    return known | {name: frozenset(labels) for name, labels in given.items()}


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
    problems = {problem for alert in NAMES for problem in _problems(parsed, alert)}
    assert sorted(problems) == []


def _problems(parsed: list[tuple[dict[str, Any], Parsed]], alert: str) -> Iterator[str]:
    """Look at the rules with the eyes of one alert: those of others are not there."""
    concerned = [one for one in parsed if _concerns(one[0], alert)]
    known = _known(concerned, alert)
    for rule, expr in concerned:
        name = rule.get("alert") or rule["record"]
        yield from (f"{name}: {problem}" for one in selectors(expr) for problem in _strange(one, known))
        for on, left, right in joins(expr, known):
            missing = {label for label in on if label not in left or label not in right} - OPTIONAL
            yield from (f"{name}: joins on {label}, which one side lacks ({alert})" for label in missing)
        if "alert" in rule:
            yield from _lost(rule, expr, known)


def _concerns(rule: dict[str, Any], alert: str) -> bool:
    """Problems of services, nodes, hosts, connections and exporters are found by rules of their own."""
    if "alert" in rule:
        return bool(rule["alert"] == alert)
    record, own = rule["record"], rule.get("labels", {}).get("alert")
    return own in (None, alert) and (":problem:" not in record or record.startswith(f"{FAMILY.get(alert)}:"))


def _known(concerned: list[tuple[dict[str, Any], Parsed]], alert: str) -> Known:
    """Rules build on each other, and on themselves: begin with every label, and take away what can't be, until all agree."""
    recorded = [(rule, expr) for rule, expr in concerned if "record" in rule]
    own = dict(exported())
    every = frozenset().union(*own.values(), *(rule.get("labels", {}) for rule, _ in recorded))
    own |= {rule["record"]: every for rule in rules() if "record" in rule and rule["record"] not in own}
    while True:
        known = Known(own, every, alert)
        found: dict[str, Labels] = {}
        for rule, expr in recorded:
            labels = labels_of(expr, known) | set(rule.get("labels", {}))
            found[rule["record"]] = found.get(rule["record"], every) & labels
        if own == own | found:
            return known
        own |= found


def _lost(rule: Mapping[str, Any], expr: Parsed, known: Known) -> Iterator[str]:
    texts = rule["annotations"]["summary"] + rule["annotations"]["description"]
    always = re.sub(r"\{\{ ?with \$labels\.\w+ ?\}\}.*?\{\{ ?end ?\}\}", "", texts)
    told = set(re.findall(r"\$labels\.(\w+)", always)) - {"severity"}
    yield from (
        f"{rule['alert']}: tells of {label}, which is lost" for label in told - labels_of(expr, known)
    )


def _strange(selector: Parsed, known: Known) -> Iterator[str]:
    name = selector["name"]
    if name not in known.metrics:
        yield f"nobody exports {name}"
        return
    for matcher in selector["matchers"]:
        label, value = matcher["name"].removeprefix("exported_"), matcher["value"]
        is_meta = name == "service_info" and label.startswith("meta_")
        optional = matcher["type"] == "=" and not value
        chooses = ":problem:" in name
        if label not in (*known.metrics[name], "__name__") and not is_meta and not optional and not chooses:
            yield f"{name} has no label {label}"
        words = STATUSES.get(name, set())
        if label == "status" and value and words and not set(value.split("|")) <= words:
            yield f"{name} is never {value}"


def test_every_alert_says_what_is_needed() -> None:
    """A known severity, one sentence, a description that says when there is no fresh data, and both links."""
    for alert in alerts():
        name, notes = alert["alert"], alert["annotations"]
        assert severity(alert) in ("critical", "warning", "info", "none")
        assert re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)*", name)
        assert re.fullmatch(r"[A-Z][^.!?]*\.", re.sub(r"\{\{.*?\}\}", "x", notes["summary"])), name
        assert ("there is no fresh data" in notes["description"]) == (name not in NEVER_STALE), name
        assert notes["runbook_url"].endswith("/{{ $labels.alert }}.md{{ end }}")
        assert "/d/" in notes["dashboard_url"]
        assert notes["value"] == "{{ $value }}"


def test_links_are_written_once() -> None:
    """Where runbooks and dashboards are, stands in one place of the rules."""
    for label in ("grafana_url", "runbooks_url"):
        assert TEXT.count(f"$externalLabels.{label}") == 1, label


def test_only_rules_of_their_own_alert_are_looked_at_by_an_alert() -> None:
    """Each alert fires from what is due of it, and passes on neither the label that says so nor the runbook of the service."""
    for alert in alerts():
        name = alert["alert"]
        assert re.search(rf'problem:(told|due)\{{alert="{name}"\}}|"{name}"', alert["expr"]), name
        assert alert["labels"]["alert"] == "", name


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
    assert {(alert["alert"], alert["alert"], severity(alert)) for alert in alerts()} == set(rows)


def test_what_inhibits_others_ends_no_later_than_they_do() -> None:
    """Alertmanager tells no end of what is inhibited at that moment."""
    keeps = {alert["alert"]: seconds(alert.get("keep_firing_for", "0s")) for alert in alerts()}
    for rule in yaml.safe_load(CONFIG.read_text())["inhibit_rules"]:
        sources, targets = _matching(rule["source_matchers"]), _matching(rule["target_matchers"])
        assert max(keeps[name] for name in sources) <= min(keeps[name] for name in targets), rule


def _matching(matchers: list[str]) -> list[str]:
    """Return the alerts that a side of an inhibition is about; there are some."""
    wanted = re.sub('alertname=~?"(.+)"', r"\1", matchers[0])
    found = [name for name in NAMES if re.fullmatch(wanted, name)]
    assert found, matchers
    return found


def test_each_alert_is_seen_firing_just_not_yet_and_not_at_all() -> None:
    """No alert that can't fire: each has a case with its begin and end, and one in which it must stay silent."""
    played = list(cases())
    fired = {alert.split()[0] for case in played for now in case["firing"].values() for alert in now}
    names = [case["name"] for case in played]
    assert len(set(names)) == len(names)
    assert fired == set(NAMES) - {WATCHDOG}
    for name in fired:
        assert [text for text in names if re.search(rf"{name} (is silent|fires with|tells alone)", text)], (
            f"when does {name} begin?"
        )
        assert [
            text for text in names if re.search(rf"{name} .*(does not fire|fires nothing)", text)
        ] or name in ALWAYS


# Alerts whose every reason is seen in the cases above; there is no moment in which they could be wrong.
ALWAYS = {"ExporterAbsent", "ServiceInstanceCritical", "ConsulDataStale"}


def test_every_threshold_is_used_where_it_says(thresholds: set[tuple[str, str]]) -> None:
    """A threshold that is looked up exists, and one that exists is looked up or says how long its alert waits."""
    looked_up = set(re.findall(r'scalar\(alert_threshold\{alert="(\w+)", setting="(\w+)"\}\)', TEXT))
    waits = {(name, "for") for name in NAMES if name != WATCHDOG}
    intervals = {
        (name, "intervals")
        for name in ("ConnectionRefused", "ConnectionUnreachable", "ConnectionRateLimitNear")
    }
    assert thresholds == looked_up | waits | intervals


def test_only_thresholds_say_how_long_a_problem_must_last() -> None:
    """So that an override reaches every alert, and the metric `alert_threshold` tells the truth."""
    assert [alert["alert"] for alert in alerts() if "for" in alert] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_to_dashboards_and_variables_that_exist(language: str) -> None:
    """The uid of each link is a dashboard's, and what it passes on is a variable of that dashboard."""
    folder = ROOT / "grafana" / "dashboards" / language
    pages = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    variables = {page["uid"]: {one["name"] for one in page["templating"]["list"]} for page in pages}
    for alert in alerts():
        links = list(_links(alert["annotations"]["dashboard_url"]))
        assert len(links) == 5
        for uid, passed in links:
            assert set(re.findall(r"var-(\w+)=", passed)) <= variables[uid], alert["alert"]


def _links(template: str) -> Iterator[tuple[str, str]]:
    """Yield the dashboard and what is passed to it, for each way through the template."""
    chosen = template.rpartition("/d/")[2]
    for part in re.split(r"\{\{ (?:if|else if|else|end)\b.*?\}\}", chosen):
        uid, _, passed = part.strip().partition("?")
        if uid:
            yield uid, passed


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
