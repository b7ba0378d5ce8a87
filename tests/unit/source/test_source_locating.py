"""Test how modules are found without being imported."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.source.module_files import Locator, search_path

Write = Callable[[dict[str, str]], Path]


def test_a_package_and_its_modules_are_found_without_running_them(write: Write) -> None:
    """Code that would fail on import does no harm."""
    root = write({"pkg/__init__.py": "1 / 0", "pkg/sub/__init__.py": "1 / 0", "pkg/sub/m.py": ""})
    locator = Locator([str(root)])

    package, module = locator.locate("pkg.sub"), locator.locate("pkg.sub.m")

    assert package is not None
    assert (package.kind, package.file) == ("package", root / "pkg/sub/__init__.py")
    assert module is not None
    assert (module.kind, module.file) == ("module", root / "pkg/sub/m.py")
    assert "pkg" not in sys.modules


def test_what_is_not_there_is_not_found(write: Write) -> None:
    """Neither below a package nor below a module that is none."""
    locator = Locator([str(write({"pkg/__init__.py": "", "one.py": ""}))])

    assert locator.locate("pkg.missing") is None
    assert locator.locate("missing.sub") is None
    assert locator.locate("one.sub") is None


def test_a_package_comes_before_a_module_of_the_same_name(write: Write) -> None:
    """As in the import system."""
    locator = Locator([str(write({"x.py": "", "x/__init__.py": ""}))])

    found = locator.locate("x")

    assert found is not None
    assert found.kind == "package"


def test_a_namespace_package_is_joined_from_all_folders(write: Write) -> None:
    """Its portions may lie in several folders of the search path."""
    root = write({"a/ns/one.py": "", "b/ns/two.py": "", "b/ns/deep/three.py": ""})
    locator = Locator([str(root / "a"), str(root / "b")])

    namespace = locator.locate("ns")

    assert namespace is not None
    assert namespace.kind == "namespace"
    assert len(namespace.folders) == 2
    for path in ("ns.one", "ns.two", "ns.deep.three"):
        assert locator.locate(path) is not None


def test_a_module_in_a_later_folder_comes_before_an_earlier_namespace(write: Write) -> None:
    """A folder that was left over hides nothing."""
    root = write({"a/x/__pycache__/y.pyc": "", "b/x.py": ""})
    found = Locator([str(root / "a"), str(root / "b")]).locate("x")

    assert found is not None
    assert found.file == root / "b/x.py"


@pytest.mark.parametrize("path", ["sys", "builtins"])
def test_builtin_modules_are_opaque(path: str) -> None:
    """There is a module, but no source to read."""
    found = Locator([]).locate(path)

    assert found is not None
    assert (found.kind, found.has_source) == ("opaque", False)


def test_an_extension_module_is_opaque(write: Write) -> None:
    """Its file is known all the same."""
    from importlib.machinery import EXTENSION_SUFFIXES  # noqa: PLC0415 - for this test alone

    root = write({f"fast{EXTENSION_SUFFIXES[0]}": "not really machine code"})
    found = Locator([str(root)]).locate("fast")

    assert found is not None
    assert (found.kind, found.file) == ("opaque", root / f"fast{EXTENSION_SUFFIXES[0]}")


def test_a_module_in_a_zip_file_is_opaque(tmp_path: Path) -> None:
    """It exists, which is what counts."""
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as archive:
        archive.writestr("pkg/__init__.py", "")
        archive.writestr("pkg/m.py", "x = 1")
    found = Locator([str(tmp_path / "lib.zip")]).locate("pkg.m")

    assert found is not None
    assert found.kind == "opaque"


def test_the_search_path_starts_with_the_project(write: Write) -> None:
    """Its root and its ``src`` folder come before what is installed."""
    root = write({"src/pkg.py": ""})

    assert search_path(str(root))[:2] == (str(root), str(root / "src"))


def test_a_project_without_src_has_only_its_root_in_front(tmp_path: Path) -> None:
    """No folder is made up."""
    assert str(tmp_path / "src") not in search_path(str(tmp_path))


def test_modules_made_after_an_earlier_look_are_found(write: Write) -> None:
    """A new locator trusts no listing of an older one."""
    root = write({"pkg/__init__.py": ""})
    assert Locator([str(root)]).locate("pkg.late") is None

    write({"pkg/late.py": ""})

    assert Locator([str(root)]).locate("pkg.late") is not None
