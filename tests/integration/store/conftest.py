"""Record the same facts in both engines, each in the way in which it gets them."""

import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import CallSite, Use
from enforcer.rules.model import Rule
from enforcer.store.clickhouse.connection import parse
from enforcer.store.clickhouse.setup import initialise
from enforcer.store.emission import identify
from enforcer.store.queries import StoreReader
from enforcer.store.readers import open_reader
from enforcer.store.sqlite.writer import Store

SERVER = Path(__file__).with_name("chdb_server.py")


@dataclass(frozen=True)
class Beat:
    """At a time a process says that it watches its rules."""

    process: Process
    rules: Sequence[Rule]
    time: int


@dataclass(frozen=True)
class Flush:
    """At a time a process says what it counted, and how much it lost since the last time."""

    process: Process
    rules: Sequence[Rule]
    time: int
    uses: Sequence[Use]
    dropped: int = 0
    is_repeated: bool = False


@dataclass(frozen=True)
class Saying:
    """A process says something of a path."""

    process: Process
    notice: Notice


@dataclass(frozen=True)
class End:
    """A process says goodbye."""

    process: Process
    time: int
    ending: str = "exit"


Fact = Beat | Flush | Saying | End


class Engine(Protocol):
    """Take facts, and answer questions."""

    def record(self, facts: Sequence[Fact]) -> None:
        """Record facts, in this order."""

    def open(self) -> StoreReader:
        """Open what was recorded."""


class SQLiteEngine:
    """Let processes write to a file, each by a clock of ours."""

    rounds = 12

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "uses.db")
        self.now = 0
        self.sequences: dict[str, int] = {}

    def record(self, facts: Sequence[Fact]) -> None:
        with closing(Store(self.path, clock=lambda: self.now)) as store:
            for fact in facts:
                self.now = getattr(fact, "time", self.now)
                self.write(store, fact)

    def write(self, store: Store, fact: Fact) -> None:
        if isinstance(fact, Beat | Flush):
            store.watch(fact.process, fact.rules)
        if isinstance(fact, Flush):
            sequence = self.sequences.get(fact.process.id, -1) + (not fact.is_repeated)
            self.sequences[fact.process.id] = sequence
            store.write(fact.process, sequence, fact.uses, fact.dropped)
        elif isinstance(fact, Saying):
            store.note(fact.process, [fact.notice])
        elif isinstance(fact, End):
            store.leave(fact.process, fact.ending)

    def open(self) -> StoreReader:
        return open_reader(f"sqlite://{self.path}")


MAP = "Map(LowCardinality(String), String)"
RESOURCE = f"""
ResourceSchemaUrl String, ResourceAttributes {MAP}, ScopeSchemaUrl String, ScopeName String,
ScopeVersion String, ScopeAttributes {MAP}, ServiceName LowCardinality(String)
"""
INDEXES = """
INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1
"""
LOG = f"""
TraceId String, SpanId String, SeverityText LowCardinality(String), Body String, {RESOURCE},
LogAttributes {MAP}, {INDEXES}
"""
TABLES = {
    # Of the exporter up to 0.1xx: a second time column, and no name of the event.
    "without_event_name": f"""
CREATE TABLE otel_logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimestampTime DateTime DEFAULT toDateTime(Timestamp), TraceFlags UInt8, SeverityNumber UInt8,
    {LOG}
) ENGINE = MergeTree PARTITION BY toDate(TimestampTime)
PRIMARY KEY (ServiceName, TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp)
""",
    # Of today.
    "with_event_name": f"""
CREATE TABLE otel_logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceFlags UInt32, SeverityNumber Int32,
    EventName String CODEC(ZSTD(1)), {LOG}
) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SeverityText, toUnixTimestamp(Timestamp), TraceId)
""",
}
SUMS = f"""
CREATE TABLE otel_metrics_sum (
    {RESOURCE}, ScopeDroppedAttrCount UInt32, MetricName String, MetricDescription String,
    MetricUnit String, Attributes {MAP}, StartTimeUnix DateTime64(9) CODEC(Delta, ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta, ZSTD(1)), Value Float64, Flags UInt32,
    Exemplars Nested (
        FilteredAttributes {MAP}, TimeUnix DateTime64(9), Value Float64, SpanId String,
        TraceId String
    ),
    AggregationTemporality Int32, IsMonotonic Boolean, {INDEXES}
) ENGINE = MergeTree PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
"""


class ClickHouseEngine:
    """Put rows into the collector's tables, as its exporter does."""

    rounds = 3

    def __init__(self, url: str, *, has_event_name: bool, when: str) -> None:
        import clickhouse_connect

        self.url = url
        self.when = when
        self.has_event_name = has_event_name
        self.emitted: Counter[str] = Counter()
        self.lost: dict[str, int] = {}
        address = parse(url)
        place = {"host": address.host, "port": address.port}
        with closing(clickhouse_connect.get_client(**place)) as client:
            client.command(f"CREATE DATABASE {address.database}")
        self.client = clickhouse_connect.get_client(**place, database=address.database)
        self.client.command(TABLES["with_event_name" if has_event_name else "without_event_name"])
        self.client.command(SUMS)
        if when == "before":
            initialise(address)

    def record(self, facts: Sequence[Fact]) -> None:
        found = [self.rows_of(fact) for fact in facts]
        self.insert("otel_logs", [row for logs, _ in found for row in logs])
        self.insert("otel_metrics_sum", [row for _, points in found for row in points])
        if self.when == "after":
            initialise(parse(self.url))

    def insert(self, table: str, found: list[dict[str, Any]]) -> None:
        if found:
            lines = "\n".join(map(json.dumps, found)).encode()
            self.client.raw_insert(table, list(found[0]), lines, fmt="JSONEachRow")

    def rows_of(self, fact: Fact) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        logs: list[dict[str, Any]] = []
        points: list[dict[str, Any]] = []
        if isinstance(fact, Beat | Flush):
            points += [self.beat(fact.process, rule, fact.time) for rule in fact.rules]
        if isinstance(fact, Flush):
            logs += [self.use(fact, use, self.identity(fact, use)) for use in fact.uses]
            if fact.dropped and not fact.is_repeated:
                points.append(self.drop(fact))
        elif isinstance(fact, Saying):
            logs.append(self.notice(fact))
        elif isinstance(fact, End):
            ending = {"deprecated_import.ending": fact.ending}
            logs.append(self.log("ended", fact.process, fact.time, ending))
        return logs, points

    def identity(self, fact: Flush, use: Use) -> str:
        """Return the id of a log event: process, call site, and after how many uses of it."""
        site = f"{fact.process.id}-{identify(use.rule.legacy, use.stage, use.outcome, use.site)}"
        since = self.emitted[site] - (use.count if fact.is_repeated else 0)
        self.emitted[site] = since + use.count
        return f"{site}-{since}"

    def resource(self, process: Process) -> dict[str, Any]:
        attributes = {
            "service.name": process.service,
            "service.version": process.service_version,
            "service.instance.id": process.id,
            "deployment.environment.name": process.environment,
            "host.name": process.host,
            "process.pid": str(process.pid),
            "process.runtime.version": process.python,
        }
        return {
            "ResourceAttributes": {key: value for key, value in attributes.items() if value},
            "ServiceName": process.service,
            "ScopeName": "enforcer",
        }

    def log(
        self, name: str, process: Process, time: int, attributes: dict[str, Any]
    ) -> dict[str, Any]:
        event = f"deprecated_import.{name}"
        named = {"EventName": event} if self.has_event_name else {}
        values = {"deprecated_import.process": process.id, **attributes}
        if not self.has_event_name:
            values["event.name"] = event
        return {
            **self.resource(process),
            **named,
            "Timestamp": seconds(time),
            "LogAttributes": {key: str(value) for key, value in values.items() if value != ""},
        }

    def use(self, fact: Flush, use: Use, name: str) -> dict[str, Any]:
        site = use.site
        attributes = {
            "deprecated_import.id": name,
            "deprecated_import.count": use.count,
            "deprecated_import.first_seen": use.first_seen,
            "deprecated_import.last_seen": use.last_seen,
            "deprecated_import.rule": use.rule.legacy,
            "deprecated_import.legacy": site.path,
            "deprecated_import.canonical": use.rule.canonical,
            "deprecated_import.stage": use.stage,
            "deprecated_import.outcome": use.outcome,
            "deprecated_import.mechanism": site.mechanism,
            "deprecated_import.relation": site.relation,
            "deprecated_import.name": ",".join(site.names),
            "deprecated_import.caller.module": site.module,
            "deprecated_import.caller.distribution": site.distribution,
            "deprecated_import.caller.via": site.via,
            "code.file.path": site.file,
            "code.line.number": site.line,
            "code.function.name": site.function,
        }
        event = "blocked" if use.outcome == "blocked" else "used"
        return self.log(event, fact.process, use.last_seen, attributes)

    def notice(self, fact: Saying) -> dict[str, Any]:
        attributes = {
            "deprecated_import.notice.kind": fact.notice.kind,
            "deprecated_import.notice.subject": fact.notice.subject,
            "deprecated_import.notice.text": fact.notice.text,
        }
        return self.log("notice", fact.process, fact.process.started, attributes)

    def point(
        self, metric: str, process: Process, time: int, value: float, attributes: dict[str, str]
    ) -> dict[str, Any]:
        named = {f"deprecated_import.{key}": text for key, text in attributes.items() if text}
        return {
            **self.resource(process),
            "MetricName": f"deprecated_import.{metric}",
            "Attributes": {"deprecated_import.process": process.id, **named},
            "StartTimeUnix": seconds(process.started),
            "TimeUnix": seconds(time),
            "Value": value,
            "AggregationTemporality": 2,
        }

    def beat(self, process: Process, rule: Rule, time: int) -> dict[str, Any]:
        attributes = {
            "rule": rule.legacy,
            "canonical": rule.canonical,
            "stage": rule.stage,
            "removal": rule.removal,
            "rule.state": "watched",
        }
        return self.point("rule.count", process, time, 1, attributes)

    def drop(self, fact: Flush) -> dict[str, Any]:
        total = self.lost.get(fact.process.id, 0) + fact.dropped
        self.lost[fact.process.id] = total
        return self.point("dropped", fact.process, fact.time, total, {})

    def open(self) -> StoreReader:
        return open_reader(self.url)


def seconds(time: int) -> str:
    return f"{time // 10**9}.{time % 10**9:09d}"


@pytest.fixture(scope="session")
def clickhouse_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the ClickHouse engine."""
    folder = tmp_path_factory.mktemp("chdb")
    server = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder / "data")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


_databases = itertools.count(1)

MakeClickHouse = Callable[..., ClickHouseEngine]


@pytest.fixture(scope="session")
def make_clickhouse(request: pytest.FixtureRequest) -> MakeClickHouse:
    """Make a database with the collector's tables; ``when`` says when it gets roll-ups."""

    def make(*, has_event_name: bool = True, when: str = "before") -> ClickHouseEngine:
        port = request.getfixturevalue("clickhouse_port")
        url = f"clickhouse://127.0.0.1:{port}/test{next(_databases)}"
        return ClickHouseEngine(url, has_event_name=has_event_name, when=when)

    return make


CLICKHOUSES = {
    "clickhouse": {"when": "before"},
    "clickhouse-old-and-filled-later": {"when": "after", "has_event_name": False},
    "clickhouse-raw": {"when": "never"},
}


@pytest.fixture(
    scope="session",
    params=["sqlite", *(pytest.param(n, marks=pytest.mark.component("chdb")) for n in CLICKHOUSES)],
)
def make_engine(
    request: pytest.FixtureRequest,
    make_clickhouse: MakeClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Engine]:
    """Make engines of one kind: SQLite, or ClickHouse in one of several forms."""
    if request.param == "sqlite":
        return lambda: SQLiteEngine(tmp_path_factory.mktemp("store"))
    return lambda: make_clickhouse(**CLICKHOUSES[request.param])


@pytest.fixture
def engine(make_engine: Callable[[], Engine]) -> Engine:
    """Make an engine with nothing in it."""
    return make_engine()


@pytest.fixture(scope="session")
def make_use() -> Callable[..., Use]:
    """Make uses of ``shop.old_cart`` by shop/views.py:12, unless told otherwise."""

    def make(rule: Rule, count: int, first_seen: int, last_seen: int = 0, **fields: Any) -> Use:
        outcome = fields.pop("outcome", "aliased")
        values: dict[str, Any] = {
            "file": "shop/views.py",
            "line": 12,
            "function": "checkout",
            "module": "shop.views",
            "mechanism": "import_statement",
        }
        site = CallSite(fields.pop("path", rule.module), **{**values, **fields})
        return Use(
            rule,
            stage=rule.stage,
            outcome=outcome,
            site=site,
            count=count,
            first_seen=first_seen,
            last_seen=last_seen or first_seen,
        )

    return make


@pytest.fixture(scope="session")
def facts() -> Any:
    """Give the classes of facts: test modules import nothing from each other."""
    return sys.modules[__name__]
