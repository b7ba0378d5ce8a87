"""Mistakes in a map that processes can ignore: a missing root, and paths in ``allow``.

They are reported together with those that make a map unreadable, so that a person mends all at
once.
"""

import tomllib
from pathlib import Path
from typing import Any

from enforcer.rules.document import shown
from enforcer.rules.key_lines import key_lines
from enforcer.rules.location import PROJECT_FILE
from enforcer.rules.mistakes import Mistake, MistakeList
from enforcer.rules.model import TREE_SUFFIX, covers_path
from enforcer.rules.regular_files import read_regular
from enforcer.rules.values import nearest


def mistakes_beside(path: str) -> list[Mistake]:
    """Return such mistakes of a map's file; none if it is not TOML."""
    try:
        text = read_regular(path).decode("utf-8")
        document: Any = tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        return []
    where: tuple[str, ...] = ("enforcer",)
    options = document.get("enforcer", {})
    if Path(path).name == PROJECT_FILE:
        where = ("tool", "enforcer")
        options = document = document.get("tool", {}).get("enforcer", {})
    mistakes = MistakeList(shown(path), key_lines(text))
    if isinstance(options, dict):
        _check_root(options.get("root", "."), Path(path).parent, where, mistakes)
        _check_allow(options.get("allow", []), document.get("rule", []), where, mistakes)
    return mistakes.found


def _check_root(root: object, folder: Path, where: tuple[str, ...], mistakes: MistakeList) -> None:
    if isinstance(root, str) and not (folder / root).is_dir():
        mistakes.add(
            (*where, "root"),
            message=f'there is no folder "{root}".',
            remedy="Write the folder that holds your code, relative to the map.",
            slug="root-not-found",
        )


def _check_allow(allow: Any, rules: Any, where: tuple[str, ...], mistakes: MistakeList) -> None:  # noqa: ANN401 - whatever the file has
    if not isinstance(allow, list) or not isinstance(rules, list):
        return
    known = [rule["legacy"] for rule in rules if _has_text(rule, "legacy")]
    known = [legacy.removesuffix(TREE_SUFFIX) for legacy in known]
    for index, one in enumerate(allow):
        if _has_text(one, "path") and not _is_covered(one["path"], known):
            mistakes.add(
                (*where, "allow", index),
                message=f'no rule has the path "{one["path"]}".',
                remedy=nearest(one["path"], known),
                slug="unknown-path",
            )


def _has_text(table: object, key: str) -> bool:
    return isinstance(table, dict) and isinstance(table.get(key), str)


def _is_covered(path: str, known: list[str]) -> bool:
    covered = path.removesuffix(TREE_SUFFIX)
    return any(covers_path(one, covered) for one in known)
