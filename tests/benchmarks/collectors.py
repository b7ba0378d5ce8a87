"""Run children that send telemetry somewhere, or nowhere.

They run by this very Python, whose environment has OpenTelemetry.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.harness import PROJECT
from tests.benchmarks.world import MAP_FILE
from tests.integration.telemetry.receiving import Receiver, Silent, free_port

FLUSH_INTERVAL: Final = 2.0
"""How often programs write and send, in seconds."""

OFF: Final = "telemetry off"
AGAIN: Final = "telemetry off, again"
ON: Final = "telemetry on"
REFUSED: Final = "collector refuses"
SILENT: Final = "collector never answers"


@contextmanager
def collector(variant: str) -> Iterator[str]:
    """Give the endpoint of a variant; empty where telemetry is off."""
    if variant in (OFF, AGAIN):
        yield ""
    elif variant == REFUSED:
        yield f"http://127.0.0.1:{free_port()}"
    else:
        with Silent() if variant == SILENT else Receiver() as found:
            yield found.endpoint


def run(task: str, world: Path, endpoint: str, **options: object) -> Any:  # noqa: ANN401 - JSON
    """Do one task of ``tests.benchmarks.telemetry_child`` in a fresh process."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.telemetry_child", task, json.dumps(options)],
        cwd=PROJECT,
        env=environ(world, endpoint),
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode or answer.stderr:
        message = f"{task} with {endpoint or 'no collector'} failed:\n{answer.stderr}"
        raise RuntimeError(message)
    return json.loads(answer.stdout)


def environ(world: Path, endpoint: str) -> dict[str, str]:
    """Give the environment of a program that is watched from its start."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ENFORCER", "OTEL", "PYTHON"))
    }
    kept |= {
        "ENFORCER_FLUSH_INTERVAL": str(FLUSH_INTERVAL),
        "ENFORCER_MAP": str(world / MAP_FILE),
        "PYTHONPATH": os.pathsep.join((str(world), str(PROJECT))),
    }
    if endpoint:
        kept |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_METRIC_EXPORT_INTERVAL": "2000"}
    return kept
