"""The gate compares the source with the baseline: what no test runs is new as well."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from enforcer.baseline.reader import read_baseline
from enforcer.baseline.writer import baseline_text
from enforcer.cli.main import main
from enforcer.recording.use import CallSite

RULE = """\
[enforcer]
baseline = "enforcer-baseline.toml"
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
"""
FILES = {
    "enforcer.toml": RULE,
    "shop/__init__.py": "",
    "shop/new.py": "X = Y = 1\n",
    "shop/app.py": "def f():\n    from shop.old import X\n\n\ndef g():\n    pass\n",
    "shop/tasks.py": "TASK = 'shop.old.run'\n",
    "conf.yaml": "task: shop.old.run\n",
    "use.md": "See `shop.old.run`.\n",
}
UPDATE = "enforcer baseline update --source"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for key in ("ENFORCER_MAP", "ENFORCER_STAGE", "ENFORCER_BASELINE"):
        monkeypatch.delenv(key, raising=False)
    (tmp_path / "enforcer-baseline.toml").write_text("version = 1\ncall_sites = []\n")
    return tmp_path


Write = Callable[[str, str], None]


def enforcer(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def kinds(result: Result) -> list[str]:
    """Return place, level and kind of each finding."""
    lines = result.stdout.splitlines()[:-1]
    return [
        f"{line.split(': ')[0]} {line.split(': ')[1]} {line.rpartition(' ')[2]}" for line in lines
    ]


def update(*words: str) -> Result:
    return enforcer("baseline", "update", "--source", *words)


REFERENCES = ["conf.yaml:1", "shop/app.py:2", "shop/tasks.py:1"]


@pytest.mark.usefixtures("project")
def test_until_the_source_was_taken_in_it_only_warns() -> None:
    """Of documents, which only speak of a path, nothing is said."""
    result = enforcer("gate")

    assert kinds(result) == [f"{place} warning (new-reference)" for place in REFERENCES]
    assert result.exit_code == 0
    assert f"or take the source into the baseline: {UPDATE}" in result.stdout


def test_the_first_time_all_references_are_taken_in(project: Path) -> None:
    assert update().exit_code == 0

    text = (project / "enforcer-baseline.toml").read_text()
    assert "version = 2\n" in text
    assert text.count('seen = "source" }') == 3
    assert enforcer("gate").stdout == "gate open: 0 findings\n"


def test_a_new_reference_that_no_test_runs_closes_it(project: Path) -> None:
    update()
    text = FILES["shop/app.py"].replace("pass", "import shop.old")
    (project / "shop/app.py").write_text(f"\n\n{text}")

    result = enforcer("gate")

    assert kinds(result) == ["shop/app.py:8 error (new-reference)"]
    assert result.exit_code == 1
    assert 'a new reference to "shop.old" in g(). Use "shop.new".' in result.stdout
    assert enforcer("gate", "--no-source").exit_code == 0
    assert update().exit_code == 1
    assert update("--allow-new").exit_code == 0
    assert enforcer("gate").exit_code == 0


def test_another_name_or_one_more_line_in_a_function_is_new(project: Path) -> None:
    update()
    text = FILES["shop/app.py"].replace("import X\n", "import X\n    from shop.old import Y\n")
    (project / "shop/app.py").write_text(text)

    assert kinds(enforcer("gate")) == ["shop/app.py:3 error (new-reference)"]

    (project / "shop/app.py").write_text(text.replace("import Y", "import X"))

    assert {kind.rpartition(" ")[2] for kind in kinds(enforcer("gate"))} == {"(new-reference)"}


def test_what_is_gone_from_the_source_is_stale(project: Path) -> None:
    update()
    (project / "shop/tasks.py").write_text("")

    result = enforcer("gate")

    assert result.exit_code == 1
    assert "is gone from the source. Run: enforcer baseline update --source (stale-entry)" in (
        result.stdout
    )
    assert enforcer("gate", "--stale", "warn").exit_code == 0
    assert "in the source: gone: shop.old by shop/tasks.py, string" in update().stdout
    assert enforcer("gate").exit_code == 0


def test_each_entry_says_where_it_was_seen(project: Path) -> None:
    """A run that meets what the source has makes it both; the source alone tolerates nothing."""
    update()
    site = CallSite(
        "shop.old",
        file="shop/app.py",
        line=2,
        function="f",
        module="shop.app",
        mechanism="import_statement",
        names=("X",),
    )
    assert site not in read_baseline(project / "enforcer-baseline.toml")
    seen = {
        "path": "shop.old",
        "file": "shop/app.py",
        "function": "f",
        "kind": "import_statement",
        "line": 2,
        "outcome": "aliased",
        "owner": "",
        "where": "a test",
        "names": ["X"],
    }
    run = json.dumps({"is_complete": True, "missing": "", "sites": [seen]})
    (project / "run.json").write_text(run)
    assert kinds(enforcer("gate", "--record", "run.json")) == ["shop/app.py:2 error (new-use)"]

    assert enforcer("baseline", "update", "--record", "run.json", "--allow-new").exit_code == 0

    text = (project / "enforcer-baseline.toml").read_text()
    assert text.count('seen = "both" }') == 1
    assert text.count('seen = "source" }') == 2
    assert site in read_baseline(project / "enforcer-baseline.toml")
    assert enforcer("gate", "--record", "run.json").exit_code == 0
    (project / "run.json").write_text(run.replace("[{", "[]}").partition("[]}")[0] + "[]}")
    assert "stale-entry" in enforcer("gate", "--record", "run.json").stdout
    assert enforcer("baseline", "update", "--record", "run.json").exit_code == 0
    assert (project / "enforcer-baseline.toml").read_text().count('seen = "source" }') == 3


def test_a_strict_rule_lets_known_references_be_and_refuses_new_ones(project: Path) -> None:
    """At run time it refuses both: nobody has seen them running."""
    (project / "enforcer.toml").write_text(f'{RULE}stage = "strict"\n')
    assert "shop/app.py:2 error (would-be-refused)" in kinds(enforcer("gate"))
    update()
    assert enforcer("gate").exit_code == 0

    (project / "shop/app.py").write_text(FILES["shop/app.py"].replace("pass", "import shop.old"))

    assert kinds(enforcer("gate")) == ["shop/app.py:6 error (would-be-refused)"]


def test_a_file_that_cannot_be_read_is_named(project: Path) -> None:
    (project / "shop/half.py").write_text("from shop.old import (\n")

    assert "shop/half.py warning (unreadable-source)" in kinds(enforcer("gate"))

    update()

    result = enforcer("gate")
    assert kinds(result) == ["shop/half.py error (unreadable-source)"]
    assert result.exit_code == 1


SITE = 'path = "shop.old", file = "a.py"'
BOTH = (
    'function = "f", kind = "import_statement", count = 2, names = ["A"], seen = "both", '
    "source = 3, source_names = []"
)
LINES = (
    BOTH,
    'function = "g", kind = "string", count = 1, seen = "source"',
    'function = "h", kind = "import_statement", count = 1, seen = "running"',
)


def test_a_baseline_of_both_kinds_is_read_as_it_was_written(project: Path) -> None:
    file = project / "enforcer-baseline.toml"
    lines = [f"{{ {SITE}, {one} }}" for one in LINES]
    file.write_text(
        "version = 2\ncall_sites = [\n" + "".join(f"  {one},\n" for one in lines) + "]\n"
    )

    baseline = read_baseline(file)

    assert (len(baseline), len(list(baseline)), len(baseline.source or ())) == (3, 2, 2)
    assert all(line in baseline_text(baseline) for line in lines)


def test_a_kind_that_no_import_has_is_for_the_source_alone(project: Path) -> None:
    entry = f'{{ {SITE}, function = "f", kind = "string" }}'
    (project / "enforcer-baseline.toml").write_text(f"version = 2\ncall_sites = [{entry}]")

    result = enforcer("gate")

    assert result.exit_code == 2
    assert '"string" is no kind of use' in result.stderr


def test_a_new_reference_to_a_factory_closes_it(project: Path) -> None:
    """Though its module lives on, and no test calls it."""
    factory = '[[factory]]\nlegacy = "shop.live:make"\ncanonical = "shop.new:get"\n'
    (project / "enforcer.toml").write_text(RULE + factory)
    (project / "shop/live.py").write_text("def make(): ...\n")
    (project / "shop/new.py").write_text("X = Y = 1\ndef get(): ...\n")
    (project / "shop/known.py").write_text("from shop.live import make\n")
    update()
    assert enforcer("gate").stdout == "gate open: 0 findings\n"

    (project / "shop/late.py").write_text("from shop.live import make\n")
    result = enforcer("gate")

    assert kinds(result) == ["shop/late.py:1 error (new-reference)"]
    assert 'a new reference to "shop.live:make"' in result.stdout
    assert 'Use "shop.new:get"' in result.stdout
