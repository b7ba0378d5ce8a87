"""The rules say what their own tests and a real fleet say."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from enforcer.verdict.metrics import OWNER, STAGE, VERDICT, gauges
from enforcer.verdict.metrics import RULE as RULE_NAME
from enforcer.verdict.model import CAN_GO
from tests.integration.dashboards import fleet
from tests.integration.dashboards.filled_prometheus import FilledPrometheus
from tests.patience import PATIENCE

FOLDER = Path(__file__).parents[3] / "dashboards" / "prometheus"
FILES = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["rule_files"]
TESTS = sorted(FOLDER.glob("*_test.yml"))
RULE = "deprecated_import_rule"


def promtool(*words: str) -> None:
    program = shutil.which("promtool") or "promtool"
    done = subprocess.run(
        [program, *words], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rules(kind: str, *files: str) -> list[str]:
    return [
        rule[kind]
        for name in files or FILES
        for group in yaml.safe_load((FOLDER / name).read_text())["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


@pytest.mark.component("promtool")
def test_prometheus_takes_the_configuration() -> None:
    promtool("check", "config", "prometheus.yml")


@pytest.mark.component("promtool")
@pytest.mark.parametrize("name", [file.name for file in TESTS])
def test_the_tests_of_the_rules_pass(name: str) -> None:
    """With evaluations that are missed, and over months, too."""
    promtool("test", "rules", name)


def test_every_rule_has_a_test() -> None:
    tests = "".join(file.read_text() for file in TESTS)
    assert len(rules("record")) > 5
    assert len(rules("alert")) > 4
    assert [name for name in rules("alert") if f"alertname: {name}" not in tests] == []
    # Or another rule that has one reads it.
    tested = tests + "".join(rules("expr"))
    assert [name for name in rules("record") if name not in tested] == []


def test_the_page_knows_every_alert() -> None:
    page = (FOLDER.parent / "README.md").read_text()
    assert [name for name in rules("alert") if f"| `{name}` |" not in page] == []


def alerts() -> list[dict[str, Any]]:
    """Return every alert as it is written."""
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_every_alert_leads_to_its_runbook() -> None:
    """To a heading of the page, as GitHub makes anchors of headings."""
    page = (FOLDER.parent / "runbook.md").read_text()
    headings = {line.removeprefix("## ").lower() for line in page.splitlines()}
    for alert in alerts():
        address, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert address.endswith("/dashboards/runbook.md")
        assert anchor == alert["alert"].lower()
        assert anchor in headings


def test_only_production_is_critical() -> None:
    critical = [alert for alert in alerts() if alert["labels"]["severity"] == "critical"]
    assert critical
    for alert in critical:
        assert 'deployment_environment_name=~"|prod|production"' in alert["expr"]


def test_every_alert_names_a_team_and_outlives_a_gap() -> None:
    for alert in alerts():
        assert "job:deprecated_import_team:info" in alert["labels"]["team"]
        assert alert["keep_firing_for"]


def test_verdicts_are_read_by_their_own_names() -> None:
    """Of the metric, its labels and the verdict: a name that nobody emits would never fire."""
    (can_go,) = [alert["expr"] for alert in alerts() if alert["alert"] == "DeprecatedImportCanGo"]
    (metric, *_) = [gauge.name for gauge in gauges(())]
    selector = f"{metric}{{{VERDICT}=".replace(".", "_") + f'"{CAN_GO}"}}'
    assert selector in can_go
    assert f"{RULE_NAME}, {OWNER}, {STAGE}".replace(".", "_") in can_go
    owners = [expr for expr in rules("expr") if OWNER.replace(".", "_") in expr]
    assert len(owners) == 2


def by_rule(samples: list[dict[str, object]]) -> dict[str, float]:
    return {sample["metric"][RULE]: float(sample["value"][1]) for sample in samples}


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
def test_uses_are_exact(prometheus: FilledPrometheus) -> None:
    """Also those that a process counted before its first scrape, and of one that is gone."""
    total = f"sum by ({RULE}) (sum_over_time(job_rule:deprecated_import_uses:increase1m[1h]))"
    expected = {rule: 2 * uses + fleet.LATER.get(rule, 0) for rule, uses in fleet.USES.items()}
    assert by_rule(prometheus.now(total)) == expected


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
def test_days_until_a_removal(prometheus: FilledPrometheus) -> None:
    days = by_rule(prometheus.now('job_rule:deprecated_import_removal:days{job="shop"}'))
    assert days == {fleet.ALIASED: fleet.SOON_DAYS}


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
def test_alerts_of_a_real_fleet(prometheus: FilledPrometheus) -> None:
    """A service that is gone is pending for a quarter of an hour."""
    found = {
        (alert["metric"]["alertname"], alert["metric"]["job"], alert["metric"].get(RULE, ""))
        for alert in prometheus.now('ALERTS{job="shop",alertstate="firing"}')
        + prometheus.now('ALERTS{job="worker",alertstate="pending"}')
    }
    assert found == {
        ("DeprecatedImportNewStrictUse", "shop", fleet.REFUSED),
        ("DeprecatedImportRemovalNear", "shop", fleet.ALIASED),
        ("DeprecatedImportRemovalOverdue", "shop", fleet.PAST),
        ("DeprecatedImportDataDropped", "shop", ""),
        ("DeprecatedImportServiceUnwatched", "worker", ""),
    }
