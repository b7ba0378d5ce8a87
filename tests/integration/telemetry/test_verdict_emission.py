"""``enforcer verdict --emit`` sends the verdicts to a collector, for alerts."""

from pathlib import Path
from time import time_ns

from enforcer.store.queries import DAY
from tests.commands import in_this_process
from tests.fleets import Fleet
from tests.integration.telemetry.receiving import Receiver, free_port

MAP = """
[enforcer]
service = "shop"
expected_services = ["web"]
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
owner = "@shop"
"""


def project(folder: Path) -> None:
    """Write a map, and a store in which the path is in use."""
    (folder / "enforcer.toml").write_text(MAP, "utf-8")
    fleet = Fleet(str(folder / ".enforcer" / "uses.db"), now=time_ns() - DAY)
    fleet.use(fleet.start())


def test_each_verdict_of_a_rule_is_a_point(tmp_path: Path) -> None:
    """One is 1, and the others are 0."""
    project(tmp_path)
    with Receiver() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        found = in_this_process(["verdict", "--short", "--emit"], tmp_path, environ)
        points = collector.received.points

    assert (found.returncode, found.stderr) == (1, "")
    verdicts = {
        str(one.attributes["deprecated_import.verdict"]): one.value
        for one in points
        if one.metric == "deprecated_import.rule.verdict"
    }
    assert len(verdicts) == 9
    assert {name for name, value in verdicts.items() if value} == {"in_use"}
    (left,) = (one for one in points if one.metric == "deprecated_import.rule.call_sites_left")
    assert (left.value, left.attributes["deprecated_import.rule"]) == (1, "shop.old")
    assert left.attributes["deprecated_import.owner"] == "@shop"
    assert left.resource["service.name"] == "shop"
    assert left.scope[0] == "enforcer"
    assert collector.received.logs == []


def test_without_an_endpoint_it_is_a_mistake(tmp_path: Path) -> None:
    """The verdicts are printed all the same."""
    project(tmp_path)
    found = in_this_process(["verdict", "--short", "--emit"], tmp_path, {})

    assert found.returncode == 2
    assert "shop.old: in use" in found.stdout
    assert found.stderr.endswith("for instance (no-endpoint)\n")


def test_a_collector_that_does_not_answer_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    found = in_this_process(["verdict", "--short", "--emit"], tmp_path, environ)

    assert found.returncode == 2
    assert "(collector-not-reached)" in found.stderr
