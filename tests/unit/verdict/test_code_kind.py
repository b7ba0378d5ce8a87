"""Whose code a call site is: own code, tests, or a third party's."""

import pytest

from enforcer.verdict.code_kind import is_test_file, whose


@pytest.mark.parametrize(
    "file",
    [
        "tests/a.py",
        "a/test/b.py",
        "testing/x.py",
        "a/test_x.py",
        "x_test.py",
        "conftest.py",
        "a/tests.py",
    ],
)
def test_tests(file: str) -> None:
    assert is_test_file(file)
    assert whose(file, "own") == "tests"
    assert whose(file, "third_party") == "third_party"


@pytest.mark.parametrize(
    "file", ["a.py", "latest/a.py", "contest.py", "a/test_data.json", "", "attest.py"]
)
def test_no_tests(file: str) -> None:
    assert not is_test_file(file)
    assert whose(file, "own") == "own"
