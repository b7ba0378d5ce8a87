"""Telemetry does not say where this machine, or a person, keeps the files of others."""

import pytest

from enforcer.recording.use import OWN, THIRD_PARTY
from enforcer.runtime.telemetry.records import shown_file
from tests.integration.telemetry.receiving import Receiver
from tests.unit.telemetry.conftest import Parts

# No name that the hexadecimal ids of spans and processes may have in them by chance.
HOME = "/home/zoe/clients/acme"


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        (f"{HOME}/venv/lib/python3.12/site-packages/dep/a.py", "dep/a.py"),
        (f"{HOME}/venv/lib/python3.12/site-packages/dep.py", "dep.py"),
        ("/home/zoe/.local/lib/python3.11/site-packages/dep/a.py", "dep/a.py"),
        ("/usr/lib/python3/dist-packages/dep/a.py", "dep/a.py"),
        ("/usr/lib/python3.13/importlib/__init__.py", "importlib/__init__.py"),
        # A virtual environment below another one: only the innermost folder is no secret.
        (f"{HOME}/site-packages/x/site-packages/dep/a.py", "dep/a.py"),
        # Outside of every installation nothing but the name is known to be none.
        (f"{HOME}/tools/run.py", "run.py"),
        (f"{HOME}/my-site-packages/dep/a.py", "a.py"),
        ("<frozen runpy>", "<frozen runpy>"),
        ("<string>", "<string>"),
    ],
)
def test_files_of_others_are_shown_below_their_installation(file: str, shown: str) -> None:
    """Of a file that is installed nowhere only its name is shown."""
    assert shown_file(file, THIRD_PARTY) == shown


def test_own_files_are_relative_already() -> None:
    """What the root says of them is what a team wants to read."""
    assert shown_file("shop/site-packages/a.py", OWN) == "shop/site-packages/a.py"


@pytest.mark.parametrize(
    "file", [f"{HOME}/tools/run.py", f"{HOME}/venv/lib/python3.12/site-packages/dep/a.py"]
)
def test_no_signal_tells_where_a_file_of_others_is(
    parts: Parts, receiver: Receiver, file: str
) -> None:
    """Neither events nor spans nor metrics, and not by the framework that did the import."""
    parts.send_to(receiver.endpoint)
    parts.use(3, file=file, relation=THIRD_PARTY, via=f"{HOME}/frameworks/loader.py:8")
    parts.ending = "exit"
    parts.deliver(ending="exit")

    received = receiver.received
    assert received.logs
    assert received.spans
    assert received.latest("deprecated_import.uses")
    said = repr((received.logs, received.spans, received.points))
    assert "loader.py:8" in said
    assert "zoe" not in said
    assert "acme" not in said
