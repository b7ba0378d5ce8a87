"""Give tests of dashboards a fleet whose telemetry they show, in Prometheus and in ClickHouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.store.clickhouse.connection import parse
from enforcer.store.clickhouse.setup import initialise
from tests.integration.dashboards import fleet
from tests.integration.dashboards.filled_clickhouse import FilledClickHouse
from tests.integration.dashboards.filled_prometheus import FilledPrometheus
from tests.integration.telemetry.receiving import Receiver
from tests.patience import environment_without


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """Give an environment in which nobody has asked for anything yet."""
    return environment_without("ENFORCER", "OTEL")


@pytest.fixture(scope="session")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]
) -> Iterator[FilledPrometheus]:
    """Give a Prometheus that has scraped two services, of which one is gone."""
    folder = tmp_path_factory.mktemp("scraped")
    (folder / "prometheus").mkdir()
    with Receiver() as receiver:
        # What is held back is known once somebody would get it.
        environ = {**environ, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{receiver.endpoint}/v1/logs"}
        with (
            _scraped(folder, environ, "shop", "production") as shop,
            _scraped(folder, environ, "worker", "staging") as worker,
            FilledPrometheus(folder / "prometheus", [shop, worker]) as prometheus,
        ):
            counted = sum(fleet.USES.values())
            total = "sum(sum_over_time(job_rule:deprecated_import_uses:increase1m[1h]))"
            prometheus.wait_for(total, 2 * counted)
            lost = "sum(sum_over_time(job:deprecated_import_dropped:increase1m[1h]))"
            prometheus.wait_for(lost, 2)
            shop.go_on()
            prometheus.wait_for(total, 2 * counted + sum(fleet.LATER.values()))
            by_hour = "sum(sum_over_time(job_rule:deprecated_import_uses:increase1h[1h]))"
            prometheus.wait_for(by_hour, 2 * counted + sum(fleet.LATER.values()))
            worker.end()
            prometheus.wait_for("count(job:deprecated_import_processes:count)", 1)
            prometheus.wait_for('count(ALERTS{job="shop",alertstate="firing"})', 4)
            prometheus.wait_for('count(ALERTS{job="worker",alertstate="pending"})', 1)
            yield prometheus


@pytest.fixture(scope="session")
def clickhouse(
    tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]
) -> Iterator[FilledClickHouse]:
    """Give a ClickHouse that a collector filled from two services, of which one is gone."""
    folder = tmp_path_factory.mktemp("collected")
    (folder / "clickhouse").mkdir()
    with FilledClickHouse(folder / "clickhouse") as clickhouse:
        initialise(parse(clickhouse.url))
        told = {
            **environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": clickhouse.endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }
        with (
            _telling(folder, told, "shop", "production") as shop,
            _telling(folder, told, "worker", "staging"),
        ):
            shop.go_on()
            yield _when_all_is_told(clickhouse)


def _when_all_is_told(clickhouse: FilledClickHouse) -> FilledClickHouse:
    told = sum(fleet.USES.values()) - fleet.USES[fleet.HELD_BACK]
    total = 2 * told + sum(fleet.LATER.values())
    clickhouse.wait_for("SELECT sumIf(count, NOT probe) FROM enforcer_use_by_hour", total)
    lost = """
    SELECT sum(most) FROM (SELECT max(value) AS most FROM enforcer_drop GROUP BY process)
    """
    clickhouse.wait_for(lost, 2 * fleet.LOST)
    clickhouse.wait_for("SELECT uniqExact(ServiceName) FROM otel_traces", 2)
    clickhouse.wait_for("SELECT sumIf(count, probe) FROM enforcer_use_by_hour", 2)
    return clickhouse


def _telling(folder: Path, environ: dict[str, str], name: str, environment: str) -> fleet.Service:
    root = folder / name
    fleet.write(root)
    service = fleet.Service(root, name, "1.0", environment, environ)
    service.is_ready()
    return service


def _scraped(folder: Path, environ: dict[str, str], name: str, environment: str) -> fleet.Service:
    root = folder / name
    fleet.write(root)
    service = fleet.Service(root, name, "1.0", environment, environ, is_scraped=True)
    service.is_ready()
    return service
