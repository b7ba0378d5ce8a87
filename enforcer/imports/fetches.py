"""Tell what a frame that fetches a name from a module wants with it."""

from enforcer.imports import bootstrap, bytecode
from enforcer.imports.callers import Caller
from enforcer.recording.use import ATTRIBUTE, IMPORT_STATEMENT, PROBE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_ASKING = frozenset({"hasattr", "getattr_static"})


def fetch(frame: "FrameType", name: str, exported: object) -> Caller | None:
    """Classify a fetch of one name from a module.

    Args:
        frame: the frame that fetches.
        name: the name it fetches.
        exported: the module's ``__all__``, or None; a star import uses what it lists.

    Returns:
        Who asked and how, with mechanism ``probe`` for somebody who only looks; None where
        the fetch is part of another import and counts for nothing.

    """
    if bootstrap.is_from_list(frame) or bootstrap.is_reading_spec(frame):
        return None
    statement = bytecode.from_import(frame)
    if statement is not None:
        if statement.names is None:
            return None  # `import a.old as m` walks down from `a`; the module was counted
        if statement.names == ("*",):
            listed = isinstance(exported, (list, tuple)) and name in exported
            return Caller(frame, IMPORT_STATEMENT, ("*",)) if listed else None
        return Caller(frame, IMPORT_STATEMENT)
    if bytecode.calls(frame):
        literal = name in frame.f_code.co_consts
        asking = not literal or bytecode.called_name(frame) in _ASKING
        return Caller(frame, PROBE if asking else ATTRIBUTE)
    return Caller(frame, ATTRIBUTE)
