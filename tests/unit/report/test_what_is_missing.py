"""Say honestly who watched, and what may be missing."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from enforcer.recording.backlog import Backlog, Estate
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.recorder import OVERFLOW
from enforcer.recording.use import Use
from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.report.as_markdown import as_markdown
from enforcer.report.as_table import as_table
from enforcer.store.queries import Span
from enforcer.store.sqlite.losses import leave_losses
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.schema import UNKNOWN
from enforcer.store.sqlite.writer import Store

Keep = Callable[..., None]
MakeUse = Callable[..., Use]

NOON = 493_000 * 3_600_000_000_000
SECOND = 1_000_000_000
HOUR = 3600 * SECOND


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def lines(path: str) -> list[str]:
    return as_table(build(path), io.StringIO()).splitlines()


def watched(path: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(as_json(build(path)))["watched"]
    return found


def test_all_have_ended(path: str, keep: Keep) -> None:
    """Where nothing is missing there is only the span."""
    keep(times=[NOON, NOON + 30 * SECOND])
    keep(times=[NOON + 60 * SECOND], started=NOON + 60 * SECOND)

    assert lines(path)[1:] == ["watched 2026-03-29 16:00 to 16:01 UTC"]
    assert watched(path)["ended"] == 2


@pytest.mark.parametrize(
    ("processes", "sentence"),
    [
        (1, "1 process ended without a last write: it may have lost up to 5 s of uses."),
        (2, "2 processes ended without a last write: each may have lost up to 5 s of uses."),
    ],
)
def test_vanished(path: str, keep: Keep, processes: int, sentence: str) -> None:
    """A process that fell silent long ago was killed."""
    for _ in range(processes):
        keep(ending="")
    keep()

    assert sentence in lines(path)
    assert f"**{sentence}**" in as_markdown(build(path), top=3)
    assert watched(path)["vanished"] == processes
    assert watched(path)["lost_seconds"] == 5.0


@pytest.mark.parametrize(
    ("processes", "sentence"),
    [
        (1, "It is not known how 1 process ended: it may have lost its last uses."),
        (2, "It is not known how 2 processes ended: each may have lost its last uses."),
    ],
)
def test_not_known_how_it_ended(path: str, keep: Keep, processes: int, sentence: str) -> None:
    """Who fell silent where no goodbyes were kept may have been killed."""
    for _ in range(processes):
        keep(ending=UNKNOWN)
    keep()

    assert sentence in lines(path)
    assert (watched(path)["unknown"], watched(path)["vanished"]) == (processes, 0)
    with Reader(path) as reader:
        assert not reader.health(Span()).is_whole


def test_still_running_has_not_vanished(path: str, make_process: Callable[..., Process]) -> None:
    """Who wrote a moment ago may be there, or was killed since: nobody can tell yet."""
    with closing(Store(path)) as store:
        for _ in range(2):
            store.watch(make_process(), [])

    assert lines(path)[1].endswith(" · 2 processes have not ended yet, as far as is known")
    assert (watched(path)["vanished"], watched(path)["not_ended"]) == (0, 2)


def test_gap(path: str, keep: Keep) -> None:
    """A laptop that slept for the night did not watch."""
    keep(times=[NOON, NOON + 8 * HOUR, NOON + 11 * HOUR])

    assert "1 process did not write for a while, for 8 h at the longest, and came back." in lines(
        path
    )
    assert (watched(path)["gaps"], watched(path)["longest_gap_seconds"]) == (1, 8 * 3600.0)


def test_blind(path: str, keep: Keep) -> None:
    """Who could not see something says so, and how many did is told."""
    blind = Notice("blind", "shop", "Imports can't be seen.")
    for _ in range(2):
        keep(notices=[blind, Notice("blind", "shop.x", "Neither here.")])
    keep(notices=[blind])
    keep()

    found = lines(path)
    assert "3 processes were blind to some uses, as said below." in found
    assert "blind: Imports can't be seen. (in 3 of 4 processes)" in found
    assert watched(path)["blind"] == 3


def test_call_sites_beyond_the_limit(path: str, keep: Keep, make_use: MakeUse) -> None:
    """Uses that share a row are said to."""
    keep(make_use(count=2), make_use(file=OVERFLOW, line=0, count=1234))

    assert (
        "1,234 uses came from more call sites than a process tells apart, and stand in one row "
        "for each legacy path."
    ) in lines(path)
    assert json.loads(as_json(build(path)))["other_call_sites"] == 1234


def test_loss_beside_the_store(path: str, keep: Keep, make_process: Callable[..., Process]) -> None:
    """What a process noted at its end counts, though it is not in the store."""
    keep()
    leave_losses(path, make_process(), Backlog(), Estate([], 3))

    assert "3 uses were lost: the counts are too low." in lines(path)


def services(path: str) -> Iterator[str]:
    return (line for line in lines(path) if line.startswith(("shop", "mail", "no service", "and")))


def test_services(path: str, keep: Keep) -> None:
    """Each service, version and environment has a line, the newest first."""
    keep(service="shop", service_version="1.2", environment="production")
    keep(service="shop", service_version="1.2", environment="production")
    keep(service="mail", started=NOON + HOUR, times=[NOON + HOUR])
    keep(started=NOON - HOUR, times=[NOON - HOUR])

    assert list(services(path)) == [
        "mail: 1 process, 2026-03-29 17:00 UTC",
        "shop 1.2 in production: 2 processes, 2026-03-29 16:00 UTC",
        "no service named: 1 process, 2026-03-29 15:00 UTC",
    ]
    assert json.loads(as_json(build(path)))["services"][1] == {
        "service": "shop",
        "version": "1.2",
        "environment": "production",
        "processes": 2,
        "since": "2026-03-29T16:00:00Z",
        "till": "2026-03-29T16:00:00Z",
    }


def test_one_service_needs_no_line(path: str, keep: Keep) -> None:
    """The map's own service is known to whoever reads its report."""
    keep(service="shop")
    keep(service="shop")

    assert list(services(path)) == []


def test_many_services(path: str, keep: Keep) -> None:
    """The newest are named, the rest counted."""
    for number in range(12):
        keep(service="shop", service_version=str(number))

    found = list(services(path))
    assert len(found) == 11
    assert found[-1] == "and 2 more services or versions"
