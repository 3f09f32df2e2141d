"""The Helm chart and the plain manifests: what they ship is the project's own, and pods are closed and whole."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from exporter.cli import parse_flags
from exporter.sharding import Shard
from exporter.sources.plan import read_file
from languages import LANGUAGES
from tests.real.missing import missing
from tools import go_programs, manifests
from tools.manifests import CHART, FOLDER, ROOT, VALUES, Manifest

WHOLE = ("exporter.yaml", "monitor.yaml", "rules.yaml", "dashboards.yaml")
MUCH = Path(__file__).parents[1] / "testdata/chart/values.yaml"
REFUSED = {
    "an unknown key": ("replicaz=2", "replicaz"),
    "no number": ("shards=many", "shards"),
    "no shard at all": ("shards=0", "shards"),
    "an unknown kind": ("monitor.kind=Monitor", "monitor.kind|/monitor/kind"),
    "an unknown language": ("dashboards.language=xx", "dashboards.language|/dashboards/language"),
    "other labels": ("monitor.endpoint.honorLabels=false", "monitor.endpoint|/monitor/endpoint"),
    "a secret in place of its name": ("secrets[0]=Top Secret", "secrets"),
}


def program(name: str) -> Path:
    return go_programs.find(name) or missing(f"{name} (python3 -m tools.go_programs)", optional=True)


@pytest.fixture(scope="module")
def helm() -> Path:
    return program("helm")


@pytest.fixture(scope="module")
def much(helm: Path) -> list[Manifest]:
    """The chart with every setting in use."""
    return manifests.render(helm, MUCH)


def shipped(name: str) -> list[Manifest]:
    return manifests.read((FOLDER / name).read_text("utf-8"))


def of_kind(found: list[Manifest], kind: str) -> list[Manifest]:
    return [each for each in found if each["kind"] == kind]


def text_of(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "expr": str(rule["expr"])}


def groups(text: str) -> list[dict[str, Any]]:
    """The groups of a rule file, with all expressions as text."""
    found: list[dict[str, Any]] = yaml.safe_load(text)["groups"]
    return [{**group, "rules": [text_of(rule) for rule in group["rules"]]} for group in found]


def pod(stateful_set: Manifest) -> dict[str, Any]:
    spec: dict[str, Any] = stateful_set["spec"]["template"]["spec"]
    return spec


def container(stateful_set: Manifest) -> dict[str, Any]:
    (only,) = pod(stateful_set)["containers"]
    found: dict[str, Any] = only
    return found


def test_the_chart_has_the_version_of_the_package() -> None:
    """Its image is tagged with it."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_every_value_is_checked_and_explained() -> None:
    """The schema knows what values.yaml has, and nothing else; the values explain themselves."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) - {"global"} == set(values)
    for name, part in schema["properties"].items():
        if "properties" in part:
            assert set(part["properties"]) == set(values[name]), name
    paragraphs = (CHART / "values.yaml").read_text().split("\n\n")
    assert [paragraph for paragraph in paragraphs if "#" not in paragraph] == []


def test_the_rules_are_the_projects_own() -> None:
    """Every rule file whole, in the manifests and, by a link, in the chart."""
    files = {f"status-exporter-{path.stem}": path for path in ROOT.glob("rules/*.yml")}
    found = {each["metadata"]["name"]: each["spec"]["groups"] for each in shipped("rules.yaml")}
    assert found == {name: groups(path.read_text("utf-8")) for name, path in files.items()}
    assert (CHART / "files/rules").resolve() == ROOT / "rules"
    assert (CHART / "files/dashboards").resolve() == ROOT / "grafana/dashboards"


def test_prometheus_takes_the_rules_as_the_operator_writes_them(promtool: Path, tmp_path: Path) -> None:
    """The operator makes a file of each object's spec."""
    for each in shipped("rules.yaml"):
        file = tmp_path / f"{each['metadata']['name']}.yml"
        file.write_text(yaml.safe_dump(each["spec"], sort_keys=False))
        done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_are_the_projects_own() -> None:
    """Each in a ConfigMap with the label that Grafana's sidecar looks for, and none too large for one."""
    found = shipped("dashboards.yaml")
    assert {name: text for each in found for name, text in each["data"].items()} == {
        path.name: path.read_text("utf-8").removesuffix("\n")
        for path in ROOT.glob("grafana/dashboards/en/*.json")
    }
    assert {each["metadata"]["labels"]["grafana_dashboard"] for each in found} == {"1"}
    # `kubectl apply` keeps the whole object in an annotation, and annotations hold 256 KiB.
    assert max(len(json.dumps(each, ensure_ascii=False).encode()) for each in found) < 256 * 1024


def test_the_manifests_are_what_helm_makes(helm: Path) -> None:
    """All of them: with the chart's own templates, of its own copies of rules and dashboards."""
    rendered = manifests.render(helm, VALUES)
    for name in WHOLE:
        expected = [each for each in rendered if manifests.file_of(each) == name]
        assert shipped(name) == expected, f"{name}: run `make generate`"
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(WHOLE)


@pytest.mark.parametrize("values", [CHART / "values.yaml", VALUES, MUCH], ids=["default", "plain", "much"])
def test_helm_finds_nothing_wrong(helm: Path, values: Path) -> None:
    """`helm lint --strict`, with all sorts of values."""
    command: list[str | Path] = [
        helm,
        "lint",
        "--strict",
        "--kube-version",
        "1.34",
        "--values",
        values,
        CHART,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "0 chart(s) failed" in done.stdout


@pytest.mark.parametrize(("value", "place"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_in_the_values_is_refused_with_its_place(helm: Path, value: str, place: str) -> None:
    """Nothing is rendered from them, so that no setting is lost in silence."""
    with pytest.raises(ValueError, match=place):
        manifests.render(helm, VALUES, "--set", value)


@pytest.mark.parametrize("values", [CHART / "values.yaml", VALUES, MUCH], ids=["default", "plain", "much"])
def test_kubernetes_and_the_operator_know_every_field(helm: Path, values: Path) -> None:
    """Each object decodes strictly into the types of their own APIs."""
    found = manifests.render(helm, values)
    command = [program("manifests_check")]
    done = subprocess.run(command, input=manifests.written(found), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(found) > 5


def test_a_field_that_is_not_theirs_is_noticed() -> None:
    """The check can fail: a misspelt field of the operator's, and one of Kubernetes'."""
    monitor, (*_, stateful_set) = shipped("monitor.yaml")[0], shipped("exporter.yaml")
    monitor["spec"]["endpoints"][0]["honourLabels"] = True
    container(stateful_set)["securityContext"]["readOnly"] = True
    done = subprocess.run(
        [program("manifests_check")],
        input=manifests.written([monitor, stateful_set]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert (
        "ServiceMonitor status-exporter: error unmarshaling JSON: while decoding JSON: json: unknown field"
        in (done.stderr)
    )
    assert "honourLabels" in done.stderr
    assert '"readOnly"' in done.stderr


def test_kustomize_makes_the_same_of_the_folder() -> None:
    """With the image that was pushed somewhere, which is set in one place."""
    if not (kubectl := shutil.which("kubectl")):
        missing("kubectl", optional=True)
    done = subprocess.run([kubectl, "kustomize", FOLDER], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = [(each["kind"], each["metadata"]["name"]) for each in manifests.read(done.stdout)]
    plain = [(each["kind"], each["metadata"]["name"]) for name in WHOLE for each in shipped(name)]
    assert sorted(found) == sorted(plain)


def test_pods_are_closed() -> None:
    """The restricted Pod Security Standard, a read-only root, and no token of the cluster."""
    (stateful_set,) = of_kind(shipped("exporter.yaml"), "StatefulSet")
    assert pod(stateful_set)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(stateful_set)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(stateful_set)["automountServiceAccountToken"] is False
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile


def test_probes_and_ports_are_those_of_the_exporter() -> None:
    """Healthy keeps a pod alive, ready lets it be asked."""
    (stateful_set,) = of_kind(shipped("exporter.yaml"), "StatefulSet")
    probed = {probe: container(stateful_set)[probe]["httpGet"]["path"] for probe in PROBES}
    assert probed == PROBES
    (port,) = container(stateful_set)["ports"]
    assert port == {"name": "http", "containerPort": 10117}


PROBES = {"startupProbe": "/-/healthy", "livenessProbe": "/-/healthy", "readinessProbe": "/-/ready"}


def test_selectors_find_the_pods_and_nothing_else_of_the_release(much: list[Manifest]) -> None:
    """Services, budget, policy and monitor mean the pods; each StatefulSet means its own."""
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(much, "StatefulSet")]
    for selector in selectors(much):
        assert all(selector.items() <= labels.items() for labels in pods), selector
    for stateful_set, labels in zip(of_kind(much, "StatefulSet"), pods, strict=True):
        own = stateful_set["spec"]["selector"]["matchLabels"].items()
        assert [own <= other.items() for other in pods].count(True) == 1
        assert own <= labels.items()


def selectors(found: list[Manifest]) -> Iterator[dict[str, str]]:
    for each in found:
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            yield spec["selector"]
        if each["kind"] == "PodDisruptionBudget":
            yield spec["selector"]["matchLabels"]
        if each["kind"] == "NetworkPolicy":
            yield spec["podSelector"]["matchLabels"]


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_monitors_keep_the_labels_of_the_statuses(helm: Path, kind: str) -> None:
    """Whatever further settings an endpoint has, a target's own labels replace none; the job is that of the rules."""
    (monitor,) = of_kind(manifests.render(helm, MUCH, "--set", f"monitor.kind={kind}"), kind)
    (endpoint,) = monitor["spec"]["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    assert endpoint["honorLabels"] is True
    assert {"targetLabel": "job", "replacement": "status-exporter"} in endpoint["relabelings"]
    assert endpoint["scheme"] == "https"
    services = of_kind(manifests.render(helm, MUCH), "Service")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    matching = [each for each in services if wanted <= each["metadata"]["labels"].items()]
    assert len(matching) == (1 if kind == "ServiceMonitor" else 2)


def test_copies_and_shards_are_stateful_sets_of_their_own(much: list[Manifest]) -> None:
    """Two copies of three: each pod's name gives its part, the same in each copy."""
    found = of_kind(much, "StatefulSet")
    assert [(each["metadata"]["name"], each["spec"]["replicas"]) for each in found] == [
        ("status-exporter", 3),
        ("status-exporter-1", 3),
    ]
    for each in found:
        for ordinal in range(3):
            name = f"{each['metadata']['name']}-{ordinal}"
            arguments = [text.replace("$(POD_NAME)", name) for text in container(each)["args"]]
            assert parse_flags(arguments).shard == Shard(ordinal, 3)


def test_the_exporter_takes_what_its_pod_gives_it(much: list[Manifest], tmp_path: Path) -> None:
    """Flags, configuration and token files: every path is below a volume that the pod mounts."""
    (config,) = (each for each in of_kind(much, "ConfigMap") if "status-exporter.yml" in each["data"])
    file = tmp_path / "status-exporter.yml"
    file.write_text(config["data"]["status-exporter.yml"])
    assert [source.id.name for source in read_file(file).sources] == ["main", "evotor-lenina"]
    (stateful_set, _) = of_kind(much, "StatefulSet")
    mounts = {each["name"]: Path(each["mountPath"]) for each in container(stateful_set)["volumeMounts"]}
    flags = parse_flags([text.replace("$(POD_NAME)", "pod-0") for text in container(stateful_set)["args"]])
    written = yaml.safe_load(file.read_text())
    tokens = [Path(each["token_file"]) for part in written.values() for each in part]
    for path in (flags.config_file, flags.state_file, flags.web_config_file, *tokens):
        assert path
        assert any(path.is_relative_to(mount) for mount in mounts.values()), path
    declared = {each["name"] for each in pod(stateful_set)["volumes"]}
    declared |= {each["metadata"]["name"] for each in stateful_set["spec"]["volumeClaimTemplates"]}
    assert set(mounts) == declared


def test_secrets_are_mounted_by_reference(much: list[Manifest]) -> None:
    """The chart makes none; those of others are readable by the exporter's group alone."""
    assert of_kind(much, "Secret") == []
    for stateful_set in of_kind(much, "StatefulSet"):
        secrets = [each["secret"] for each in pod(stateful_set)["volumes"] if "secret" in each]
        assert [each["secretName"] for each in secrets] == ["consul", "evotor", "web"]
        assert {each["defaultMode"] for each in secrets} == {0o440}


@pytest.mark.parametrize("language", LANGUAGES)
def test_dashboards_come_in_any_language(helm: Path, language: str) -> None:
    """The chart takes what the folder of the language has."""
    rendered = manifests.render(helm, VALUES, "--set", f"dashboards.language={language}")
    found = [each for each in rendered if manifests.file_of(each) == "dashboards.yaml"]
    assert {name: text for each in found for name, text in each["data"].items()} == {
        path.name: path.read_text("utf-8").removesuffix("\n")
        for path in (ROOT / "grafana/dashboards" / language).glob("*.json")
    }
