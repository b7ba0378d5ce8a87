"""Calls of ``import_module``, ``importorskip`` and ``__import__`` with a literal path."""

import ast
from typing import Final

IMPORT_CALLS: Final = frozenset(("__import__", "import_module", "importorskip"))
_FROMLIST_POSITION: Final = 3
_LEVEL_POSITION: Final = 4


class ImportCall:
    """A call that imports a module, taken apart.

    Attributes:
        path: the path it names, without leading dots.
        level: how many packages up the path starts; 0 for an absolute path.
        package: the node of the package that a relative path is relative to.
        names: the names in its ``fromlist``, where that is literal.
        text: the node of the path, which is not counted as a string of its own.
        gives_top: whether the call returns the top-level package instead of the module.

    """

    def __init__(self, called: str, node: ast.Call, text: ast.Constant, path: str) -> None:
        """Read the arguments; the caller has checked that there is a path."""
        self.text = text
        self.path = path.lstrip(".")
        self.names: tuple[str, ...] = ()
        self.package: ast.expr | None = None
        self.gives_top = False
        if called == "__import__":
            self.level = _number(_argument(node, _LEVEL_POSITION, "level"))
            self.names = _literal_names(_argument(node, _FROMLIST_POSITION, "fromlist"))
            self.gives_top = not self.names
        else:
            self.level = len(path) - len(self.path)
            self.package = _argument(node, 1, "package")

    @property
    def package_text(self) -> str:
        """Return the package that the call names literally; empty if it doesn't."""
        return _text(self.package)

    @property
    def is_relative_to_own_package(self) -> bool:
        """Return whether a relative path is relative to the file's own package."""
        if self.package is None:
            return True
        return isinstance(self.package, ast.Name) and self.package.id in ("__package__", "__name__")


def read_import_call(node: ast.expr) -> ImportCall | None:
    """Return the import call of a node; None if it imports nothing, or no literal path."""
    called, text = imported_by(node)
    path = _text(text)
    if not isinstance(node, ast.Call):
        return None
    if not isinstance(text, ast.Constant) or not path.strip("."):
        return None
    return ImportCall(called, node, text, path)


def imported_by(node: ast.expr) -> tuple[str, ast.expr | None]:
    """Return the function of a call that imports, and what it is asked to import."""
    if not isinstance(node, ast.Call):
        return "", None
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in IMPORT_CALLS:
        return "", None
    return called, _argument(node, 0, "modname" if called == "importorskip" else "name")


def _argument(node: ast.Call, position: int, keyword: str) -> ast.expr | None:
    if position < len(node.args):
        return node.args[position]
    return next((given.value for given in node.keywords if given.arg == keyword), None)


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _number(node: ast.expr | None) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    return 0


def _literal_names(node: ast.expr | None) -> tuple[str, ...]:
    items = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return tuple(text for text in map(_text, items) if text)
