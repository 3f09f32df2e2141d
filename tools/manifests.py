"""Plain Kubernetes manifests in deploy/kubernetes, as the chart renders them with the values beside them.

Rules and dashboards change often and are wrapped here, so that whoever changes one needs no Helm; the rest is Helm's,
and stays as it is where there is none. The tests compare all of it with what Helm makes.
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools import go_programs

Manifest = dict[str, Any]

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy/helm/status-exporter"
FOLDER = ROOT / "deploy/kubernetes"
VALUES = FOLDER / "values.yaml"
RELEASE, NAMESPACE = "status-exporter", "monitoring"
KUBERNETES = "1.34"
HEAD = "# Rendered from the chart in deploy/helm with values.yaml: `make generate` writes this file anew.\n"
OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")
"""Labels that would say that Helm keeps the object."""


def files(texts: Mapping[str, str]) -> dict[Path, str]:
    """Return the manifests by file, for dashboards by path; without Helm only those that need none."""
    found = {"rules.yaml": rules(), "dashboards.yaml": dashboards(texts)}
    if program := go_programs.find("helm"):
        rendered = render(program, VALUES)
        found |= {"exporter.yaml": [each for each in rendered if file_of(each) == "exporter.yaml"]}
        found |= {"monitor.yaml": [each for each in rendered if file_of(each) == "monitor.yaml"]}
    return {FOLDER / name: HEAD + written(manifests) for name, manifests in found.items()}


def file_of(manifest: Manifest) -> str:
    """Name the file that a rendered manifest belongs to."""
    if manifest["kind"] == "ConfigMap" and manifest["metadata"]["name"].startswith(f"{RELEASE}-dashboard-"):
        return "dashboards.yaml"
    return {"PrometheusRule": "rules.yaml", "ServiceMonitor": "monitor.yaml"}.get(
        manifest["kind"], "exporter.yaml"
    )


def render(program: Path, values: Path, *arguments: str) -> list[Manifest]:
    """What `helm template` makes of the chart, without the labels that Helm alone may set."""
    command: list[str | Path] = [program, "template", RELEASE, CHART, "--namespace", NAMESPACE]
    command += ["--kube-version", KUBERNETES, "--values", values, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise ValueError(done.stderr)
    return [_without_helm(manifest) for manifest in read(done.stdout)]


def read(text: str) -> list[Manifest]:
    """The manifests of a YAML text; those of dashboards are large, so by the fast parser where it is built in."""
    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(text, Loader=loader) if each]


def _without_helm(manifest: Manifest) -> Manifest:
    template = manifest["spec"].get("template", {}) if "spec" in manifest else {}
    for each in filter(None, (manifest, template)):
        labels = each["metadata"]["labels"]
        each["metadata"]["labels"] = {name: labels[name] for name in labels if name not in OF_HELM}
    return manifest


def rules() -> list[Manifest]:
    """Every rule file as a PrometheusRule."""
    labels = _values()["prometheusRule"]["labels"]
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": _metadata(f"{RELEASE}-{path.stem}", labels),
            "spec": {
                "groups": [_group(group) for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
            },
        }
        for path in sorted(ROOT.glob("rules/*.yml"))
    ]


def _group(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """A group whose expressions are text: the operator takes no number with a fraction."""
    return {**group, "rules": [{**rule, "expr": str(rule["expr"])} for rule in group["rules"]]}


def dashboards(texts: Mapping[str, str]) -> list[Manifest]:
    """Every English dashboard as a ConfigMap that Grafana's sidecar finds."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(f"{RELEASE}-dashboard-{Path(path).stem}", {"grafana_dashboard": "1"})
            | {"annotations": {"grafana_folder": "Status"}},
            "data": {Path(path).name: text.removesuffix("\n")},
        }
        for path, text in sorted(texts.items())
        if Path(path).parent.name == "en"
    ]


def _metadata(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    common = {"name": RELEASE, "instance": RELEASE, "version": version, "part-of": RELEASE}
    ours = {f"app.kubernetes.io/{key}": value for key, value in common.items()}
    return {"name": name, "namespace": NAMESPACE, "labels": {**ours, **labels}}


def _values() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(VALUES.read_text())
    return values


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, and nothing as a reference to what stands elsewhere."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def written(manifests: Iterable[Manifest]) -> str:
    """The manifests as one YAML text."""
    dumped = (
        yaml.dump(each, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
        for each in manifests
    )
    return "".join(f"---\n{text}" for text in dumped)
