"""Definitions of functions and classes, with their signatures, read from source."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from enforcer.runtime.delegation.parameters import ASYNC, ASYNC_ITERATOR, SYNC, Parameters
from enforcer.source.importer import Importer
from enforcer.source.module_files import Located, Locator
from enforcer.source.names import parse

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MOST_STEPS: Final = 16

PROPERTIES: Final = frozenset({"property", "cached_property"})
_NO_FUNCTION: Final = frozenset(
    {"property", "functools.cached_property", "functools.cache", "functools.lru_cache"}
)
DATACLASS: Final = "dataclass"
_FIELD_KEYWORDS: Final = frozenset({"default", "default_factory"})


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a name.

    Attributes:
        kind: ``function``, ``class``, ``other`` for neither (or unknown), or
            ``missing``.
        module: the dotted path of the module that defines it.
        file: that module's file, if there is one.
        line: the line of the definition; 0 if there is none.
        parameters: its parameters, without ``self``; None if unknown.
        is_generator: whether it is a function that yields.
        made_into: what its decorator turns a function into, such as ``property``, if the result
            is not a function; or empty.
        decorators: its decorators, as written.
        none_by_default: the parameters whose default is None.

    """

    kind: Literal["function", "class", "other", "missing"]
    module: str
    file: Path | None = None
    line: int = 0
    parameters: Parameters | None = None
    is_generator: bool = False
    made_into: str = ""
    decorators: tuple[str, ...] = ()
    none_by_default: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[str, int]:
        """Return what identifies it among definitions."""
        return self.module, self.line


@dataclass(frozen=True, slots=True)
class _Found:
    module: Located
    node: ast.stmt | None


class DefinitionReader:
    """Reader of definitions; each module's source is parsed once."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator
        self._trees: dict[str, ast.Module | None] = {}

    def find(self, path: str) -> Definition:
        """Return the definition of ``package.module:name`` or ``package.module:Class.name``."""
        module, _, dotted = path.partition(":")
        located = self._locator.locate(module)
        if located is None:
            return Definition("missing", module)
        first, *rest = dotted.split(".")
        found = self._follow(located, first)
        holder: ast.ClassDef | None = None
        for name in rest:
            if not isinstance(found.node, ast.ClassDef):
                return self._unknown(found)
            holder = found.node
            found = _Found(found.module, _last(holder.body, name))
        if found.node is None and (rest or self._is_certain(found.module)):
            return Definition("missing", found.module.path, found.module.file)
        return self._describe(found, holder)

    def _unknown(self, found: _Found) -> Definition:
        is_missing = found.node is None and self._is_certain(found.module)
        return Definition("missing" if is_missing else "other", found.module.path)

    def _is_certain(self, module: Located) -> bool:
        """Return whether a name that was not found in a module's source does not exist."""
        tree = self._tree(module)
        if tree is None:
            return False
        # A star brings names that this source does not show, and so does a module's own
        # __getattr__.
        makes = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        stars = any(alias.name == "*" for node in makes for alias in node.names)
        return not stars and _last(tree.body, "__getattr__") is None

    def _tree(self, module: Located) -> ast.Module | None:
        if module.path not in self._trees:
            try:
                readable = module.has_source and module.file is not None
                self._trees[module.path] = parse(module.file) if readable and module.file else None
            # The parser raises the last two for code that is nested too deeply.
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[module.path] = None
        return self._trees[module.path]

    def _follow(self, module: Located, name: str) -> _Found:
        """Follow imports and plain assignments to a name's definition."""
        # Bounded, because modules may import a name from each other in a circle.
        for _ in range(_MOST_STEPS):
            tree = self._tree(module)
            node = _last(tree.body, name) if tree is not None else None
            if isinstance(node, ast.ImportFrom):
                importer = Importer(module.path, is_package=module.kind == "package")
                target = self._locator.locate(importer.resolve(node.level, node.module or ""))
                original = next(a.name for a in node.names if (a.asname or a.name) == name)
                if target is None:
                    return _Found(module, node)
                module, name = target, original
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                name = node.value.id
            else:
                return _Found(module, node)
        return _Found(module, None)

    def _describe(self, found: _Found, holder: ast.ClassDef | None) -> Definition:
        module, node = found.module, found.node
        if isinstance(node, _Function):
            parameters = parameters_of(node)
            is_method = holder is not None and not _is_decorated(node, "staticmethod")
            return Definition(
                "function",
                module.path,
                module.file,
                node.lineno,
                parameters.without_first() if is_method else parameters,
                _yields(node),
                self._made_into(module, node),
                _decorators(node),
                none_by_default(node),
            )
        if isinstance(node, ast.ClassDef):
            taken = self._taken_by(module, node, 0)
            made = (_last(node.body, name) for name in ("__init__", "__new__"))
            own = next((each for each in made if isinstance(each, _Function)), None)
            return Definition(
                "class",
                module.path,
                module.file,
                node.lineno,
                taken,
                decorators=_decorators(node),
                none_by_default=none_by_default(own) if own is not None else frozenset(),
            )
        return Definition("other", module.path, module.file, getattr(node, "lineno", 0))

    def _made_into(self, module: Located, node: _Function) -> str:
        tree = self._tree(module)
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = ast.unparse(called)
            bound = _last(tree.body, name) if tree is not None else None
            if isinstance(bound, ast.ImportFrom) and bound.module == "functools":
                name = f"functools.{name}"
            if name in _NO_FUNCTION:
                return name.removeprefix("functools.")
        return ""

    def _taken_by(self, module: Located, node: ast.ClassDef, depth: int) -> Parameters | None:
        """Return the parameters of calling a class; None if unknown."""
        # A metaclass may accept other arguments than __init__ does.
        if depth > _MOST_STEPS or any(keyword.arg == "metaclass" for keyword in node.keywords):
            return None
        for name in ("__init__", "__new__"):
            own = _last(node.body, name)
            if isinstance(own, _Function):
                return parameters_of(own).without_first()
        if _is_decorated(node, DATACLASS) and not node.bases:
            return _fields(node)
        # Another decorator may replace the class by anything.
        return None if node.decorator_list else self._inherited(module, node, depth)

    def _inherited(self, module: Located, node: ast.ClassDef, depth: int) -> Parameters | None:
        for base in node.bases:
            found = self._follow(module, base.id) if isinstance(base, ast.Name) else None
            if found is None or not isinstance(found.node, ast.ClassDef):
                return None
            taken = self._taken_by(found.module, found.node, depth + 1)
            if taken is None or taken.names or taken.kwargs or taken.args:
                return taken
        return Parameters()


def parameters_of(node: _Function) -> Parameters:
    """Return the parameters of a definition."""
    given = node.args
    by_position = [each.arg for each in (*given.posonlyargs, *given.args)]
    optional = set(by_position[len(by_position) - len(given.defaults) :])
    keyword = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    optional |= {each.arg for each, default in keyword if default is not None}
    return Parameters(
        tuple(each.arg for each in given.args),
        positional_only=tuple(each.arg for each in given.posonlyargs),
        keyword_only=tuple(each.arg for each in given.kwonlyargs),
        args=given.vararg.arg if given.vararg else "",
        kwargs=given.kwarg.arg if given.kwarg else "",
        optional=frozenset(optional),
        form=_form(node),
    )


def none_by_default(node: _Function) -> frozenset[str]:
    """Return the parameters whose default is None."""
    given = node.args
    by_position = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(by_position[len(by_position) - len(given.defaults) :], given.defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    return frozenset(
        each.arg
        for each, default in pairs
        if isinstance(default, ast.Constant) and default.value is None
    )


def _decorators(node: _Function | ast.ClassDef) -> tuple[str, ...]:
    return tuple(ast.unparse(decorator) for decorator in node.decorator_list)


def _form(node: _Function) -> str:
    # These return a plain function, whatever they decorate.
    managers = ("contextmanager", "asynccontextmanager")
    if isinstance(node, ast.FunctionDef) or any(_is_decorated(node, name) for name in managers):
        return SYNC
    return ASYNC_ITERATOR if _yields(node) else ASYNC


def _yields(node: _Function) -> bool:
    return any(isinstance(inside, ast.Yield | ast.YieldFrom) for inside in _own_nodes(node.body))


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of nested definitions."""
    # No recursion: generated code may be nested deeper than Python's stack.
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _Function | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _is_decorated(node: _Function | ast.ClassDef, name: str) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if found == name:
            return True
    return False


def _fields(node: ast.ClassDef) -> Parameters:
    """Return the fields of a dataclass, in its own order."""
    names, optional = [], set()
    for each in node.body:
        if not isinstance(each, ast.AnnAssign) or not isinstance(each.target, ast.Name):
            continue
        # No field, by PEP 557.
        if "ClassVar" in ast.unparse(each.annotation):
            continue
        names.append(each.target.id)
        value = each.value
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "field":
            if {keyword.arg for keyword in value.keywords} & _FIELD_KEYWORDS:
                optional.add(each.target.id)
        elif value is not None:
            optional.add(each.target.id)
    return Parameters(tuple(names), optional=frozenset(optional))


def _last(body: Iterable[ast.stmt], name: str) -> ast.stmt | None:
    """Return the last statement of a body that binds a name, also below ``if`` and ``try``."""
    found = None
    for node in body:
        if _binds(node, name):
            found = node
        for field in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                found = _last(getattr(node, field, ()), name) or found
    return found


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, _Function | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.ImportFrom | ast.Import):
        return any((alias.asname or alias.name) == name for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
