"""Six invented months of uses, written into a store by the code that real processes use.

Deterministic: the same moment yields the same history, down to each name and count.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from enforcer.dashboard.demo.program import InventedSite, write_program
from enforcer.findings import InstalledReference, RecordedScan
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, BLOCKED, EXEMPTED, OBSERVED, WARNED, CallSite, Use
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.stages import ALIAS, OBSERVE, REMOVED, STRICT, WARN
from enforcer.source.source_scan import scan_source
from enforcer.store.queries import DAY, HOUR
from enforcer.store.sqlite.scans import write_scan
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store

DAYS: Final = 182
"""Length of the history in days."""

_SEED: Final = 960
_RELEASE_DAYS: Final = 14
_RECENT_DAYS: Final = 3
_INTERVAL: Final = 4 * 3600.0
_UNWATCHED: Final = "shop.admin.views"
_OUTCOMES: Final = {
    OBSERVE: OBSERVED,
    ALIAS: ALIASED,
    WARN: WARNED,
    STRICT: EXEMPTED,
    REMOVED: BLOCKED,
}

_WEB: Final = (
    "shop/checkout",
    "shop/orders",
    "shop/catalogue",
    "shop/api",
    "shop/mobile",
    "acme",
)

# Service, environment, processes, which folders it runs, how busy it is.
_SERVICES: Final = (
    ("shop-web", "production", 2, (*_WEB, "shop/billing"), 1.0),
    ("shop-web", "staging", 1, _WEB, 0.06),
    ("shop-worker", "production", 1, ("shop/jobs", "shop/billing", "shop/orders", "shop_bi"), 0.5),
    ("chat-backend", "production", 2, ("netra_backend",), 0.7),
    ("chat-backend", "staging", 1, ("netra_backend",), 0.05),
)  # fmt: skip
_TESTED: Final = ("tests/", "shop/checkout", "netra_backend/app")

# Range of the share of the history after which call sites of a rule are mended; beyond 1: never.
_MENDED: Final = {
    "shop.cart_utils": (0.25, 1.5),
    "shop.legacy_pricing.*": (0.2, 1.1),
    "shop.models:OldOrder": (0.3, 1.3),
    "shop.emailer": (0.1, 0.85),
    "shop.payments.stripe_v1": (0.1, 0.55),
    "shop.util.*": (0.5, 2.2),
    "shop.search:find_products": (0.4, 1.7),
    "shop.sessions": (0.3, 0.6),
}
_NEW: Final = {
    "shop/mobile/feed.py": DAYS - 5,
    "shop/mobile/basket.py": DAYS - 3,
    "shop/api/events.py": DAYS - 61,
    "shop/catalogue/feeds.py": DAYS - 100,
    "netra_backend/agents/tools.py": DAYS - 2,
}
"""First day of the uses in these files."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Paths of the invented map's file and of the store."""

    map_file: Path
    store: Path


@dataclass(frozen=True, slots=True)
class _Life:
    """When a call site exists, and how often it runs in a day."""

    site: CallSite
    rule: Rule
    born: int
    gone: float
    rate: float
    file: str


def invent(folder: Path, now: int, on_day: Callable[[], None] = lambda: None) -> Demo:
    """Write a program and its history into an empty folder.

    Args:
        folder: the folder.
        now: when the history ends, in nanoseconds since the epoch.
        on_day: called for each of the :data:`DAYS` that was written.

    """
    now -= now % 60_000_000_000
    map_file, sites = write_program(folder, _days(now))
    store = folder / ".enforcer" / "uses.db"
    # The processes started before the newest rule was written.
    migration_map = load_map(str(map_file), environ={})
    rules = [rule for rule in migration_map if rule.legacy != _UNWATCHED]
    _History(store, migration_map, rules, sites, now).write(on_day)
    _scan(store, migration_map, sites, now - 2 * HOUR)
    return Demo(map_file, store)


def _scan(
    store: Path, migration_map: MigrationMap, sites: Iterable[InventedSite], now: int
) -> None:
    """Record a scan of the program's source, and what the installed distributions name."""
    found = scan_source(migration_map, is_cached=False)
    installed = sorted(
        InstalledReference(
            site.distribution, "1.4", _short(site.file), site.line, site.path, site.rule, "from"
        )
        for site in sites
        if site.distribution
    )
    scan = RecordedScan(
        revision="",
        is_dirty=False,
        committed=0,
        scanned=now,
        root=migration_map.root,
        files=found.files,
        rules=tuple(rule.legacy for rule in migration_map),
        findings=(*found.references, *found.unproven),
        installed=tuple(installed),
    )
    write_scan(str(store), scan)


class _History:
    def __init__(
        self, store: Path, migration_map: MigrationMap, rules: list[Rule],
        sites: Iterable[InventedSite], now: int,
    ) -> None:  # fmt: skip
        self._random = Random(_SEED)  # noqa: S311 - a demonstration
        self._rules = rules
        self._map = migration_map
        self._end = now
        self._begin = now // DAY * DAY - (DAYS - 1) * DAY
        self._time = self._begin
        by_legacy = {rule.legacy: rule for rule in rules}
        self._lives = [self._life(site, by_legacy[site.rule]) for site in sites]
        self._sequences: dict[str, int] = {}
        self._store = Store(str(store), clock=lambda: self._time)

    def write(self, on_day: Callable[[], None]) -> None:
        with closing(self._store):
            there: list[tuple[Process, tuple[str, ...], float]] = []
            for day in range(DAYS):
                if day % _RELEASE_DAYS == 0:
                    self._leave(there, day)
                    there = list(self._release(day))
                for number, (process, folders, busy) in enumerate(there):
                    if self._is_away(process, day):
                        continue
                    self._live(process, self._lives_in(folders, day), busy, day, number)
                if day % 2 == 0 and day < DAYS - 1:
                    self._test(day)
                on_day()

    def _life(self, site: InventedSite, rule: Rule) -> _Life:
        begin, end = _MENDED.get(site.rule, (2.0, 3.0))
        gone = DAYS * self._random.uniform(begin, end)
        made = CallSite(
            site.path,
            file=site.file,
            line=site.line,
            function=site.function,
            module=site.module,
            mechanism=site.mechanism,
            names=site.names,
            relation="third_party" if site.distribution else "own",
            distribution=site.distribution,
        )
        # At the top level of a module a use is one for each process that starts.
        rate = 1.2 if site.function == "<module>" else self._random.lognormvariate(4.6, 1.2)
        return _Life(made, rule, _NEW.get(site.file, 0), gone, rate, _short(site.file))

    def _release(self, day: int) -> Iterator[tuple[Process, tuple[str, ...], float]]:
        release = day // _RELEASE_DAYS
        started = self._begin + day * DAY + 9 * HOUR
        for service, environment, count, folders, busy in _SERVICES:
            for number in range(count):
                process = self._process(
                    f"{service}-{environment}-{number}-{release}",
                    service,
                    environment,
                    f"4.{release}.0" if service.startswith("shop") else f"2026.{release + 20}",
                    started,
                    f"{service}-{number}",
                )
                self._time = started
                self._store.watch(process, self._rules, _INTERVAL)
                yield process, folders, busy

    def _process(  # noqa: PLR0913, PLR0917 - one for each field
        self, name: str, service: str, environment: str, version: str, started: int, host: str
    ) -> Process:
        return Process(
            id=f"{Random(name).getrandbits(128):032x}",  # noqa: S311 - a demonstration
            pid=self._random.randrange(800, 32_000),
            service=service,
            service_version=version,
            environment=environment,
            host=host,
            python="3.13.0",
            command=_COMMANDS[service],
            started=started,
            map_path="/srv/shop/enforcer.toml",
            map_digest=self._map.digest,
            root="/srv/shop",
        )

    def _leave(self, there: list[tuple[Process, tuple[str, ...], float]], day: int) -> None:
        self._time = self._begin + day * DAY + 9 * HOUR
        for number, (process, _, _) in enumerate(there):
            # One process was killed by its machine, some weeks ago.
            if not (day == 11 * _RELEASE_DAYS and number == 1):
                self._store.leave(process, EXIT)

    def _is_away(self, process: Process, day: int) -> bool:
        """Return whether a machine is asleep: one is for a weekend."""
        return process.service == "shop-worker" and 95 <= day <= 96  # noqa: PLR2004

    def _lives_in(self, folders: tuple[str, ...], day: int) -> list[_Life]:
        return [
            life
            for life in self._lives
            if life.file.startswith(folders) and life.born <= day < life.gone
        ]

    def _live(
        self, process: Process, lives: list[_Life], busy: float, day: int, number: int
    ) -> None:
        """Write one day of one process: often in the last days, else twice a day."""
        is_recent = day >= DAYS - _RECENT_DAYS
        hours = range(0, 24, 2) if is_recent else (8, 20)
        for hour in hours:
            self._time = self._begin + day * DAY + hour * HOUR + (number * 7 + 3) * 60_000_000_000
            if self._time > self._end:
                return
            share = busy * _busy(self._time) / len(hours)
            uses = [use for life in lives for use in self._uses(life, share, is_recent)]
            if uses:
                self._write(process, uses)
            else:
                self._store.watch(process, self._rules, _INTERVAL)

    def _uses(self, life: _Life, share: float, is_recent: bool) -> Iterator[Use]:  # noqa: FBT001
        count = self._count(life.rate * share)
        if count:
            length = 90 * 60_000_000_000 if is_recent else 5 * HOUR
            yield _use(life, count, max(self._time - length, self._begin), self._time)

    def _count(self, mean: float) -> int:
        mean *= self._random.uniform(0.8, 1.2)
        whole = int(mean)
        return whole + (self._random.random() < mean - whole)

    def _test(self, day: int) -> None:
        """Write one run of all tests."""
        time = self._begin + day * DAY + 14 * HOUR
        process = self._process(f"ci-{day}", "shop-tests", "ci", "", time, f"runner-{day % 3}")
        self._time = time
        self._store.watch(process, self._rules, _INTERVAL)
        self._time = time + 6 * 60_000_000_000
        lives = self._lives_in(_TESTED, day)
        uses = [
            _use(life, self._random.randrange(1, 9), time, self._time)
            for life in lives
            if self._random.random() < 0.8  # noqa: PLR2004
        ]
        self._store.note(process, [_NOTICE] if day > DAYS // 2 else [])
        if uses:
            self._write(process, uses)
        self._store.leave(process, EXIT)

    def _write(self, process: Process, uses: list[Use]) -> None:
        sequence = self._sequences.get(process.id, 0)
        self._sequences[process.id] = sequence + 1
        self._store.write(process, sequence, uses)


_COMMANDS: Final = {
    "shop-web": "/srv/shop/.venv/bin/gunicorn shop.wsgi:application --workers 2",
    "shop-worker": "/srv/shop/.venv/bin/celery -A shop.jobs worker",
    "chat-backend": "/srv/chat/.venv/bin/uvicorn netra_backend.app.main:app",
    "shop-tests": "/runner/.venv/bin/python -m pytest",
}
_NOTICE: Final = Notice(
    "implementation",
    "netra_backend.app.websocket_core.unified_manager",
    "The canonical module is built on it, so its own code runs, and it is observed in place.",
)


def _use(life: _Life, count: int, first: int, last: int) -> Use:
    return Use(
        life.rule,
        stage=life.rule.stage,
        outcome=_OUTCOMES[life.rule.stage],
        site=life.site,
        count=count,
        first_seen=first,
        last_seen=last,
    )


def _busy(time: int) -> float:
    """Return how busy a shop is: less on Sundays, more at noon, ever more each month."""
    moment = datetime.fromtimestamp(time / 1e9, UTC)
    of_week = (1.0, 1.0, 0.98, 1.05, 1.1, 0.7, 0.55)[moment.weekday()]
    return of_week * (0.8 if moment.hour < 8 else 1.15)  # noqa: PLR2004


def _short(file: str) -> str:
    return file.rpartition("/site-packages/")[2]


def _days(now: int) -> dict[str, str]:
    today = datetime.fromtimestamp(now / 1e9, UTC).date()
    ahead = {
        "long_ago": -420,
        "ten_days_ago": -10,
        "in_ten_days": 10,
        "in_three_weeks": 21,
        "in_a_month": 33,
        "in_two_months": 64,
        "in_four_months": 123,
        "in_a_year": 365,
    }
    return {name: (today + timedelta(days=days)).isoformat() for name, days in ahead.items()}
