"""Write small projects as real files."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

WriteFiles = Callable[[dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFiles:
    """Write files below a folder of their own, and give that folder."""

    def write_files(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return write_files
