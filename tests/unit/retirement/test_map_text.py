"""Changes of a map keep everything else as its author wrote it."""

from pathlib import Path

import pytest

from enforcer.errors import EnforcerError
from enforcer.retirement.map_text import MapText

MAP = """\
# The map of the shop.
[enforcer]
service = "shop"
allow = [
  # until the jobs are rewritten
  { path = "a.old", caller = "x.py", until = 2027-01-31, reason = "r" },  # see #12
  # and this one
  { path = "b.old", caller = "y.py", until = 2027-01-31, reason = "r" },
]

# About a.
[[rule]]
legacy = "a.old"   # the old one
canonical = "a.new"

# About b,
# in two lines.
[[rule]]
legacy = "b.old"
stage = "warn" # for now
canonical = "b.new"
[rule.names]
a = "b"

# A part of the fleet.
[[stage]]
path = "b.old"
stage = "strict"

[[factory]]
legacy = "c.old:make"
canonical = "c.new:make"
"""


def text_of(folder: Path, text: str, name: str = "enforcer.toml") -> MapText:
    file = folder / name
    file.write_bytes(text.encode())
    return MapText(str(file))


def test_new_key_follows_the_last_one_of_its_own_table(tmp_path: Path) -> None:
    """tomlkit alone would write it below the comment of the next table."""
    text = text_of(tmp_path, MAP)
    text.set("a.old", "stage", "warn")
    assert text.text == MAP.replace(
        'canonical = "a.new"\n', 'canonical = "a.new"\nstage = "warn"\n'
    )


def test_new_value_keeps_the_comment_behind_it(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP)
    text.set("b.old", "stage", "strict")
    assert text.text == MAP.replace('stage = "warn" # for now', 'stage = "strict" # for now')


def test_factory_is_named_by_its_legacy_path(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP)
    text.set("c.old:make", "stage", "strict")
    assert text.text == MAP + 'stage = "strict"\n'


def test_rule_leaves_with_its_comment_and_its_tables(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP)
    text.drop("b.old")
    begin, end = MAP.index("# About b"), MAP.index("# A part of")
    assert text.text == MAP[:begin] + MAP[end:]


def test_last_table_leaves_no_blank_lines(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP)
    text.drop("c.old:make")
    assert text.text == MAP[: MAP.index("\n[[factory]]")]


def test_table_for_a_part_of_the_fleet_leaves(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP)
    text.drop_stage(0)
    begin, end = MAP.index("# A part of"), MAP.index("[[factory]]")
    assert text.text == MAP[:begin] + MAP[end:]


@pytest.mark.parametrize("index", [0, 1])
def test_exemption_leaves_with_its_comment(tmp_path: Path, index: int) -> None:
    text = text_of(tmp_path, MAP)
    text.drop_exemption(index)
    lines = MAP.splitlines(keepends=True)
    assert text.text == "".join((*lines[: 4 + 2 * index], *lines[6 + 2 * index :]))


def test_exemptions_on_one_line(tmp_path: Path) -> None:
    one = '{ path = "a.old", caller = "x.py", until = 2027-01-31, reason = "r" }'
    text = text_of(tmp_path, f"[enforcer]\nallow = [{one}, {one}]\nservice = 'x'\n")
    text.drop_exemption(0)
    assert text.text.count("a.old") == 1
    text.drop_exemption(0)
    assert "a.old" not in text.text
    assert "service = 'x'" in text.text


def test_rules_as_an_array_of_inline_tables(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        'rule = [ {legacy="a.old", canonical="a.new"}, {legacy="b.old", canonical="b.new"} ]\n',
    )
    text.set("b.old", "stage", "warn")
    text.drop("a.old")
    assert "a.old" not in text.text
    assert 'stage = "warn"' in text.text


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    text = text_of(tmp_path, MAP.replace("\n", "\r\n"))
    text.set("a.old", "stage", "warn")
    text.drop("b.old")
    assert text.text.count("\n") == text.text.count("\r\n")
    assert '"a.new"\r\nstage = "warn"\r\n\r\n# A part' in text.text


def test_project_file(tmp_path: Path) -> None:
    project = '[project]\nname = "shop"\n\n' + MAP.replace("[enforcer]", "[tool.enforcer]").replace(
        "[[", "[[tool.enforcer."
    ).replace("[rule.", "[tool.enforcer.rule.")
    text = text_of(tmp_path, project, "pyproject.toml")
    text.set("a.old", "stage", "warn")
    text.drop_exemption(1)
    text.drop("b.old")
    assert text.text.startswith('[project]\nname = "shop"\n')
    assert 'canonical = "a.new"\nstage = "warn"\n\n# A part of the fleet.' in text.text


def test_header_of_the_file_stays_with_the_file(tmp_path: Path) -> None:
    text = text_of(tmp_path, '# Copyright\n[[rule]]\nlegacy = "a"\ncanonical = "b"\n')
    text.drop("a")
    assert text.text == "# Copyright\n"


def test_unknown_path_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(EnforcerError, match=r'no rule has the path "z" \(unknown-path\)'):
        text_of(tmp_path, MAP).set("z", "stage", "warn")
