"""Test which files are a project's own, and what they may be imported as."""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.errors import EnforcerError
from enforcer.rules.model import MigrationMap
from enforcer.source.tree import ModuleNamer, exclusions, own_files

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

    assert ModuleNamer(search)(str(root / "deep/in/pkg/mod.py"))[0] == "pkg.mod"
    assert ModuleNamer(search)(str(root / "deep/in/pkg/__init__.py"))[0] == "pkg"


def test_a_file_of_a_namespace_package_is_named_from_the_search_path(write: Write) -> None:
    """There is no ``__init__.py`` to go by."""
    root = write({"ns/pkg/__init__.py": "", "ns/pkg/mod.py": ""})

    assert ModuleNamer([str(root)])(str(root / "ns/pkg/mod.py")) == ("ns.pkg.mod", "pkg.mod")


def test_a_file_below_src_is_named_from_there_first(write: Write) -> None:
    """The nearest folder of the search path is the likeliest."""
    root = write({"src/ns/mod.py": ""})

    names = ModuleNamer([str(root), str(root / "src")])(str(root / "src/ns/mod.py"))

    assert names[:2] == ("ns.mod", "src.ns.mod")


def test_a_file_that_cannot_be_imported_has_no_name_from_there(write: Write) -> None:
    """A folder with a dash is no package."""
    root = write({"my-scripts/run.py": "", "my-scripts/a-b.py": ""})

    assert ModuleNamer([str(root)])(str(root / "my-scripts/run.py")) == ("run",)
    assert ModuleNamer([str(root)])(str(root / "my-scripts/a-b.py")) == ()


def test_what_git_ignores_is_left_out(write: Write) -> None:
    """Unless it is tracked all the same."""
    root = write(
        {
            "app.py": "",
            "forced.py": "",
            "generated.py": "",
            "generated/deep/x.py": "",
            "pkg/local.py": "",
            "pkg/mod.py": "",
            "pkg/.gitignore": "local.py",
            ".gitignore": "generated*\nforced.py",
        }
    )
    git(root, "init", "--quiet")
    git(root, "add", "--force", "forced.py")

    assert files(root) == ["app.py", "forced.py", "pkg/mod.py"]


def test_git_is_asked_about_the_root_and_not_about_a_repository_of_a_hook(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hooks run with ``GIT_DIR`` set."""
    root = write({"app.py": "", "generated.py": "", ".gitignore": "generated.py"})
    git(root, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("elsewhere")))

    assert files(root) == ["app.py"]


def test_git_runs_no_program_that_a_repository_names(write: Write) -> None:
    """An archive may bring a repository along, with its configuration."""
    root = write({"app.py": "", "generated.py": "", ".gitignore": "generated.py"})
    git(root, "init", "--quiet")
    git(root, "add", "app.py")
    program = root / "program"
    program.write_text(f"#!/bin/sh\ntouch {root}/ran\n")
    program.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(program))

    assert files(root) == ["app.py"]
    assert not (root / "ran").exists()


def test_a_root_that_git_ignores_as_a_whole_is_walked(write: Write) -> None:
    """Somebody who checks it means it."""
    root = write({"scratch/app.py": "", "scratch/pkg/mod.py": "", ".gitignore": "/scratch"})
    git(root, "init", "--quiet")

    assert files(root / "scratch") == ["app.py", "pkg/mod.py"]


def test_what_the_map_excludes_is_left_out(write: Write) -> None:
    """By patterns of a ``.gitignore``: anchored, of folders, and taken back."""
    root = write(
        {
            "app.py": "",
            "build/x.py": "",
            "pkg/a_pb2.py": "",
            "pkg/build/x.py": "",
            "pkg/kept_pb2.py": "",
            "vendored/deep/x.py": "",
        }
    )
    exclude = ("/build", "vendored/", "*_pb2.py", "!kept_pb2.py")
    spec = exclusions(MigrationMap(exclude=exclude))

    found = [str(file.relative_to(root)) for file in own_files(root, exclude=spec)]

    assert found == ["app.py", "pkg/kept_pb2.py", "pkg/build/x.py"]


def test_a_pattern_that_is_none_is_named_with_the_map() -> None:
    """Git passes it by in silence; then more is read than somebody thinks."""
    with pytest.raises(EnforcerError, match=r'/x/enforcer\.toml: exclude: "!" .*\(bad-exclude\)'):
        exclusions(MigrationMap(exclude=["gen/", "!"], path="/x/enforcer.toml"))


def test_folders_that_cannot_be_listed_are_told(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else knows what lies in them."""
    root = write({"app.py": "", "locked/x.py": ""})
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if Path(folder).name == "locked":  # root may list any folder, so a mode won't do
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    errors: list[OSError] = []

    assert [file.name for file in own_files(root, on_error=errors.append)] == ["app.py"]
    assert [Path(error.filename).name for error in errors] == ["locked"]


def files(root: Path) -> list[str]:
    """Walk over a tree."""
    return [str(file.relative_to(root)) for file in own_files(root)]


def git(root: Path, *words: str) -> None:
    """Run git, whatever the user has configured."""
    subprocess.run(["git", "-C", root, *words], check=True, capture_output=True)  # noqa: S607 - whichever git is on PATH
