"""Names of classes that more than one module defines, with much the same methods."""

import ast
from collections import defaultdict
from typing import Final

from enforcer.discovery.deprecation import Function
from enforcer.discovery.layout import Layout, is_importable
from enforcer.discovery.paths import normal
from enforcer.source.names import parse
from enforcer.source.tree import own_files

_FEWEST_SHARED: Final = 2
"""How many methods two classes of one name have in common, if one may be a copy of the other."""


def copied_names(layout: Layout) -> list[str]:
    """Return the names of classes of which a program seems to have copies.

    Files that can't be read are left out; :func:`enforcer.discovery.paths.find_paths` names them.
    """
    found: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    for file in own_files(layout.root):
        if not is_importable(file.relative_to(layout.root).as_posix()):
            continue
        try:
            tree = parse(file)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                methods = {one.name for one in node.body if isinstance(one, Function)}
                public = {name for name in methods if not name.startswith("_")}
                found[normal(node.name)].append((node.name, public))
    return sorted(classes[0][0] for classes in found.values() if _are_copies(classes))


def _are_copies(classes: list[tuple[str, set[str]]]) -> bool:
    """Return whether one of the classes shares most of its methods with another."""
    for index, (_, one) in enumerate(classes):
        for _, other in classes[index + 1 :]:
            shared = len(one & other)
            if shared >= _FEWEST_SHARED and shared * 2 >= min(len(one), len(other)):
                return True
    return False
