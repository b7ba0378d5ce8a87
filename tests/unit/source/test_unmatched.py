"""Entries of the map that match no file and no test are found."""

import pytest

from enforcer.rules.loader import load_map
from enforcer.source.unmatched import find_unmatched

from .conftest import WriteFiles

FILES = {
    "generated/api.py": "",
    "shop/cart_pb2.py": "",
    "tests/test_cart.py": "class TestCart:\n    def test_add(self): ...\ndef test_old(): ...\n",
    "tests/README.md": "",
    "build/x.txt": "",
}


def found(write: WriteFiles, key: str, *entries: str) -> list[tuple[int, str, str]]:
    listed = ",\n".join(f'"{entry}"' for entry in entries)
    root = write({**FILES, "enforcer.toml": f"[enforcer]\n{key} = [\n{listed}]\n"})
    unmatched = find_unmatched(load_map(str(root / "enforcer.toml")))
    assert {one.key for one in unmatched} <= {key}
    return [(one.line, one.message, one.remedy) for one in unmatched]


def test_patterns_that_leave_out_a_file_are_no_news(write: WriteFiles) -> None:
    patterns = ("generated/", "*_pb2.py", "!shop/cart_pb2.py", "# a comment", "", "**/test_*.py")
    assert found(write, "exclude", *patterns) == []


def test_a_pattern_for_what_is_left_out_anyway_is_no_mistake(write: WriteFiles) -> None:
    """There is no Python in the folder today, and it is there."""
    assert found(write, "exclude", "build/") == []


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("generatedx/", 'Write "generated/", or remove it'),
        ("*_pb3.py", "Mend the pattern, or remove it"),
    ],
)
def test_a_pattern_that_leaves_nothing_out(write: WriteFiles, pattern: str, remedy: str) -> None:
    message = f'exclude: "{pattern}" leaves no file out'
    assert found(write, "exclude", "generated/", pattern) == [(4, message, remedy)]


def test_tests_that_are_there_are_no_news(write: WriteFiles) -> None:
    tests = ("tests/", "tests/test_cart.py", "tests/test_cart.py::TestCart", "tests/README.md::x")
    more = ("tests/test_cart.py::TestCart::test_add[one-2]", "tests/test_cart.py::test_old")
    assert found(write, "expect_refusals", *tests, *more) == []


@pytest.mark.parametrize(
    ("entry", "message", "remedy"),
    [
        ("test/", 'there is no folder "test/"', 'Write "tests/", or remove it'),
        (
            "tests/test_crat.py::test_old",
            'there is no file "tests/test_crat.py"',
            'Write "tests/test_cart.py", or remove it',
        ),
        (
            "tests/test_cart.py::TestCart::test_ad",
            'there is no test "TestCart::test_ad" in tests/test_cart.py',
            'Write "tests/test_cart.py::TestCart::test_add", or remove it',
        ),
    ],
)
def test_a_test_that_is_not_there(write: WriteFiles, entry: str, message: str, remedy: str) -> None:
    expected = [(3, f"expect_refusals: {message}", remedy)]
    assert found(write, "expect_refusals", entry) == expected


def test_tests_are_named_from_the_map_s_folder_too(write: WriteFiles) -> None:
    """Pytest names them from its own root, which may lie above the map's."""
    text = '[enforcer]\nroot = "shop"\nexpect_refusals = ["tests/test_cart.py"]\n'
    root = write({**FILES, "enforcer.toml": text})
    assert find_unmatched(load_map(str(root / "enforcer.toml"))) == ()
