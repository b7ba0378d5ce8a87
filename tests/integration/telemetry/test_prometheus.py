"""Prometheus scrapes an application, and its numbers are those of the report."""

import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.telemetry.receiving import free_port
from tests.integration.telemetry.recorded import Project
from tests.integration.telemetry.running import Prometheus
from tests.patience import PATIENCE

pytestmark = pytest.mark.component("prometheus", "promtool", "opentelemetry.exporter.prometheus")

PAGE = Path(__file__).parents[3] / "docs" / "telemetry.md"

PROGRAM = """
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import start_http_server

use(3)  # before the application has a provider
metrics.set_meter_provider(MeterProvider(metric_readers=[PrometheusMetricReader()]))
start_http_server({port}, "127.0.0.1")

def elsewhere():
    import old.part
    from old import N

print("ready", flush=True)
for line in sys.stdin:
    use(int(line))
    elsewhere()
    print("done", flush=True)
"""

SCRAPE = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
- {{job_name: app, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}
"""


def queries() -> list[str]:
    """Give the expressions that the page has for Prometheus."""
    return re.findall(r"```promql\n(.*?)```", PAGE.read_text(), re.DOTALL)


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        text: str = answer.read().decode()
    return text


@contextmanager
def serving(project: Project, port: int) -> Iterator[Callable[[int], None]]:
    """Run the program until the end of the block; give what has it use the legacy path."""
    with project.start(PROGRAM.format(port=port)) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None

        def ask(number: int) -> None:
            program.stdin.write(f"{number}\n")
            program.stdin.flush()
            assert program.stdout.readline() == "done\n"

        try:
            assert program.stdout.readline() == "ready\n"
            yield ask
        finally:
            program.stdin.close()
            program.wait(PATIENCE)
        assert program.stderr.read() == ""


def settled(prometheus: Prometheus, query: str, total: float) -> dict[str, float]:
    """Give what a query says by rule, once it says that many uses."""
    until = time.monotonic() + PATIENCE
    while True:
        found = {
            sample["metric"]["deprecated_import_rule"]: float(sample["value"][1])
            for sample in prometheus.now(query)
        }
        if sum(found.values()) >= total:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.2)


def test_the_query_gives_what_the_report_gives(project: Project, tmp_path: Path) -> None:
    """By rule, over two processes, one after the other; uses before the provider included."""
    project.folder.joinpath("new.py").unlink()
    project.folder.joinpath("new").mkdir()
    project.folder.joinpath("new/__init__.py").write_text("N = 1\n")
    project.folder.joinpath("new/part.py").write_text("")
    project.folder.joinpath("spare.py").write_text("")
    map_file = project.folder / "enforcer.toml"
    map_file.write_text(
        map_file.read_text()
        + '[[rule]]\nlegacy = "old.part"\ncanonical = "spare"\n'
        + '[[rule]]\nlegacy = "never"\ncanonical = "spare"\n'
    )
    port = free_port()
    (uses_by_rule, *_) = queries()
    with Prometheus(tmp_path, SCRAPE.format(port=port)) as prometheus:
        with serving(project, port) as ask:
            for number in (5, 7, 11):
                ask(number)
            settled(prometheus, uses_by_rule, 3 + 5 + 7 + 11 + 3 * 2)
        with serving(project, port) as ask:
            ask(2)
            by_rule = settled(prometheus, uses_by_rule, 32 + 3 + 2 + 2)
            exposed = scraped(port)
            watched = re.findall(
                r'^deprecated_import_rule_count\{.*deprecated_import_rule="([^"]+)"'
                r'.*deprecated_import_rule_state="watched".*\} 1\.0$',
                exposed,
                re.MULTILINE,
            )

    reported = {rule["legacy"]: rule["uses"] for rule in project.numbers()["rules"]}
    assert by_rule == {legacy: uses for legacy, uses in reported.items() if uses}
    assert by_rule == {"old": 35, "old.part": 4}
    assert sorted(watched) == sorted(reported) == ["never", "old", "old.part"]
    lint = subprocess.run(
        [shutil.which("promtool") or "promtool", "check", "metrics"],
        input=exposed,
        capture_output=True,
        text=True,
        check=False,
    )
    own = {line for line in lint.stderr.splitlines() if line.startswith("deprecated_import")}
    # OpenTelemetry's conventions call up-down counters "….count", as they do their own.
    suffix = 'non-histogram and non-summary metrics should not have "_count" suffix'
    assert own <= {f"deprecated_import_{what}_count {suffix}" for what in ("rule", "call_site")}
