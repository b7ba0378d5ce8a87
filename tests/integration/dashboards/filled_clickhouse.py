"""Run the ClickHouse engine with a collector before it, and put what dashboards ask of it."""

import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from tests.integration.dashboards.asking import ALL
from tests.integration.store.conftest import MAP, SERVER, SUMS, TABLES
from tests.integration.telemetry.receiving import free_port
from tests.integration.telemetry.running import Running
from tests.patience import PATIENCE

TRACES = f"""
CREATE TABLE otel_traces (
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String, SpanId String,
    ParentSpanId String, TraceState String, SpanName LowCardinality(String),
    SpanKind LowCardinality(String), ServiceName LowCardinality(String),
    ResourceAttributes {MAP}, ScopeName String, ScopeVersion String, SpanAttributes {MAP},
    Duration UInt64, StatusCode LowCardinality(String), StatusMessage String,
    Events Nested (
        Timestamp DateTime64(9), Name LowCardinality(String), Attributes {MAP}
    ),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes {MAP})
) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
"""


class FilledClickHouse:
    """A ClickHouse engine and the collector that writes to it, until the end of a ``with`` block.

    Attributes:
        url: what ``ENFORCER_STORE`` has to be.
        endpoint: where the collector takes OTLP over HTTP.

    """

    def __init__(self, folder: Path) -> None:
        """Start both in an empty folder; the collector's tables are there, and nothing in them."""
        import clickhouse_connect  # noqa: PLC0415 - a component

        self._server = subprocess.Popen(
            [sys.executable, SERVER, folder / "chdb"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert self._server.stdout is not None
            port = int(self._server.stdout.readline())
            self.url = f"clickhouse://127.0.0.1:{port}/otel"
            with clickhouse_connect.get_client(host="127.0.0.1", port=port) as client:
                client.command("CREATE DATABASE otel")
            self._client = clickhouse_connect.get_client(
                host="127.0.0.1", port=port, database="otel"
            )
            for table in (TABLES["without_event_name"], SUMS, TRACES):
                self._client.command(table)
            self._collector, self.endpoint = _collector(folder, port)
        except BaseException:
            self._stop_server()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._collector.stop()
        self._client.close()
        self._stop_server()

    def _stop_server(self) -> None:
        self._server.kill()
        with self._server:
            pass

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Give the rows of an answer."""
        return [tuple(row) for row in self._client.query(statement).result_rows]

    def wait_for(self, statement: str, value: object) -> None:
        """Wait until a statement gives one value, and that one."""
        until = time.monotonic() + PATIENCE
        while (found := self.ask(statement)) != [(value,)]:
            assert time.monotonic() < until, (statement, found)
            time.sleep(0.2)


def _collector(folder: Path, port: int) -> tuple[Running, str]:
    spec = find_spec("rotel")
    assert spec is not None
    assert spec.origin is not None
    listens = free_port()
    options = {
        "--otlp-http-endpoint": f"127.0.0.1:{listens}",
        "--otlp-grpc-endpoint": f"127.0.0.1:{free_port()}",
        "--exporter": "clickhouse",
        "--clickhouse-exporter-endpoint": f"http://127.0.0.1:{port}",
        "--clickhouse-exporter-database": "otel",
        "--clickhouse-exporter-compression": "none",
        "--pid-file": str(folder / "rotel.pid"),
        "--log-file": str(folder / "rotel-agent.log"),
    }
    words = [word for option in options.items() for word in option]
    agent = Path(spec.origin).with_name("rotel-agent")
    # A Python that was built with a shared library may not be the system's.
    library = str(sysconfig.get_config_var("LIBDIR"))
    running = Running("rotel", [agent, "start", *words], folder, LD_LIBRARY_PATH=library)
    try:
        running.wait_until_it_serves(listens)
    except BaseException:
        running.stop()
        raise
    return running, f"http://127.0.0.1:{listens}"


def as_sql(text: str, chosen: Mapping[str, str], *, since: int, until: int, step: int) -> str:
    """Put a statement as Grafana and its plugin for ClickHouse do, before it is sent.

    Args:
        text: the statement, as written in a dashboard.
        chosen: the values of variables; ``$__all`` for all of them.
        since: when the time range begins, in seconds since the epoch.
        until: when it ends.
        step: the time that a point of a graph stands for, in seconds.

    """

    def conditional(found: re.Match[str]) -> str:
        condition, name = found.groups()
        return "1=1" if chosen[name] == ALL else condition

    text = re.sub(r"\$__conditionalAll\((\w+ IN \([^)]*\)), \$(\w+)\)", conditional, text)
    for name, value in chosen.items():
        text = text.replace(f"${{{name}:singlequote}}", f"'{value}'")
    column = r"\$__timeFilter\((\w+)\)"
    text = re.sub(column, rf"\1 >= toDateTime({since}) AND \1 <= toDateTime({until})", text)
    for macro, value in {
        "$__fromTime": f"toDateTime({since})",
        "$__toTime": f"toDateTime({until})",
        "$__interval_s": str(step),
    }.items():
        text = text.replace(macro, value)
    assert "$" not in text, text
    return text
