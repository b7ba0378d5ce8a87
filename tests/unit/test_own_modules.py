"""How the enforcer's own modules are found and read: quicker than importlib, and the same."""

import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.util import cache_from_source, module_from_spec
from pathlib import Path
from types import ModuleType

import pytest

from enforcer.runtime import own_modules
from enforcer.runtime.own_modules import OwnModules, Plainly

FIELDS = ("__cached__", "__file__", "__name__", "__package__", "__path__")
OF_SPEC = ("cached", "has_location", "origin", "parent", "submodule_search_locations")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a package that is loaded as the enforcer's own."""
    folder = tmp_path / "ours"
    (folder / "sub").mkdir(parents=True)
    for file in ("__init__.py", "one.py", "sub/__init__.py", "sub/two.py"):
        (folder / file).write_text("X = 1\n")
    monkeypatch.setattr(own_modules, "OWN", {"ours"})
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "ours"]:
        del sys.modules[name]


def _load(package: Path, name: str) -> ModuleType:
    parent = name.rpartition(".")[0].removeprefix("ours").replace(".", os.sep)
    spec = OwnModules.find_spec(name, [f"{package}{parent}"])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ours.one", "ours.sub", "ours.sub.two"])
def test_a_module_looks_as_importlib_would_have_loaded_it(package: Path, name: str) -> None:
    """Tools that read its attributes find what they expect."""
    module = _load(package, name)
    spec = PathFinder.find_spec(name, [str(package / "sub") if "two" in name else str(package)])
    assert spec is not None
    assert module.__spec__ is not None
    plain = module_from_spec(spec)
    for field in FIELDS:
        assert getattr(module, field, None) == getattr(plain, field, None), field
    for field in OF_SPEC:
        assert getattr(module.__spec__, field) == getattr(spec, field), field
    assert module.X == 1


def test_its_bytecode_is_read_where_importlib_leaves_it(package: Path) -> None:
    """The code that runs is the bytecode's, as long as it names the source's time and size."""
    source = package / "one.py"
    status = source.stat()
    source.write_text("X = 2\n")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    py_compile.compile(str(source))
    source.write_text("X = 1\n")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _load(package, "ours.one").X == 2


@pytest.mark.parametrize("text", ["X = 3  # longer\n", "X = 3\n"])
def test_a_source_that_changed_is_compiled_anew(package: Path, text: str) -> None:
    """Its size differs, or its time."""
    source = package / "one.py"
    py_compile.compile(str(source))
    time = source.stat().st_mtime_ns
    source.write_text(text)
    later = 0 if len(text) > len("X = 3\n") else 2_000_000_000
    os.utime(source, ns=(time, time + later))
    assert _load(package, "ours.one").X == 3


def test_bytecode_of_a_folder_that_moved_names_the_file_where_it_is(package: Path) -> None:
    """Tracebacks and warnings name files by what the code says."""
    source = package / "one.py"
    source.write_text("def f():\n    pass\n")
    py_compile.compile(str(source), dfile="/elsewhere/one.py")
    assert _load(package, "ours.one").f.__code__.co_filename == str(source)


@pytest.mark.parametrize("damage", [b"", b"\0" * 40])
def test_bytecode_that_is_none_is_passed_over(package: Path, damage: bytes) -> None:
    """A full disk left it, or another tool."""
    cached = Path(cache_from_source(str(package / "one.py")))
    cached.parent.mkdir()
    cached.write_bytes(damage)
    assert _load(package, "ours.one").X == 1


def test_bytecode_that_is_long_is_read_whole(package: Path) -> None:
    """One read has an end."""
    source = package / "one.py"
    source.write_text(f"X = {'x' * 100_000!r}\n")
    py_compile.compile(str(source))
    assert len(_load(package, "ours.one").X) == 100_000


def test_what_is_not_there_as_source_is_left_to_others(package: Path) -> None:
    """A program may be packed."""
    assert OwnModules.find_spec("ours.three", [str(package)]) is None
    assert OwnModules.find_spec("theirs.one", [str(package)]) is None


@pytest.mark.process
@pytest.mark.parametrize("options", [("-O",), ("-X", "pycache_prefix={folder}")])
def test_bytecode_elsewhere_is_found_by_pythons_options(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Optimised bytecode has another name, and a prefix another folder."""
    given = [option.format(folder=tmp_path) for option in options]
    program = "import enforcer.startup as one; print(one.__spec__.cached)"
    command = [sys.executable, *given, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cached = done.stdout
    assert ".opt-1." in cached if "-O" in given else cached.startswith(str(tmp_path))


def test_nothing_is_asked_once_the_enforcers_modules_are_loaded() -> None:
    """Whoever walks ``sys.meta_path`` meets no finder of a package that is only imported."""
    with Plainly():
        assert sys.meta_path[0] is OwnModules
    assert OwnModules not in sys.meta_path
