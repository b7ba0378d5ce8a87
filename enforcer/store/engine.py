"""Load SQLite, and nothing that could change how the program ends.

That is ``_sqlite3``, which has all that a store needs. The package ``sqlite3`` also loads
``datetime``: CPython 3.12 aborts when a process loads that after an isolated subinterpreter
tried to.

This may well be the last thing that a process loads. ``functools``, which ``_sqlite3`` wants,
makes a named tuple, and up to 3.12 that calls ``eval()`` on a string. So CPython would forget
that the program ended by an unhandled Ctrl-C, and exit with 1 instead of dying by SIGINT, for
which shells look.
"""

import collections
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3 as sqlite3  # noqa: PLC0414 - an export


def _evaluate(source: str, namespace: "dict[str, object]") -> object:
    """Do as ``eval()`` does, in the way that leaves no trace (``run_eval_code_obj`` does)."""
    return eval(compile(source, "<string>", "eval"), namespace)  # noqa: S307 - functools' own


if "functools" not in sys.modules:
    vars(collections)["eval"] = _evaluate
    try:
        import functools  # noqa: F401 - see above
    finally:
        del vars(collections)["eval"]

if not TYPE_CHECKING:
    import _sqlite3 as sqlite3  # noqa: F401 - an export
