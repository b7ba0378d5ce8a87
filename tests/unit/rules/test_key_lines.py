"""Test where keys stand in a TOML text."""

import tomllib
from textwrap import dedent

import pytest

from enforcer.rules.key_lines import key_lines

DOCUMENTS = {
    "brackets in strings": """\
        # [[rule]] in a comment
        [enforcer]
        service = "a [[rule]] # not a comment"
        other = 'C:\\path\\'

        [[rule]]
        legacy = "a"
    """,
    "multi-line strings": '''\
        [[rule]]
        reason = """
        [[rule]]
        legacy = "not a key" \\""" ""still"""""
        raw = \'\'\'
        [rule]
        it's\'\'\'
        owner = "x"
    ''',
    "inline tables and arrays": """\
        expected = [
            "one",  # ]
            "two [",
            1979-05-27 07:32:00,
            [1, [2.5, -3]],
        ]
        [[rule]]
        names = { a = "b", "c d" = { e.f = [1] }, 'g' = "}" }
        after = true
        [[rule]]
        names = {}
        empty = []
    """,
    "dotted keys and headers": """\
        a.b . c = 1
        "quoted.dot".d = 2
        "esc\\u0061ped" = 3
        [ x . "y" ]
        z = 0x1F
        [x.y2]
    """,
    "tables inside arrays of tables": """\
        [[rule]]
        legacy = "a"
        [rule.names]
        old = "new"
        [[rule]]
        legacy = "b"
        [[rule.part]]
        n = 1
        [[rule.part]]
        n = 2
        [rule.part.deep]
        n = inf
    """,
    "an array of inline tables": """\
        rule = [
          { legacy = "a" },
          { legacy = "b", names = { x = "y" } },
        ]
    """,
    "no newline at the end": "a = 1",
    "nothing": "",
}


def paths_in(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """List the path of every table, key and element, by plain recursion."""
    if isinstance(value, dict):
        children = value.items()
    else:
        children = enumerate(value) if isinstance(value, list) else ()
    found = {path} if path else set()
    for key, child in children:
        found |= paths_in(child, (*path, key))
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_that_tomllib_reads_has_a_line(name: str) -> None:
    """The scanner finds the keys that the parser finds, and no others."""
    text = dedent(DOCUMENTS[name])

    assert set(key_lines(text)) == paths_in(tomllib.loads(text))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_windows_line_ends_change_nothing(name: str) -> None:
    """A carriage return is no part of a key and no line of its own."""
    text = dedent(DOCUMENTS[name])

    assert key_lines(text.replace("\n", "\r\n")) == key_lines(text)


def test_a_key_after_a_multi_line_string_has_its_own_line() -> None:
    """Lines inside a string are counted, but hold no keys."""
    lines = key_lines(dedent(DOCUMENTS["multi-line strings"]))

    assert lines["rule", 0] == 1
    assert lines["rule", 0, "reason"] == 2
    assert lines["rule", 0, "raw"] == 5
    assert lines["rule", 0, "owner"] == 8


def test_elements_of_an_array_have_their_own_lines() -> None:
    """An array may go over many lines, with comments between."""
    lines = key_lines(dedent(DOCUMENTS["inline tables and arrays"]))

    assert [lines["expected", index] for index in range(4)] == [2, 3, 4, 5]
    assert lines["rule", 0, "names", "c d", "e", "f"] == 8
    assert lines["rule", 1, "names"] == 11


def test_headers_inside_an_array_of_tables_belong_to_its_last_table() -> None:
    """``[rule.names]`` after a second ``[[rule]]`` is the second rule's."""
    lines = key_lines(dedent(DOCUMENTS["tables inside arrays of tables"]))

    assert lines["rule", 0, "names", "old"] == 4
    assert lines["rule", 1] == 5
    assert lines["rule", 1, "part", 1, "n"] == 10
    assert lines["rule", 1, "part", 1, "deep"] == 11


def test_a_long_map_is_scanned_in_linear_time() -> None:
    """Ten thousand rules take one pass, each with its own line."""
    text = '[[rule]]\nlegacy = "a.b"\ncanonical = "c"\n\n' * 10_000

    assert key_lines(text)["rule", 9_999, "canonical"] == 4 * 9_999 + 3
