"""What is recorded of a call site, as a person reads it."""

import pytest

from enforcer.recording.use import CallSite


@pytest.mark.parametrize(
    ("line", "function", "shown"),
    [
        (12, "checkout", "shop/views.py:12 in checkout()"),
        (12, "<module>", "shop/views.py:12"),
        (0, "<module>", "shop/views.py"),
    ],
)
def test_call_site(line: int, function: str, shown: str) -> None:
    """There is no line where there is none, and no function at the top of a module."""
    site = CallSite(
        "old",
        file="shop/views.py",
        line=line,
        function=function,
        module="shop.views",
        mechanism="import_statement",
    )

    assert str(site) == shown
