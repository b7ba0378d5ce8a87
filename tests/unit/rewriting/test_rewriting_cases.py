"""What becomes of each form of reference: a named case each, with the promises of all results."""

import pytest
from pyflakes.api import check
from pyflakes.reporter import Reporter

from enforcer.source.importer import Importer
from tests.unit.rewriting.cases import CASES, Case
from tests.unit.rewriting.conftest import Rewrite


class Complaints(Reporter):
    """What pyflakes finds, without places."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def flake(self, message: object) -> None:
        self.found.add(f"{type(message).__name__} {getattr(message, 'message_args', '')}")

    def syntaxError(self, *words: object) -> None:  # noqa: N802 - pyflakes calls it so
        self.found.add(f"syntax {words}")


def complaints(source: bytes, kinds: tuple[str, ...]) -> set[str]:
    reporter = Complaints()
    check(source.decode(), "views.py", reporter)
    return {one for one in reporter.found if one.startswith(kinds)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case: Case, rewrite: Rewrite) -> None:
    found = rewrite(case.before, **case.options)
    assert found.new.decode() == (case.after or case.before)
    reasons = [one.reason for one in found.left]
    assert len(reasons) == len(case.left), reasons
    assert all(map(str.startswith, reasons, case.left)), reasons
    assert tuple(text for _, text in found.remarks) == case.remarks
    assert bool(found.changes) == found.is_changed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_second_run_changes_nothing(case: Case, rewrite: Rewrite) -> None:
    once = rewrite(case.before, **case.options)
    twice = rewrite(once.new, **case.options)
    assert twice.new == once.new
    assert [one.reason for one in twice.left] == [one.reason for one in once.left]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_result_compiles_and_pyflakes_finds_nothing_new(case: Case, rewrite: Rewrite) -> None:
    new = rewrite(case.before, **case.options).new
    compile(new, "views.py", "exec")
    kinds = ("UndefinedName", "UndefinedExport", "UndefinedLocal", "syntax")
    assert complaints(new, kinds) <= complaints(case.before.encode(), kinds)
    unused = ("UnusedImport", "UnusedVariable")
    assert len(complaints(new, unused)) <= len(complaints(case.before.encode(), unused))


SHOP = (Importer("shop", is_package=True),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("__all__ = ['old_cart', 'x']\n", "__all__ = ['cart', 'x']\n"),
        (
            "__all__ = []\n__all__ += ('x', 'old_cart')\n",
            "__all__ = []\n__all__ += ('x', 'cart')\n",
        ),
        ("__all__.append('old_cart')\n", "__all__.append('cart')\n"),
        (
            "from . import old_cart\n__all__ = ['old_cart']\n",
            "from . import cart as old_cart\n__all__ = ['old_cart']\n",
        ),
    ],
)
def test_all_of_a_package_lists_a_submodule(before: str, after: str, rewrite: Rewrite) -> None:
    """A star import of the package would import it. What the package binds keeps its name."""
    found = rewrite(before, SHOP)
    assert (found.new.decode(), found.left) == (after, ())
    assert rewrite(before).new == before.encode() or "import" in before


def test_all_can_not_list_a_module_of_another_package(rewrite: Rewrite) -> None:
    found = rewrite("__all__ = ['deep']\n", (Importer("old", is_package=True),))
    assert not found.is_changed  # a legacy package's own file goes with the rule
    found = rewrite("__all__ = ['gone_away']\n", SHOP)
    assert [one.reason for one in found.left] == ["__all__ can't list a module of far"]
    found = rewrite("__all__ = ['cart', 'old_cart']\n", SHOP)
    assert [one.reason for one in found.left] == ['__all__ lists "cart", too: delete the old name']


def test_the_canonical_module_imports_itself(rewrite: Rewrite) -> None:
    """In a function it is there by then; at the top it would be half executed."""
    own = (Importer("shop.cart"),)
    inside = "def f():\n    from shop.old_cart import make\n    import top_old\n"
    found = rewrite(inside, own)
    assert found.new.decode() == inside.replace(
        "old_cart import make", "cart import get as make"
    ).replace("top_old", "top_new")
    found = rewrite("from shop.old_cart import make\n", own)
    assert [one.reason for one in found.left] == ["this file is the canonical module itself"]
