"""Three large packages of PyPI, twenty moves in each, and their sources after the moves.

A move renames a module or a package, or cuts definitions out of a module into a new one. Callers
stay as they are: rewriting them is what the tests look at.
"""

import ast
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

from tests.patience import PATIENCE


class Package(NamedTuple):
    """One package, its moves, and its tests.

    Attributes:
        name: its name on PyPI, which is that of its folder.
        version: its version.
        is_wheel: whether its wheel has its tests, otherwise its source distribution.
        moves: old module → new module; a tree where it is a package.
        names: module → new module and names that are cut out of it.
        tests: what pytest runs.
        needs: further packages that the tests need.
        by_path: tests that look for what is named after the path of a module, and so are right to
            fail after a move.

    """

    name: str
    version: str
    is_wheel: bool
    moves: dict[str, str]
    names: dict[str, tuple[str, tuple[str, ...]]]
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()
    by_path: tuple[str, ...] = ()


PACKAGES: Final = (
    Package(
        "networkx",
        "3.4.2",
        is_wheel=True,
        moves={
            "networkx.exception": "networkx.errors",
            "networkx.utils.decorators": "networkx.utils.argument_maps",
            "networkx.algorithms.flow": "networkx.algorithms.flows",
            "networkx.algorithms.connectivity": "networkx.algorithms.connections",
            "networkx.algorithms.bipartite": "networkx.algorithms.bipartites",
            "networkx.generators.classic": "networkx.generators.classical",
            "networkx.classes.reportviews": "networkx.classes.report_views",
            "networkx.linalg": "networkx.linear_algebra",
            "networkx.convert": "networkx.conversion",
            "networkx.generators.degree_seq": "networkx.generators.degree_sequences",
            "networkx.algorithms.tree.branchings": "networkx.algorithms.tree.branching",
            "networkx.algorithms.centrality.betweenness": "networkx.algorithms.centrality.between",
            "networkx.classes.coreviews": "networkx.classes.core_views",
            "networkx.algorithms.community": "networkx.algorithms.communities",
            "networkx.utils.misc": "networkx.utils.miscellaneous",
            "networkx.algorithms.isomorphism.isomorph": "networkx.algorithms.isomorphism.iso",
            "networkx.drawing": "networkx.drawings",
            "networkx.generators.atlas": "networkx.generators.atlas_graphs",
            "networkx.convert_matrix": "networkx.matrix_conversion",
            "networkx.relabel": "networkx.relabeling",
        },
        names={},
        tests=("networkx",),
    ),
    Package(
        "sympy",
        "1.13.3",
        is_wheel=True,
        moves={
            "sympy.core.symbol": "sympy.core.symbols",
            "sympy.core.numbers": "sympy.core.number_types",
            "sympy.core.singleton": "sympy.core.singletons",
            "sympy.core.function": "sympy.core.function_types",
            "sympy.core.relational": "sympy.core.relations",
            "sympy.core.expr": "sympy.core.expressions",
            "sympy.core.mul": "sympy.core.products",
            "sympy.core.add": "sympy.core.sums",
            "sympy.core.containers": "sympy.core.container_types",
            "sympy.core.sorting": "sympy.core.orderings",
            "sympy.core.power": "sympy.core.powers",
            "sympy.utilities.iterables": "sympy.utilities.iteration",
            "sympy.functions.elementary.miscellaneous": "sympy.functions.elementary.various",
            "sympy.functions.elementary.complexes": "sympy.functions.elementary.complex_parts",
            "sympy.logic.boolalg": "sympy.logic.boolean",
            "sympy.polys.polyerrors": "sympy.polys.errors",
            "sympy.sets.sets": "sympy.sets.set_types",
            "sympy.testing.pytest": "sympy.testing.with_pytest",
            "sympy.matrices.dense": "sympy.matrices.dense_matrices",
            "sympy.concrete": "sympy.concretes",
        },
        names={},
        tests=(
            "sympy/core/tests",
            "sympy/sets",
            "sympy/logic",
            "sympy/concrete",
            "sympy/concretes",
        ),
        needs=("mpmath<1.4", "hypothesis"),
        by_path=("test_all_classes_are_tested",),
    ),
    Package(
        "pygments",
        "2.19.1",
        is_wheel=False,
        moves={
            "pygments.token": "pygments.tokens",
            "pygments.lexer": "pygments.lexing",
            "pygments.style": "pygments.styling",
            "pygments.formatter": "pygments.formatting",
            "pygments.unistring": "pygments.unicode_strings",
            "pygments.regexopt": "pygments.regex_optimizer",
            "pygments.modeline": "pygments.modelines",
            "pygments.plugin": "pygments.plugins",
            "pygments.console": "pygments.terminal",
            "pygments.filter": "pygments.filtering",
            "pygments.cmdline": "pygments.command_line",
            "pygments.scanner": "pygments.scanning",
            "pygments.sphinxext": "pygments.sphinx_extension",
            "pygments.lexers._mapping": "pygments.lexers._table",
        },
        names={
            "pygments.util": (
                "pygments.options",
                (
                    "OptionError",
                    "get_choice_opt",
                    "get_bool_opt",
                    "get_int_opt",
                    "get_list_opt",
                    "duplicates_removed",
                ),
            ),
        },
        tests=("tests",),
        needs=("wcag-contrast-ratio",),
    ),
)


def unpack(package: Package, folder: Path) -> Path:
    """Download a package, and return the folder that has it and its tests."""
    kind = "--only-binary" if package.is_wheel else "--no-binary"
    words = ["download", "--quiet", "--no-deps", kind, ":all:", "--dest", str(folder)]
    wanted = f"{package.name}=={package.version}"
    subprocess.run([sys.executable, "-m", "pip", *words, wanted], check=True, timeout=PATIENCE)
    if package.is_wheel:
        (archive,) = folder.glob(f"{package.name}-*.whl")
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder / "source")  # noqa: S202 - a wheel of a pinned version
        return folder / "source"
    (archive,) = folder.glob(f"{package.name}-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def move(package: Package, root: Path) -> None:
    """Do the moves of a package, and write the map."""
    rules = []
    for old, new in package.moves.items():
        source = root.joinpath(*old.split("."))
        is_tree = source.is_dir()
        source = source if is_tree else source.with_suffix(".py")
        suffix = "" if is_tree else ".py"
        shutil.move(source, root.joinpath(*new.split(".")).parent / f"{new.split('.')[-1]}{suffix}")
        star = ".*" if is_tree else ""
        rules.append((f"{old}{star}", f"{new}{star}"))
    for old, (new, names) in package.names.items():
        _cut(root.joinpath(*old.split(".")).with_suffix(".py"), new, names)
        rules += [(f"{old}:{name}", f"{new}:{name}") for name in names]
    (root / "enforcer.toml").write_text(
        "".join(f'[[rule]]\nlegacy = "{old}"\ncanonical = "{new}"\n\n' for old, new in rules)
    )


def _cut(file: Path, new: str, names: tuple[str, ...]) -> None:
    """Cut definitions out of a module, into a new module beside it."""
    text = file.read_text("utf-8")
    lines = text.splitlines(keepends=True)
    parts = []
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
            parts.insert(0, "".join(lines[node.lineno - 1 : node.end_lineno]))
            del lines[node.lineno - 1 : node.end_lineno]
    file.write_text("".join(lines), "utf-8")
    target = file.with_name(f"{new.rpartition('.')[2]}.py")
    target.write_text('"""Options."""\n\n\n' + "\n\n".join(parts), "utf-8")
