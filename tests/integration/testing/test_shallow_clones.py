"""The summary of a run in a shallow clone names what the clone lacks."""

from pathlib import Path

from tests.integration.testing.runs import Pytest, git, summary


def test_a_file_that_was_renamed_before_the_clone_begins(run: Pytest, project: Path) -> None:
    """Its uses look new; with the whole history they are in the baseline."""
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    git(project, "mv", "app.py", "shop.py")
    tests = project / "tests/test_app.py"
    tests.write_text(tests.read_text().replace("import app\n", "import shop as app\n"))
    git(project, "commit", "--quiet", "-a", "-m", "second")
    whole = run(CI="true")

    origin = project.rename(project.with_name(f"{project.name}-origin"))
    git(origin, "clone", "--quiet", "--depth", "1", origin.as_uri(), str(project))
    shallow = run(CI="true")

    assert (whole.returncode, shallow.returncode) == (0, 1)
    assert "fetch-depth" not in whole.stdout
    assert (
        "A file of the baseline is missing, and this clone is shallow, so renames can't be "
        "followed: check out with fetch-depth: 0, or run: git fetch --unshallow"
    ) in summary(shallow)
