"""The alert rules fire when they should, and only then: cases played by promtool."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.promtool_file import promtool_test

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "rules"
# The order in which what builds on others is evaluated; Prometheus evaluates groups at moments of their own.
FILES = [RULES / f"{name}.yml" for name in ("thresholds", "overrides", "problems", "alerts")]
ORDER = ["thresholds", "overrides", "services", "connections", "exporter", "alerts"]
CASES = sorted((Path(__file__).parent / "cases").glob("*.yml"))


def cases() -> Iterator[dict[str, Any]]:
    """All cases, as they are written."""
    for file in CASES:
        yield from yaml.safe_load(file.read_text())


def alerts() -> Iterator[dict[str, Any]]:
    """The alert rules as they are written."""
    yield from (rule for rule in rules() if "alert" in rule)


def rules() -> Iterator[dict[str, Any]]:
    """All rules that the alerts need, in the order of their evaluation."""
    for file in FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def severity(alert: dict[str, Any]) -> str:
    """The severity of an alert when nothing else is said by the service or the circumstances."""
    words: list[str] = re.findall(r"critical|warning|info|none", alert["labels"]["severity"])
    return words[-1]


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong_with_the_rules(promtool: Path) -> None:
    """Every file in rules/ is valid, and no two rules are the same."""
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases()])
def test_alerts_fire_exactly_when_the_case_says(promtool: Path, tmp_path: Path, case: dict[str, Any]) -> None:
    """At each moment named by the case, the alerts it lists fire, with these labels, and no others do."""
    severities = {alert["alert"]: severity(alert) for alert in alerts()}
    written = tmp_path / "case.yml"
    content = {
        "rule_files": [str(file) for file in FILES],
        "evaluation_interval": "30s",
        "group_eval_order": ORDER,
        "tests": [promtool_test(case, severities)],
    }
    written.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    run(promtool, "test", "rules", written)
