"""Find the import statement behind a name that was imported lazily (PEP 810, 3.15).

From 3.15 on an import may wait until its name is first used. Python then imports from the
instruction that uses the name, so the frame above the import system is the user's. Until then the
name is bound to a *placeholder*. It refers to the code that has the statement, to the path that it
imports, and to the placeholder that it was fetched from (``lazy_import_traverse``,
Objects/lazyimportobject.c), and ``gc.get_referents`` returns these. The line is that of the only
statement in the code that imports the path.

A :class:`LazyStatement` replaces the frame that executed the statement, for all code that asks a
frame for its position.
"""

import sys
from gc import get_referents
from types import CodeType, ModuleType

from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.bytecode import ImportStatement, LazyStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    Namespace = dict[str, object]

_ASKING = frozenset({"getattr", "hasattr", "resolve"})


def lazy_statement(frame: "FrameType", legacy: str) -> LazyStatement | None:
    """Return the statement whose lazy import of a legacy path a frame resolves.

    Args:
        frame: the innermost frame, which may use a name for the first time.
        legacy: the path that is imported.

    """
    if cpython.LAZY_TYPE is None:
        return None
    for name, placeholder, namespace in _candidates(frame, anywhere=True):
        found = _behind(frame, name, placeholder, namespace)
        if found is not None and _reaches(found.statement, legacy):
            return found
    return _pending(frame, legacy)


def was_resolved(frame: "FrameType") -> bool:
    """Return whether a frame imports for a name that another thread resolved meanwhile.

    An instruction that loads a variable imports only if the variable is a placeholder. Threads that
    use one at the same time all import. When those that waited continue, the module has replaced
    the placeholder, and the thread that replaced it was counted.
    """
    if cpython.LAZY_TYPE is None or cpython.is_import_system(frame):
        return False
    return bytecode.used_name(frame)[0] == bytecode.VARIABLE


def lazy_fetch(frame: "FrameType", package: str, name: str) -> LazyStatement | None:
    """Return the statement whose lazy import fetches a name from a module in a frame.

    Args:
        frame: the frame that fetches the name.
        package: the module that it is fetched from.
        name: the name.

    """
    if cpython.LAZY_TYPE is None:
        return None
    for bound, placeholder, namespace in _candidates(frame, anywhere=False):
        found = _behind(frame, bound, placeholder, namespace)
        if found is None:
            continue
        statement = found.statement
        if statement.names is None and statement.name == f"{package}.{name}":
            return found
        if statement.name == package and statement.names == (name,):
            return found
    return None


def _reaches(statement: ImportStatement, legacy: str) -> bool:
    if statement.name == legacy or statement.name.startswith(f"{legacy}."):
        return True
    return statement.names is not None and f"{statement.name}.{statement.names[0]}" == legacy


def _candidates(frame: "FrameType", *, anywhere: bool) -> "Iterator[tuple[str, object, Namespace]]":
    """Yield the placeholders that a frame may be resolving, with their names and namespaces."""
    if cpython.is_from_list(frame):
        # _handle_fromlist calls `hasattr(module, x)`, which resolves a placeholder of that name.
        yield from _lazy(frame.f_locals.get("module"), (str(frame.f_locals.get("x")),))
    if cpython.is_import_system(frame):
        return
    kind, name = bytecode.used_name(frame)
    if kind == bytecode.VARIABLE:
        yield from _lazy_in(frame.f_globals, (name,))
    elif kind == bytecode.FETCHED:
        statement = bytecode.from_import(frame)
        if statement is not None and statement.names:
            module = sys.modules.get(statement.absolute(frame.f_globals))
            yield from _lazy(module, (name,) if name else None)
    elif kind == bytecode.ATTRIBUTE_OF:
        holders = _holders(frame)
        if holders:
            yield from _lazy(holders[-1], (name,))
        elif anywhere:
            yield from _lazy_anywhere((name,))
    elif kind == bytecode.CALLED and name in _ASKING:
        names = {text for text in frame.f_code.co_consts if isinstance(text, str)}
        names.update(text for text in frame.f_locals.values() if isinstance(text, str))
        visible = [frame.f_globals.get(used) for used in frame.f_code.co_names]
        for module in [*visible, *frame.f_locals.values()]:
            yield from _lazy(module, names)
        if anywhere:
            yield from _lazy_anywhere(None)


def _lazy_anywhere(names: "Iterable[str] | None") -> "Iterator[tuple[str, object, Namespace]]":
    for module in sys.modules.copy().values():
        yield from _lazy(module, names)


def _lazy(
    module: object, names: "Iterable[str] | None"
) -> "Iterator[tuple[str, object, Namespace]]":
    if issubclass(type(module), ModuleType):
        yield from _lazy_in(cpython.namespace_of(module) or {}, names)


def _lazy_in(
    namespace: "Namespace", names: "Iterable[str] | None"
) -> "Iterator[tuple[str, object, Namespace]]":
    for name in list(namespace) if names is None else names:
        value = namespace.get(name)
        if type(value) is cpython.LAZY_TYPE:
            yield name, value, namespace


def _holders(frame: "FrameType") -> list[object]:
    """Return the modules on the way to an attribute that a frame reads; empty if unknown."""
    first, *rest = bytecode.dotted(frame) or ("",)
    known = frame.f_locals if first in frame.f_code.co_varnames else frame.f_globals
    modules = [known.get(first)]
    for name in rest:
        modules.append((cpython.namespace_of(modules[-1]) or {}).get(name))
    return modules if all(issubclass(type(one), ModuleType) for one in modules) else []


def loads_promised(frame: "FrameType", legacy: str) -> bool:
    """Return whether a package loads a submodule for a frame, as a lazy import promised."""
    if cpython.LAZY_TYPE is None or not cpython.is_pending(legacy):
        return False
    return bytecode.used_name(frame) == (bytecode.ATTRIBUTE_OF, legacy.rpartition(".")[2])


def _pending(frame: "FrameType", legacy: str) -> LazyStatement | None:
    """Return the statement that promised a submodule, which its package now loads.

    ``lazy import a.b`` binds ``a``, whose use loads ``a`` alone; reading ``a.b`` loads ``b``
    (``sys.lazy_modules``). Python has no reference from there to the statement, so a matching one
    is taken: of the module that reads the attribute, or of a module on the way.
    """
    if not loads_promised(frame, legacy):
        return None
    for module in (None, *_holders(frame)):
        namespace = cpython.namespace_of(module) if module is not None else frame.f_globals
        code = _code_of(namespace or {})
        if code is None:
            continue
        for offset in _statements(code, legacy, None, namespace or {}):
            return LazyStatement(
                frame,
                code=code,
                offset=offset,
                namespace=namespace or {},
                statement=ImportStatement(legacy, None, 0),
                placeholder=namespace,
                is_certain=False,
            )
    return None


def _code_of(namespace: "Namespace") -> CodeType | None:
    """Return the code of a module's body from its loader, or None."""
    get_code = getattr(namespace.get("__loader__"), "get_code", None)
    try:
        code = get_code(namespace.get("__name__")) if get_code is not None else None
    except Exception:  # noqa: BLE001 - a stranger's loader
        return None
    return code if isinstance(code, CodeType) else None


def _behind(
    frame: "FrameType", name: str, placeholder: object, namespace: "Namespace"
) -> LazyStatement | None:
    """Return the statement that bound a placeholder to a name."""
    fetched = ""
    root = placeholder
    # A placeholder of `from a import b` refers to the placeholder of `a` that it was fetched from.
    while True:
        referents = get_referents(root)
        source = next((one for one in referents if type(one) is cpython.LAZY_TYPE), None)
        if source is None:
            break
        fetched = next((one for one in referents if type(one) is str), "")
        root = source
    path = next((one for one in referents if type(one) is str), "")
    names = next((one for one in referents if type(one) is tuple), None)
    code = next((one for one in referents if type(one) is CodeType), None)
    if code is None or not path:
        return None
    offsets = list(_statements(code, path, names or None, namespace))
    binding = [offset for offset in offsets if name in bytecode.bound_names(code, offset)]
    if not (binding or offsets):
        return None
    # If several statements bind the name to the same module, the last one is taken; is_certain
    # is false then.
    offset = (binding or offsets)[-1]
    statement = ImportStatement(path, (fetched,) if names and fetched else None, 0)
    return LazyStatement(
        frame,
        code=code,
        offset=offset,
        namespace=namespace,
        statement=statement,
        placeholder=placeholder,
        is_certain=len(binding) == 1,
    )


def _statements(
    code: CodeType, path: str, names: tuple[str, ...] | None, namespace: "Namespace"
) -> "Iterator[int]":
    for offset, statement in bytecode.import_statements(code):
        if statement.names == names and statement.absolute(namespace) == path:
            yield offset
