"""Uses that could not be emitted are kept without loading anything, and emitted by others."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from enforcer.recording.process import Process
from enforcer.recording.recorder import Tally
from enforcer.recording.use import BLOCKED, CallSite, Use
from enforcer.rules.delegated import Factory
from enforcer.rules.model import MigrationMap, Rule
from enforcer.telemetry.remains import keep, read
from enforcer.telemetry.reviving import revive
from enforcer.telemetry.scrubbing import Scrub
from enforcer.telemetry.spool import Spool

MakeUse = Callable[..., Use]
Totals = list[tuple[Tally, int]]
RULE = Rule("shop.old.*", "shop.new.*", stage="strict", removal="4.0")
FACTORY = Factory("shop.old:make", "shop.cart:get")


def tally(rule: Rule, use: Use, outcome: str = "aliased") -> Tally:
    return Tally(rule, outcome, use.site)


@pytest.fixture
def totals(make_use: MakeUse) -> Totals:
    return [
        (tally(RULE, make_use(path="shop.old.cart", names=("A", "B")), BLOCKED), 3),
        (tally(FACTORY, make_use(path="shop.old:make", mechanism="call", line=7)), 4),
        (tally(RULE, make_use(line=9)), 0),
    ]


@pytest.fixture
def process(make_process: Callable[..., Process]) -> Process:
    return make_process(service="shop", service_version="1.2", root="/srv")


def events(folder: Path) -> list[dict[str, object]]:
    """Give the attributes of all log events that wait."""
    found: list[dict[str, object]] = []
    for waiting in Spool([folder]).waiting():
        assert waiting.signal == "logs"
        request = ExportLogsServiceRequest.FromString(waiting.path.read_bytes())
        records = request.resource_logs[0].scope_logs[0].log_records
        assert len(records) == waiting.records
        for record in records:
            pairs = ((pair.key, pair.value) for pair in record.attributes)
            found.append({key: value.int_value or value.string_value for key, value in pairs})
    return found


def test_all_of_it_comes_back(tmp_path: Path, process: Process, totals: Totals) -> None:
    assert keep([str(tmp_path / "telemetry")], process, totals)

    (file,) = (tmp_path / "telemetry").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    again, uses = read(file.read_bytes())
    for name in Process.__slots__:
        assert getattr(again, name) == getattr(process, name)
    assert [(use.rule.legacy, use.rule.kind, use.count, use.outcome) for use in uses] == [
        ("shop.old.*", "tree", 3, BLOCKED),
        ("shop.old:make", "factory", 4, "aliased"),
    ]
    for use, (counted, _) in zip(uses, totals, strict=False):
        for name in CallSite.__slots__:
            assert getattr(use.site, name) == getattr(counted.site, name)
        assert use.first_seen == counted.first_seen <= use.last_seen


def test_log_events_are_made_of_it(tmp_path: Path, process: Process, totals: Totals) -> None:
    """As the process itself would have made them, ids included; once."""
    folder = tmp_path / "telemetry"
    keep([str(folder)], process, totals)
    for _ in range(2):
        revive(Spool([folder]), MigrationMap(), Scrub(""))

    blocked, called = events(folder)
    assert blocked["event.name"] == "deprecated_import.blocked"
    assert blocked["deprecated_import.id"] == f"{process.id}-0-0"
    assert blocked["deprecated_import.process"] == process.id
    assert blocked["deprecated_import.canonical"] == "shop.new.cart"
    assert blocked["deprecated_import.removal"] == "4.0"
    assert blocked["deprecated_import.count"] == 3
    assert called["deprecated_import.id"] == f"{process.id}-0-1"
    assert called["deprecated_import.canonical"] == "shop.cart:get"


def test_what_is_not_understood_stays(tmp_path: Path) -> None:
    """A version to come may have written it."""
    spool = Spool([tmp_path / "telemetry"])
    for number, data in enumerate((b"", b"\xff", b"i\x01\x00\x00\x00")):
        spool.keep("uses", data, process="p", records=number)

    revive(spool, MigrationMap(), Scrub(""))

    assert len(spool.waiting()) == 3


def test_nothing_is_kept_of_no_uses(tmp_path: Path, process: Process, totals: Totals) -> None:
    assert keep([str(tmp_path / "telemetry")], process, totals[2:])

    assert list(tmp_path.iterdir()) == []


def test_the_next_place(tmp_path: Path, process: Process, totals: Totals) -> None:
    """Where a folder can't be used, the next one is; it tells where none can."""
    (tmp_path / "file").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    bad = [str(tmp_path / "file" / "telemetry"), str(tmp_path / "shared")]

    assert not keep(bad, process, totals)
    assert keep([*bad, str(tmp_path / "good")], process, totals)
    assert len(list((tmp_path / "good").iterdir())) == 1
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.process
def test_little_is_loaded_for_it(environ: dict[str, str]) -> None:
    """The thread that loads the rest may hold the lock of any other module."""
    code = (
        "import sys, enforcer.telemetry.remains\n"
        "print({'dataclasses', 'inspect', 'json', 'pathlib', 'opentelemetry'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environ, check=True, capture_output=True, text=True
    )
    assert said.stdout == "set()\n"
