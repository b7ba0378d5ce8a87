"""Run a small fleet: two services that use legacy paths in every way that dashboards show."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Self

from tests.integration.telemetry.receiving import free_port

ALIASED, TREE, REFUSED, PAST = "shop.old", "shop.older.*", "shop.gone", "shop.past"
HELD_BACK, UNUSED = "shop.secret", "shop.unused"

USES = {ALIASED: 8, TREE: 5, REFUSED: 1, PAST: 2, HELD_BACK: 1}
"""How often one process uses each rule: eight times, of which two by a library."""

LATER = {ALIASED: 3}
"""How often more once it is told to go on."""

LOST = 2
"""How many records of one process are held back where all go out: an event and a span."""

SOON_DAYS = 5
"""In how many days a rule goes."""


def _day(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


MAP = """
[enforcer]
scrub = "privacy:scrub"
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
stage = "warn"
remove_after = {soon}
[[rule]]
legacy = "shop.older.*"
canonical = "shop.newer.*"
removal = "3.0"
[[rule]]
legacy = "shop.gone"
canonical = "shop.new"
stage = "strict"
[[rule]]
legacy = "shop.past"
canonical = "shop.new"
remove_after = {past}
[[rule]]
legacy = "shop.secret"
canonical = "shop.new"
[[rule]]
legacy = "shop.unused"
canonical = "shop.new"
"""

FILES = {
    "shop/__init__.py": "",
    "shop/new.py": "N = 1\n",
    "shop/newer/__init__.py": "",
    "shop/newer/part.py": "",
    "privacy.py": """
        def scrub(attributes):
            if attributes["deprecated_import.rule"] != "shop.secret":
                return attributes
        """,
    "site-packages/library.py": """
        def use():
            import shop.old
        """,
    "serve.py": """
        import importlib.util, sys, warnings
        warnings.simplefilter("ignore")
        sys.path.append("site-packages")
        if sys.argv[1:]:
            from opentelemetry import metrics
            from opentelemetry.exporter.prometheus import PrometheusMetricReader
            from opentelemetry.sdk.metrics import MeterProvider
            from prometheus_client import start_http_server

            metrics.set_meter_provider(MeterProvider(metric_readers=[PrometheusMetricReader()]))
            start_http_server(int(sys.argv[1]), "127.0.0.1")
        import library

        def checkout():
            import shop.old

        def tree():
            from shop.older import part

        for _ in range(6):
            checkout()
        for _ in range(2):
            library.use()
        for _ in range(5):
            tree()
        for _ in range(2):
            import shop.past
        import shop.secret
        importlib.util.find_spec("shop.unused")  # who only asks uses nothing
        try:
            import shop.gone
        except ImportError:
            pass
        print("ready", flush=True)
        for line in sys.stdin:
            for _ in range(3):
                checkout()
            print("done", flush=True)
        """,
}


def write(folder: Path) -> None:
    """Write the code of both services."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    text = MAP.format(soon=_day(SOON_DAYS), past=_day(-1))
    (folder / "enforcer.toml").write_text(text)


class Service:
    """One process of a service, until the end of a ``with`` block.

    Attributes:
        name: the service.
        version: its version.
        environment: where it runs.
        port: where Prometheus finds its metrics, if it has any.

    """

    def __init__(  # noqa: PLR0913 - what makes a deployment
        self,
        folder: Path,
        name: str,
        version: str,
        environment: str,
        variables: dict[str, str],
        *,
        is_scraped: bool = False,
    ) -> None:
        """Start it in the folder that :func:`write` filled."""
        self.name, self.version, self.environment = name, version, environment
        self.port = free_port() if is_scraped else 0
        resource = f"service.version={version},deployment.environment.name={environment}"
        self._process = subprocess.Popen(
            [sys.executable, "serve.py", *([str(self.port)] if is_scraped else [])],
            cwd=folder,
            env={
                **variables,
                "ENFORCER_MAP": str(folder / "enforcer.toml"),
                "ENFORCER_FLUSH_INTERVAL": "0.2",
                "OTEL_SERVICE_NAME": name,
                "OTEL_RESOURCE_ATTRIBUTES": resource,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def is_ready(self) -> None:
        """Wait until its first uses are done."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go_on(self) -> None:
        """Have it use more, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        """Let it end by itself."""
        with self._process:  # closes its input, which ends it, and waits
            pass
        assert self._process.returncode == 0
