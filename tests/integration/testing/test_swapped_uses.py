"""A use that takes the place of another one in the same function is new."""

from pathlib import Path

from tests.integration.testing.runs import BASELINE, FILES, Pytest, summary, write


def test_a_swap_within_one_function(run: Pytest, project: Path) -> None:
    """As many uses as before, and yet one of them is new, and one is gone."""
    first = '"first", kind = "import_statement", count = 1'
    write(project, {"enforcer-baseline.toml": BASELINE.replace(first, f'{first}, names = ["X"]')})
    assert run(CI="true").returncode == 0

    swapped = FILES["app.py"].replace("import X\n", "import Y\n").replace("return X", "return Y")
    swapped += "\n"  # of the same length, and in the same second, it would be the compiled one
    write(project, {"app.py": swapped, "new.py": "X = Y = 1"})
    done = run(CI="true")

    assert done.returncode == 1
    assert summary(done)[0] == (
        "new: old by app.py:2 in first(), asking for Y where the baseline has X, "
        "run by tests/test_app.py::test_first"
    )
