"""``enforcer gate`` and ``enforcer baseline`` where the map's root is not the repository's top."""

import json
import os
import unittest.mock
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from enforcer.baseline.reader import read_baseline
from enforcer.cli.main import main
from tests.integration.testing.runs import git

RULE = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
MOCK = str(Path(unittest.mock.__file__))
USE = {"path": "shop.old", "function": "f", "kind": "import_module", "outcome": "blocked"}


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose program lies in ``backend``, and its tests beside that."""
    write(
        tmp_path,
        {
            ".git/HEAD": "",
            "enforcer.toml": f'[enforcer]\nroot = "backend"\n{RULE}remove_after = 2020-01-01\n',
            "backend/shop/app.py": "def f(): pass\n",
            "tests/test_app.py": "def f(): pass\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENFORCER_MAP", raising=False)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))


def enforcer(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def record(*files: str) -> str:
    sites = [{**USE, "file": file, "line": 1, "owner": "", "where": "a test"} for file in files]
    Path("run.json").write_text(json.dumps({"is_complete": False, "sites": sites}))
    return "run.json"


def baseline(*files: str) -> None:
    lines = [
        f'{{ path = "shop.old", file = "{file}", function = "f", kind = "import_module" }},'
        for file in files
    ]
    text = "\n".join(["version = 1", "call_sites = [", *lines, "]"])
    Path("enforcer-baseline.toml").write_text(text)


def files_in_baseline() -> list[str]:
    return [entry.file for entry in read_baseline(Path("enforcer-baseline.toml"))]


def files_of(form: str, text: str) -> set[str]:
    """Give the files that one of the gate's forms names."""
    if form == "sarif":
        results: list[Any] = json.loads(text)["runs"][0]["results"]
        places = [result["locations"][0]["physicalLocation"] for result in results]
        return {place["artifactLocation"]["uri"] for place in places}
    if form == "junit":
        names = [case.attrib["name"] for case in ET.fromstring(text).iter("testcase")]  # noqa: S314
        return {name.partition(":")[0] for name in names}
    if form == "github":
        lines = [line for line in text.splitlines() if line.startswith("::")]
        return {line.partition("file=")[2].partition(",")[0] for line in lines}
    return {line.partition(":")[0] for line in text.splitlines()[:-1]}


@pytest.mark.parametrize("form", ["text", "github", "junit", "sarif"])
@pytest.mark.usefixtures("top")
def test_the_gate_names_files_from_the_top(form: str) -> None:
    """As code hosts do; the map's own file as well."""
    run = record("shop/app.py", "../tests/test_app.py")

    said = enforcer("gate", "--record", run, "--format", form).stdout

    assert files_of(form, said) == {"backend/shop/app.py", "tests/test_app.py", "enforcer.toml"}


@pytest.mark.usefixtures("top")
def test_json_names_files_from_the_root_as_the_report_does() -> None:
    run = record("shop/app.py", "../tests/test_app.py")

    document = json.loads(enforcer("gate", "--record", run, "--format", "json").stdout)

    named = {finding["file"] for finding in document["findings"]}
    assert named == {"shop/app.py", "../tests/test_app.py", "../enforcer.toml"}
    assert all((Path(document["root"]) / file).exists() for file in named)


def test_a_map_below_the_top(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(top, {"services/shop/enforcer.toml": RULE, "services/shop/app.py": "def f(): pass\n"})
    write(top, {"services/shop/shop/new.py": ""})
    monkeypatch.chdir(top / "services/shop")
    run = record("app.py", "../../tests/test_app.py")

    said = enforcer("gate", "--record", run).stdout

    assert files_of("text", said) == {"services/shop/app.py", "tests/test_app.py"}


def test_update_rewrites_what_only_one_machine_knows(top: Path) -> None:
    """With a line for each; the code of Python itself can't stay."""
    of_another = "/home/ada/shop/tests/test_app.py"
    baseline(MOCK, "/usr/lib/python3.12/unittest/mock.py", str(top / "backend/shop/app.py"))
    Path("enforcer-baseline.toml").write_text(
        Path("enforcer-baseline.toml")
        .read_text()
        .replace(
            "]",
            f'{{ path = "shop.old", file = "{of_another}", function = "f", kind = "call" }},\n'
            '{ path = "shop.old", file = "/opt/x.py", function = "f", kind = "call" }]',
        )
    )

    done = enforcer("baseline", "update", "--record", record("shop/app.py"))

    assert files_in_baseline() == ["../tests/test_app.py", "shop/app.py"]
    pythons = "it is Python's own code, which would let everybody through"
    lines = done.stdout.splitlines()
    use, moved = "in f(), import_module", "is by ../tests/test_app.py on every machine"
    own = f"{top}/backend/shop/app.py"
    assert set(lines[:-1]) == {
        f"rewritten: shop.old by {own} {use} is by shop/app.py on every machine",
        f"rewritten: shop.old by {of_another} in f(), call {moved}",
        f"taken out: shop.old by {MOCK} {use}: {pythons}",
        f"taken out: shop.old by /usr/lib/python3.12/unittest/mock.py {use}: {pythons}",
        "taken out: shop.old by /opt/x.py in f(), call: it is no file of this repository",
    }
    assert done.exit_code == 0


@pytest.mark.usefixtures("top")
def test_nothing_of_one_machine_is_taken_in() -> None:
    done = enforcer(
        "baseline", "update", "--allow-new", "--record", record("shop/app.py", MOCK, "/opt/x.py")
    )

    assert files_in_baseline() == ["shop/app.py"]
    assert [line for line in done.stdout.splitlines() if line.startswith("not taken in: ")]
    assert f"by {MOCK} in f(), import_module: it is Python's own code" in done.stdout
    assert done.exit_code == 1


@pytest.mark.usefixtures("top")
def test_installed_files_stay() -> None:
    baseline("site-packages/pack/x.py")
    before = Path("enforcer-baseline.toml").read_text()

    assert enforcer("gate", "--record", record("site-packages/pack/x.py")).exit_code == 1  # the day
    done = enforcer("baseline", "update", "--record", record("site-packages/pack/x.py"))

    assert done.stdout == "enforcer-baseline.toml: 1 entry, 1 before\n"
    assert Path("enforcer-baseline.toml").read_text() == before


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_the_top_of_a_work_tree(top: Path) -> None:
    """In a work tree of git, ``.git`` is a file."""
    (top / ".git/HEAD").unlink()
    (top / ".git").rmdir()
    (top / ".git").write_text("gitdir: /elsewhere\n")

    said = enforcer("gate", "--record", record("../tests/test_app.py")).stdout

    assert files_of("text", said) == {"enforcer.toml", "tests/test_app.py"}


@pytest.mark.process
def test_a_shallow_clone_says_what_is_missing(
    top: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file was renamed in a commit that the clone does not have."""
    (top / ".git/HEAD").unlink()
    git(top, "init", "--quiet")
    baseline("shop/app.py")
    for words in (("add", "."), ("commit", "--quiet", "-m", "first")):
        git(top, *words)
    git(top, "mv", "backend/shop/app.py", "backend/shop/main.py")
    git(top, "commit", "--quiet", "-m", "second")
    clone = tmp_path_factory.mktemp("clone") / "shop"
    git(top, "clone", "--quiet", "--depth", "1", top.as_uri(), str(clone))

    assert "unknown-caller" not in enforcer("gate").stdout
    monkeypatch.chdir(clone)
    said = enforcer("gate").stdout

    assert 'there is no file "shop/app.py". This clone is shallow, so renames can\'t be ' in said
    assert "fetch-depth: 0, or run: git fetch --unshallow. (unknown-caller)" in said
