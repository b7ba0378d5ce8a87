"""Completeness of a test run: whether it could see all uses, so that unseen ones are gone.

What leaves tests out is distinguished from what belongs to a project: the ini file selects the
tests of every run, an option those of one. A deliberate partial run never shrinks the baseline.
"""

import glob
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from enforcer.baseline import Baseline
from enforcer.baseline.renamed_files import is_foreign

_SELECTING: Final = frozenset(
    {
        "addopts",
        "collect_imported_tests",
        "norecursedirs",
        "python_classes",
        "python_files",
        "python_functions",
        "testpaths",
    }
)
"""The ini keys that may select tests; an option may override them (``-o``)."""

_COLLECTORS: Final = ("doctest", "python", "unittest")
"""pytest's plugins that collect tests."""

_NOT_PASSED: Final = ("error", "failed", "rerun", "skipped", "xfailed")
"""Categories of the terminal's statistics for tests that did not run to their end."""


class LeftOut:
    """Plugin that notices files with tests that are kept from collection."""

    def __init__(self, miss: Callable[[str], None]) -> None:
        """Set the callback that receives the reason."""
        self._miss = miss

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(
        self, collection_path: Path, config: pytest.Config
    ) -> Generator[None, bool | None, bool | None]:
        """Notice what ``collect_ignore`` and plugins leave out."""
        is_ignored = yield
        if is_ignored and _has_tests(collection_path, config):
            shown = os.path.relpath(collection_path, config.rootpath)
            self._miss(f"{shown} was left out (collect_ignore, or a plugin)")
        return is_ignored


def _has_tests(path: Path, config: pytest.Config) -> bool:
    if not path.is_dir():
        return _is_test(path.name, config)
    if _is_never_entered(path, config):
        return False
    for folder, folders, files in os.walk(path):
        if any(_is_test(name, config) for name in files):
            return True
        folders[:] = [name for name in folders if not _is_never_entered(Path(folder, name), config)]
    return False


def _is_never_entered(folder: Path, config: pytest.Config) -> bool:
    """Return whether pytest enters a folder in no run of this project."""
    if folder.name == "__pycache__" or (folder / "pyvenv.cfg").exists():
        return True
    # As pytest matches them (_pytest.pathlib.fnmatch_ex): a pattern without a slash is for the name
    # alone.
    patterns = config.getini("norecursedirs")
    return any(fnmatch(str(folder) if "/" in one else folder.name, one) for one in patterns)


def _is_test(name: str, config: pytest.Config) -> bool:
    if name.endswith(".py") and getattr(config.option, "doctestmodules", False):
        return True
    return any(fnmatch(name, one.rpartition("/")[2]) for one in config.getini("python_files"))


def why_not_whole(config: pytest.Config, root: Path, baseline: Baseline) -> str:
    """Return why a run that got to its end was not one of all tests; empty if it was.

    Args:
        config: the run's configuration.
        root: the map's root.
        baseline: the baseline whose entries could be gone.

    """
    return (
        _what_was_chosen(config)
        or _what_is_elsewhere(config.invocation_params.dir.resolve(), root, baseline)
        or _what_did_not_pass(config)
    )


def _what_was_chosen(config: pytest.Config) -> str:
    return next(filter(None, _choices(config)), "")


def _choices(config: pytest.Config) -> Iterator[str]:
    source, option = pytest.Config.ArgsSource, config.option
    if config.args_source not in (source.TESTPATHS, source.INVOCATION_DIR):
        yield "a part of the tests was named"
    if option.ignore or option.ignore_glob or getattr(option, "lf", False):
        yield "some files were left out"
    for key in (one.partition("=")[0].strip() for one in option.override_ini or ()):
        if key in _SELECTING:
            yield f"an option overrides {key}"
    if option.inifilename:
        yield f"an option names another configuration (-c {option.inifilename})"
    if option.noconftest:
        yield "conftest files were left out (--noconftest)"
    for name in _COLLECTORS:
        if config.pluginmanager.is_blocked(name):
            yield f"a plugin that collects tests is off (-p no:{name})"
    if sorted(map(str, config.args)) != sorted(_usual_arguments(config)):
        yield "a plugin chose the tests"


def _usual_arguments(config: pytest.Config) -> Iterable[str]:
    """Return what pytest collects without arguments (``Config._decide_args``)."""
    if config.args_source == pytest.Config.ArgsSource.INVOCATION_DIR:
        return [str(config.invocation_params.dir)]
    paths: list[str] = config.getini("testpaths")
    if config.option.pyargs:
        return paths
    folder = config.invocation_params.dir
    return [found for path in paths for found in glob.iglob(path, root_dir=folder, recursive=True)]  # noqa: PTH207 - as pytest does


def _what_is_elsewhere(folder: Path, root: Path, baseline: Baseline) -> str:
    if not root.resolve().is_relative_to(folder):
        return f'"{root}" may have tests outside of this folder'
    for entry in baseline:
        if entry.file.startswith("../") and not is_foreign(entry.file):
            file = Path(os.path.normpath(root / entry.file))
            if not file.resolve().is_relative_to(folder):
                return f"{entry.file} in the baseline lies outside of this folder"
    return ""


def _what_did_not_pass(config: pytest.Config) -> str:
    """Return a test that did not run to its end, by the terminal's counts; empty if all did."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return "nobody counted what was skipped (-p no:terminal)"
    for category in _NOT_PASSED:
        for report in terminal.stats.get(category, ()):
            return f"{report.nodeid} is among the {category}"
    return ""
