"""Tests that expect a refusal, and uses that are allowed: neither is a matter of the baseline."""

import json
import os
from pathlib import Path
from textwrap import dedent

import pytest

from tests.commands import in_this_process
from tests.integration.testing.runs import BASELINE, FILES, SEPARATE, Pytest, summary, write

CAREFUL = """\
    import pytest
    {before}
    def careful():
        try:
            import old
        except ImportError:
            return None
    def test_swallowed(): careful()
    def test_raised():
        with pytest.raises(ImportError):
            import old
"""
EXPECTED = "0 new, 2 in the baseline, 2 refused as expected"


@pytest.mark.parametrize("workers", SEPARATE)
@pytest.mark.parametrize(
    "line",
    ["pytestmark = pytest.mark.expect_refusal", 'pytestmark = pytest.mark.expect_refusal("old")'],
)
def test_one_line_expects_refusals(
    run: Pytest, project: Path, line: str, workers: tuple[str, ...]
) -> None:
    write(project, {"tests/test_careful.py": CAREFUL.format(before=line)})

    done = run(*workers)

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1] == EXPECTED


@pytest.mark.parametrize(
    "names",
    [
        '"tests/test_careful.py"',
        '"tests/"',
        '"tests/test_careful.py::test_swallowed", "tests/test_careful.py::test_raised"',
    ],
)
def test_the_map_names_tests_that_can_not_be_edited(run: Pytest, project: Path, names: str) -> None:
    options = f"[enforcer]\nexpect_refusals = [{names}]\n"
    write(
        project,
        {
            "enforcer.toml": options + dedent(FILES["enforcer.toml"]),
            "tests/test_careful.py": CAREFUL.format(before=""),
        },
    )

    done = run()

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1] == EXPECTED


def test_nobody_else_expects_them(run: Pytest, project: Path) -> None:
    """Another path, another test, and the same line in a test that does not."""
    write(
        project,
        {
            "enforcer.toml": dedent(FILES["enforcer.toml"])
            + '[[rule]]\nlegacy = "older"\ncanonical = "new"\n',
            "tests/test_careful.py": CAREFUL.format(before="").replace(
                "def test_raised", '@pytest.mark.expect_refusal("older")\n    def test_raised'
            )
            + "    @pytest.mark.expect_refusal\n    def test_expected(): careful()\n",
        },
    )

    done = run()

    assert done.returncode == 1
    ran = "run by tests/test_careful.py::"
    new = [line.partition(ran)[2] for line in summary(done) if line.startswith("new: ")]
    assert new == ["test_swallowed", "test_raised"]


def test_who_looks_at_the_refusals_expects_them(run: Pytest, project: Path) -> None:
    looking = CAREFUL.format(before="").replace(
        "def test_swallowed(): careful()",
        "def test_swallowed(legacy_uses):\n        careful()\n        assert legacy_uses.refused",
    )
    looking = looking.replace("test_raised():", "test_raised(legacy_uses):")
    write(project, {"tests/test_careful.py": f"{looking}        assert legacy_uses.refused\n"})

    done = run()

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1] == EXPECTED


def test_a_marker_with_a_wrong_path(run: Pytest, project: Path) -> None:
    line = 'pytestmark = pytest.mark.expect_refusal("odl")'
    write(project, {"tests/test_careful.py": CAREFUL.format(before=line)})

    done = run()

    assert '@pytest.mark.expect_refusal: no rule has the path "odl". Write "old"' in done.stderr
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("stage", ["alias", "at-least:strict"])
@pytest.mark.parametrize("workers", SEPARATE)
def test_what_is_allowed_is_never_taken_in(
    run: Pytest, project: Path, stage: str, workers: tuple[str, ...]
) -> None:
    """By a marker or the map; what an unmarked test uses as well is."""
    exemption = 'path = "old", caller = "app.py", until = 2999-12-31, reason = "x"'
    write(
        project,
        {
            "enforcer-baseline.toml": "version = 1\n",
            "enforcer.toml": f"[enforcer]\nallow = [{{ {exemption} }}]\n"
            + dedent(FILES["enforcer.toml"]),
            "tests/test_marked.py": """\
        import pytest
        def use(): import old
        @pytest.mark.allow_legacy("old", reason="later")
        class TestMarked:
            def test_before(self): use()
            def test_own(self): import old
        """,
        },
    )
    words = ("--enforcer-stage", stage, "--enforcer-record", "run.json", *workers)
    update = ("baseline", "update", "--allow-new", "--record", "run.json")

    done = run(*words)
    assert summary(done)[-1] == "0 new, 4 allowed"
    assert in_this_process(update, project, os.environ).returncode == 0
    assert "path" not in (project / "enforcer-baseline.toml").read_text()

    with (project / "tests/test_marked.py").open("a") as file:
        file.write("def test_unmarked(): use()\n")
    run(*words)
    sites = json.loads((project / "run.json").read_text())["sites"]
    assert [site["function"] for site in sites if not site["excuse"]] == ["use"]


@pytest.mark.parametrize("workers", SEPARATE)
def test_what_is_expected_is_never_taken_in(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    """Nor by a milder run, which refuses nothing: strict runs would tolerate it, and fail."""
    command = '[sys.executable, "-c", "import child"]'
    write(
        project,
        {
            "child.py": "try:\n    import old\nexcept ImportError:\n    pass\n",
            "tests/test_careful.py": CAREFUL.format(
                before="pytestmark = pytest.mark.expect_refusal"
            )
            + f"    def test_child():\n        subprocess.run({command}, check=True)\n"
            "    import subprocess, sys\n",
        },
    )
    update = ("baseline", "update", "--allow-new", "--record", "run.json")

    done = run("--enforcer-stage", "alias", "--enforcer-record", "run.json", *workers)
    assert summary(done)[-1].startswith(
        "0 new, 2 in the baseline, 3 expected to be refused and not refused; "
    )
    assert in_this_process(update, project, os.environ).returncode == 0

    assert (project / "enforcer-baseline.toml").read_text().count("path =") == 2
    done = run(*workers)
    assert done.returncode == 0, done.stdout
    assert summary(done)[-1] == "0 new, 2 in the baseline, 3 refused as expected"


def test_what_an_expecting_test_tolerates_stays(run: Pytest, project: Path) -> None:
    """An entry of the baseline is not gone where only such tests run its call site."""
    marker = "import app, pytest\n        pytestmark = pytest.mark.expect_refusal\n"
    marked = FILES["tests/test_app.py"].replace("import app\n", marker)
    write(project, {"tests/test_app.py": marked})

    done = run()

    assert summary(done)[-1] == "0 new, 2 in the baseline"


def test_counts_of_one_summary_agree(run: Pytest, project: Path) -> None:
    """Call sites, in the header, by owner and by what became of them."""
    two = BASELINE.replace(
        '"second", kind = "import_statement", count = 1',
        '"second", kind = "import_statement", count = 2',
    )
    more = FILES["app.py"].replace(
        "import old\n", "import old; import old as o\n            import old as p\n"
    )
    write(project, {"enforcer-baseline.toml": two, "app.py": more})

    done = run()

    assert "3 in enforcer-baseline.toml" in done.stdout
    assert summary(done)[-2:] == [
        "call sites by owner of the path: @shop 3",
        "0 new, 3 in the baseline",
    ]
