"""Validate the spelling of legacy and canonical paths."""

import sys

from enforcer.rules.model import MODULE, NAME, TREE, TREE_SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList

# Modules that the interpreter or the enforcer itself uses while it imports.
_UNTOUCHABLE = frozenset(
    (
        "__main__",
        "_collections_abc",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "abc",
        "codecs",
        "encodings",
        "enforcer",
        "genericpath",
        "importlib",
        "io",
        "linecache",
        "ntpath",
        "os",
        "posixpath",
        "runpy",
        "site",
        "stat",
        "threading",
        "types",
        "warnings",
        "zipimport",
    )
)

_FORMS = "package.module, package.* for a tree, or package.module:name for one name"


def kind_of(path: str) -> str:
    """Return whether a path names a module, a tree or a name."""
    if path.endswith(TREE_SUFFIX):
        return TREE
    return NAME if ":" in path else MODULE


def is_identifier(text: str) -> bool:
    """Return whether an import statement can contain this name."""
    import keyword  # only with a map to read

    return text.isidentifier() and not keyword.iskeyword(text)


def check_path(path: str, where: "KeyPath", mistakes: "MistakeList") -> bool:
    """Note what is wrong with a path; return whether it is valid."""
    module, colon, name = path.removesuffix(TREE_SUFFIX).partition(":")
    parts = [*module.split("."), *([name] if colon else [])]
    wrong = next((part for part in parts if not is_identifier(part)), None)
    if wrong is None and not (colon and path.endswith(TREE_SUFFIX)):
        return True
    if wrong is None:
        why = "a name has no tree below it"
    elif wrong.isidentifier():
        why = f'"{wrong}" is a keyword of Python'
    else:
        why = f'its part "{wrong}" is not an identifier'
    mistakes.add(
        where,
        message=f'"{path}" is not a path that code can import: {why}.',
        remedy=f"Write {_FORMS}.",
        slug="bad-path",
    )
    return False


def check_callable(path: str, where: "KeyPath", mistakes: "MistakeList", example: str) -> bool:
    """Note what is wrong with the path of a function, a class or a method."""
    module, colon, name = path.partition(":")
    if colon and all(map(is_identifier, [*module.split("."), *name.split(".")])):
        return True
    mistakes.add(
        where,
        message=f'"{path}" is not the path of a function or a class.',
        remedy=f"Write package.module:name, or package.module:Class.name: {example}.",
        slug="bad-path",
    )
    return False


def check_legacy(path: str, where: "KeyPath", mistakes: "MistakeList") -> bool:
    """Note a legacy path that the interpreter or the enforcer can't do without."""
    head = path.partition(":")[0].partition(".")[0]
    if head not in _UNTOUCHABLE and head not in sys.builtin_module_names:
        return True
    mistakes.add(
        where,
        message=f'"{path}" lies in "{head}", which the interpreter or the enforcer itself needs.',
        remedy="Remove this rule.",
        slug="forbidden-legacy",
    )
    return False
