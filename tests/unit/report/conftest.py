"""Keep uses in a real store and report on it."""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite import Store

Keep = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "uses.db")


@pytest.fixture
def keep(path: str, make_process: Callable[..., Process]) -> Keep:
    """Keep what one process recorded."""

    def write(
        *uses: Use,
        rules: Iterable[Rule] = (),
        dropped: int = 0,
        notices: Iterable[Notice] = (),
        **process: object,
    ) -> None:
        with closing(Store(path)) as store:
            recorder = make_process(**process)
            store.watch(recorder, rules)
            store.note(recorder, notices)
            store.write(recorder, 0, uses, dropped)

    return write
