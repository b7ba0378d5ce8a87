"""What users import is listed, sorted and there."""

import enforcer


def test_public_names_are_sorted_and_exist() -> None:
    """`__all__` is what the documentation may speak of."""
    assert enforcer.__all__ == sorted(enforcer.__all__)
    assert [name for name in enforcer.__all__ if not hasattr(enforcer, name)] == []


def test_the_version_has_one_place() -> None:
    """The installed metadata is made of the package's own version."""
    from importlib.metadata import version  # noqa: PLC0415 - heavy, and only here

    assert version("enforcer") == enforcer.__version__
