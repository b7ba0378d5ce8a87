"""Scan trees of every kind of repository, and files that change while they are read."""

from pathlib import Path

import pytest

from enforcer.findings import RecordedScan
from enforcer.rules.regular_files import read_open
from enforcer.source import files
from enforcer.store.sqlite.reader import Reader
from tests.repositories import Repository
from tests.unit.cli.conftest import MAP, Enforcer

FOUND = "app.py:1:8 shop.old_cart → shop.cart [import]"
APP = {"app.py": "import shop.old_cart\n", "enforcer.toml": MAP}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Make a repository with two commits, beside the trees that are made of it."""
    made = Repository(tmp_path / "origin")
    made.commit({"README": "first\n"})
    made.commit(APP)
    return made


@pytest.fixture
def record(enforcer: Enforcer, tmp_path: Path) -> "Record":
    """Scan a folder, and return what is printed and recorded."""
    return Record(enforcer, tmp_path / "scans.db")


class Record:
    def __init__(self, enforcer: Enforcer, store: Path) -> None:
        self._enforcer = enforcer
        self._store = store

    def __call__(self, folder: Path) -> tuple[list[str], RecordedScan]:
        words = ("scan", "--record", "--store", str(self._store), "--exit-zero")
        result = self._enforcer(*words, cwd=folder)
        assert (result.returncode, result.stderr) == (0, "")
        with Reader(str(self._store)) as reader:
            scan = reader.scan()
        assert scan is not None
        return result.stdout.splitlines()[:-1], scan


def test_a_shallow_clone_has_the_revision_of_its_commit(
    repository: Repository, record: Record, tmp_path: Path
) -> None:
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(tmp_path / "s"))

    lines, scan = record(tmp_path / "s")

    assert lines == [FOUND]
    assert (scan.revision, scan.is_dirty) == (repository.git("rev-parse", "HEAD").strip(), False)
    assert scan.committed > 0


def test_a_work_tree_has_its_own_revision(
    repository: Repository, record: Record, tmp_path: Path
) -> None:
    """Its ``.git`` is a file, and its commit another one than that of the first tree."""
    tree = tmp_path / "tree"
    repository.git("worktree", "add", "--quiet", "-b", "other", str(tree))
    repository.commit({"more.py": "\n"})
    (tree / "app.py").write_text("\nimport shop.old_cart\n")

    lines, scan = record(tree)

    assert lines == [FOUND.replace(":1:", ":2:")]
    assert scan.revision == repository.git("rev-parse", "other").strip()
    assert scan.is_dirty


def test_a_bare_repository_has_no_tree_and_so_no_revision(
    repository: Repository, record: Record, tmp_path: Path
) -> None:
    """Files in its folder are read, but are those of no commit."""
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", str(repository.folder), str(bare))
    for name, text in APP.items():
        (bare / name).write_text(text)

    lines, scan = record(bare)

    assert lines == [FOUND]
    assert (scan.revision, scan.committed, scan.is_dirty) == ("", 0, False)


def test_a_submodule_is_read_as_its_own_repository_says(
    repository: Repository, record: Record, tmp_path: Path
) -> None:
    """What it ignores is left out, and a change in it is one of the tree."""
    library = Repository(tmp_path / "library")
    library.commit({"lib.py": "from shop.old_cart import X\n", ".gitignore": "build/\n/own.py\n"})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repository.git(*add, str(library.folder), "libs/one")
    repository.commit({})
    inside = repository.folder / "libs" / "one"
    (inside / "build").mkdir()
    for name in ("build/gen.py", "own.py"):
        (inside / name).write_text("import shop.old_cart\n")
    expected = [FOUND, "libs/one/lib.py:1:6 shop.old_cart → shop.cart [from]"]

    lines, scan = record(repository.folder)

    assert (lines, scan.is_dirty) == (expected, False)
    (inside / "lib.py").write_text("from shop.old_cart import X, Y\n")
    lines, scan = record(repository.folder)
    assert (lines, scan.is_dirty) == (expected, True)


def test_a_submodule_that_is_not_there_is_an_empty_folder(
    repository: Repository, record: Record, tmp_path: Path
) -> None:
    library = Repository(tmp_path / "library")
    library.commit({"lib.py": "from shop.old_cart import X\n"})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repository.git(*add, str(library.folder), "libs/one")
    repository.commit({})
    repository.git("clone", "--quiet", str(repository.folder), str(tmp_path / "clone"))

    lines, scan = record(tmp_path / "clone")

    assert (lines, scan.is_dirty) == ([FOUND], False)


@pytest.mark.parametrize(("changes", "is_read"), [(2, True), (99, False)])
def test_a_file_that_changes_while_it_is_read(
    folder: Path,
    enforcer: Enforcer,
    monkeypatch: pytest.MonkeyPatch,
    changes: int,
    is_read: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """It is read again; one that never rests is named, and the others are read."""
    (folder / "app.py").write_text("import shop.old_cart\n")
    log = folder / "log.py"
    log.write_text("import shop.old_cart\n")
    left = iter(range(changes))

    def read_and_append(descriptor: int, path: str, most: int) -> bytes:
        content = read_open(descriptor, path, most)
        if path == str(log) and next(left, None) is not None:
            with log.open("a") as writing:
                writing.write("x = 1\n")
        return content

    monkeypatch.setattr(files, "read_open", read_and_append)

    result = enforcer("scan", "--exit-zero")

    of_log = "log.py:1:8 shop.old_cart → shop.cart [import]"
    unproven = "log.py [file, unproven: it changes while it is read]"
    assert result.stdout.splitlines()[:-1] == [FOUND, of_log if is_read else unproven]
    assert result.stderr == ""
