"""Test which files are a project's own, and what they may be imported as."""

from collections.abc import Callable
from pathlib import Path

from enforcer.source.tree import module_names, own_files

Write = Callable[[dict[str, str]], Path]


def test_the_work_of_others_is_left_out(write: Write) -> None:
    """Environments, caches, and what tools keep in hidden folders."""
    root = write(
        {
            "app.py": "",
            "tools/run.pyw": "",
            "pkg/mod.py": "",
            "notes.txt": "",
            ".venv/lib/x.py": "",
            ".git/hooks/x.py": "",
            ".tox/x.py": "",
            "pkg/__pycache__/x.py": "",
            "web/node_modules/x.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/x.py": "",
            "vendored/site-packages/x.py": "",
        }
    )

    found = [str(file.relative_to(root)) for file in own_files(root)]

    assert found == ["app.py", "pkg/mod.py", "tools/run.pyw"]


def test_links_to_folders_are_not_followed(write: Write) -> None:
    """A link to a folder above would never come to an end."""
    root = write({"pkg/mod.py": ""})
    (root / "pkg/loop").symlink_to(root)

    assert [file.name for file in own_files(root)] == ["mod.py"]


def test_a_file_is_named_by_the_packages_around_it(write: Write) -> None:
    """Whatever folder above them is on the path."""
    root = write({"deep/in/pkg/__init__.py": "", "deep/in/pkg/mod.py": ""})
    search = [str(root), str(root / "deep/in")]

    assert module_names(root / "deep/in/pkg/mod.py", search)[0] == "pkg.mod"
    assert module_names(root / "deep/in/pkg/__init__.py", search)[0] == "pkg"


def test_a_file_of_a_namespace_package_is_named_from_the_search_path(write: Write) -> None:
    """There is no ``__init__.py`` to go by."""
    root = write({"ns/pkg/__init__.py": "", "ns/pkg/mod.py": ""})

    assert module_names(root / "ns/pkg/mod.py", [str(root)]) == ("ns.pkg.mod", "pkg.mod")


def test_a_file_below_src_is_named_from_there_first(write: Write) -> None:
    """The nearest folder of the search path is the likeliest."""
    root = write({"src/ns/mod.py": ""})

    names = module_names(root / "src/ns/mod.py", [str(root), str(root / "src")])

    assert names[:2] == ("ns.mod", "src.ns.mod")


def test_a_file_that_cannot_be_imported_has_no_name_from_there(write: Write) -> None:
    """A folder with a dash is no package."""
    root = write({"my-scripts/run.py": "", "my-scripts/a-b.py": ""})

    assert module_names(root / "my-scripts/run.py", [str(root)]) == ("run",)
    assert module_names(root / "my-scripts/a-b.py", [str(root)]) == ()
