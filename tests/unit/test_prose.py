"""What ``make lint`` counts of the house style's prose."""

from pathlib import Path

from tests.lint.prose import measure, misses

SOURCE = '''\
"""Give it."""

# A reason,
# in two lines.
x = 1  # said beside the code
# noqa: E501
text = """
# no comment
"""


class Lock:
    """Stand-in for a lock."""

    def held(self):
        """Tell whether it is held.

        Hold on.
        """
'''


def test_docstrings_and_comment_lines_are_counted(tmp_path: Path) -> None:
    """Only a docstring's first word counts; strings and orders to tools are no comments."""
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    prose = measure(file)

    assert prose.avoided == ("Give it.", "Tell whether it is held.")
    assert (prose.docstrings, prose.comments, prose.lines) == (3, 2, 19)


def test_a_miss_names_the_worst_files_first(tmp_path: Path) -> None:
    for name, docstring in (("bad.py", "Tell it."), ("good.py", "Return it.")):
        (tmp_path / name).write_text(f'"""{docstring}"""\n')
    bad, good = (measure(tmp_path / name) for name in ("bad.py", "good.py"))

    verbs, worst, comments, *_ = misses([good, bad])
    assert verbs == "1 of 2 docstrings begin with a verb to avoid:"
    assert worst == f"  {bad.path}: 1, such as 'Tell it.'"
    assert comments == "0 of 2 lines are comments, fewer than 1.5%:"


def test_what_reaches_the_aim_misses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Return it."""\n# A reason.\n')

    assert not list(misses([measure(file)]))
