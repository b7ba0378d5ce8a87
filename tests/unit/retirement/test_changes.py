"""Files change all together or not at all."""

from pathlib import Path

import pytest

from enforcer.errors import EnforcerError
from enforcer.retirement.changes import Changes
from enforcer.rewriting import working_tree as module


def test_diff_and_writing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"one\r\ntwo\r\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "b.py").write_text("gone\n")
    (tmp_path / "a.py").chmod(0o755)
    changes = Changes(tmp_path)
    changes.change(tmp_path / "a.py", b"one\r\n2\r\n")
    changes.delete(tmp_path / "old" / "b.py")
    assert "\n".join(changes.diff()) == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n"
        "diff --git a/old/b.py b/old/b.py\ndeleted file mode 100644\n"
        "--- a/old/b.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-gone"
    )
    assert (tmp_path / "old" / "b.py").exists()
    changes.write()
    assert (tmp_path / "a.py").read_bytes() == b"one\r\n2\r\n"
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == [tmp_path / "a.py"]


def test_change_back_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n")
    changes = Changes(tmp_path)
    changes.change(tmp_path / "a.py", b"two\n")
    changes.change(tmp_path / "a.py", b"one\n")
    assert not changes


def test_file_that_somebody_else_changed_meanwhile_stops_all(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("one\n")
    changes = Changes(tmp_path)
    changes.delete(tmp_path / "a.py")
    changes.change(tmp_path / "b.py", b"two\n")
    (tmp_path / "b.py").write_text("mine\n")
    with pytest.raises(EnforcerError, match=r"changed meanwhile.*\(file-changed\)"):
        changes.write()
    assert (tmp_path / "a.py").read_text() == "one\n"
    assert (tmp_path / "b.py").read_text() == "mine\n"


def test_failure_in_between_restores_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text(name)
    changes = Changes(tmp_path)
    changes.change(tmp_path / "a.py", b"2")
    changes.change(tmp_path / "b.py", b"2")
    changes.delete(tmp_path / "c.py")
    write_new = module.write_new

    def full(path: str, data: bytes, mode: int) -> None:
        if data == b"2" and "b.py" in path:
            raise OSError(28, "No space left on device", path)
        write_new(path, data, mode)

    monkeypatch.setattr(module, "write_new", full)
    told = r'/b\.py" can.t be written: No space left.*as they were \(change-unwritable\)'
    with pytest.raises(EnforcerError, match=told):
        changes.write()
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "a.py": "a.py",
        "b.py": "b.py",
        "c.py": "c.py",
    }


def test_interrupt_in_between_restores_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no error of a file, and comes at any time."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o750)
    changes = Changes(tmp_path)
    changes.delete(tmp_path / "a.py")
    changes.delete(tmp_path / "b.py")
    unlink = Path.unlink

    def interrupted(file: Path, *, missing_ok: bool = False) -> None:
        if file.name == "b.py":
            raise KeyboardInterrupt
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        changes.write()
    for name in ("a.py", "b.py"):
        assert (tmp_path / name).read_text() == name
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o750
