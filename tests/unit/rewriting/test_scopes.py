"""Scopes are those of the compiler: names bind and resolve as ``symtable`` says."""

import re
import symtable
import sys
from pathlib import Path

import pytest

from enforcer.rewriting.scopes import Scope, read_scopes
from enforcer.rewriting.source_text import SourceText

STDLIB = Path(symtable.__file__).parent
MODULES = (
    "ast",
    "argparse",
    "dataclasses",
    "enum",
    "functools",
    "inspect",
    "typing",
    "unittest.mock",
)

PROGRAM = """
import a, b.c as d
from e import f as g
def outer(p, *q, r=a, **s):
    global late
    late = v = 1
    def inner():
        nonlocal v
        v = [w for w in p if (u := w)]
        return u, a
    class C(d):
        k = v
        def m(self): return k
    try: pass
    except E as error: del error
    match p:
        case {"x": y, **z}: pass
        case [1, *t] | t: pass
    return lambda n, o=g: n
async def co():
    async with g as h: pass
    for i in {j: j for j in h}: yield i
"""


def of_symtable(table: symtable.SymbolTable, top: set[str]) -> list[set[str]]:
    """Return the names that each scope binds; what it declares global is added to the top."""
    names: set[str] = set()
    for one in table.get_symbols():
        if one.is_assigned() or one.is_imported() or one.is_parameter():
            # The compiler mangles private names, which are never those of modules.
            name = re.sub(r"^_[A-Za-z]\w*?(__\w*[^_]_?)$", r"\1", one.get_name())
            if one.is_declared_global():
                top.add(name)
            elif one.is_local() or one.is_global():
                names.add(name)
    found = [{one for one in names if not one.startswith(".")}]
    for child in table.get_children():
        found += of_symtable(child, top)
    return found


def of_scopes(scope: Scope) -> list[set[str]]:
    return [set(one.bindings) for one in scope.all_inside()]


def scopes_of(text: str) -> Scope:
    source = SourceText(text.encode())
    return read_scopes(source, source.parse())


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="comprehensions have no table any more")
@pytest.mark.parametrize("module", [*MODULES, ""])
def test_bindings_are_those_of_the_compiler(module: str) -> None:
    file = STDLIB / f"{module.replace('.', '/')}.py"
    text = file.read_text("utf-8") if module else PROGRAM
    top: set[str] = set()
    first, *others = of_symtable(symtable.symtable(text, "x", "exec"), top)
    ours = sorted(map(sorted, of_scopes(scopes_of(text))))
    assert ours == sorted(map(sorted, [first | top, *others]))


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("x = 1\ndef f(): return x", "x", "module"),
        ("x = 1\nclass C:\n x = 2\n def f(self): return x", "x", "module"),
        ("def f():\n x = 1\n def g(): return x", "x", "function"),
        ("x = 1\ndef f():\n global x\n x = 2\n def g(): return x", "x", "module"),
        ("def f(x): return [x for x in x]", "x", "function"),
        ("def f(): return print", "print", "none"),
    ],
)
def test_innermost_use_resolves_to(text: str, name: str, expected: str) -> None:
    scope = scopes_of(text)
    inside = [one for one in scope.all_inside() if any(use.name == name for use in one.uses)]
    holder = inside[0].holder(name)
    kind = "none" if holder is None else type(holder.node).__name__.lower()
    assert kind.startswith(expected[:6]) or (expected == "function" and kind == "functiondef")
