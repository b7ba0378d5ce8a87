"""Classification of a call site's file: own code, tests or third party.

Nothing else decides what a test is.
"""

from functools import lru_cache
from typing import Final

from enforcer.recording.use import THIRD_PARTY

OWN_CODE: Final = "own"
TESTS: Final = "tests"
OTHERS: Final = "third_party"

_FOLDERS: Final = frozenset(("test", "tests", "testing"))


@lru_cache(maxsize=50_000)
def is_test_file(file: str) -> bool:
    """Return whether a file is a test, by its path.

    That is a file in a folder ``test``, ``tests`` or ``testing`` at any depth, and one that is
    named ``test_*.py``, ``*_test.py``, ``tests.py`` or ``conftest.py``.
    """
    *folders, name = file.split("/")
    stem, _, suffix = name.rpartition(".")
    if not _FOLDERS.isdisjoint(folders):
        return True
    return suffix in ("py", "pyw") and (
        stem.startswith("test_") or stem.endswith("_test") or stem in ("tests", "conftest")
    )


def whose(file: str, relation: str) -> str:
    """Return whose code a call site is: own, tests (own code, too), or third_party."""
    if relation == THIRD_PARTY:
        return OTHERS
    return TESTS if is_test_file(file) else OWN_CODE
