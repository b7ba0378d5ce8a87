"""Give tests of telemetry a receiver, a collector, and programs that send."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.telemetry.receiving import Receiver
from tests.integration.telemetry.running import Rotel


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give an OTLP receiver that keeps every record."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def rotel(tmp_path: Path, receiver: Receiver) -> Iterator[Rotel]:
    """Give a collector that passes on to the receiver."""
    folder = tmp_path / "rotel"
    folder.mkdir()
    with Rotel(folder, receiver.endpoint) as rotel:
        yield rotel
