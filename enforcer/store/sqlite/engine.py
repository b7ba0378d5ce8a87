"""The SQLite module for watched programs, imported without side effects on how the program ends.

That is ``_sqlite3``, which has all that a store needs. The package ``sqlite3`` also imports
``datetime``: CPython 3.12 aborts when a process imports that after an isolated subinterpreter tried
to.

This may be the last import of a process. ``functools``, which ``_sqlite3`` imports, makes a named
tuple, and up to 3.12 that calls ``eval()`` on a string, which resets CPython's note that the
program ended by an unhandled Ctrl-C. The process would then exit with 1 instead of dying by SIGINT,
which shells check for.
"""

import collections
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3 as sqlite3  # noqa: PLC0414 - an export


def _evaluate(source: str, namespace: "dict[str, object]") -> object:
    """Evaluate as ``eval()`` does, without resetting the interpreter's note of a Ctrl-C.

    ``eval()`` on a string resets it (``run_eval_code_obj`` in ``Python/pythonrun.c``); on a code
    object it does not.
    """
    return eval(compile(source, "<string>", "eval"), namespace)  # noqa: S307 - functools' own


# namedtuple() looks ``eval`` up in its module's globals first, so a global of ``collections``
# shadows the builtin for the duration of this one import.
if "functools" not in sys.modules:
    vars(collections)["eval"] = _evaluate
    try:
        import functools  # noqa: F401 - see above
    finally:
        del vars(collections)["eval"]

if not TYPE_CHECKING:
    import _sqlite3 as sqlite3  # noqa: F401 - an export
