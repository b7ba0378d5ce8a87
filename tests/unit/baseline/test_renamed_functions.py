"""Functions that were renamed are followed, as files are."""

from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.baseline import Baseline, Entry
from enforcer.baseline.renamed_files import follow_renames, is_foreign
from enforcer.rules.loader import load_map
from tests.integration.testing.runs import git

BODY = """\
    import old
    total = 0
    for each in old.cart:
        total += each
    return total
"""
OTHER = "def other():\n    return 'nothing like it'\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a repository with a function that uses a legacy path."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    (tmp_path / "app.py").write_text(f"def total():\n{BODY}class A:\n    def m(self): import old\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def followed(project: Path, *functions: str) -> list[tuple[str, str]]:
    entries = [Entry("old", "app.py", function, "import_statement") for function in functions]
    baseline = follow_renames(Baseline(entries), load_map(str(project / "enforcer.toml")))
    return [(entry.file, entry.function) for entry in baseline]


@pytest.mark.parametrize(
    ("file", "is_foreign_file"),
    [
        ("shop/cart.py", False),
        ("../tests/test_cart.py", False),
        ("/srv/other.py", True),
        ("site-packages/x.py", True),
        ("dist-packages/x.py", True),
        ("<stdin>", True),
    ],
)
def test_what_is_no_file_of_the_program(
    file: str,
    is_foreign_file: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Git is not asked for it."""
    assert is_foreign(file) is is_foreign_file


@pytest.mark.process
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_renamed_function(project: Path, is_committed: bool) -> None:  # noqa: FBT001 - a parameter
    """Also a method of a renamed class, and in a file that was renamed as well."""
    source = (
        f"{OTHER}def sum_up():\n    '''New words.'''\n{BODY}class B:\n    def m(self): import old\n"
    )
    (project / "app.py").write_text(source)
    git(project, "mv", "app.py", "shop.py")
    if is_committed:
        (project / "enforcer-baseline.toml").write_text("version = 1\n")
        git(project, "commit", "--quiet", "-a", "-m", "second")

    assert followed(project, "total", "A.m", "<module>") == [
        ("shop.py", "<module>"),
        ("shop.py", "B.m"),
        ("shop.py", "sum_up"),
    ]


@pytest.mark.process
@pytest.mark.parametrize(
    "source",
    [
        f"{OTHER}",
        f"def total():\n    pass\ndef sum_up():\n{BODY}",
        dedent("def broken(:"),
    ],
)
def test_what_is_no_rename(project: Path, source: str) -> None:
    """A function that is gone, or still there, or a file that can't be parsed."""
    (project / "app.py").write_text(source)

    assert followed(project, "total") == [("app.py", "total")]


def test_files_that_became_one(project: Path) -> None:
    """The call sites of both are there, so their counts add up."""
    (project / "app.py").unlink()
    (project / "moved.py").write_text(
        f"def total():\n{BODY}class A:\n    def m(self): import old\n"
    )
    kind = "import_statement"
    entries = [Entry("old", file, "total", kind, count=2) for file in ("app.py", "moved.py")]

    found = follow_renames(Baseline(entries), load_map(str(project / "enforcer.toml")))

    assert list(found) == [Entry("old", "moved.py", "total", kind, count=4)]
