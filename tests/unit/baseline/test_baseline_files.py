"""Read and write baselines: what comes back, and what is said of broken ones."""

from pathlib import Path

import pytest

from enforcer.baseline import Baseline, Entry
from enforcer.baseline.reader import BaselineError, read_baseline, read_sides
from enforcer.baseline.writer import baseline_text, write_baseline

LINE = '{ path = "a.old", file = "app.py", function = "f", kind = "import_statement", count = 2 }'
TEXT = f"""\
# Call sites of legacy paths that strict mode still tolerates: no more than these, soon fewer.
# `enforcer baseline update` takes out what is gone.
version = 1
call_sites = [
  {LINE},
  {{ path = "b.old", file = "a \\"b\\".py", function = "<module>", kind = "call", count = 1, \
flaky = true }},
]
"""
ENTRIES = (
    Entry("b.old", 'a "b".py', "<module>", "call", is_flaky=True),
    Entry("a.old", "app.py", "f", "import_statement", count=2),
)


def test_it_is_written_sorted_with_a_line_for_each_entry() -> None:
    assert baseline_text(Baseline(ENTRIES)) == TEXT


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    write_baseline(Baseline(ENTRIES), file)

    found = read_baseline(file)

    assert found == Baseline(ENTRIES)
    assert [entry.line for entry in found] == [5, 6]
    assert list(tmp_path.iterdir()) == [file]


def test_names_are_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    entry = Entry("a.old", "app.py", "f", "import_statement", names=("X", "Y"))
    write_baseline(Baseline([entry]), file)

    assert 'count = 1, names = ["X", "Y"] }' in file.read_text()
    assert read_baseline(file) == Baseline([entry])
    assert [found.line for found in read_baseline(file)] == [5]


@pytest.mark.parametrize(
    "name", ["tab\tand\nline", "\x7f\x00", "ü\U0001f600", "back\\slash", "'\""]
)
def test_any_name_survives(tmp_path: Path, name: str) -> None:
    file = tmp_path / "baseline.toml"
    write_baseline(Baseline([Entry(name, name, name, "call")]), file)

    assert [entry.key for entry in read_baseline(file)] == [(name, name, name, "call")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = 1\n<<<<<<< ours\n=======\n>>>>>>> theirs\n", ":2: there are marks of a merge"),
        ("version = 1\ncall_sites = [\n  oops\n]", ":3: this is not TOML"),
        ("version = 3", ":1: the version is 3, and this enforcer knows 1 and 2"),
        ("call_sites = []", ".toml: the version is None"),
        ("version = 1\ncallsites = []", ':2: "callsites" is not a key of a baseline. Write "call_'),
        ("version = 1\ncall_sites = 3", ':2: "call_sites" is an integer, and not an array'),
        ("version = 1\ncall_sites = [\n  3\n]", ":3: a call site is an integer, and not a table"),
        (f"version = 1\ncall_sites = [\n{LINE},\n{LINE},\n]", ":4: line 3 has the same call sites"),
        (f"version = 1\ncall_sites = [\n{LINE.replace('2', '0')}]", ':3: "count" is 0, and not a'),
        (
            f"version = 1\ncall_sites = [\n{LINE.replace('2', 'true')}]",
            '"count" is True, and not a',
        ),
        (f"version = 1\ncall_sites = [\n{LINE.replace('2', '1.5')}]", '"count" is 1.5, and not a'),
        (f"version = 1\ncall_sites = [\n{LINE.replace('count', 'cuont')}]", 'Write "count"'),
        (
            f"version = 1\ncall_sites = [\n{LINE.replace('2', '2, flaky = 1')}]",
            '"flaky" is an integer',
        ),
        (
            f"version = 1\ncall_sites = [\n{LINE.replace('import_statement', 'importstatement')}]",
            ':3: "importstatement" is no kind of use. Write "import_statement".',
        ),
        (
            f"version = 1\ncall_sites = [\n{LINE.replace('2', '2, names = []')}]",
            ':3: "names" is no array of names; without it any name is meant.',
        ),
        (
            f"version = 1\ncall_sites = [\n{LINE.replace('2', '2, names = [3]')}]",
            ':3: "names" is no array of names',
        ),
        (
            'version = 1\ncall_sites = [{ path = "a" }]',
            ':2: the call site has no "file". Write file = ',
        ),
        ("version = 1\ncall_sites = [{ path = 3 }]", ':2: "path" is an integer. Write path = '),
        ('version = 1\ncall_sites = [{ path = "" }]', ':2: "path" is empty.'),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text(text)

    with pytest.raises(BaselineError) as raised:
        read_baseline(file)

    assert said in str(raised.value)
    assert str(raised.value).startswith(str(file))
    assert file.read_text() == text


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """A baseline that was merged by hand is mended once."""
    file = tmp_path / "baseline.toml"
    lines = (LINE.replace("2", "0"), LINE, LINE.replace("count", "cuont"), "3")
    between = ",\n"
    file.write_text(f"version = 1\nlines = 3\ncall_sites = [\n{between.join(lines)}\n]")

    with pytest.raises(BaselineError) as raised:
        read_baseline(file)

    said = str(raised.value).splitlines()
    assert [line.removeprefix(str(file))[:3] for line in said] == [":2:", ":4:", ":6:", ":7:"]
    assert all(line.endswith("(baseline-broken)") for line in said)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="no-baseline"):
        read_baseline(tmp_path / "none.toml")
    with pytest.raises(BaselineError, match="baseline-unreadable"):
        read_baseline(tmp_path)


@pytest.mark.parametrize("ancestor", ["", '||||||| base\n  { path = "z", no TOML\n'])
def test_both_sides_of_a_merge_conflict_are_read(tmp_path: Path, ancestor: str) -> None:
    """Lines keep their numbers; what stood there before the sides parted is nobody's."""
    file = tmp_path / "baseline.toml"
    line = '  {{ path = "{}", file = "app.py", function = "f", kind = "call" }},\n'.format
    file.write_text(
        f"version = 1\ncall_sites = [\n{line('a')}<<<<<<< ours\n{line('b')}{ancestor}"
        f"=======\n{line('c')}{line('d')}>>>>>>> theirs\n{line('e')}]\n"
    )
    more = ancestor.count("\n")

    ours, theirs = read_sides(file)

    assert [(entry.path, entry.line) for entry in ours] == [("a", 3), ("b", 5), ("e", 10 + more)]
    assert [(entry.path, entry.line) for entry in theirs] == [
        ("a", 3),
        ("c", 7 + more),
        ("d", 8 + more),
        ("e", 10 + more),
    ]


def test_a_file_without_conflicts_has_one_side(tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text(TEXT)
    assert read_sides(file) == [Baseline(ENTRIES)]

    with pytest.raises(BaselineError, match="no-baseline"):
        read_sides(tmp_path / "none.toml")
    file.write_bytes(b"\xff")
    with pytest.raises(BaselineError, match="not UTF-8"):
        read_sides(file)


def test_what_has_no_line_is_named_without_one(tmp_path: Path) -> None:
    file = tmp_path / "bytes.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(BaselineError) as raised:
        read_baseline(file)
    assert str(raised.value).startswith(f"{file}: it is not UTF-8.")

    file.write_text(f"version = {'[' * 5000}")
    with pytest.raises(BaselineError) as raised:
        read_baseline(file)
    assert str(raised.value).startswith(f"{file}: this is not TOML: ")


def test_a_folder_that_is_gone_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="baseline-unwritable"):
        write_baseline(Baseline(ENTRIES), tmp_path / "gone" / "baseline.toml")
