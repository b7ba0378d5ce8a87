"""What a run of pytest is running, read from the variables that children inherit."""

import pytest

from enforcer.recording.items import allowed_paths, current_item, items_of_environment

TESTS = {"ENFORCER_ITEMS": "/shop"}


@pytest.mark.parametrize(
    ("said", "file", "function"),
    [
        ("tests/test_a.py::test_it (call)", "/shop/tests/test_a.py", "test_it"),
        ("tests/test_a.py::TestA::test_it (setup)", "/shop/tests/test_a.py", "TestA.test_it"),
        ("tests/test_a.py::test_it[a::b/c (x)] (call)", "/shop/tests/test_a.py", "test_it"),
        ("../tests/test_a.py::test_it (teardown)", "/tests/test_a.py", "test_it"),
        ("shop/cart.py::shop.cart.Cart.add (call)", "/shop/shop/cart.py", "Cart.add"),
        ("shop/cart.py::shop.cart (call)", "/shop/shop/cart.py", "<module>"),
        ("README.md::README.md (call)", "/shop/README.md", "<module>"),
    ],
)
def test_names(said: str, file: str, function: str) -> None:
    item = current_item({**TESTS, "PYTEST_CURRENT_TEST": said})

    assert item is not None
    assert (item.file, item.function, item.line) == (file, function, 0)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        TESTS,
        {"PYTEST_CURRENT_TEST": "t.py::test_it (call)"},
        {**TESTS, "PYTEST_CURRENT_TEST": "?"},
    ],
)
def test_nothing_runs(environ: dict[str, str]) -> None:
    assert current_item(environ) is None


def test_what_the_running_test_may_use() -> None:
    assert allowed_paths({"ENFORCER_ALLOWED": "old shop.old.*"}) == ["old", "shop.old.*"]
    assert allowed_paths({}) == []


def test_only_a_process_that_a_run_started_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run says so by its variable."""
    monkeypatch.setenv("ENFORCER_ITEMS", "/shop")
    assert items_of_environment() is current_item
    monkeypatch.delenv("ENFORCER_ITEMS")
    assert items_of_environment() is None
