"""Where the enforcer runs on a CPython that its tests did not run on, the status says so."""

import sys
from dataclasses import replace

import pytest

from enforcer.status.interpreter import State, ask_installation
from enforcer.status.model import ExtensionsFound, MapFound, Status, StoreFound
from enforcer.status.sections import sections
from enforcer.status.tested import TESTED, minor_of

pytestmark = pytest.mark.process


def said_of(version: str, implementation: str = "cpython") -> list[tuple[str, str]]:
    """Return what the status of this interpreter says, if it were another version."""
    python = replace(
        ask_installation(sys.executable),
        version=version.rstrip("t"),
        free_threaded=version.endswith("t"),
        implementation=implementation,
    )
    status = Status(
        installation=python,
        state=State(enabled=False),
        with_map=None,
        modes={},
        map=MapFound(),
        stage="",
        store=StoreFound(),
        late=(),
        extensions=ExtensionsFound(),
    )
    facts = next(section.below for section in sections(status) if section.text == "Python")
    return [(fact.weight, fact.text) for fact in facts if "(untested-python)" in fact.text]


@pytest.mark.parametrize("version", TESTED)
def test_nothing_is_said_of_a_version_that_was_tested(version: str) -> None:
    """Not of any of them."""
    assert said_of(version) == []


def test_another_micro_version_is_for_information() -> None:
    """The tested ones that it lies beside are named."""
    first, second = (version for version in TESTED if minor_of(version) == "3.13")

    assert said_of("3.13.99") == [
        (
            "tells",
            f"3.13.99 itself was not tested, {first} and {second} were (untested-python)",
        )
    ]


@pytest.mark.parametrize("version", ["3.99.0", "3.12.1t", "4.0.0rc1"])
def test_another_minor_version_or_build_is_a_warning(version: str) -> None:
    """A free-threaded build is another one."""
    [(weight, text)] = said_of(version)

    assert weight == "warns"
    assert text.startswith(f"no {minor_of(version)} was tested with enforcer ")
    assert ", ".join(TESTED) in text


def test_another_implementation_is_a_warning() -> None:
    """Whatever its version."""
    assert said_of(TESTED[0], "pypy") == [("warns", "pypy was not tested (untested-python)")]
