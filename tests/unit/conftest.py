"""Make the records that the store, the reporter and the report work on."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import enforcer
from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, CallSite, Use
from enforcer.rules.model import Rule
from tests.patience import environment_without

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]

HOUR = 3_600_000_000_000
NOON = 493_000 * HOUR
"""A full hour: 2026-03-29 16:00 UTC."""

_numbers = itertools.count(1_000)  # none of the process ids that tests name

_started: list[object] = []
"""The programs of the interpreters that were started by the test that runs."""


def _note_interpreters(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and "python" in Path(str(arguments[0])).name:
        _started.append(arguments[1])


sys.addaudithook(_note_interpreters)


@pytest.fixture(autouse=True)
def interpreters_are_announced(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that starts an interpreter without the marker by which `make check` chooses."""
    _started.clear()
    yield
    if request.node.get_closest_marker("process") is None:
        assert not _started, "mark the test with pytest.mark.process"


@pytest.fixture
def make_process() -> MakeProcess:
    """Make processes, each with an id of its own unless one is given."""

    def make(**fields: object) -> Process:
        number = next(_numbers)
        values: dict[str, object] = {"id": f"{number:032x}", "pid": number, "started": NOON}
        return Process(**{**values, **fields})  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_use() -> MakeUse:
    """Make uses of ``shop.old_cart`` by shop/views.py:12, unless told otherwise."""

    def make(  # noqa: PLR0913 - a record
        legacy: str = "shop.old_cart",
        canonical: str = "shop.cart",
        *,
        stage: str = "alias",
        outcome: str = ALIASED,
        count: int = 1,
        first_seen: int = NOON,
        last_seen: int = NOON,
        rule: Rule | None = None,
        path: str = "",
        **fields: object,
    ) -> Use:
        values: dict[str, object] = {
            "file": "shop/views.py",
            "line": 12,
            "function": "checkout",
            "module": "shop.views",
            "mechanism": "import_statement",
        }
        rule = rule or Rule(legacy, canonical, stage=stage)
        site = CallSite(path or rule.module, **{**values, **fields})  # type: ignore[arg-type]
        return Use(
            rule,
            stage=rule.stage,
            outcome=outcome,
            site=site,
            count=count,
            first_seen=first_seen,
            last_seen=last_seen,
        )

    return make


@pytest.fixture
def environ() -> dict[str, str]:
    """Give an environment for child processes in which the enforcer can be imported."""
    return {
        **environment_without("ENFORCER_"),
        "PYTHONPATH": str(Path(enforcer.__file__).parents[1]),
    }
