"""Test what counts as a reference to a module path."""

import ast
import json
import unittest
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.source.file_references import Reference
from enforcer.source.importer import Importer
from enforcer.source.interest import Interest
from enforcer.source.references import find_references

MODULE = Importer("a.pkg.mod")
PACKAGE = Importer("a.pkg", is_package=True)


def find(source: str, *importers: Importer, heads: tuple[str, ...] = ("a",)) -> list[str]:
    """Write each reference as ``line form path names``."""
    tree = ast.parse(dedent(source))
    found = find_references(tree, importers or (MODULE,), Interest(heads))
    return [shown(reference) for reference in found.references]


def shown(reference: Reference) -> str:
    """Write a reference on one line."""
    names = f" {','.join(reference.names)}" if reference.names else ""
    typing_only = " typing" if reference.typing_only else ""
    return f"{reference.line} {reference.form} {reference.path}{names}{typing_only}"


IMPORTS = {
    "import": ("import a.old", "1 import a.old"),
    "import as": ("import a.old as m", "1 import a.old"),
    "several": ("import b, a.old, a.x", "1 import a.old; 1 import a.x"),
    "from parent": ("from a import old, x as y", "1 from a old,x"),
    "from module": ("from a.old import X", "1 from a.old X"),
    "star": ("from a.old import *", "1 from a.old *"),
    "relative": ("from . import old", "1 from a.pkg old"),
    "relative module": ("from .old import X", "1 from a.pkg.old X"),
    "relative parent": ("from ..old import X", "1 from a.old X"),
    "beyond the top": ("from .... import X", ""),
    "in a function": ("def f():\n  if x:\n    import a.old", "3 import a.old"),
    "in a class": ("class C:\n  from a import old", "2 from a old"),
    "in a try": ("try: import a.old\nexcept ImportError: pass", "1 import a.old"),
    "over lines": ("from a.old import (\n  X,\n  Y,\n)", "1 from a.old X,Y"),
    "for type checkers": (
        "if TYPE_CHECKING:\n  import a.old\nelse:\n  import a.new",
        "2 import a.old typing; 4 import a.new",
    ),
    "not for type checkers": (
        "if not TYPE_CHECKING:\n  import a.x\nelse:\n  import a.y",
        "2 import a.x; 4 import a.y typing",
    ),
    "in a function for type checkers": (
        "if t.TYPE_CHECKING:\n  def f():\n    import a.x",
        "3 import a.x typing",
    ),
}

CALLS = {
    "import_module": ("import_module('a.old')", "1 call a.old"),
    "of importlib": ("importlib.import_module(name='a.old')", "1 call a.old"),
    "of an alias": ("il.import_module('a.old')", "1 call a.old"),
    "importorskip": ("pytest.importorskip('a.old')", "1 call a.old"),
    "importorskip by keyword": ("pytest.importorskip(modname='a.old')", "1 call a.old"),
    "relative to __package__": ("import_module('.old', __package__)", "1 call a.pkg.old"),
    "relative to __name__": ("import_module('..old', package=__name__)", "1 call a.old"),
    "relative to a literal": ("import_module('.old', 'a.other')", "1 call a.other.old"),
    "relative to anything": ("import_module('.old', package)", ""),
    "__import__": ("__import__('a.old')", "1 call a.old"),
    "fromlist": ("__import__('a.old', fromlist=['X', 'Y'])", "1 call a.old X,Y"),
    "all arguments": ("__import__('old', globals(), {}, ('X',), 1)", "1 call a.pkg.old X"),
    "level by keyword": ("__import__('old', level=2)", "1 call a.old"),
    "not literal": ("import_module('a.' + name)", ""),
    "f-string": ("import_module(f'a.old.{name}')", ""),
    "own method": ("x.import_modules('b.c')", ""),
}

ATTRIBUTES = {
    "of an import": ("import a.old\na.old.X", "1 import a.old; 2 attribute a.old.X"),
    "of an alias": ("import a.old as m\nm.X.y", "1 import a.old; 2 attribute a.old.X.y"),
    "of a name": ("from a import old\nold.X()", "1 from a old; 2 attribute a.old.X"),
    "in a decorator": (
        "from a import old\n@old.register(old.k)\ndef f(): ...",
        "1 from a old; 2 attribute a.old.k; 2 attribute a.old.register",
    ),
    "of the parent alone": ("import a\na.old.X", "1 import a; 2 attribute a.old.X"),
    "written to": ("import a.old\na.old.X = 1", "1 import a.old; 2 attribute a.old"),
    "deleted": ("import a.old as m\ndel m.X", "1 import a.old"),
    "of a call": ("import_module('a.old').X", "1 attribute a.old.X; 1 call a.old"),
    "of a call's result": ("m = import_module('a.old')\nm.X", "1 call a.old; 2 attribute a.old.X"),
    "of __import__": ("m = __import__('a.old')\nm.old.X", "1 call a.old; 2 attribute a.old.X"),
    "inside of a call": (
        "import a.old\nf(a.old.X(a.old.Y).z)",
        ("1 import a.old; 2 attribute a.old.X; 2 attribute a.old.Y"),
    ),
    "of either import": (
        "try: import a.old as m\nexcept ImportError: import a.new as m\nm.X",
        "1 import a.old; 2 import a.new; 3 attribute a.new.X; 3 attribute a.old.X",
    ),
    "after a fallback": (
        "try: import a.old as m\nexcept ImportError: m = None\nm.X",
        "1 import a.old; 3 attribute a.old.X",
    ),
    "of a parameter": ("import a.old as m\ndef f(m): m.X", "1 import a.old"),
    "of a loop variable": ("import a.old as m\nfor m in x: m.X", "1 import a.old"),
    "of something else": ("x.a.old.X", ""),
}

STRINGS = {
    "patch target": ("mock.patch('a.old.X')", "1 string a.old.X"),
    "entry point": ("x = ['a.old:main.run']", "1 string a.old:main.run"),
    "dictionary": ("x = {'a.old': 'b.c'}", "1 string a.old"),
    "one word": ("x = 'a'", ""),
    "sentence": ("x = 'a.old is gone'", ""),
    "docstring": ("'''Use a.old.'''", ""),
    "file name": ("x = 'a/old.py'", ""),
    "trailing dot": ("x = 'a.old.'", ""),
    "bytes": ("x = b'a.old'", ""),
    "f-string": ("x = f'a.old{y}' + f'{\"a.x\"}'", "1 string a.x"),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_every_form_of_an_import_statement_is_found(case: str) -> None:
    """With its absolute path, its line, and the names it asks for."""
    source, expected = IMPORTS[case]

    assert "; ".join(find(source)) == expected


@pytest.mark.parametrize("case", CALLS)
def test_calls_that_import_a_literal_path_are_found(case: str) -> None:
    """The path is no string of its own then."""
    source, expected = CALLS[case]

    assert "; ".join(find(source)) == expected


@pytest.mark.parametrize("case", ATTRIBUTES)
def test_attributes_are_found_where_the_name_can_only_be_the_module(case: str) -> None:
    """A name that means something else anywhere in the file is left alone."""
    source, expected = ATTRIBUTES[case]

    assert "; ".join(find(source)) == expected


@pytest.mark.parametrize("case", STRINGS)
def test_strings_that_are_a_path_as_a_whole_are_found(case: str) -> None:
    """Text that merely mentions a path is not."""
    source, expected = STRINGS[case]

    assert "; ".join(find(source)) == expected


LISTED = {
    "__all__ = ['old']": "1 string a.pkg.old",
    "__all__ = ('x', 'old') + ('y',)": "1 string a.pkg.old",
    "__all__: list = ['old']": "1 string a.pkg.old",
    "__all__ = []\n__all__ += ['old']": "2 string a.pkg.old",
    "__all__.extend(['old'])": "1 string a.pkg.old",
    "__all__.append('old')": "1 string a.pkg.old",
    "__all__ = ['older', *more]": "",
    "__all__ = [name for name in dir() if name != 'old']": "",
    "__all__ = ['old']\nold = 1": "",
    "__all__ = ['old']\nfrom .new import old": "",
    "__all__ = ['old']\ndef old(): pass": "",
    "def f():\n    __all__ = ['old']": "",
    "names = ['old']": "",
}


@pytest.mark.parametrize("source", LISTED)
def test_submodules_that_all_lists_are_found(source: str) -> None:
    """A star import of the package imports them; what the package binds is another thing."""
    found = [one for one in find(source, PACKAGE) if one.endswith(" string a.pkg.old")]
    assert "; ".join(found) == LISTED[source]
    assert not any(one.endswith(".old") for one in find(source) if " string " in one)


def test_relative_imports_of_a_package_start_at_itself() -> None:
    """One dot is the package in its ``__init__.py``."""
    assert find("from . import old\nfrom ..x import y", PACKAGE) == [
        "1 from a.pkg old",
        "2 from a.x y",
    ]


def test_a_file_of_several_possible_names_has_a_reference_for_each() -> None:
    """Which of them is right only the program knows."""
    importers = (Importer("a.x"), Importer("src.a.x"))

    assert find("from . import old", *importers, heads=("a", "src")) == [
        "1 from a old",
        "1 from src.a old",
    ]


def test_only_the_packages_of_interest_are_looked_at() -> None:
    """Everything else of a large project is none of our business."""
    assert find("import b.old\nfrom ab import c\nx = 'b.old'") == []


def test_the_names_a_file_reads_are_kept_for_its_star_imports() -> None:
    """What the file binds itself can't come from the star."""
    source = "from a.old import *\nimport os\nx = 1\nX(x, os, Y.z)\ndef f(p): p"

    assert find_references(ast.parse(source), [MODULE], Interest(["a"])).loads == {"X", "Y"}


def test_without_a_star_no_names_are_kept() -> None:
    """They would be many."""
    assert (
        find_references(ast.parse("import a.old\nX"), [MODULE], Interest(["a"])).loads
        == frozenset()
    )


def test_deep_nesting_is_no_obstacle() -> None:
    """The walk needs no recursion, of which a visitor would run out here."""
    source = "import a.old\nx = " + "+".join(["1"] * 900) + " + a.old.X"

    assert find(source) == ["1 import a.old", "2 attribute a.old.X"]


def by_plain_walk(tree: ast.Module) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Find the absolute import statements of a file in the plainest way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ()
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, str(node.module), tuple(alias.name for alias in node.names)


@pytest.mark.parametrize("package", [json, unittest])
def test_the_finder_equals_a_plain_walk_over_real_files(package: object) -> None:
    """Every absolute import statement of real packages, no more and no fewer."""
    folder = Path(str(getattr(package, "__file__", ""))).parent
    files = sorted(folder.rglob("*.py"))
    assert files

    for file in files:
        tree = ast.parse(file.read_bytes())
        expected = set(by_plain_walk(tree))
        heads = {path.partition(".")[0] for _, path, _ in expected}
        found = find_references(tree, [], Interest(heads)).references
        statements = {
            (reference.line, reference.path, reference.names)
            for reference in found
            if reference.form in ("import", "from")
        }
        assert statements == expected, file


@pytest.mark.parametrize(
    ("package", "paths"),
    [
        (json, ["json.decoder", "json.scanner.make_scanner"]),
        (unittest, ["unittest.case", "os.path"]),
    ],
)
def test_only_lines_that_can_matter_are_looked_at(package: object, paths: list[str]) -> None:
    """With the same result: a file with a letter beyond ASCII is looked at as a whole."""
    folder = Path(str(getattr(package, "__file__", ""))).parent
    found = 0

    for file in sorted(folder.rglob("*.py")):
        content = file.read_bytes()
        if not content.isascii():
            continue
        importers = [Importer(f"{folder.name}.{file.stem}")]
        tree, interest = ast.parse(content), Interest(paths)
        part = find_references(tree, importers, interest, content)
        whole = find_references(tree, importers, interest, content + b"# \xc3\xa9\n")
        assert (part.references, part.calls, part.computed) == (
            whole.references,
            whole.calls,
            whole.computed,
        )
        found += len(whole.references)

    assert found
