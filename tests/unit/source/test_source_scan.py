"""Test what a scan finds: every form of a reference, with its place, and what is unproven."""

import ast
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enforcer.findings import ScanFinding
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.scan_output import line_of
from enforcer.source.source_scan import SourceScan, scan_source

Write = Callable[[dict[str, str]], Path]

RULES = (
    Rule("shop.old_cart", "shop.cart"),
    Rule("shop.tills.*", "shop.pos.*"),
    Rule("shop.prices:vat", "shop.prices:tax"),
)


def scan(root: Path, *rules: Rule, **options: object) -> SourceScan:
    path = str(root / "enforcer.toml")
    return scan_source(MigrationMap(rules or RULES, root=str(root), path=path), **options)  # type: ignore[arg-type]


def shown(root: Path, *rules: Rule) -> list[str]:
    return [line_of(finding) for finding in scan(root, *rules).proven]


FORMS = {
    "import shop.old_cart": "1:8-21 shop.old_cart [import]",
    "import shop.old_cart as oc": "1:8-21 shop.old_cart [import]",
    "import os, shop . old_cart as oc": "1:12-33 shop.old_cart [import]",
    "from shop import old_cart": "1:18-26 shop.old_cart [from]",
    "from shop import (\n  cart,\n  old_cart as oc,\n)": "3:3-11 shop.old_cart [from]",
    "from shop.old_cart import A, B": "1:6-19 shop.old_cart A B [from]",
    "from shop.old_cart import *": "1:6-19 shop.old_cart * [from]",
    "from . import old_cart": "1:15-23 shop.old_cart [from]",
    "from .old_cart import A": "1:6-15 shop.old_cart A [from]",
    "from  \\\n  .old_cart import A": "2:3-12 shop.old_cart A [from]",
    "import shop\nshop.old_cart.f()": "2:1-14 shop.old_cart f [attribute]",
    "x = é; import shop; (é, shop.old_cart.f)": "1:25-38 shop.old_cart f [attribute]",
    "m = import_module('shop.old_cart')": "1:19-34 shop.old_cart [call]",
    "__import__('shop.old_cart', fromlist=['A'])": "1:12-27 shop.old_cart A [call]",
    "import_module('.old_cart', __package__)": "1:15-26 shop.old_cart [call]",
    "patch('shop.old_cart.A')": "1:7-24 shop.old_cart A [string]",
    "x = {'task': 'shop.old_cart:A'}": "1:14-31 shop.old_cart A [string]",
    "if TYPE_CHECKING:\n  from shop.old_cart import A": "2:8-21 shop.old_cart A [from] typing",
    "x: 'shop.old_cart.A'": "1:4-21 shop.old_cart A [annotation] typing",
    "import shop\ndef f(x: 'list[shop.old_cart.A]'): ...": (
        "2:10-33 shop.old_cart A [annotation] typing"
    ),
    "import shop\ndef f() -> Optional['shop.old_cart.A']: ...": (
        "2:21-38 shop.old_cart A [annotation] typing"
    ),
    "try: import shop.old_cart\nexcept ImportError: pass": "1:13-26 shop.old_cart [import]",
    "from shop.tills import hall": "1:6-16 shop.tills hall [from]",
    "from shop.tills import drawer": "1:6-16 shop.tills.drawer [from]",
    "import shop.tills.drawer": "1:8-25 shop.tills.drawer [import]",
    "from shop.prices import (net,\n  vat)": "2:3-6 shop.prices:vat [from]",
    "import shop.prices as p\np.vat(1)": "2:1-6 shop.prices:vat [attribute]",
    "patch('shop.prices.vat')": "1:7-24 shop.prices:vat [string]",
}


@pytest.mark.parametrize("source", FORMS)
def test_each_form_is_found_where_its_text_is(write: Write, source: str) -> None:
    """In characters, and of the part that names the legacy path."""
    root = write({"shop/__init__.py": "", "shop/tills/drawer.py": "", "shop/app.py": source})

    (finding,) = scan(root).proven

    typing = " typing" if finding.typing_only else ""
    place = f"{finding.line}:{finding.column}-{finding.end_column}"
    names = "".join(f" {name}" for name in finding.names)
    assert f"{place} {finding.legacy}{names} [{finding.form}]{typing}" == FORMS[source]
    assert finding.is_use


def test_a_column_counts_characters_in_any_encoding(write: Write) -> None:
    root = write({})
    (root / "a.py").write_bytes(
        "# coding: latin-1\né = 'ü'; import shop.old_cart\n".encode("latin-1")
    )
    (root / "b.py").write_bytes("\ufeffé = 'ü'; import shop.old_cart\r\n".encode())

    assert [line_of(one) for one in scan(root).proven] == [
        "a.py:2:17 shop.old_cart → shop.cart [import]",
        "b.py:1:17 shop.old_cart → shop.cart [import]",
    ]


def test_a_name_of_a_module_that_was_imported_elsewhere_is_no_use(write: Write) -> None:
    """A rewriter needs it all the same, as the name may be another one."""
    root = write({"app.py": "import shop.old_cart as oc\noc.f()"})

    assert [(one.line, one.column, one.names, one.is_use) for one in scan(root).proven] == [
        (1, 8, (), True),
        (2, 1, ("f",), False),
    ]


def test_what_passes_through_a_star_is_found_at_its_importers(write: Write) -> None:
    """Over any number of stars, unless the module on the way has a name of its own."""
    root = write(
        {
            "shop/__init__.py": "",
            "shop/old_cart.py": "class Cart: ...\nclass Item: ...\n",
            "shop/prices.py": "vat = net = 1\n",
            "shop/api.py": "from shop.old_cart import *\nfrom shop.prices import *\nItem = 1\n",
            "shop/all.py": "from shop.api import *\n",
            "app.py": "from shop.api import Cart, Item, vat\nfrom shop.all import Cart as C\n",
        }
    )

    assert shown(root) == [
        "app.py:1:6 shop.old_cart → shop.cart [from, through shop.api]",
        "app.py:1:6 shop.prices:vat → shop.prices:tax [from, through shop.api]",
        "app.py:2:6 shop.old_cart → shop.cart [from, through shop.all]",
        "shop/api.py:1:6 shop.old_cart → shop.cart [from]",
        "shop/api.py:2:6 shop.prices:vat → shop.prices:tax [from]",
    ]


OTHERS = {
    "pyproject.toml": '[project.scripts]\nshop = "shop.old_cart:main"\n',
    "ci/jobs.yaml": "run: python -m shop.old_cart --all\n",
    "tox.ini": "[x]\r\ncommands =\r\n  python -m shop.old_cart\r\n",
    "conf/tasks.json": '{"task": "shop.old_cart.run"}',
    "Dockerfile": 'CMD ["gunicorn", "shop.old_cart:app"]\n',
    "web.Dockerfile": "CMD python -m shop.old_cart\n",
    "docs/use.md": "Call `shop.old_cart.run`, not shop.old_carts or x.shop.old_cart.\n",
}


def test_other_files_are_of_a_kind_of_their_own(write: Write) -> None:
    assert shown(write(OTHERS)) == [
        "Dockerfile:1:19 shop.old_cart → shop.cart [dockerfile]",
        "ci/jobs.yaml:1:16 shop.old_cart → shop.cart [yaml]",
        "conf/tasks.json:1:11 shop.old_cart → shop.cart [json]",
        "docs/use.md:1:7 shop.old_cart → shop.cart [markdown]",
        "pyproject.toml:2:9 shop.old_cart → shop.cart [toml]",
        "tox.ini:3:13 shop.old_cart → shop.cart [ini]",
        "web.Dockerfile:1:15 shop.old_cart → shop.cart [dockerfile]",
    ]


def test_what_forbids_a_legacy_path_does_not_use_it(write: Write) -> None:
    """The map, and the configuration of linters."""
    root = write(
        {
            "enforcer.toml": '[[rule]]\nlegacy = "shop.old_cart"\n',
            "pyproject.toml": (
                '[[tool.enforcer.rule]]\nlegacy = "shop.old_cart"\n'
                "[tool.ruff.lint.flake8-tidy-imports.banned-api]\n"
                '"shop.old_cart".msg = "Use shop.cart"\n'
                '[project.scripts]\nshop = "shop.old_cart:main"\n'
            ),
            ".importlinter": "[importlinter:contract:1]\nforbidden_modules = shop.old_cart\n",
        }
    )

    assert shown(root) == ["pyproject.toml:6:9 shop.old_cart → shop.cart [toml]"]


def test_a_path_of_one_word_is_found_where_it_can_only_be_a_package(write: Write) -> None:
    root = write(
        {
            "run.yaml": "a: python -m oldshop\nb: the oldshop of old\nc: 'oldshop.settings'\n",
            "use.md": "Write from oldshop import Cart\nsee 'oldshop.md'\n",
        }
    )

    assert shown(root, Rule("oldshop.*", "shop.*")) == [
        "run.yaml:1:14 oldshop → shop [yaml]",
        "run.yaml:3:5 oldshop → shop [yaml]",
        "use.md:1:12 oldshop → shop [markdown]",
    ]


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": made, "nbformat": 4}, indent=1, ensure_ascii=False)


def test_a_notebook_is_one_module_whose_lines_are_those_of_its_file(write: Write) -> None:
    code = notebook(
        "%pip install x\nimport shop", 'x = "é"\nif x:\n  !ls\ny = shop.old_cart.f("a")'
    )
    root = write({"look.ipynb": code})

    (finding,) = scan(root).proven

    line = (root / "look.ipynb").read_text("utf-8").splitlines()[finding.line - 1]
    assert line[finding.column - 1 : finding.end_column - 1] == "shop.old_cart"
    assert (finding.kind, finding.form) == ("notebook", "attribute")


UNPROVEN = {
    "import_module(f'shop.old_cart.{x}')": "shop.old_cart f-string: shop.old_cart.…",
    "import_module('shop.' + x)": "shop.old_cart computed name: shop.…",
    "import_module('shop.{}'.format(x))": "shop.old_cart computed name: shop.…",
    "import_module('shop.%s' % x)": "shop.old_cart computed name: shop.…",
    "import_module(x)": " computed name",
    "__import__(f(x))": " computed name",
    "patch(f'shop.old_cart.{x}')": "shop.old_cart f-string: shop.old_cart.…",
    "patch('shop.old_cart.' + x)": "shop.old_cart computed name: shop.old_cart.…",
}


@pytest.mark.parametrize("source", UNPROVEN)
def test_a_computed_name_is_unproven(write: Write, source: str) -> None:
    found = scan(write({"app.py": source}))

    (doubt,) = found.unproven
    assert (found.proven, doubt.line) == ((), 1)
    assert f"{doubt.legacy} {doubt.unproven}" == UNPROVEN[source]


@pytest.mark.parametrize(
    "source", ["import_module(f'till.{x}')", "f'shop.cart.{x}'", "'shop.x.' + y"]
)
def test_a_name_that_can_reach_no_legacy_path_is_no_doubt(write: Write, source: str) -> None:
    assert scan(write({"app.py": f"{source}  # shop.old_cart"})).unproven == ()


def test_no_bad_file_stops_a_scan(write: Write) -> None:
    """Each is named with the reason, and the others are read."""
    root = write({"a.py": "import shop.old_cart", "n.ipynb": '{"cells": 1, "x": "shop.old_cart"}'})
    bad = {
        "null.py": b"import shop.old_cart\0",
        "latin.py": b"import shop.old_cart  # \xe9",
        "half.py": b"import shop.old_cart\ndef (",
        "odd.py": b"# coding: utf-7\nimport shop.old_cart",
        "bytes.toml": b'x = "shop.old_cart"  # \xe9',
    }
    for name, content in bad.items():
        (root / name).write_bytes(content)
    with (root / "large.py").open("wb") as large:
        large.truncate(50 << 20)
    os.mkfifo(root / "pipe.py")
    (root / "loop").symlink_to(root)
    (root / "lost.py").symlink_to(root / "gone.py")

    found = scan(root)

    assert [finding.file for finding in found.proven] == ["a.py", "odd.py"]
    reasons = {finding.file: finding.unproven for finding in found.unproven}
    assert sorted(reasons) == [
        "bytes.toml",
        "half.py",
        "large.py",
        "latin.py",
        "lost.py",
        "n.ipynb",
        "null.py",
        "pipe.py",
    ]
    assert reasons["large.py"] == "it is longer than 16 MiB"
    assert all(reasons.values())


def test_a_file_that_changed_is_read_again(write: Write) -> None:
    """By its status; what changed a moment ago may change again without a new one."""
    root = write({"a.py": "import shop.old_cart", "b.py": "", "enforcer.toml": ""})
    for name in ("a.py", "b.py"):
        os.utime(root / name, ns=(1, 1))
    first = scan(root)

    assert (root / ".enforcer" / "enforcer.toml.scan.cache").is_file()
    assert scan(root) == first
    (root / "a.py").write_text("import shop.old_cart, os")
    (root / "b.py").write_text("import shop.old_cart")
    assert len(scan(root).proven) == 2
    (root / "a.py").unlink()
    assert [finding.file for finding in scan(root).proven] == ["b.py"]


def test_a_cache_of_other_rules_or_a_damaged_one_is_of_no_use(write: Write) -> None:
    root = write({"a.py": "import shop.old_cart, shop.gone", "enforcer.toml": ""})
    os.utime(root / "a.py", ns=(1, 1))
    scan(root)

    assert len(scan(root, Rule("shop.gone", "shop.here")).proven) == 1
    cache = root / ".enforcer" / "enforcer.toml.scan.cache"
    cache.write_bytes(cache.read_bytes()[:-3])
    assert len(scan(root).proven) == 1


def test_a_package_that_became_one_changes_what_relative_imports_mean(write: Write) -> None:
    """Though no file of it changed."""
    root = write({"src/shop/app.py": "from . import old_cart", "enforcer.toml": ""})
    os.utime(root / "src/shop/app.py", ns=(1, 1))
    rule = Rule("lib.shop.old_cart", "lib.shop.cart")
    (root / "src").rename(root / "lib")
    assert len(scan(root, rule).proven) == 1

    (root / "lib/shop/__init__.py").touch()
    (root / "lib/__init__.py").touch()

    assert [one.legacy for one in scan(root, rule).proven] == ["lib.shop.old_cart"]


def test_many_files_are_read_by_several_processes_with_the_same_result(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"pkg{n % 7}/m{n}.py": f"from shop.old_cart import A{n}\n" for n in range(320)}
    files["bad.py"] = "import shop.old_cart ("
    root = write(files)
    monkeypatch.setattr("enforcer.source.parallel._cores", lambda: 1)
    alone = scan(root)
    monkeypatch.setattr("enforcer.source.parallel._cores", lambda: 3)

    assert scan(root) == alone
    assert (len(alone.proven), len(alone.unproven)) == (320, 1)


# The same findings as a plain walk over every file.

HEADS = ("shop", "other")
words = st.sampled_from(["shop", "other", "old_cart", "tills", "drawer", "prices", "vat", "x"])
paths = st.lists(words, min_size=1, max_size=4).map(".".join)


@dataclass(frozen=True)
class Line:
    text: str


lines = st.one_of(
    paths.map(lambda path: f"import {path}"),
    paths.map(lambda path: f"import {path} as m"),
    st.tuples(paths, words, words).map(lambda t: f"from {t[0]} import {t[1]}, {t[2]} as z"),
    st.tuples(st.sampled_from([".", ".."]), words, words).map(
        lambda t: f"from {t[0]}{t[1]} import {t[2]}"
    ),
    paths.map(lambda path: f"f('{path}', \"{path}.y\")"),
    paths.map(lambda path: f"import_module('{path}')"),
    paths.map(lambda path: f"if q:\n    def g():\n        import {path}"),
)
modules = st.lists(lines, max_size=6).map("\n".join)
trees = st.dictionaries(
    st.sampled_from(["shop/app.py", "shop/tills/x.py", "other/y.py", "z.py"]), modules, min_size=1
)


def plainly(root: Path) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and legacy path of each import and string, in the plainest way."""
    for file in sorted(root.rglob("*.py")):
        module = file.relative_to(root).as_posix().removesuffix(".py").split("/")
        tree = ast.parse(file.read_bytes())
        calls = [node for node in ast.walk(tree) if imports_a_module(node)]
        arguments = {id(argument) for call in calls for argument in call.args}
        for node in ast.walk(tree):
            for path in asked(node, module):
                legacy = covered(path)
                if ":" in legacy and not names_a_name(node, path, arguments):
                    continue  # it names a module, and something in it, of that path
                if legacy:
                    yield file.relative_to(root).as_posix(), node.lineno, legacy  # type: ignore[attr-defined]


def names_a_name(node: ast.AST, path: str, arguments: set[int]) -> bool:
    """Return whether a node can ask for the name ``vat`` of the module ``shop.prices``."""
    if isinstance(node, ast.ImportFrom):
        return path == "shop.prices.vat"
    return isinstance(node, ast.Constant) and id(node) not in arguments


def imports_a_module(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module"


def asked(node: ast.AST, module: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = module[: len(module) - node.level] if node.level else []
        if node.level and not package:
            return
        base = ".".join([*package, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
        yield node.value
    elif imports_a_module(node):
        yield node.args[0].value  # type: ignore[attr-defined]  # it is a string


def covered(path: str) -> str:
    """Return the rule that covers a path, in the plainest way."""
    if path == "shop.old_cart" or path.startswith("shop.old_cart."):
        return "shop.old_cart"
    if path == "shop.tills" or path.startswith("shop.tills."):
        return "shop.tills.*"
    return (
        "shop.prices:vat"
        if path == "shop.prices.vat" or path.startswith("shop.prices.vat.")
        else ""
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees)
def test_the_findings_are_those_of_a_plain_walk(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    proven = [one for one in everything(root) if one.form != "attribute"]

    assert {(one.file, one.line, one.rule) for one in proven} == set(plainly(root))


def everything(root: Path) -> tuple[ScanFinding, ...]:
    """Scan with the legacy files too: a plain walk knows nothing of what will run."""
    rules = [Rule(rule.legacy, rule.canonical, implementation=True) for rule in RULES]
    migration_map = MigrationMap(rules, root=str(root))
    return scan_source(migration_map).proven


@pytest.mark.parametrize(
    "source",
    [
        "patch('shop.old_' 'cart.f')",
        "patch('shop.old\\x5fcart.f')",
        "x = 'shop.old_' + 'cart'",
        "x = 'shop.' + 'old_cart'",
    ],
)
def test_what_the_page_names_as_unseen_is_not_seen(write: Write, source: str) -> None:
    """A file without the words of a path is not parsed, which makes a scan fast."""
    found = scan(write({"app.py": source, "conf.json": '{"a": "shop.old\\u005fcart"}'}))

    assert (found.proven, found.unproven) == ((), ())


@pytest.mark.parametrize(
    "source", ["patch('shop.' 'old_cart.f')", "patch('shop.old\\x5fcart.f')  # shop.old_cart"]
)
def test_a_string_of_several_parts_or_with_escapes_is_seen_by_its_words(
    write: Write, source: str
) -> None:
    (found,) = scan(write({"app.py": source})).proven

    assert (found.legacy, found.form) == ("shop.old_cart", "string")
