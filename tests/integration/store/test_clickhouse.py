"""Meet a ClickHouse that does not answer, refuses, or is not what it should be."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store import StoreError
from enforcer.store.clickhouse.connection import ask, connect, parse
from enforcer.store.clickhouse.setup import initialise
from enforcer.store.queries import HOUR, LostUses, Span
from enforcer.store.readers import open_reader

pytestmark = pytest.mark.component("chdb")

MakeUse = Callable[..., Use]
NOON = 493_000 * 3_600_000_000_000
SECOND = 1_000_000_000
RULE = Rule("shop.old_cart", "shop.cart")


@pytest.fixture
def filled(make_clickhouse: Callable[..., Any], facts: Any, make_use: MakeUse) -> Any:
    engine = make_clickhouse()
    flush = facts.Flush(Process(id="a" * 32, started=NOON), [RULE], NOON, [make_use(RULE, 3, NOON)])
    engine.record([flush])
    return engine


def uses(url: str) -> int:
    with open_reader(url) as reader:
        return sum(use.count for use in reader.uses(Span()))


@pytest.mark.parametrize("when", ["before", "never"])
def test_log_events_that_somebody_samples(
    make_clickhouse: Callable[..., Any], facts: Any, make_use: MakeUse, when: str
) -> None:
    """Each says after how many uses of its call site it begins: what lies between was lost."""
    engine, web = make_clickhouse(when=when), Process(id="a" * 32, started=NOON, service="web")
    times = [NOON + second * SECOND for second in range(5)]
    flushes = [facts.Flush(web, [RULE], time, [make_use(RULE, 3, time)]) for time in times]
    events = [engine.rows_of(flush)[0] for flush in flushes]
    for number in (0, 2, 4):
        engine.insert("otel_logs", events[number])

    with open_reader(engine.url) as reader:
        assert list(reader.lost_uses(0)) == [LostUses("web", "", NOON, 6)]
        assert list(reader.lost_uses(NOON + HOUR)) == []
    for number in (1, 3, 3):  # they only came late, and one of them twice
        engine.insert("otel_logs", events[number])
    with open_reader(engine.url) as reader:
        assert list(reader.lost_uses(0)) == []


def with_user(url: str, user: str) -> str:
    return url.replace("://", f"://{user}@")


def test_user_that_may_only_read(filled: Any) -> None:
    """SELECT is all that a reader needs; more is refused in one line."""
    url = with_user(filled.url, "reader:right")

    assert uses(url) == 3
    with pytest.raises(StoreError, match=r"only \"enforcer store init\" needs more \(clickhouse-f"):
        initialise(parse(url))


@pytest.mark.parametrize("when", ["before", "never"])
def test_heartbeats_that_come_late(
    make_clickhouse: Callable[..., Any], facts: Any, when: str
) -> None:
    """What arrives in parts and out of order is a silence only where nothing lies between."""
    engine, web = make_clickhouse(when=when), Process(id="a" * 32, started=NOON)
    first = [0, 20, 40, 58]
    for part in (first, [10], [30], [61, 80, 100], [150, 170]):
        engine.record([facts.Beat(web, [RULE], NOON + second * SECOND) for second in part])

    with open_reader(f"{engine.url}?interval=10") as reader:
        watching = reader.watching(Span())
        (watch,) = reader.process_watches(Span())
    assert (watching.gaps, watching.longest_gap) == (1, 50 * SECOND)
    assert (watch.gaps, watch.longest_gap) == (1, 50 * SECOND)


@pytest.mark.parametrize("user", ["reader:wr%40ng", "nobody:x", "nobody"])
def test_wrong_password(filled: Any, user: str) -> None:
    """The message names neither the password nor a stack of errors."""
    with pytest.raises(StoreError) as caught:
        open_reader(with_user(filled.url, user))

    assert str(caught.value).endswith("in ENFORCER_STORE (clickhouse-refused)")
    assert "wr" not in str(caught.value).partition("refuses")[0].partition("@")[0]


def test_nobody_listens() -> None:
    """A port without a server is said at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"clickhouse://127.0.0.1:{free.getsockname()[1]}/otel"
        with pytest.raises(StoreError, match=r"Connection refused.*\(clickhouse-unreachable\)$"):
            open_reader(url)


def test_server_that_never_answers() -> None:
    """The time limits of the URL hold."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        url = f"clickhouse://127.0.0.1:{port}/otel?timeout=1&connect_timeout=1"
        with pytest.raises(StoreError, match=r"\(clickhouse-unreachable\)$"):
            open_reader(url)


def test_database_that_is_not_there(clickhouse_port: int) -> None:
    """A database that nobody made has no telemetry."""
    with pytest.raises(StoreError, match=r"\(no-telemetry\)$"):
        open_reader(f"clickhouse://127.0.0.1:{clickhouse_port}/nowhere")


def test_database_without_the_tables(clickhouse_port: int) -> None:
    """A collector has to have written there."""
    url = f"clickhouse://127.0.0.1:{clickhouse_port}/default"
    for attempt in (open_reader, lambda url: initialise(parse(url))):
        with pytest.raises(StoreError, match=r"no table otel_logs and no.*\(no-telemetry\)$"):
            attempt(url)


def test_init_again_is_harmless(filled: Any) -> None:
    """What is there already is not counted again, and may get a time limit."""
    address = parse(filled.url)
    assert initialise(address) == 1
    assert initialise(address, keep_days=100_000) == 1

    assert uses(filled.url) == 3
    with closing(connect(address)) as client:
        ((made,),) = ask(client, address, "SHOW CREATE TABLE enforcer_use_by_hour")
    assert "toIntervalDay(10000)" in made  # and not 100,000, which would be over long ago


def test_what_verdicts_ask_for_is_kept_for_ever(filled: Any) -> None:
    """The longest pause before a use may be older than what is kept of all else."""
    address = parse(filled.url)
    initialise(address)
    tables = ("enforcer_use_by_day", "enforcer_use_ever")
    with closing(connect(address)) as client:

        def limited() -> list[bool]:
            made = (ask(client, address, f"SHOW CREATE TABLE {table}") for table in tables)
            return ["\nTTL " in text for ((text,),) in made]

        # As an earlier version did.
        time = "toDateTime(day * 86400)"
        ask(client, address, f"ALTER TABLE {tables[0]} MODIFY TTL {time} + INTERVAL 9000 DAY")
        assert limited() == [True, False]
        initialise(address, keep_days=400, keep_days_of={"batch": 120})
        assert limited() == [False, False]
    assert uses(filled.url) == 3


def test_roll_ups_of_a_newer_enforcer(filled: Any) -> None:
    """Nobody guesses at a version from the future."""
    address = parse(filled.url)
    with closing(connect(address)) as client:
        ask(client, address, "INSERT INTO enforcer_schema (version) VALUES (2)")
    for attempt in (open_reader, lambda url: initialise(parse(url))):
        with pytest.raises(StoreError, match=r"\(newer-store\)$"):
            attempt(filled.url)


def test_answers_come_from_the_roll_ups(filled: Any) -> None:
    """Once there are roll-ups, the collector's rows may be gone."""
    address = parse(filled.url)
    with closing(connect(address)) as client:
        ask(client, address, "TRUNCATE TABLE otel_logs")
        ask(client, address, "TRUNCATE TABLE otel_metrics_sum")

    assert uses(filled.url) == 3
    with open_reader(filled.url) as reader:
        assert reader.processes(Span()) == 1
        assert [rule.legacy for rule in reader.rules(Span())] == [RULE.legacy]


def test_records_of_others_are_not_ours(filled: Any) -> None:
    """Logs and metrics of other programs are in the same tables."""
    log = {
        "Timestamp": "1774800000",
        "ScopeName": "shop",
        "EventName": "deprecated_import.used",
        "LogAttributes": {"deprecated_import.count": "9"},
    }
    filled.insert("otel_logs", [log])
    filled.insert("otel_metrics_sum", [{"MetricName": "http.requests", "Value": 1}])

    assert uses(filled.url) == 3


def test_tls(tmp_path: Path) -> None:
    """Certificates are checked, against the authority that the URL names."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate}"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([openssl, *words.split(), *names], check=True, capture_output=True)
    command = [str(Path(__file__).with_name("chdb_server.py")), str(tmp_path / "data")]
    server = subprocess.Popen(
        [sys.executable, *command, str(certificate), str(key)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = f"clickhouses://127.0.0.1:{int(server.stdout.readline())}/default"
        with pytest.raises(StoreError, match=r"\(clickhouse-unreachable\)$"):
            open_reader(url)
        for trusted in (f"ca_cert={certificate}", "verify=0"):
            with pytest.raises(StoreError, match=r"\(no-telemetry\)$"):
                open_reader(f"{url}?{trusted}")
    finally:
        server.kill()
        server.communicate()


def test_without_clickhouse_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra says which one to install."""
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    with pytest.raises(
        StoreError, match=r"pip install .*clickhouse-connect.*\(clickhouse-not-installed\)$"
    ):
        open_reader("clickhouse://127.0.0.1:1/otel")


def test_embedded_engine(tmp_path: Path) -> None:
    """The engine inside a process is asked in the same way; a process has only one."""
    code = (
        "import sys\n"
        "from enforcer.store.readers import open_reader\n"
        "try: open_reader(sys.argv[1])\n"
        "except Exception as error: print(error)\n"
    )
    url = f"chdb://{tmp_path}/data"
    done = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("(no-telemetry)\n"), done.stdout + done.stderr


def test_commands(make_clickhouse: Callable[..., Any], facts: Any, make_use: MakeUse) -> None:
    """What a person types: prepare, look, report."""
    engine = make_clickhouse(when="never")
    use = make_use(RULE, 3, NOON)
    engine.record([facts.Flush(Process(id="a" * 32, started=NOON), [RULE], NOON, [use])])

    def enforcer(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "enforcer", *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    raw = json.loads(enforcer("store", "check", "--store", engine.url, "--json"))
    made = enforcer("store", "init", "--engine", "clickhouse", engine.url)
    again = enforcer("store", "init", engine.url, "--keep", "90000d", "--keep-of", "it's=9000d")
    rolled_up = json.loads(enforcer("store", "check", "--store", engine.url, "--json"))
    report = json.loads(enforcer("report", "--store", engine.url, "--format", "json"))

    assert "there are no roll-ups" in raw["remarks"][0]
    assert made == f"{engine.url}: roll-ups made, version 1\n"
    assert again == f"{engine.url}: the roll-ups are there, version 1\n"
    assert (raw["uses"], rolled_up["uses"], rolled_up["remarks"]) == (3, 3, [])
    assert [(rule["legacy"], rule["uses"]) for rule in report["rules"]] == [("shop.old_cart", 3)]
