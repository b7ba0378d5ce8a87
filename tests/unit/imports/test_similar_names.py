"""The nearest names to a missing one."""

import pytest

from enforcer.runtime.imports.similar_names import nearest_names

NAMES = ["WebSocketManager", "get_manager", "_private", "Cart", "cart_total", "Order"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("WebSocketManagr", ["WebSocketManager"]),
        ("websocketmanager", ["WebSocketManager"]),
        ("manager", ["WebSocketManager", "get_manager"]),
        ("Crat", []),
        ("Carts", ["Cart"]),
        ("Ordr", ["Order"]),
        ("Orer", ["Order"]),
        ("rder", ["Order"]),
        ("Orde", ["Order"]),
        ("xOrder", ["Order"]),
        ("Orxer", ["Order"]),
        ("Orxxr", []),
        ("Ordxrx", ["Order"]),
        ("private", []),
        ("_privat", ["_private"]),
        ("nothing_like_it", []),
    ],
)
def test_nearest_names(wanted: str, expected: list[str]) -> None:
    """Typing errors and parts are found; private names only for private wishes."""
    assert nearest_names(wanted, NAMES) == expected


def test_at_most_three_are_given() -> None:
    """A message stays readable."""
    assert len(nearest_names("name", [f"name{number}" for number in range(9)])) == 3
