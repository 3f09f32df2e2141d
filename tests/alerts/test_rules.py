"""The alert rules fire when they should, and only then: cases played by promtool."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.promtool_file import promtool_test

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "rules" / "alerts.yml"
CASES = sorted((Path(__file__).parent / "cases").glob("*.yml"))


def alerts() -> Iterator[dict[str, Any]]:
    """The alert rules as they are written."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from (rule for rule in group["rules"] if "alert" in rule)


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong_with_the_rules(promtool: Path) -> None:
    """Every file in rules/ is valid, and no two rules are the same."""
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.parent.glob("*.yml")))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_alerts_fire_exactly_when_the_cases_say(promtool: Path, tmp_path: Path, file: Path) -> None:
    """At each moment named by a case, the alerts it lists fire, with these labels, and no others do."""
    severities = {alert["alert"]: alert["labels"]["severity"] for alert in alerts()}
    tests = [promtool_test(case, severities) for case in yaml.safe_load(file.read_text())]
    written = tmp_path / file.name
    groups = [group["name"] for group in yaml.safe_load(RULES.read_text())["groups"]]
    content = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "30s",
        "group_eval_order": groups,  # else it is another one in each run
        "tests": tests,
    }
    written.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    run(promtool, "test", "rules", written)
