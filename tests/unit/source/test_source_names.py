"""Test which names a module has by its source."""

import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from enforcer.source.module_files import Locator
from enforcer.source.names import ALWAYS_THERE, ModuleNames, NameReader, names_of

Write = Callable[[dict[str, str]], Path]

# Each case: the source of a module, and the names that it has.
BINDINGS = {
    "assignments": ("a = b = 1\nc, (d, *e) = x\nf.g = 1\nh[0] = 1", "a b c d e"),
    "annotations": ("a: int = 1\nb: int", "a"),
    "augmented": ("a += 1", "a"),
    "walrus": ("print(a := 1)\n[b := i for i in x]", "a b"),
    "definitions": ("def a(x): y = 1\nclass B:\n    z = 1\nasync def c(): ...", "a B c"),
    "lambda": ("a = lambda x: (y := x)", "a"),
    "comprehensions": ("a = [i for i in x]\nb = {k: v for k, v in x}", "a b"),
    "imports": ("import a.b, c.d as e\nfrom f import g, h as i", "a e g i"),
    "loops": ("for a, b in x: c = 1\nelse: d = 1\nwhile e := f(): ...", "a b c d e"),
    "with": ("with a as b, c as (d, e): f = 1", "b d e f"),
    "conditions": ("if x: a = 1\nelif y: b = 1\nelse: c = 1", "a b c"),
    "try": (
        "try: import a\nexcept E as gone: b = 1\nelse: c = 1\nfinally: d = 1",
        "a b c d",
    ),
    "match": (
        "match x:\n  case [a, *b]: ...\n  case {'k': c, **d}: ...\n  case E(f=g) as h: i = 1",
        "a b c d g h i",
    ),
    "global": ("def f():\n    global a, b\n    a = 1", "f a b"),
    "global in a method": ("class C:\n    def f(self):\n        global a\n        a = 1", "C a"),
    "deleted": ("a = b = 1\ndel a", "b"),
    "deleted in a branch": ("a = 1\nif x: del a", "a"),
    "type checking": (
        (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING: import a\nelse: b = 1\nif not TYPE_CHECKING: c = 1\nelse: d = 1"
        ),
        "TYPE_CHECKING b c",
    ),
    "typing.TYPE_CHECKING": ("import typing as t\nif t.TYPE_CHECKING:\n    import a", "t"),
    "script": ("if __name__ == '__main__': a = 1\nelse: b = 1", "b"),
    "never": ("if False: a = 1\nif 0: b = 1\nif 1: c = 1", "c"),
    "version": ("import sys\nif sys.version_info >= (3, 12): a = 1\nelse: b = 1", "sys a b"),
    "encoding": ("# -*- coding: utf-8 -*-\nä = 1", "ä"),
}

DYNAMIC = {
    "getattr function": ("def __getattr__(n): ...", "it has a function __getattr__"),
    "getattr value": (
        "__getattr__, __dir__, __all__ = attach(x)",
        "it has a function __getattr__",
    ),
    "getattr import": ("from x import __getattr__", "it has a function __getattr__"),
    "globals item": ("\nglobals()[n] = 1", "it writes to globals() on line 2"),
    "globals update": ("globals().update(x)", "it writes to globals() on line 1"),
    "globals in a function": ("def f():\n  g = globals()\n  g[1] = 2", "it writes to globals()"),
    "globals passed on": ("fill(globals())", "it writes to globals() on line 1"),
    "exec": ("exec(code)", "it calls exec() on line 1"),
    "own entry": (
        "import sys\nsys.modules[__name__] = X()",
        "it reaches for itself in sys.modules on line 2",
    ),
    "own entry kept": (
        "from sys import modules\nme = modules[__name__]",
        "it reaches for itself in sys.modules on line 2",
    ),
    "own class": (
        "import sys\nsys.modules[__name__].__class__ = C",
        "it reaches for itself in sys.modules on line 2",
    ),
    "star of nowhere": (
        "from nowhere_at_all import *",
        'it imports * from "nowhere_at_all", which was not found',
    ),
    "star of a builtin": (
        "from time import *",
        'it imports * from "time": it is not Python source',
    ),
    "global enum": (
        "import enum\n@enum.global_enum\nclass E(enum.IntEnum):\n    A = 1",
        "it exports the members of an enum on line 2",
    ),
    "broken": ("def (", "its source can't be read: "),
}

SURE = {
    "globals read": "x = globals()['a']",
    "globals asked": "x = 'a' in globals()",
    "globals copied": "x = dict(globals())",
    "globals walked": "for n in list(globals()): ...\nx = [n for n in globals().items()]",
    "own entry read": "import sys\nx = getattr(sys.modules[__name__], 'a')",
    "own attribute read": "import sys\nx = sys.modules[__name__].a",
    "method named exec": "x.exec(code)",
    "getattr in a class": "class C:\n    def __getattr__(self, n): ...",
}


def read(root: Path, path: str) -> ModuleNames:
    """Read the names of one module of a project."""
    locator = Locator([str(root)])
    located = locator.locate(path)
    assert located is not None
    return NameReader(locator).names_of(located)


@pytest.mark.parametrize("case", BINDINGS)
def test_every_statement_that_binds_a_name_counts(write: Write, case: str) -> None:
    """Functions, classes and comprehensions keep what is bound inside."""
    source, names = BINDINGS[case]
    found = names_of(write({"m.py": source}) / "m.py")

    assert found.names == set(names.split())
    assert found.unsure == ""


@pytest.mark.parametrize("case", DYNAMIC)
def test_what_no_statement_shows_is_said(write: Write, case: str) -> None:
    """The reason names the line, so that a person can judge."""
    source, reason = DYNAMIC[case]

    assert read(write({"m.py": source}), "m").unsure.startswith(reason)


@pytest.mark.parametrize("case", SURE)
def test_looking_at_a_namespace_is_not_writing_to_it(write: Write, case: str) -> None:
    """Otherwise far too little could be told."""
    assert names_of(write({"m.py": SURE[case]}) / "m.py").unsure == ""


def test_a_star_import_brings_what_the_other_module_exports(write: Write) -> None:
    """Without ``__all__`` that is every public name, imported ones too."""
    root = write({"a.py": "from b import *", "b.py": "import os\nx = 1\n_y = 2"})

    assert read(root, "a").names == {"os", "x"}


def test_a_star_import_brings_exactly_what_all_lists(write: Write) -> None:
    """Private names too, and no others."""
    root = write({"a.py": "from b import *", "b.py": "__all__ = ['_y']\nx = 1\n_y = 2"})

    assert read(root, "a").names == {"_y"}


@pytest.mark.parametrize(
    "exports",
    [
        "__all__ = ['x'] + ['y']",
        "__all__ = ('x',)\n__all__ += ('y',)",
        "__all__ = ['x']\n__all__.append('y')",
        "__all__: list[str] = ['x']\n__all__.extend(['y'])",
    ],
)
def test_all_is_put_together_from_its_pieces(write: Write, exports: str) -> None:
    """However it is written, as long as it is literal."""
    root = write({"a.py": "from b import *", "b.py": f"x = y = z = 1\n{exports}"})

    assert read(root, "a").names == {"x", "y"}


def test_an_all_that_cannot_be_read_counts_as_every_public_name(write: Write) -> None:
    """Too many names do less harm than too few."""
    root = write(
        {"a.py": "from b import *", "b.py": "import c\nx = 1\n__all__ = ['x'] + c.__all__"}
    )

    assert read(root, "a").names == {"c", "x"}


def test_star_imports_are_followed_through_packages_and_relative_paths(write: Write) -> None:
    """From module to module, with the package of each."""
    root = write(
        {
            "p/__init__.py": "from .a import *",
            "p/a.py": "from .sub.b import *",
            "p/sub/__init__.py": "",
            "p/sub/b.py": "from ..c import *\nb = 1",
            "p/c.py": "c = 1",
        }
    )

    assert {"b", "c"} <= read(root, "p").names


def test_modules_that_star_import_each_other_come_to_an_end(write: Write) -> None:
    """Each has its own names and the other's."""
    root = write({"a.py": "from b import *\nx = 1", "b.py": "from a import *\ny = 1"})

    assert read(root, "a").names == {"x", "y"}


def test_a_getattr_of_the_other_module_serves_no_star(write: Write) -> None:
    """It is asked for single names only."""
    root = write({"a.py": "from b import *", "b.py": "def __getattr__(n): ...\nx = 1"})

    assert read(root, "a").unsure == ""


def test_importing_from_a_submodule_binds_it_in_its_package(write: Write) -> None:
    """``from .sub import x`` in a package gives it ``sub``, too."""
    root = write({"p/__init__.py": "from .sub.deep import x", "p/sub/__init__.py": ""})

    assert read(root, "p").names == {"sub", "x"}


def test_submodules_count_as_names_of_their_package(write: Write) -> None:
    """``from p import sub`` works whether or not anything imported it."""
    root = write({"p/__init__.py": "", "p/sub.py": "", "ns/m.py": ""})
    reader = NameReader(Locator([str(root)]))

    assert reader.has("p", "sub") is True
    assert reader.has("ns", "m") is True
    assert reader.has("p", "other") is False
    assert reader.has("nowhere", "x") is False


def test_what_the_import_system_gives_is_always_there(write: Write) -> None:
    """No module has to define its ``__name__``."""
    reader = NameReader(Locator([str(write({"m.py": ""}))]))

    assert all(reader.has("m", name) for name in ALWAYS_THERE)


def test_a_dynamic_module_may_have_any_name(write: Write) -> None:
    """Neither yes nor no."""
    reader = NameReader(Locator([str(write({"m.py": "def __getattr__(n): ...\nx = 1"}))]))

    assert reader.has("m", "x") is True
    assert reader.has("m", "y") is None


def test_own_names_are_those_that_were_not_merely_imported(write: Write) -> None:
    """What ``__all__`` lists is the module's own, wherever it came from."""
    root = write({"m.py": "import os\nfrom x import y, z\na = 1\n__all__ = ['a', 'y', 'gone']"})

    assert read(root, "m").own == {"a", "y", "__all__"}


def test_nesting_too_deep_to_be_read_is_said(write: Write) -> None:
    """A generated module ends in no traceback."""
    deep = "x = " + "+".join(["1"] * 20_000)

    assert read(write({"m.py": deep}), "m").unsure != ""


@pytest.mark.parametrize(
    "name", ["configparser", "json.decoder", "logging", "textwrap", "email.utils"]
)
def test_real_modules_have_the_names_that_importing_them_shows(name: str) -> None:
    """The plain reference: what ``dir`` says of the imported module."""
    locator = Locator(sys.path)
    located = locator.locate(name)
    assert located is not None

    found = NameReader(locator).names_of(located)

    # Another test may have imported submodules, which are attributes then.
    submodules = {each.removeprefix(f"{name}.") for each in sys.modules}
    names = _plain(dir(importlib.import_module(name)))
    assert _plain(found.names) - submodules == names - submodules
    assert bool(found.unsure) is hasattr(importlib.import_module(name), "__getattr__")


def _plain(names: Iterable[str]) -> set[str]:
    """Leave out what the interpreter adds, which differs from version to version."""
    return {name for name in names if not name.startswith("__")}
