"""Test how mistakes are written down."""

import pickle

from enforcer.errors import EnforcerError
from enforcer.rules.mistakes import MapError, Mistake


def mistake(line: int, *, key: str = "rule.stage", remedy: str = "Write this.") -> Mistake:
    return Mistake(
        file="enforcer.toml", line=line, key=key, message="It is wrong.", remedy=remedy, slug="slug"
    )


def test_a_mistake_is_one_line_with_file_line_key_remedy_and_slug() -> None:
    """Everything a person needs stands on one line, in the form that editors jump to."""
    assert str(mistake(12)) == "enforcer.toml:12: rule.stage: It is wrong. Write this. (slug)"


def test_what_a_mistake_lacks_leaves_no_gap() -> None:
    """Without line, key and remedy there are no stray colons or spaces."""
    assert str(mistake(0, key="", remedy="")) == "enforcer.toml: It is wrong. (slug)"


def test_an_error_sorts_its_mistakes_by_line() -> None:
    """A person mends a file from top to bottom."""
    error = MapError([mistake(7), mistake(2)])

    assert [found.line for found in error.mistakes] == [2, 7]
    assert str(error).count("\n") == 1


def test_an_error_is_caught_as_the_base_error_and_fails_open() -> None:
    """One ``except EnforcerError`` is enough, and the program goes on by default."""
    error = MapError([mistake(1)])

    assert isinstance(error, EnforcerError)
    assert error.fail_open is True


def test_an_error_can_go_from_process_to_process() -> None:
    """Pickling keeps the mistakes and ``fail_open``."""
    error = pickle.loads(  # noqa: S301 - made here
        pickle.dumps(MapError([mistake(1)], fail_open=False))
    )

    assert str(error) == "enforcer.toml:1: rule.stage: It is wrong. Write this. (slug)"
    assert error.fail_open is False
