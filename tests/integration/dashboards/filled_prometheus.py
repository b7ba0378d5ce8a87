"""Run a Prometheus with the project's own configuration and rules, at a quicker pace."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.integration.dashboards.fleet import Service
from tests.integration.telemetry.running import Prometheus
from tests.patience import PATIENCE

FOLDER = Path(__file__).parents[3] / "dashboards" / "prometheus"

QUICKER = {r"interval: [13]m\b": "interval: 1s"}
"""What is changed of the rules, so that a test need not wait for minutes."""

HOUR = 10
"""How many seconds an hour of the roll-ups lasts: evaluations may be late by three of them."""

# Prometheus 2 counts both ends of a range, so a window ends a millisecond earlier.
QUICKER_ROLL_UPS = {
    r"interval: 1h\b": f"interval: {HOUR}s",
    r"increase1m\[(\d)h\] offset 1m": lambda hours: (
        f"increase1m[{int(hours[1]) * HOUR * 1000 - 1}ms] offset 5s"
    ),
    r"\b(3600|7200)\b": lambda seconds: str(int(seconds[1]) * HOUR // 3600),
    r"\[190m\]": f"[{3 * HOUR + 5}s]",
}


class FilledPrometheus(Prometheus):
    """A Prometheus that scrapes services, until the end of a ``with`` block."""

    def __init__(self, folder: Path, services: Sequence[Service]) -> None:
        """Start it in an empty folder."""
        config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        config["global"] = {
            "scrape_interval": "500ms",
            "scrape_timeout": "500ms",
            "evaluation_interval": "1s",
        }
        config["scrape_configs"] = [_job(service) for service in services]
        for name in config["rule_files"]:
            rules = (FOLDER / name).read_text()
            quicker = QUICKER_ROLL_UPS if name == "hourly.yml" else QUICKER
            for pattern, replacement in quicker.items():
                rules = re.sub(pattern, replacement, rules)
            (folder / name).write_text(rules)
        super().__init__(folder, yaml.safe_dump(config))

    def over_time(self, expression: str, *, seconds: int, step: int) -> list[dict[str, Any]]:
        """Evaluate an expression for each step of the last seconds."""
        now = time.time()
        times = {"start": str(now - seconds), "end": str(now), "step": str(step)}
        return self.ask("query_range", query=expression, **times)["result"]

    def label_values(self, query: str) -> list[str]:
        """Give what Grafana's ``label_values(series, label)`` gives."""
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        times = {"start": str(time.time() - 3600), "end": str(time.time())}
        found: list[str] = self.ask(f"label/{label}/values", **{"match[]": series}, **times)
        return found

    def wait_for(self, expression: str, value: float) -> None:
        """Wait until an expression has one value, and that one."""
        until = time.monotonic() + PATIENCE
        while True:
            found = [float(sample["value"][1]) for sample in self.now(expression)]
            if found == [value]:
                return
            assert time.monotonic() < until, (expression, found)
            time.sleep(0.2)


def _job(service: Service) -> dict[str, Any]:
    labels = {
        "deployment_environment_name": service.environment,
        "service_version": service.version,
    }
    target = {"targets": [f"127.0.0.1:{service.port}"], "labels": labels}
    return {"job_name": service.name, "static_configs": [target]}
