"""The running pytest test, and the legacy paths it may use, from the environment.

No name in this module contains the word "test": some tools search the stack for it to recognise a
test run.
"""

import os

from enforcer.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER_KEY = "ENFORCER_ITEMS"
"""The variable with the folder that the file names in pytest's variable are relative to."""

ALLOWED_KEY = "ENFORCER_ALLOWED"
"""The variable with the legacy paths that the running test may use, separated by spaces."""

_CURRENT = "PYTEST_CURRENT_TEST"


class Item(Record):
    """A running test.

    Attributes:
        file: absolute path of its file.
        function: the qualified name of its function.
        line: its line, from 1; 0 if unknown.

    """

    file: str
    function: str
    line: int = 0


def current_item(environ: "Mapping[str, str]" = os.environ) -> Item | None:
    """Return the running test; None if none runs or the variables are not set.

    Args:
        environ: the environment to read.

    """
    folder = environ.get(FOLDER_KEY, "")
    # Such as: tests/test_cart.py::TestCart::test_add[one] (call)
    node_id = environ.get(_CURRENT, "").rpartition(" (")[0].partition("[")[0]
    file, _, names = node_id.partition("::")
    if not folder or not names:
        return None
    file = os.path.normpath(os.path.join(folder, file))
    return Item(file, _function(file, names.replace("::", ".")))


def items_of_environment() -> "Callable[[], Item | None] | None":
    """Return :func:`current_item` in a process that a run of pytest started, else None."""
    return current_item if FOLDER_KEY in os.environ else None


def allowed_paths(environ: "Mapping[str, str]" = os.environ) -> "list[str]":
    """Return the legacy paths that the test which started this process may use.

    Args:
        environ: the environment to read.

    """
    return environ.get(ALLOWED_KEY, "").split()


def _function(file: str, name: str) -> str:
    """Return the function of a test's name; a doctest's name begins with its module."""
    if name == os.path.basename(file):
        return "<module>"
    stem = os.path.splitext(os.path.basename(file))[0]
    if name.endswith(f".{stem}"):
        return "<module>"
    return name.rpartition(f"{stem}.")[2] if f".{stem}." in f".{name}" else name
