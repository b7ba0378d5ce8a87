"""Open stores in real files."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from enforcer.store.sqlite.writer import Store

OpenStore = Callable[[], Store]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Name the store's file, in a folder that isn't there yet."""
    return str(tmp_path / "kept" / "uses.db")


@pytest.fixture
def open_store(path: str) -> Iterator[OpenStore]:
    """Open the store, as often as one likes; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Store(path)))
