"""A fleet that writes into a real store, day by day, and the verdicts on its rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from enforcer.evidence import read_evidence
from enforcer.findings import RecordedScan
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, CallSite, Use
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store.queries import DAY, HOUR
from enforcer.store.readers import open_reader
from enforcer.store.sqlite.scans import write_scan
from enforcer.store.sqlite.writer import Store
from enforcer.verdict.judgement import judge
from enforcer.verdict.model import Verdict
from enforcer.verdict.terms import Terms

START = 20_000 * DAY
REVISION = "0123456789abcdef0123456789abcdef01234567"
OLD = Rule("shop.old", "shop.new")

BEATS = 2
"""How often a day processes write: rarely, so that months pass in a test within a second."""

INTERVAL = 86_400.0 / BEATS


@dataclass
class Fleet:
    """A store, and a clock that tests move.

    Attributes:
        path: the store.
        now: the time, in nanoseconds since the epoch.
        rules: the rules of the map that processes have.
        count: how many processes were started.

    """

    path: str
    now: int = START
    rules: list[Rule] = field(default_factory=lambda: [OLD])
    count: int = 0

    def start(
        self,
        service: str = "web",
        environment: str = "production",
        rules: Iterable[Rule] | None = None,
        version: str = REVISION,
        interval: float = INTERVAL,
    ) -> Process:
        """Start a process, and let it write that it watches."""
        self.count += 1
        process = Process(
            id=f"{self.count:032x}",
            pid=self.count,
            service=service,
            service_version=version,
            environment=environment,
            started=self.now,
        )
        self.beat(process, rules, interval)
        return process

    def store(self) -> Store:
        """Open the store, at the fleet's time."""
        return Store(self.path, clock=lambda: self.now)

    def beat(
        self,
        process: Process,
        rules: Iterable[Rule] | None = None,
        interval: float = INTERVAL,
    ) -> None:
        """Write a heartbeat."""
        store = self.store()
        store.watch(process, self.rules if rules is None else rules, interval)
        store.close()

    def use(
        self,
        process: Process,
        file: str = "shop/cart.py",
        rule: Rule = OLD,
        outcome: str = ALIASED,
        line: int = 3,
        **fields: str,
    ) -> None:
        """Use a rule once, now."""
        site = CallSite(rule.module, file, line, "<module>", "m", "import_statement", **fields)  # type: ignore[arg-type]
        use = Use(rule, rule.stage, outcome, site, 1, self.now, self.now)
        store = self.store()
        store.write(process, self._next(), [use])
        store.close()

    def drop(self, process: Process, count: int) -> None:
        """Lose some uses."""
        store = self.store()
        store.write(process, self._next(), [], dropped=count)
        store.close()

    def _next(self) -> int:
        return self.now // HOUR * 100 + self.count

    def note(self, process: Process, kind: str, subject: str = "enforcer") -> None:
        """Write a notice."""
        store = self.store()
        store.note(process, [Notice(kind, subject, "something can't be seen")])
        store.close()

    def leave(self, process: Process, ending: str = "exit") -> None:
        """Let a process end."""
        store = self.store()
        store.leave(process, ending)
        store.close()

    def pass_days(self, days: float, *processes: Process) -> None:
        """Let time pass, while processes write their heartbeats."""
        store = self.store()
        for _ in range(round(days * BEATS)):
            self.now += DAY // BEATS
            for process in processes:
                store.watch(process, self.rules, INTERVAL)
        store.close()

    def scan(self, **fields: object) -> None:
        """Record a scan of the source, now."""
        scan = RecordedScan(
            revision=REVISION,
            is_dirty=False,
            committed=self.now,
            scanned=self.now,
            root="/src",
            files=100,
            rules=tuple(rule.legacy for rule in self.rules),
        )
        write_scan(self.path, replace(scan, **fields))  # type: ignore[arg-type]

    def verdict(
        self, legacy: str = OLD.legacy, *, expected: Iterable[str] = ("web",), **terms: object
    ) -> Verdict:
        """Return the verdict on one rule, now."""
        migration_map = MigrationMap(
            self.rules, expected_services=expected, store=self.path, **terms
        )  # type: ignore[arg-type]
        with open_reader(self.path) as reader:
            evidence = read_evidence(reader, migration_map, self.now)
        verdicts = judge(evidence, Terms.of(migration_map), self.now)
        return next(one for one in verdicts if one.legacy == legacy)
