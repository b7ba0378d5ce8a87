"""Read calls that import a module which they name literally."""

import ast
from typing import Final

_IMPORT_CALLS: Final = frozenset(("__import__", "import_module", "importorskip"))
_FROMLIST_POSITION: Final = 3
_LEVEL_POSITION: Final = 4


class ImportCall:
    """Take a call of ``import_module``, ``importorskip`` or ``__import__`` apart.

    Attributes:
        path: the path it names, without leading dots.
        level: how many packages up the path starts; 0 for an absolute path.
        package: the node that says what a relative path is relative to.
        names: the names in its ``fromlist``, where that is literal.
        text: the node of the path, which is no string of its own any more.
        gives_top: whether the call gives the top-level package instead of the module.

    """

    def __init__(self, called: str, node: ast.Call, text: ast.Constant, path: str) -> None:
        """Read the arguments; the caller has made sure of the path."""
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
        """Give the package that the call names literally; empty if it doesn't."""
        return _text(self.package)

    @property
    def is_relative_to_own_package(self) -> bool:
        """Tell whether a relative path is relative to the file's own package."""
        if self.package is None:
            return True
        return isinstance(self.package, ast.Name) and self.package.id in ("__package__", "__name__")


def read_import_call(node: ast.expr) -> ImportCall | None:
    """Read a call; none if it imports nothing, or nothing that it names literally."""
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in _IMPORT_CALLS:
        return None
    text = _argument(node, 0, "modname" if called == "importorskip" else "name")
    path = _text(text)
    if not isinstance(text, ast.Constant) or not path.strip("."):
        return None
    return ImportCall(called, node, text, path)


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
