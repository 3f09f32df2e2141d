"""The recording rules, by promtool's own rule tests."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.dashboards.conftest import RULES

INSTANCE = 'datacenter="dc1",service="web",service_id="{}",node="n1"'


def series(exporter: str, service_id: str, status: str, values: str) -> dict[str, str]:
    """One input series of `service_status`, as one exporter tells it."""
    labels = f'{INSTANCE.format(service_id)},status="{status}",instance="{exporter}"'
    return {"series": f"service_status{{{labels}}}", "values": values}


def told(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, Any]:
    """What an expression must give."""
    expected = [{"labels": labels, "value": value} for labels, value in samples]
    return {"expr": expr, "eval_time": at, "exp_samples": expected}


def check(promtool: Path, folder: Path, inputs: list[dict[str, str]], *expected: dict[str, Any]) -> None:
    """Run the rules over the input series, a value a minute."""
    file = folder / "test.yml"
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": list(expected)}
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [test]}), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_exporters_of_one_consul_count_once(promtool: Path, tmp_path: Path) -> None:
    """Where they disagree for a moment the statuses still add up to 1."""
    inputs = [
        series("a", "web-1", "passing", "1 0"),
        series("a", "web-1", "critical", "0 1"),
        series("b", "web-1", "passing", "1 1"),
        series("b", "web-1", "critical", "0 0"),
    ]
    name = 'service:service_status:avg{datacenter="dc1",service="web",status='
    both = "service:service_status:avg"
    check(
        promtool,
        tmp_path,
        inputs,
        told(both, "0m", (f'{name}"critical"}}', 0), (f'{name}"passing"}}', 1)),
        told(both, "1m", (f'{name}"critical"}}', 0.5), (f'{name}"passing"}}', 0.5)),
    )


def test_instances_are_averaged_and_the_worst_is_kept(promtool: Path, tmp_path: Path) -> None:
    """A failure comes before planned work; the average is over instances."""
    inputs = [
        series("a", service_id, status, str(int(status == held)))
        for service_id, held in (("web-1", "critical"), ("web-2", "maintenance"), ("web-3", "passing"))
        for status in ("passing", "warning", "critical", "maintenance")
    ]
    labels = '{datacenter="dc1",service="web"}'
    check(
        promtool,
        tmp_path,
        inputs,
        told("service:service_status:worst", "0m", (f"service:service_status:worst{labels}", 4)),
        told('max(service:service_status:avg{status!="warning"})', "0m", ("{}", 1 / 3)),
        told("sum(service:service_status:avg)", "0m", ("{}", 1)),
    )


def test_what_is_not_there_leaves_no_sample(promtool: Path, tmp_path: Path) -> None:
    """A scrape that finds nothing ends the samples at once, and they begin again with the data."""
    inputs = [series("a", "web-1", "passing", "1 1 stale _ 1")]
    counted = 'count_over_time(service:service_status:avg{status="passing"}[5m])'
    labels = '{datacenter="dc1",service="web",status="passing"}'
    check(
        promtool,
        tmp_path,
        inputs,
        told("service:service_status:avg", "3m"),
        told(counted, "4m", (labels, 3)),
        told("datacenter:service_status:count", "3m"),
    )
