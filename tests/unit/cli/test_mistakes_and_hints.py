"""What the commands say of mistakes, all at once and with the remedy that works."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from enforcer.baseline.reader import read_baseline
from enforcer.cli.main import main

RULE = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
LINE = '  {{ path = "shop.old", file = "{}", function = "f", kind = "call", count = {} }},\n'
EXEMPTION = 'path = "shop.odl", caller = "app.py", until = 2999-12-31, reason = "x"'
MISTAKES = """\
enforcer.toml:2: enforcer.root: there is no folder "nowhere". Write the folder that holds your \
code, relative to the map. (root-not-found)
enforcer.toml:3: enforcer.stagee: "stagee" is not a key of [enforcer]. Write "store". (unknown-key)
enforcer.toml:4: enforcer.allow: no rule has the path "shop.odl". Write "shop.old". \
(unknown-path)"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENFORCER_MAP", raising=False)
    Path("enforcer.toml").write_text(RULE)
    Path("shop").mkdir()
    Path("shop/new.py").touch()


def enforcer(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def record(*sites: tuple[str, int]) -> str:
    fields = {"path": "shop.old", "kind": "import_statement", "outcome": "blocked", "owner": ""}
    document = [
        {**fields, "file": "app.py", "function": function, "line": line, "where": "a test"}
        for function, line in sites
    ]
    Path("run.json").write_text(json.dumps({"is_complete": True, "sites": document}))
    return "run.json"


@pytest.mark.parametrize("command", ["check", "gate", "verify"])
def test_the_root_and_exemptions_are_among_all_mistakes(command: str) -> None:
    options = f'root = "nowhere"\nstagee = 1\nallow = [{{ {EXEMPTION} }}]\n'
    Path("enforcer.toml").write_text(f"[enforcer]\n{options}{RULE}")

    done = enforcer(command)

    assert done.exit_code == 2
    lines = [line.removeprefix("enforcer: ") for line in done.stderr.splitlines()]
    assert "\n".join(lines) == MISTAKES


def test_check_names_an_exemption_of_no_rule_in_a_sound_map() -> None:
    exemption = 'path = "shop.odl", caller = "app.py", until = 2999-12-31, reason = "x"'
    Path("pyproject.toml").write_text(
        f"[tool.enforcer]\nallow = [{{ {exemption} }}]\n"
        + RULE.replace("rule", "tool.enforcer.rule")
    )

    done = enforcer("check", "--map", "pyproject.toml")

    assert done.exit_code == 2
    assert 'no rule has the path "shop.odl". Write "shop.old". (unknown-path)' in done.stderr


def test_a_factory_for_a_name_that_is_renamed() -> None:
    names = 'names = { make = "get" }\n'
    factory = '[[factory]]\nlegacy = "shop.old:make"\ncanonical = "shop.new:get"\n'
    Path("enforcer.toml").write_text(RULE + names + factory)

    assert (
        'Remove make = "get" from names of that rule, if arguments have to be translated; or else '
        "this factory. (duplicate-rule)"
    ) in enforcer("check").stderr


@pytest.mark.process
@pytest.mark.parametrize("words", [("gate",), ("--help",), ("report", "--help"), ("--version",)])
def test_output_that_can_not_be_written_is_one_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "enforcer", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == (
        "enforcer: the output can't be written: No space left on device (output-unwritable)\n"
    )


def test_fingerprints_of_two_uses_in_one_file_differ() -> None:
    """And stay what they are where lines move."""
    prints = []
    for lines in ((1, 2, 7), (11, 12, 17)):
        run = record(("f", lines[0]), ("f", lines[1]), ("g", lines[2]))
        document = json.loads(enforcer("gate", "--record", run, "--format", "sarif").stdout)
        results = document["runs"][0]["results"]
        prints.append([result["partialFingerprints"]["enforcer/v1"] for result in results])

    assert len(set(prints[0])) == 3
    assert prints[0] == prints[1]


def test_hints_repeat_the_map() -> None:
    Path("maps").mkdir()
    Path("maps/shop.toml").write_text('[enforcer]\nroot = ".."\n' + RULE)
    Path("base.toml").write_text(f"version = 1\ncall_sites = [\n{LINE.format('app.py', 1)}]\n")
    Path("app.py").write_text("def f(): pass\n")

    words = ("--map", "maps/shop.toml", "--baseline", "base.toml")
    done = enforcer("gate", "--record", record(), *words)

    own = "--enforcer-map maps/shop.toml --enforcer-baseline base.toml"
    assert f"Run: pytest --enforcer --enforcer-update {own} (stale-entry)" in done.stdout


def test_a_merge_with_marks_keeps_both_sides() -> None:
    """The message names the command, and the command does it."""
    text = f"""\
        version = 1
        call_sites = [
        <<<<<<< HEAD
        {LINE.format("a.py", 1)}{LINE.format("b.py", 2)}
        ||||||| base
        {LINE.format("gone.py", 9)}
        =======
        {LINE.format("b.py", 3)}{LINE.format("c.py", 1)}
        >>>>>>> other
        ]
        """
    file = Path("enforcer-baseline.toml")
    file.write_text(dedent("\n".join(line.strip() for line in text.splitlines())))

    said = enforcer("gate").stderr
    command = said.partition("Keep both sides: enforcer ")[2].partition(" (")[0]
    assert enforcer(*command.split()).exit_code == 0

    assert [(entry.file, entry.count) for entry in read_baseline(file)] == [
        ("a.py", 1),
        ("b.py", 3),
        ("c.py", 1),
    ]


def test_two_lines_for_the_same_call_sites() -> None:
    file = Path("enforcer-baseline.toml")
    file.write_text(
        f"version = 1\ncall_sites = [\n{LINE.format('a.py', 1)}{LINE.format('a.py', 2)}]\n"
    )

    assert "line 3 has the same call sites. Keep the line with the higher count" in (
        enforcer("gate").stderr
    )
