"""Read from bytecode what an executing instruction asks of the import system.

``code.co_code`` shows base instructions on every CPython from 3.11 on, without specialisation,
instrumentation or inline caches (``_PyCode_GetCode``, Objects/codeobject.c). An instruction is
two bytes; ``EXTENDED_ARG`` prefixes widen its argument; caches between are zero bytes.
"""

import sys
from opcode import EXTENDED_ARG, opmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType

_UNIT = 2  # bytes of an instruction
IMPORT_NAME = opmap["IMPORT_NAME"]
IMPORT_FROM = opmap["IMPORT_FROM"]
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
# 3.15 keeps two flags for lazy imports below the name (PEP 810, Python/codegen.c).
_IMPORT_NAME_SHIFT = 2 if sys.version_info >= (3, 15) else 0
# LOAD_ATTR marks a method call in its lowest bit from 3.12 on, LOAD_GLOBAL a NULL from 3.11 on.
_ATTR_SHIFT = 1 if sys.version_info >= (3, 12) else 0


class ImportStatement:
    """Say what an ``IMPORT_NAME`` instruction asks for.

    Attributes:
        name: the module's name as written, without leading dots.
        names: the names of a from-import, ``("*",)`` for a star, None for ``import name``.
        level: the number of leading dots.

    """

    __slots__ = ("level", "name", "names")

    def __init__(self, name: str, names: tuple[str, ...] | None, level: int) -> None:
        """Take the fields as they are."""
        self.name = name
        self.names = names
        self.level = level

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


def operation_of(frame: "FrameType") -> int:
    """Give the base opcode that a frame is executing."""
    return frame.f_code.co_code[frame.f_lasti] if frame.f_lasti >= 0 else -1


def _statement_at(code: "CodeType", bytecode: bytes, offset: int) -> ImportStatement:
    names_at = _previous(bytecode, offset)
    names = _constant(code, bytecode, names_at)
    level = _constant(code, bytecode, _previous(bytecode, names_at))
    return ImportStatement(
        code.co_names[_argument(bytecode, offset) >> _IMPORT_NAME_SHIFT],
        names if isinstance(names, tuple) else None,
        level if isinstance(level, int) else 0,
    )


def import_statement(frame: "FrameType") -> ImportStatement | None:
    """Decode the import statement that a frame is executing, or give None."""
    code = frame.f_code
    bytecode = code.co_code
    if frame.f_lasti < 0 or bytecode[frame.f_lasti] != IMPORT_NAME:
        return None
    return _statement_at(code, bytecode, frame.f_lasti)


def from_import(frame: "FrameType") -> ImportStatement | None:
    """Decode the statement whose names a frame is fetching, or give None.

    A frame fetches names while it executes ``IMPORT_FROM`` or the end of a star import.
    """
    code = frame.f_code
    bytecode = code.co_code
    offset = frame.f_lasti
    if offset < 0 or (bytecode[offset] != IMPORT_FROM and bytecode[offset] not in _STAR):
        return None
    while offset >= 0 and bytecode[offset] != IMPORT_NAME:
        offset -= _UNIT
    return _statement_at(code, bytecode, offset) if offset >= 0 else None


def loads_attribute(frame: "FrameType", name: str) -> bool:
    """Tell whether a frame is executing ``something.name``."""
    code = frame.f_code
    bytecode = code.co_code
    offset = frame.f_lasti
    if offset < 0 or bytecode[offset] not in (_LOAD_ATTR, _LOAD_METHOD):
        return False
    shift = _ATTR_SHIFT if bytecode[offset] == _LOAD_ATTR else 0
    index = _argument(bytecode, offset) >> shift
    return index < len(code.co_names) and code.co_names[index] == name


def calls(frame: "FrameType") -> bool:
    """Tell whether a frame is executing a call."""
    return operation_of(frame) in _CALLS


def called_name(frame: "FrameType") -> str:
    """Give the last name of what a frame is calling, such as ``loads``; or nothing.

    The callee's expression starts where the call's does (PEP 657), and its last load stands
    nearest before the call.
    """
    code = frame.f_code
    bytecode = code.co_code
    positions = list(code.co_positions())
    offset = frame.f_lasti
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
