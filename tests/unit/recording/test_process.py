"""Describe the process that records."""

import os
import platform
import sys

import pytest

from enforcer.recording.process import MAX_COMMAND, RUN_KEY, current
from enforcer.rules.model import MigrationMap


def test_says_what_it_watches() -> None:
    """The map's path, digest, root and service are the process's."""
    process = current(MigrationMap(path="/a/enforcer.toml", digest="d1", root="/a", service="shop"))

    assert (process.map_path, process.map_digest) == ("/a/enforcer.toml", "d1")
    assert (process.root, process.service) == ("/a", "shop")


def test_says_where_it_runs() -> None:
    """The operating system knows the process and its host by the same names."""
    process = current(MigrationMap())

    assert process.pid == os.getpid()
    assert process.host == platform.node()
    assert process.python.startswith(platform.python_version())


def test_ids_differ() -> None:
    """Two descriptions never share an id, so that a forked child is told from its parent."""
    assert current(MigrationMap()).id != current(MigrationMap()).id


def test_child_names_its_parent() -> None:
    """A forked child names the process it came from."""
    assert current(MigrationMap(), parent="p1").parent == "p1"


def test_command_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long command line is cut."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", "x" * 10_000])

    assert len(current(MigrationMap()).command) == MAX_COMMAND


def test_knows_the_run_it_belongs_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """``enforcer run`` tells its processes by a variable."""
    monkeypatch.setenv(RUN_KEY, "r1")

    assert current(MigrationMap()).run == "r1"
