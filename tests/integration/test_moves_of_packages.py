"""Rules from the histories of real packages: each release's source distribution is one commit.

The moves are known from the packages' change logs and from reading both versions. They are counted
in both directions: what is proposed is true, and what is true is proposed.
"""

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.commands import in_this_process
from tests.patience import PATIENCE
from tests.repositories import Repository

pytestmark = [pytest.mark.long, pytest.mark.process]


class Moves(NamedTuple):
    """Releases of a package, and what has moved between them.

    Attributes:
        package: its name on PyPI.
        versions: the releases, the oldest first.
        rules: legacy path → canonical path.
        commented: the same, where another rule covers the legacy module: known, and a comment.
        missed: moves that are not found, with the reason beside them.

    """

    package: str
    versions: tuple[str, ...]
    rules: dict[str, str]
    commented: dict[str, str]
    missed: Mapping[str, str] = MappingProxyType({})


PACKAGES = (
    Moves(
        "pluggy",
        ("0.13.1", "1.0.0"),
        {
            "pluggy.hooks": "pluggy._hooks",
            "pluggy.manager": "pluggy._manager",
            # Its only public name, HookCallError.
            "pluggy.callers": "pluggy._result",
        },
        {},
    ),
    Moves(
        "astroid",
        ("2.6.6", "2.8.6"),
        {
            "astroid.as_string": "astroid.nodes.as_string",
            "astroid.node_classes": "astroid.nodes.node_classes",
            "astroid.scoped_nodes": "astroid.nodes.scoped_nodes",
            "astroid.brain.brain_typing:infer_tuple_alias": (
                "astroid.brain.brain_typing:infer_special_alias"
            ),
        },
        {"astroid.node_classes:NodeNG": "astroid.nodes.node_ng:NodeNG"},
    ),
    Moves(
        "httpx",
        ("0.12.1", "0.13.3"),
        {
            "httpx._dispatch.asgi": "httpx._transports.asgi",
            "httpx._dispatch.wsgi": "httpx._transports.wsgi",
            "httpx._transports.asgi:ASGIDispatch": "httpx._transports.asgi:ASGITransport",
            "httpx._transports.wsgi:WSGIDispatch": "httpx._transports.wsgi:WSGITransport",
        },
        {},
        # Rewritten when it moved: less than 30 % of it is the same.
        {"httpx._dispatch.urllib3": "httpx._transports.urllib3"},
    ),
)


def unpack(package: str, version: str, folder: Path) -> Path:
    """Download a source distribution, and return the folder that was in it."""
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    wanted = f"{package}=={version}"
    subprocess.run([sys.executable, "-m", "pip", *words, wanted], check=True, timeout=PATIENCE)
    (archive,) = folder.glob(f"{package}-{version}.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def replay(moves: Moves, folder: Path) -> Path:
    """Make a repository with a commit for each release."""
    repository = Repository(folder / "repository")
    repository.commit({})
    for version in moves.versions:
        source = unpack(moves.package, version, folder)
        repository.git("rm", "-r", "--quiet", "--ignore-unmatch", ".")
        shutil.copytree(source, repository.folder, dirs_exist_ok=True)
        repository.git("add", "--all", "--force")
        repository.commit({})
    return repository.folder


@pytest.mark.parametrize("moves", PACKAGES, ids=[one.package for one in PACKAGES])
def test_the_rules_of_a_real_history_are_right(moves: Moves, tmp_path: Path) -> None:
    folder = replay(moves, tmp_path)

    result = in_this_process(["init", "--dry-run", "--json"], folder, {"PATH": "/usr/bin:/bin"})

    found = json.loads(result.stdout)["rules"]
    in_force = {one["legacy"]: one["canonical"] for one in found if one["in_force"]}
    commented = {one["legacy"]: one["canonical"] for one in found if not one["in_force"]}
    assert in_force == moves.rules
    assert commented == moves.commented
    assert not in_force.keys() & moves.missed.keys()
