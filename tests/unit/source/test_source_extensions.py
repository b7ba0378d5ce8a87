"""Find compiled files that may not get along with an alias."""

from pathlib import Path

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.source import extensions
from enforcer.source.extensions import Candidate, ExtensionSearch, extension_files

CALL = b"\0PyModule_GetDict\0"


def paths(folder: Path, content: bytes, *rules: Rule) -> tuple[str, ...]:
    file = folder / "fast.so"
    file.write_bytes(content)
    found = ExtensionSearch(MigrationMap(rules)).search(file)
    return found.paths if found is not None else ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\0shop.old\0", ("shop.old",)),
        (b"shop.old", ("shop.old",)),
        (b"from shop.old import Cart", ("shop.old",)),
        (b"\0shop.old.sub\0shop.old\0", ("shop.old", "shop.old.sub")),
        (b"\0shop.older\0", ()),
        (b"\0my.shop.old\0", ()),
        (b"\0myshop.old\0", ()),
        (b"\0src/shop.old\0", ()),
        (b"\0shop.new\0shop\0", ()),
    ],
)
def test_paths(tmp_path: Path, text: bytes, found: tuple[str, ...]) -> None:
    """A legacy path counts where it stands by itself."""
    assert paths(tmp_path, text + CALL, Rule("shop.old", "shop.new")) == found


def test_path_of_one_word(tmp_path: Path) -> None:
    """A word is a path only if it is a whole string."""
    rule = Rule("old", "new")
    assert paths(tmp_path, b"the old one" + CALL, rule) == ()
    assert paths(tmp_path, CALL + b"old\0", rule) == ("old",)


@pytest.mark.parametrize(
    "rule",
    [
        Rule("shop.old", "shop.new", stage="observe"),
        Rule("shop.old", "shop.new", stage="removed"),
        Rule("shop.old", "shop.new", implementation=True),
        Rule("shop.old:name", "shop.old:new"),
    ],
)
def test_paths_without_an_alias(tmp_path: Path, rule: Rule) -> None:
    """Real modules are no trouble for C code."""
    assert paths(tmp_path, b"\0shop.old\0" + CALL, rule) == ()


def test_files_that_do_no_harm(tmp_path: Path) -> None:
    """A file without one of the two functions, and an empty one, are fine."""
    rule = Rule("shop.*", "new.*")
    assert paths(tmp_path, b"\0shop.old\0PyObject_GetAttr\0", rule) == ()
    assert paths(tmp_path, b"", rule) == ()


def test_candidate(tmp_path: Path) -> None:
    """A candidate says which functions it calls."""
    file = tmp_path / "fast.so"
    file.write_bytes(b"\0PyImport_AddModuleRef\0shop.old.deep\0" + CALL)
    search = ExtensionSearch(MigrationMap([Rule("shop.*", "new.*")]))

    assert search.search(file) == Candidate(
        str(file), ("PyModule_GetDict", "PyImport_AddModule"), ("shop.old.deep",)
    )


def test_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is bounded."""
    monkeypatch.setattr(extensions, "MOST_BYTES", 3)
    with pytest.raises(OSError, match="17 bytes"):
        paths(tmp_path, b"longer than three", Rule("a", "b"))


def test_files(tmp_path: Path) -> None:
    """Each file is searched once: own code, and the site-packages folders."""
    site = tmp_path / "environment" / "site-packages"
    inside = [tmp_path / "own.so", tmp_path / "pkg" / "win.pyd", site / "pkg" / "a.cpython-311.so"]
    outside = [tmp_path / ".hidden" / "x.so", tmp_path / "node_modules" / "y.so", site / "z.py"]
    for file in (*inside, *outside):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (site / "link.so").symlink_to(tmp_path / "own.so")

    assert list(extension_files(tmp_path, [str(site), str(tmp_path / "nowhere")])) == inside


def test_real_extension_module() -> None:
    """A compiled package that imports its own modules by name is found out."""
    package = pytest.importorskip("charset_normalizer")
    [*files] = Path(package.__file__).parent.glob("cd.*.so")
    if not files:
        pytest.skip("charset_normalizer is not compiled here")
    search = ExtensionSearch(MigrationMap([Rule("charset_normalizer.*", "elsewhere.*")]))

    found = search.search(files[0])
    assert found is not None
    assert "charset_normalizer.cd" in found.paths
