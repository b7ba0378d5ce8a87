"""Give each test a small program, and the truth about what it did."""

from pathlib import Path

import pytest

import enforcer
from tests.worlds import Server, World


@pytest.fixture(scope="session")
def server():
    """Start a program that runs until it is told to stop."""
    return Server


@pytest.fixture
def world(tmp_path):
    """Give a program that uses one legacy path."""
    return World(tmp_path)


@pytest.fixture(scope="session")
def library():
    """Give the folder that the enforcer is imported from."""
    return str(Path(enforcer.__file__).parents[1])
