"""What may be an interpreter is looked for where it can be, and nowhere else does it fail."""

from pathlib import Path

import pytest

from tests.interpreters.finding import candidates


@pytest.mark.parametrize("name", ["absent", "file", "x" * 300, "loop"])
def test_a_root_of_pyenv_that_can_not_be_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no folder, it is no folder, or the system refuses to look."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / name))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert candidates() == []


def test_a_root_of_pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "versions/3.12.1/bin").mkdir(parents=True)
    (tmp_path / "versions/notes.txt").touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert str(tmp_path / "versions/3.12.1/bin/python") in candidates()
