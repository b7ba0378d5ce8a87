"""A text may name several owners."""

import pytest

from enforcer.owners import NOBODY, is_among, split_owners


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("", ()),
        ("@data", ("@data",)),
        ("@data @platform", ("@data", "@platform")),
        ("@data, @platform;@data", ("@data", "@platform")),
        ("jane@example.com", ("jane@example.com",)),
        ("Jane Doe", ("Jane Doe",)),
        ("Jane Doe, Data team", ("Jane Doe", "Data team")),
    ],
)
def test_owners_of_a_text(text: str, owners: tuple[str, ...]) -> None:
    assert split_owners(text) == owners


def test_nobody_is_who_owns_what_has_no_owner() -> None:
    assert is_among("@data", ("@web", "@data"))
    assert not is_among("@da", ("@data",))
    assert is_among(NOBODY, ())
    assert not is_among(NOBODY, ("@data",))
