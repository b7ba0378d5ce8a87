"""What starts all of it together fits together, as far as can be told without starting it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.dashboards.asking import boards
from tests.patience import PATIENCE

FOLDER = Path(__file__).parents[3] / "dashboards"
GRAFANA = FOLDER / "grafana"


def read(*names: str) -> dict[str, Any]:
    """Read a file of ours."""
    content: dict[str, Any] = yaml.safe_load(FOLDER.joinpath(*names).read_text())
    return content


COMPOSE = read("compose.yaml")
SERVICES = COMPOSE["services"]
COLLECTOR = read("collector", "config.yaml")


def mounts(service: str) -> Iterator[tuple[str, str]]:
    """Give what is mounted, and where."""
    for volume in SERVICES[service]["volumes"]:
        source, target = volume.split(":")[:2]
        yield source, target


def inside(service: str, path: str) -> Path:
    """Find the file of ours that a service has at a path."""
    for source, target in mounts(service):
        if path.startswith(target) and source.startswith("."):
            return FOLDER.joinpath(source, path.removeprefix(target).lstrip("/"))
    raise AssertionError(path)


@pytest.mark.component("check_jsonschema")
def test_compose_takes_the_file() -> None:
    """By the schema of the Compose specification."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, FOLDER / "compose.yaml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_finds_what_it_mounts(name: str) -> None:
    assert list(mounts(name))
    for source, _ in mounts(name):
        if source.startswith("."):
            assert FOLDER.joinpath(source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_and_stays_on_loopback(name: str) -> None:
    service = SERVICES[name]
    version = service["image"].partition(":")[2]
    assert version[:1].isdigit() or version[1:2].isdigit()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert set(service.get("depends_on", ())) <= set(SERVICES)


def test_programs_find_their_files() -> None:
    """Those that are named on a command line or in a variable."""
    (collector,) = SERVICES["collector"]["command"]
    assert inside("collector", collector.partition("=")[2]) == FOLDER / "collector/config.yaml"
    prometheus = SERVICES["prometheus"]["command"][0].partition("=")[2]
    assert inside("prometheus", prometheus).is_file()
    grafana = SERVICES["grafana"]["environment"]
    assert inside("grafana", grafana["GF_PATHS_PROVISIONING"]) == GRAFANA / "provisioning"
    assert inside("grafana", grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).is_file()
    (provider,) = read("grafana", "provisioning", "dashboards", "dashboards.yml")["providers"]
    assert inside("grafana", provider["options"]["path"]) == GRAFANA


def test_every_dashboard_has_its_data_source() -> None:
    sources = read("grafana", "provisioning", "datasources", "datasources.yml")["datasources"]
    asked = {
        variable["query"]
        for board in boards().values()
        for variable in board["templating"]["list"]
        if variable["type"] == "datasource"
    }
    assert asked == {source["type"] for source in sources}
    for source in sources:
        host = source.get("url") or source["jsonData"]["host"]
        assert host.removeprefix("http://").partition(":")[0] in SERVICES
    plugins = SERVICES["grafana"]["environment"]["GF_PLUGINS_PREINSTALL"]
    assert asked == {"prometheus", plugins}


@pytest.mark.parametrize("kind", ["receivers", "processors", "exporters"])
def test_the_collector_defines_what_it_uses(kind: str) -> None:
    """And uses what it defines."""
    pipelines = COLLECTOR["service"]["pipelines"].values()
    assert {name for each in pipelines for name in each[kind]} == set(COLLECTOR[kind])


def test_the_collector_passes_on_all_that_is_read() -> None:
    """Logs, traces and metrics to ClickHouse, metrics to Prometheus, each with its labels."""
    pipelines = COLLECTOR["service"]["pipelines"]
    told = {
        (name.partition("/")[0], to) for name, of in pipelines.items() for to in of["exporters"]
    }
    assert told == {
        ("logs", "clickhouse"),
        ("traces", "clickhouse"),
        ("metrics", "clickhouse"),
        ("metrics", "prometheus"),
    }
    assert "transform/deployment" in pipelines["metrics/prometheus"]["processors"]
    assert set(COLLECTOR["service"]["extensions"]) == set(COLLECTOR["extensions"])
    assert (
        COLLECTOR["exporters"]["clickhouse"]["sending_queue"]["storage"] in COLLECTOR["extensions"]
    )


def test_the_collector_is_told_and_found() -> None:
    """Its variables are set, and Prometheus scrapes the port that it serves."""
    text = (FOLDER / "collector" / "config.yaml").read_text()
    variables = {part.partition("}")[0] for part in text.split("${env:")[1:]}
    assert variables == set(SERVICES["collector"]["environment"])
    (job,) = read("prometheus", "prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target == "collector:" + COLLECTOR["exporters"]["prometheus"]["endpoint"].split(":")[1]
    assert job["honor_labels"]


@pytest.mark.component("chdb", "rotel")
def test_clickhouse_takes_what_makes_its_reader(clickhouse: Any) -> None:  # noqa: ANN401 - a fixture
    """By its parser: the embedded engine has no users."""
    text = (FOLDER / "clickhouse" / "reader.sql").read_text()
    statements = [part.strip() for part in text.split(";") if part.strip()]
    assert len(statements) == 2
    for statement in statements:
        quoted = statement.replace("'", "''")
        ((formatted,),) = clickhouse.ask(f"SELECT formatQuery('{quoted}')")
        assert "grafana" in formatted
