"""Keep uses in a real store and report on it."""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store

NOON = 493_000 * 3_600_000_000_000

Keep = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "uses.db")


@pytest.fixture
def keep(path: str, make_process: Callable[..., Process], monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Keep what one process recorded, at the time that is given."""

    def write(
        *uses: Use,
        rules: Iterable[Rule] = (),
        dropped: int = 0,
        notices: Iterable[Notice] = (),
        ending: str = EXIT,
        times: Iterable[int] = (NOON,),
        **process: object,
    ) -> None:
        recorder = make_process(**process)
        for time in times:
            monkeypatch.setattr("enforcer.store.sqlite.rows.time_ns", lambda time=time: time)
            with closing(Store(path)) as store:
                store.watch(recorder, rules)
        with closing(Store(path)) as store:
            store.note(recorder, notices)
            store.write(recorder, 0, uses, dropped)
            if ending:
                store.leave(recorder, ending)

    return write
