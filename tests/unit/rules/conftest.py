"""Write migration maps to real files and read them."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap

ReadMap = Callable[..., MigrationMap]
MistakesOf = Callable[..., list[str]]


@pytest.fixture
def read_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadMap:
    """Write a map into the working directory and read it, without the environment."""
    monkeypatch.chdir(tmp_path)

    def read(text: str, *, name: str = "enforcer.toml", **environ: str) -> MigrationMap:
        path = tmp_path / name
        path.write_text(dedent(text), encoding="utf-8")
        return load_map(str(path), environ=environ)

    return read


@pytest.fixture
def mistakes_of(read_map: ReadMap) -> MistakesOf:
    """Give the lines of the error that reading a map raises."""

    def read(text: str, *, name: str = "enforcer.toml", **environ: str) -> list[str]:
        with pytest.raises(MapError) as caught:
            read_map(text, name=name, **environ)
        return str(caught.value).splitlines()

    return read
