"""Test how a project's files are scanned."""

import errno
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.scan import Scanner
from enforcer.source.scanned import ScannedFile

Write = Callable[[dict[str, str]], Path]


def scan(root: Path, *rules: Rule) -> dict[str, ScannedFile]:
    """Scan a project, and give its files by name."""
    migration_map = MigrationMap(rules or [Rule("a.old", "a.new")], root=str(root))
    return {scanned.file: scanned for scanned in Scanner(migration_map, [str(root)]).scan()}


def test_files_are_named_from_the_root(write: Write) -> None:
    """With what they may be imported as."""
    scanned = scan(write({"a/__init__.py": "", "a/b.py": "from . import old"}))

    assert list(scanned) == ["a/__init__.py", "a/b.py"]
    assert scanned["a/b.py"].modules == ("a.b",)
    assert [found.path for found in scanned["a/b.py"].found.references] == ["a"]


def test_a_syntax_error_is_reported_with_its_line(write: Write) -> None:
    """The other files are scanned all the same."""
    scanned = scan(write({"x.py": "import a.old\ndef (", "y.py": "import a.old"}))

    assert scanned["x.py"].error == "invalid syntax on line 2"
    assert scanned["y.py"].found.references != ()


def test_a_wrong_encoding_is_reported(write: Write) -> None:
    """What the parser says of it is kept."""
    root = write({})
    (root / "x.py").write_bytes(b"import a.old\nx = '\xe9'\n")
    (root / "y.py").write_bytes(b"# coding: nonsense\nimport a.old\n")
    scanned = scan(root)

    assert "utf-8" in scanned["x.py"].error.lower()
    assert "nonsense" in scanned["y.py"].error


def test_null_bytes_are_reported(write: Write) -> None:
    """As an error of the file, whichever error the version raises."""
    root = write({})
    (root / "x.py").write_bytes(b"import a.old\0")

    assert "null bytes" in scan(root)["x.py"].error


def test_a_file_in_another_declared_encoding_is_read(write: Write) -> None:
    """The cookie counts."""
    root = write({})
    (root / "x.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\nimport a.old\n")

    assert scan(root)["x.py"].found.references[0].line == 3


def test_a_file_that_cannot_be_opened_is_reported(write: Write) -> None:
    """A link to nowhere is such a file."""
    root = write({})
    (root / "x.py").symlink_to(root / "gone.py")

    assert scan(root)["x.py"].error == "No such file or directory"


def test_a_broken_file_that_mentions_no_legacy_path_is_of_no_concern(write: Write) -> None:
    """Templates and old scripts lie about in every project."""
    assert scan(write({"x.py": "print 'hello'"}))["x.py"].error == ""


def test_relative_imports_inside_of_a_legacy_tree_are_found(write: Write) -> None:
    """They need not mention its name."""
    root = write({"a/__init__.py": "", "a/old/__init__.py": "", "a/old/x.py": "from .y import z"})

    found = scan(root, Rule("a.old.*", "a.new.*"))["a/old/x.py"].found.references

    assert [reference.path for reference in found] == ["a.old.y"]


def test_a_legacy_path_beyond_ascii_is_found_in_any_encoding(write: Write) -> None:
    """Its bytes depend on the file's encoding, so every file is parsed."""
    root = write({})
    (root / "x.py").write_bytes("# coding: latin-1\nimport métier.été".encode("latin-1"))

    found = scan(root, Rule("métier.été", "métier.neuf"))["x.py"].found.references

    assert [reference.path for reference in found] == ["métier.été"]


def test_scanning_shows_no_warnings_of_the_scanned_code(write: Write) -> None:
    """An invalid escape is not ours to report."""
    root = write({"x.py": "import a.old\nx = '\\d'"})

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        scan(root)

    assert shown == []


def test_without_rules_nothing_is_scanned(write: Write) -> None:
    """There is nothing to look for."""
    root = write({"x.py": "import a.old"})

    assert list(Scanner(MigrationMap(root=str(root)), [str(root)]).scan()) == []


def test_what_is_no_regular_file_is_named_and_waited_for_by_nobody(write: Write) -> None:
    """A named pipe without a writer, a socket, a device, and a link to one."""
    root = write({"app.py": "import a.old"})
    os.mkfifo(root / "pipe.py")
    (root / "zero.py").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "plug.py"))

    errors = {file: scanned.error for file, scanned in scan(root).items() if scanned.error}

    assert errors == {
        "pipe.py": "it is a named pipe, no file",
        "plug.py": "it is a socket, no file",
        "zero.py": "it is a device, no file",
    }


@pytest.mark.parametrize("nested", ["(" * 100_000, "x" + ".x" * 300_000])
def test_sources_that_no_parser_takes_are_named(write: Write, nested: str) -> None:
    """They end neither the command nor the interpreter."""
    scanned = scan(write({"deep.py": f"import a.old\n{nested}"}))

    assert scanned["deep.py"].error != ""


def test_what_a_map_excludes_is_not_scanned(write: Write) -> None:
    """Not even if it mentions a legacy path."""
    root = write({"app.py": "import a.old", "gen/x.py": "import a.old"})
    migration_map = MigrationMap([Rule("a.old", "a.new")], root=str(root), exclude=["gen/"])

    assert [one.file for one in Scanner(migration_map, [str(root)]).scan()] == ["app.py"]


def test_a_folder_that_cannot_be_listed_is_reported(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the files that are at hand."""
    root = write({"x.py": "import a.old", "locked/y.py": "import a.old"})
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if Path(folder).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    scanned = scan(root)

    assert scanned["locked/"].error == "Permission denied"
    assert scanned["x.py"].found.references
