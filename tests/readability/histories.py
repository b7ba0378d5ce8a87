"""Three histories, written by what happened: who used which path from when till when."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from enforcer.findings import RecordedScan, ScanFinding
from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, BLOCKED, CallSite, Use
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store.queries import DAY, HOUR
from enforcer.store.sqlite.scans import write_scan
from enforcer.store.sqlite.writer import Store

NOW: Final = 20_760 * DAY + 13 * HOUR
"""When all histories end: 2026-11-03 13:00 UTC."""

DAYS: Final = 100

_INTERVAL: Final = 4 * 3600.0

OWNERS: Final = """\
/cart/    @checkout
/mail/    @platform
/search/  @catalogue
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """One call site: its rule, its file, and how many days before the end it began and ended."""

    rule: str
    file: str
    first: int
    last: int
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What happened.

    Attributes:
        rules: the paths, each with the days until it is due.
        callers: who used them.
        named: files in source that name a path that nobody uses any more.
        watched: the services, each with the day before the end on which it was last there.

    """

    rules: dict[str, int]
    callers: tuple[Caller, ...]
    named: dict[str, str] = field(default_factory=dict)
    watched: dict[str, int] = field(default_factory=lambda: {"web": 0, "worker": 0})


HISTORIES: Final = {
    # Twelve call sites became four: each two weeks two of them ended, for good since a month.
    "falling": History(
        {"app.cart": 6, "app.mail": 40, "app.search": 90, "app.banner": 20},
        (
            *(
                Caller("app.cart", f"cart/part_{number}.py", 99, 88 - 7 * number)
                for number in range(8)
            ),
            Caller("app.cart", "cart/total.py", 99, 0),
            Caller("app.mail", "mail/send.py", 99, 0),
            Caller("app.mail", "mail/queue.py", 99, 0),
            Caller("app.search", "search/index.py", 99, 0),
        ),
    ),
    # Six call sites, the same for a hundred days, and a service that went away nine days ago.
    "level": History(
        {"app.cart": 50, "app.mail": -12, "app.search": 200, "app.banner": 20},
        (
            *(Caller("app.cart", f"cart/part_{number}.py", 99, 0) for number in range(3)),
            *(Caller("app.mail", f"mail/part_{number}.py", 99, 0) for number in range(2)),
            Caller("app.search", "search/index.py", 99, 0),
        ),
        watched={"web": 0, "worker": 9},
    ),
    # Each week brings a new caller; one is refused since yesterday; a path is only named.
    "rising": History(
        {"app.cart": 30, "app.mail": 70, "app.search": 25, "app.banner": 20, "app.login": 45},
        (
            *(
                Caller("app.cart", f"cart/part_{number}.py", 99 - 8 * number, 0)
                for number in range(12)
            ),
            Caller("app.mail", "mail/send.py", 1, 0, is_refused=True),
        ),
        named={"search/old.py": "app.search"},
    ),
}


def write(name: str, folder: Path) -> tuple[Path, MigrationMap]:
    """Write a history into an empty folder; return its store and its map."""
    history = HISTORIES[name]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CODEOWNERS").write_text(OWNERS, "utf-8")
    map_file = folder / "enforcer.toml"
    map_file.write_text("\n".join(_map(history)), "utf-8")
    migration_map = load_map(str(map_file), environ={})
    store = folder / "uses.db"
    _record(history, list(migration_map), store)
    findings = tuple(
        ScanFinding(file, 3, 6, 3, 6 + len(rule), rule, f"{rule}_new", rule, "from")
        for file, rule in history.named.items()
    )
    rules = tuple(history.rules)
    scan = RecordedScan("", False, 0, NOW - 2 * HOUR, str(folder), 40, rules, findings)  # noqa: FBT003
    write_scan(str(store), scan)
    return store, migration_map


def _map(history: History) -> Iterator[str]:
    from enforcer.dashboard.timeline import moment  # noqa: PLC0415 - dates in UTC

    yield "[enforcer]"
    yield 'expected_services = ["web", "worker"]'
    for legacy, days in history.rules.items():
        yield "[[rule]]"
        yield f'legacy = "{legacy}"'
        yield f'canonical = "{legacy}_new"'
        yield f"remove_after = {moment(NOW + days * DAY):%Y-%m-%d}"


def _record(history: History, rules: list[Rule], store: Path) -> None:
    by_legacy = {rule.legacy: rule for rule in rules}
    time = [NOW - DAYS * DAY]
    with closing(Store(str(store), clock=lambda: time[0])) as opened:
        processes = {
            service: Process(
                id=f"{number:032x}",
                pid=number,
                service=service,
                service_version="1.0",
                environment="production",
                host="host-1",
                started=time[0],
                map_digest="digest",
            )
            for number, service in enumerate(history.watched, 1)
        }
        for half in range(2 * DAYS, -1, -1):
            time[0] = NOW - half * DAY // 2 - HOUR
            for service, last in history.watched.items():
                if half < 2 * last:
                    continue
                opened.watch(processes[service], rules, _INTERVAL)
                if service == "web":
                    uses = [
                        _use(each, by_legacy[each.rule], time[0])
                        for each in history.callers
                        if each.last <= half / 2 <= each.first
                    ]
                    opened.write(processes[service], 2 * DAYS - half, uses)


def _use(caller: Caller, rule: Rule, time: int) -> Use:
    site = CallSite(
        rule.module,
        file=caller.file,
        line=3,
        function="run",
        module=caller.file.removesuffix(".py").replace("/", "."),
        mechanism="import_statement",
    )
    outcome = BLOCKED if caller.is_refused else ALIASED
    return Use(
        rule, stage=rule.stage, outcome=outcome, site=site, count=5,
        first_seen=time - HOUR, last_seen=time,
    )  # fmt: skip
