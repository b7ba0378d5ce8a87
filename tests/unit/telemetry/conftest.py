"""Give what telemetry is made of: a recorder, a delivery, and a collector that listens."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from enforcer.recording.process import Process
from enforcer.recording.recorder import Recorder
from enforcer.recording.use import ALIASED, CallSite
from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.telemetry.asked import OVER
from enforcer.runtime.telemetry.delivery import TelemetryDelivery
from enforcer.runtime.telemetry.ledger import Ledger
from enforcer.runtime.telemetry.private import Private
from enforcer.runtime.telemetry.signals import Signals
from tests.integration.telemetry.receiving import Receiver
from tests.patience import PATIENCE
from tests.unit.telemetry.exchanges import make_certificate

if TYPE_CHECKING:
    from enforcer.recording.notice import Notice

OLD = Rule("old", "new", stage="alias", remove_after="2026-03-31")
TREE = Rule("pack.old.*", "pack.new.*", stage="warn", removal="4.0")


class Parts:
    """Hold a delivery with what it takes from and gives to.

    Attributes:
        providers: the application's providers of tracers, loggers and meters.

    """

    def __init__(self, folder: Path, process: Process) -> None:
        self.folder = folder
        self.process = process
        self.recorder = Recorder()
        self.map = MigrationMap([OLD, TREE], root="/srv/shop")
        self.providers: list[object] = [None, None, None]
        self.notices: list[Notice] = []
        self.is_unwritten = False
        self.ending = ""
        self.said: list[str] = []
        self.private: Private | None = None
        self.make()

    def make(self, environ: dict[str, str] | None = None) -> None:
        """Make the delivery anew, for what an environment says."""
        self.ledger = Ledger(self.recorder.totals, self.goes_out)
        self.private = None
        if environ:
            self.private = Private(self.process, environ, self.said.append)
        self.signals = Signals(
            self.process,
            self.map,
            self.ledger,
            make_private=lambda _: self.private,
            providers=self.give,
            note=self.notices.append,
            notices=lambda: self.notices,
            ending=lambda: self.ending,
            is_unwritten=lambda: self.is_unwritten,
        )
        self.delivery = TelemetryDelivery(self.ledger, "off", lambda _: self.signals)

    def send_to(self, endpoint: str, **variables: str) -> None:
        """Make the delivery anew, for a collector."""
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **variables}
        with pytest.MonkeyPatch.context() as patch:
            for name in os.environ:
                if name.startswith("OTEL"):
                    patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            self.make(environ)

    def goes_out(self) -> bool:
        return self.providers[1] is not None or self.private is not None

    def give(self, *, is_last: bool) -> tuple[object, object, object]:
        tracers, loggers, meters = self.providers
        return (OVER, OVER, OVER) if is_last and loggers else (tracers, loggers, meters)

    def use(
        self,
        count: int = 1,
        *,
        rule: Rule = OLD,
        outcome: str = ALIASED,
        path: str = "",
        mechanism: str = "import_statement",
        **fields: object,
    ) -> None:
        """Use a path so many times, at one call site."""
        values = {"file": "shop/a.py", "line": 7, "function": "f", "module": "shop.a", **fields}
        site = CallSite(path or rule.module, mechanism=mechanism, **values)  # type: ignore[arg-type]
        tally = self.recorder.tally(rule, outcome, site)
        for _ in range(count):
            tally.count()

    def deliver(self, seconds: float = PATIENCE, ending: str = "") -> None:
        self.delivery.deliver(seconds, lambda: False, ending)


@pytest.fixture
def parts(tmp_path: Path, make_process: Callable[..., Process]) -> Parts:
    return Parts(tmp_path / "shop", make_process(service="shop", pid=42))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
