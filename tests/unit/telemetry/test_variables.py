"""Each variable of OpenTelemetry has the outcome that it has with the SDK alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from tests.unit.telemetry.exchanges import Requests, recording
from tests.unit.telemetry.sending import sent_by_the_enforcer, sent_by_the_sdk, set_variables
from tests.unit.telemetry.variables import ROWS, SIGNALS, Row, as_markdown, looked_at

pytestmark = pytest.mark.filterwarnings("ignore:Log record attributes were dropped")

PAGE = Path(__file__).parents[3] / "docs" / "telemetry.md"

VALID = [(row, value) for row in ROWS for value in row.valid]
INVALID = [row for row in ROWS if row.invalid]


@pytest.fixture
def send(
    make_process: Callable[..., Process],
    tmp_path: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Requests, list[str]]]:
    """Send by the enforcer, and return what came and what was said."""

    def run(row: Row, value: str | None = None) -> tuple[Requests, list[str]]:
        with recording(certificate) as requests:
            variables = set_variables(monkeypatch, requests, row, value)
            process = make_process(service="shop")
            said = sent_by_the_enforcer(variables, process, tmp_path)
        return requests, said

    return run


@pytest.mark.parametrize(
    ("row", "value"), VALID, ids=[f"{row.variable}={value}" for row, value in VALID]
)
def test_valid_value(
    send: Callable[..., tuple[Requests, list[str]]],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    row: Row,
    value: str,
) -> None:
    with recording(certificate) as expected:
        set_variables(monkeypatch, expected, row, value)
        sent_by_the_sdk("http")
    requests, said = send(row, value)

    assert said == []
    assert looked_at(row, requests) == looked_at(row, expected)
    if row.has_effect:
        assert looked_at(row, requests) != looked_at(row, send(row)[0])


@pytest.mark.parametrize("row", INVALID, ids=[f"{row.variable}={row.invalid}" for row in INVALID])
def test_invalid_value(send: Callable[..., tuple[Requests, list[str]]], row: Row) -> None:
    """It is one line; that variable has its default, and no other signal knows of it."""
    requests, said = send(row, row.invalid)

    assert len(said) == 1, said
    usual = send(row)[0]
    assert looked_at(row, requests) == looked_at(row, usual)
    assert set(requests.by_signal) == set(usual.by_signal) == set(SIGNALS)


def test_page_has_the_table() -> None:
    """docs/telemetry.md shows what these tests run."""
    text = PAGE.read_text(encoding="utf-8")
    _, _, after = text.partition("<!-- variables: tests/unit/telemetry/variables.py -->\n")

    assert after.partition("\n<!-- end -->")[0] == as_markdown()
