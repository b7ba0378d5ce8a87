"""Decode which import, fetch or call a frame is executing.

``code.co_code`` shows base instructions on 3.11 to 3.15, without specialisation,
instrumentation or filled inline caches (``_PyCode_GetCode``, Objects/codeobject.c). An
instruction is two bytes; ``EXTENDED_ARG`` prefixes widen its argument; the inline caches after it
are zero bytes.
"""

import sys
from opcode import EXTENDED_ARG, opmap

from enforcer.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

_UNIT = 2  # bytes of an instruction
_CACHE = opmap["CACHE"]
IMPORT_NAME = opmap["IMPORT_NAME"]
IMPORT_FROM = opmap["IMPORT_FROM"]
# Opcodes come and go between versions; one that this CPython lacks never matches.
_LOAD_CONST = opmap["LOAD_CONST"]
_LOAD_SMALL_INT = opmap.get("LOAD_SMALL_INT")
_LOAD_ATTR = opmap["LOAD_ATTR"]
_LOAD_METHOD = opmap.get("LOAD_METHOD", _LOAD_ATTR)
_LOADS = {
    opmap[name]: name
    for name in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_GLOBAL", "LOAD_NAME")
    if name in opmap
}
# `from m import *` is IMPORT_STAR on 3.11 and an intrinsic call from 3.12 on.
_STAR = {opmap[name] for name in ("IMPORT_STAR", "CALL_INTRINSIC_1") if name in opmap}
_CALLS = {
    opmap[name] for name in ("PRECALL", "CALL", "CALL_KW", "CALL_FUNCTION_EX") if name in opmap
}
_COUNTED_CALLS = {opmap[name] for name in ("PRECALL", "CALL", "CALL_KW") if name in opmap}
_ABSENT = -1
_PRECALL = opmap.get("PRECALL", _ABSENT)  # 3.11
_KW_NAMES = opmap.get("KW_NAMES", _ABSENT)  # up to 3.12
_CALL_KW = opmap.get("CALL_KW", _ABSENT)  # from 3.13 on; the names are loaded before it
_LOAD_COMMON_CONSTANT = opmap.get("LOAD_COMMON_CONSTANT", _ABSENT)
_BUILD_LIST = opmap["BUILD_LIST"]
_BUILD_TUPLE = opmap["BUILD_TUPLE"]
_FROMLIST = 3  # the index of this parameter of __import__
_MOST_ARGUMENTS = 12
_VARIABLES = {
    opmap[name]: shift
    for name, shift in (("LOAD_NAME", 0), ("LOAD_GLOBAL", 1), ("LOAD_FROM_DICT_OR_GLOBALS", 0))
    if name in opmap
}
_FAST = {opmap[name] for name in ("LOAD_FAST", "LOAD_FAST_BORROW") if name in opmap}
_STORES = {opmap["STORE_NAME"], opmap["STORE_GLOBAL"]}
_POP_TOP = opmap["POP_TOP"]

# The kinds of used_name().
VARIABLE = "variable"
ATTRIBUTE_OF = "attribute"
FETCHED = "fetched"
CALLED = "called"

# 3.15 keeps two flags for lazy imports below the name (PEP 810, Python/codegen.c).
_IMPORT_NAME_SHIFT = 2 if sys.version_info >= (3, 15) else 0
# LOAD_ATTR marks a method call in its lowest bit from 3.12 on, LOAD_GLOBAL a NULL from 3.11 on.
_ATTR_SHIFT = 1 if sys.version_info >= (3, 12) else 0


class ImportStatement(Record):
    """The import that an ``IMPORT_NAME`` instruction makes.

    Attributes:
        name: the module's name as written, without leading dots.
        names: the names of a from-import, ``("*",)`` for a star, None for ``import name``.
        level: the number of leading dots.

    """

    name: str
    names: tuple[str, ...] | None
    level: int

    def absolute(self, namespace: dict[str, object]) -> str:
        """Resolve the name as the import system does, in a module's globals."""
        if not self.level:
            return self.name
        package = namespace.get("__package__")
        if not isinstance(package, str):
            package = getattr(namespace.get("__spec__"), "parent", None)
        if not isinstance(package, str):
            package = str(namespace.get("__name__", ""))
            if "__path__" not in namespace:
                package = package.rpartition(".")[0]
        for _ in range(self.level - 1):
            package = package.rpartition(".")[0]
        return f"{package}.{self.name}" if self.name else package


class LazyStatement:
    """Stand-in for a frame: an import statement whose lazy import is resolved now (3.15).

    It has the attributes of a frame that describe the statement; the frame that executed it may be
    gone.

    Attributes:
        f_back: the frame that uses the name.
        f_code: the code that has the statement.
        f_globals: the namespace in which the statement bound the name.
        f_lasti: the offset of the statement's ``IMPORT_NAME``.
        f_lineno: the statement's line.
        statement: what it imports for the name that is used.
        placeholder: the object that was bound to the name until now.
        is_certain: whether no other statement can have bound it.

    """

    __slots__ = (
        "f_back",
        "f_code",
        "f_globals",
        "f_lasti",
        "f_lineno",
        "is_certain",
        "placeholder",
        "statement",
    )

    def __init__(  # noqa: PLR0913 - a record: one parameter for each field
        self,
        frame: "FrameType",
        *,
        code: "CodeType",
        offset: int,
        namespace: "dict[str, object]",
        statement: ImportStatement,
        placeholder: object,
        is_certain: bool,
    ) -> None:
        self.f_back = frame
        self.f_code = code
        self.f_globals = namespace
        self.f_lasti = offset
        self.f_lineno = list(code.co_positions())[offset // _UNIT][0]
        self.statement = statement
        self.placeholder = placeholder
        self.is_certain = is_certain

    def is_marked(self) -> bool:
        """Return whether the statement is written with ``lazy``."""
        return bool(self.f_code.co_code[self.f_lasti + 1] & 1)


def _argument(bytecode: bytes, offset: int) -> int:
    value = bytecode[offset + 1]
    shift = 8
    while offset >= _UNIT and bytecode[offset - _UNIT] == EXTENDED_ARG:
        offset -= _UNIT
        value |= bytecode[offset + 1] << shift
        shift += 8
    return value


def _previous(bytecode: bytes, offset: int) -> int:
    while offset >= _UNIT and bytecode[offset - _UNIT] == EXTENDED_ARG:
        offset -= _UNIT
    return offset - _UNIT


def _constant(code: "CodeType", bytecode: bytes, offset: int) -> object:
    operation = bytecode[offset]
    if operation == _LOAD_CONST:
        return code.co_consts[_argument(bytecode, offset)]
    if operation == _LOAD_SMALL_INT:
        return _argument(bytecode, offset)
    return None  # 3.15 loads None by LOAD_COMMON_CONSTANT


def _instruction(frame: "FrameType") -> tuple["CodeType", bytes, int]:
    """Return a frame's code, its bytecode, and the offset of the instruction that it executes.

    Up to 3.12 ``f_lasti`` of a frame that calls Python code points behind the inline caches of
    its instruction: of a call, and on 3.12 also of a read that was specialised for a property
    (``LOAD_ATTR_PROPERTY``, Python/bytecodes.c). Caches are zero bytes.
    """
    code = frame.f_code
    bytecode = code.co_code
    offset = frame.f_lasti
    while offset >= _UNIT and bytecode[offset] == _CACHE:
        offset -= _UNIT
    return code, bytecode, offset


def operation_of(frame: "FrameType") -> int:
    """Return the base opcode that a frame is executing."""
    _, bytecode, offset = _instruction(frame)
    return bytecode[offset] if offset >= 0 else -1


def _statement_at(code: "CodeType", bytecode: bytes, offset: int) -> ImportStatement:
    names_at = _previous(bytecode, offset)
    names = _constant(code, bytecode, names_at)
    level = _constant(code, bytecode, _previous(bytecode, names_at))
    return ImportStatement(
        code.co_names[_argument(bytecode, offset) >> _IMPORT_NAME_SHIFT],
        names if isinstance(names, tuple) else None,
        level if isinstance(level, int) else 0,
    )


def import_statement(frame: "FrameType | LazyStatement") -> ImportStatement | None:
    """Decode the import statement that a frame is executing; None for anything else."""
    if isinstance(frame, LazyStatement):
        return frame.statement
    code, bytecode, offset = _instruction(frame)
    if offset < 0 or bytecode[offset] != IMPORT_NAME:
        return None
    return _statement_at(code, bytecode, offset)


def from_import(frame: "FrameType") -> ImportStatement | None:
    """Decode the from-import whose names a frame is fetching; None for anything else.

    A frame fetches names while it executes ``IMPORT_FROM`` or the end of a star import.
    """
    code, bytecode, offset = _instruction(frame)
    if offset < 0 or (bytecode[offset] != IMPORT_FROM and bytecode[offset] not in _STAR):
        return None
    while offset >= 0 and bytecode[offset] != IMPORT_NAME:
        offset -= _UNIT
    return _statement_at(code, bytecode, offset) if offset >= 0 else None


def import_statements(code: "CodeType") -> "Iterator[tuple[int, ImportStatement]]":
    """Yield the import statements of some code, with their offsets."""
    bytecode = code.co_code
    for offset in range(0, len(bytecode), _UNIT):
        if bytecode[offset] == IMPORT_NAME:
            yield offset, _statement_at(code, bytecode, offset)


def bound_names(code: "CodeType", offset: int) -> "set[str]":
    """Return the names that the import statement at an offset binds."""
    bytecode = code.co_code
    names = set()
    for at in range(offset + _UNIT, len(bytecode), _UNIT):
        operation = bytecode[at]
        if operation in _STORES:
            names.add(code.co_names[_argument(bytecode, at)])
        elif operation not in (IMPORT_FROM, EXTENDED_ARG, _POP_TOP, 0):
            break
    return names


def used_name(frame: "FrameType") -> tuple[str, str]:
    """Return what a frame does with a name at its instruction, and the name.

    The name is empty for a star import, which fetches many, and for a call of an expression
    without a name.
    """
    code = frame.f_code
    bytecode = code.co_code
    offset = frame.f_lasti
    operation = bytecode[offset] if offset >= 0 else -1
    if operation in _VARIABLES:
        return VARIABLE, code.co_names[_argument(bytecode, offset) >> _VARIABLES[operation]]
    if operation == _LOAD_ATTR:
        return ATTRIBUTE_OF, code.co_names[_argument(bytecode, offset) >> _ATTR_SHIFT]
    if operation == IMPORT_FROM:
        return FETCHED, code.co_names[_argument(bytecode, offset)]
    if operation in _STAR:
        return FETCHED, ""
    if operation in _CALLS:
        return CALLED, called_name(frame)
    return "", ""


def dotted(frame: "FrameType") -> tuple[str, ...] | None:
    """Return the names of the object whose attribute a frame reads, such as ``pkg.mod``.

    All loads of the expression start at the same position as its first one (PEP 657).

    Returns:
        The names, from a variable on; None for any other expression.

    """
    code = frame.f_code
    bytecode = code.co_code
    positions = list(code.co_positions())
    start = positions[frame.f_lasti // _UNIT][::2]
    names: list[str] = []
    for offset in range(frame.f_lasti - _UNIT, -1, -_UNIT):
        operation = bytecode[offset]
        if operation in (0, EXTENDED_ARG):
            continue
        if positions[offset // _UNIT][::2] != start:
            return None
        argument = _argument(bytecode, offset)
        if operation == _LOAD_ATTR:
            names.insert(0, code.co_names[argument >> _ATTR_SHIFT])
        elif operation in _VARIABLES:
            return code.co_names[argument >> _VARIABLES[operation]], *names
        elif operation in _FAST:
            return code.co_varnames[argument], *names
        else:
            return None
    return None


def loads_attribute(frame: "FrameType", name: str) -> bool:
    """Return whether a frame is executing ``something.name``."""
    code, bytecode, offset = _instruction(frame)
    if offset < 0 or bytecode[offset] not in (_LOAD_ATTR, _LOAD_METHOD):
        return False
    shift = _ATTR_SHIFT if bytecode[offset] == _LOAD_ATTR else 0
    index = _argument(bytecode, offset) >> shift
    return index < len(code.co_names) and code.co_names[index] == name


def loads(frame: "FrameType") -> bool:
    """Return whether a frame is executing ``something.name``, for any name."""
    return operation_of(frame) in (_LOAD_ATTR, _LOAD_METHOD)


def fetched_name(frame: "FrameType") -> str:
    """Return the name that a frame fetches by ``IMPORT_FROM``; empty for anything else."""
    code = frame.f_code
    if operation_of(frame) != IMPORT_FROM:
        return ""
    return code.co_names[_argument(code.co_code, frame.f_lasti)]


def calls(frame: "FrameType") -> bool:
    """Return whether a frame is executing a call."""
    return operation_of(frame) in _CALLS


def called_name(frame: "FrameType") -> str:
    """Return the last name of the callee of a frame's call, such as ``loads``; or empty.

    The callee's expression starts at the position of the call (PEP 657), and its last load is
    the nearest before the call.
    """
    code, bytecode, offset = _instruction(frame)
    positions = list(code.co_positions())
    line, _, column, _ = positions[offset // _UNIT]
    if column is None:
        return ""
    while offset >= _UNIT:
        offset -= _UNIT
        if bytecode[offset] in _LOADS and positions[offset // _UNIT][0] == line:
            if positions[offset // _UNIT][2] != column:
                continue
            kind = _LOADS[bytecode[offset]]
            shift = {"LOAD_ATTR": _ATTR_SHIFT, "LOAD_GLOBAL": 1}.get(kind, 0)
            index = _argument(bytecode, offset) >> shift
            return code.co_names[index] if index < len(code.co_names) else ""
    return ""


def wants_module(frame: "FrameType") -> bool:
    """Return whether a frame calls ``__import__`` with a fromlist, which returns the module itself.

    Without names ``__import__("a.b")`` returns ``a``, whose spec it reads after that of
    ``a.b``, from the same instruction.
    """
    code, bytecode, offset = _instruction(frame)
    if offset < 0 or bytecode[offset] not in _COUNTED_CALLS or called_name(frame) != "__import__":
        return False
    before = _instructions_before(bytecode, offset)
    keywords: object = ()
    if bytecode[offset] == _CALL_KW or bytecode[before[0]] == _KW_NAMES:
        keywords = code.co_consts[_argument(bytecode, before.pop(0))]
    names = keywords if isinstance(keywords, tuple) else ()
    if "fromlist" in names:
        position = len(names) - 1 - names.index("fromlist")  # from the last argument on
    else:
        position = _argument(bytecode, offset) - _FROMLIST - 1
        if position < len(names):
            return False
    following = before[:position]
    if any(bytecode[at] not in (_LOAD_CONST, _LOAD_SMALL_INT) for at in following):
        return True  # an expression; a computed list is taken as not empty
    return not _is_empty(code, bytecode, before[position])


def _instructions_before(bytecode: bytes, offset: int) -> list[int]:
    """Return the offsets of the instructions that load a call's arguments, the last first."""
    found: list[int] = []
    while offset >= _UNIT and len(found) < _MOST_ARGUMENTS:
        offset -= _UNIT
        if bytecode[offset] not in (_CACHE, EXTENDED_ARG, _PRECALL):
            found.append(offset)
    return found


def _is_empty(code: "CodeType", bytecode: bytes, offset: int) -> bool:
    operation = bytecode[offset]
    if operation in (_BUILD_LIST, _BUILD_TUPLE):
        return not _argument(bytecode, offset)
    if operation == _LOAD_CONST:
        return not code.co_consts[_argument(bytecode, offset)]
    return operation == _LOAD_COMMON_CONSTANT  # from 3.15 on None
