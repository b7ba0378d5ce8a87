"""Test how a migration map is found and read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.location import find_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.regular_files import DIGITS

FULL = """\
[enforcer]
service = "chat"
default_stage = "warn"
fail_open = false
root = "backend"
expected_services = ["chat", "worker"]
store = "data/uses.db"

[[rule]]
legacy = "pkg.old"
canonical = "pkg.new"
names = { create = "get" }
stage = "strict"
reason = "one place"
since = 2025-09-13
remove_after = "2026-03-31"
removal = "4.0"
owner = "@chat"
link = "RFC 12"
fallback = "legacy"

[[rule]]
legacy = "tree.old.*"
canonical = "tree.new.*"
implementation = true

[[rule]]
legacy = "pkg.mod:old_name"
canonical = "pkg.mod:new_name"
stage = "observe"
"""


def as_project(text: str) -> str:
    """Write the same map as the table of a project file."""
    return '[project]\nname = "x"\n\n' + text.replace("[[rule]]", "[[tool.enforcer.rule]]").replace(
        "[enforcer]", "[tool.enforcer]"
    )


@pytest.mark.parametrize("name", ["enforcer.toml", "pyproject.toml"])
def test_both_files_hold_the_same_keys(
    read_map: Callable[..., MigrationMap], tmp_path: Path, name: str
) -> None:
    """Every key of the map arrives, from either file."""
    migration = read_map(as_project(FULL) if name == "pyproject.toml" else FULL, name=name)

    assert migration.service == "chat"
    assert migration.default_stage == "warn"
    assert migration.fail_open is False
    assert migration.root == str(tmp_path / "backend")
    assert migration.expected_services == ("chat", "worker")
    assert migration.store == str(tmp_path / "data/uses.db")
    assert migration.path == str(tmp_path / name)
    first, second, third = migration.rules
    assert (first.legacy, first.canonical, first.names) == ("pkg.old", "pkg.new", {"create": "get"})
    assert (first.stage, first.reason, first.owner) == ("strict", "one place", "@chat")
    assert (first.since, first.remove_after) == ("2025-09-13", "2026-03-31")
    assert (first.removal, first.link, first.fallback) == ("4.0", "RFC 12", "legacy")
    assert (second.kind, second.stage, second.implementation) == ("tree", "warn", True)
    assert (third.kind, third.stage, third.target_name) == ("name", "observe", "new_name")


@pytest.mark.parametrize(("name", "before"), [("enforcer.toml", 0), ("pyproject.toml", 3)])
def test_a_rule_knows_the_line_of_its_header(
    read_map: Callable[..., MigrationMap], name: str, before: int
) -> None:
    """Reports point at the rule."""
    migration = read_map(as_project(FULL) if before else FULL, name=name)

    assert [rule.line - before for rule in migration.rules] == [9, 22, 27]


def test_a_map_without_rules_has_all_the_defaults(
    read_map: Callable[..., MigrationMap], tmp_path: Path
) -> None:
    """A new map may be empty."""
    migration = read_map("")

    assert migration.rules == ()
    assert (migration.service, migration.default_stage, migration.fail_open) == ("", "alias", True)
    assert migration.root == str(tmp_path)
    assert migration.store == str(tmp_path / ".enforcer/uses.db")


def test_the_digest_is_that_of_the_bytes_of_the_file(read_map: Callable[..., MigrationMap]) -> None:
    """A heartbeat says by it which map a process watched."""
    digests = [read_map(text).digest for text in (FULL, f"{FULL}\n", FULL)]

    assert digests[0] == digests[2] != digests[1]
    assert [len(digest) for digest in digests] == [DIGITS] * 3


def test_a_root_above_the_map_is_resolved(
    read_map: Callable[..., MigrationMap], tmp_path: Path
) -> None:
    """The map may lie in a folder of its own."""
    assert read_map('[enforcer]\nroot = ".."').root == str(tmp_path.parent)


@pytest.mark.parametrize(
    ("override", "stages"),
    [
        ("strict", ["strict", "strict", "strict"]),
        ("at-least:warn", ["strict", "warn", "warn"]),
        ("at-most:alias", ["alias", "alias", "observe"]),
        ("", ["strict", "warn", "observe"]),
    ],
)
def test_the_environment_overrides_every_stage(
    read_map: Callable[..., MigrationMap], override: str, stages: list[str]
) -> None:
    """A test run can raise all rules without touching the map."""
    migration = read_map(FULL, ENFORCER_STAGE=override)

    assert [rule.stage for rule in migration.rules] == stages


@pytest.mark.parametrize(
    ("written", "environ", "log"),
    [
        ("", {}, "off"),
        ('log = "structlog"', {}, "structlog"),
        ('log = "structlog"', {"ENFORCER_LOG": "logging"}, "logging"),
        ('log = "logging"', {"ENFORCER_LOG": " "}, "logging"),
    ],
)
def test_log(
    read_map: Callable[..., MigrationMap], written: str, environ: dict[str, str], log: str
) -> None:
    """The environment wins over the map; who says nothing hears nothing."""
    assert read_map(f"[enforcer]\n{written}", **environ).log == log


def test_a_wrong_log_is_a_mistake_of_the_environment(
    mistakes_of: Callable[..., list[str]],
) -> None:
    assert mistakes_of("", ENFORCER_LOG="syslog") == [
        (
            'environment variable ENFORCER_LOG: "syslog" is not a log. '
            "Write one of off, structlog, logging. (unknown-log)"
        )
    ]


def test_a_wrong_override_is_a_mistake_of_the_environment(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """It is named, since no line of the file is to blame."""
    assert mistakes_of("", ENFORCER_STAGE="loud") == [
        (
            'environment variable ENFORCER_STAGE: "loud" is not a stage. '
            "Write one of observe, alias, warn, strict, removed, "
            'or "at-least:STAGE", "at-most:STAGE" or "off". (unknown-stage)'
        )
    ]


def test_a_wrong_override_comes_with_the_mistakes_of_the_file(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """All mistakes at once, wherever they are."""
    found = mistakes_of('[enforcer]\nservicename = "x"', ENFORCER_STAGE="loud")

    assert [line.rpartition("(")[2] for line in found] == ["unknown-stage)", "unknown-key)"]


def test_a_wrong_override_fails_as_the_map_says(read_map: Callable[..., MigrationMap]) -> None:
    """``fail_open`` of a sound map holds for the environment too."""
    with pytest.raises(MapError) as caught:
        read_map("[enforcer]\nfail_open = false", ENFORCER_STAGE="loud")

    assert caught.value.fail_open is False


def test_the_environment_overrides_the_store(
    read_map: Callable[..., MigrationMap], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any path in a variable, a relative one starts at the working directory."""
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    assert read_map(FULL, ENFORCER_STORE="/var/uses.db").store == "/var/uses.db"
    assert read_map(FULL, ENFORCER_STORE="ci/uses.db").store == str(tmp_path / "below/ci/uses.db")
    assert read_map(FULL, ENFORCER_STORE="").store == str(tmp_path / "data/uses.db")


def test_the_process_environment_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to pass ``os.environ``."""
    path = tmp_path / "enforcer.toml"
    path.write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("ENFORCER_STAGE", "removed")

    assert {rule.stage for rule in load_map(str(path)).rules} == {"removed"}


def test_a_missing_file_is_one_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to write."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(MapError) as caught:
        load_map("nowhere.toml", environ={})

    assert str(caught.value) == (
        "nowhere.toml: there is no such file. Write a migration map there, or name another one: "
        "enforcer.toml or a pyproject.toml with [tool.enforcer]. (map-not-found)"
    )


def test_a_folder_is_not_a_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is stands in the message."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "enforcer.toml").mkdir()

    with pytest.raises(MapError) as caught:
        load_map("enforcer.toml", environ={})

    assert str(caught.value) == (
        "enforcer.toml: the map can't be read: it is a folder, no file. "
        "Check what it is and who may read it. (unreadable-map)"
    )


def test_bytes_that_are_not_utf_8_are_named_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor's old encoding is easy to find this way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "enforcer.toml").write_bytes(b"[enforcer]\nservice = '\xe9t\xe9'\n")

    with pytest.raises(MapError) as caught:
        load_map("enforcer.toml", environ={})

    assert str(caught.value) == (
        "enforcer.toml:2: byte 0xe9 is not UTF-8. Save the file as UTF-8. (not-utf-8)"
    )


def test_a_syntax_error_has_its_line(mistakes_of: Callable[..., list[str]]) -> None:
    """The parser's reason is kept."""
    assert mistakes_of('[enforcer]\n\nservice = chat\nroot = "."\n') == [
        (
            "enforcer.toml:3: this is not TOML: Invalid value. "
            "Mend the syntax; what else may be wrong shows then. (toml-syntax)"
        )
    ]


def test_a_syntax_error_at_the_end_has_the_last_line(mistakes_of: Callable[..., list[str]]) -> None:
    """The parser names no line there."""
    (line,) = mistakes_of('[enforcer]\nexpected_services = ["a",\n')

    assert line.startswith("enforcer.toml:2: this is not TOML: ")


def test_a_file_that_is_nested_too_deeply_is_a_mistake(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """Nobody writes one, and nobody gets a traceback for it."""
    assert mistakes_of("x = " + "[" * 5_000 + "]" * 5_000) == [
        (
            "enforcer.toml: this is not TOML: it is nested too deeply. "
            "Mend the syntax; what else may be wrong shows then. (toml-syntax)"
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[enforcer]\nfail_open = false\nservice = chat",
        "[enforcer]\nservice = chat\nfail_open = false  # stop",
        "enforcer.fail_open = false\nservice = chat",
        "[enforcer]\nfail_open = false\n[[rule]]\nlegacy = 1",
    ],
)
def test_fail_open_is_known_of_a_broken_map(
    read_map: Callable[..., MigrationMap], text: str
) -> None:
    """Who asked for a stop gets it, whatever else is wrong."""
    with pytest.raises(MapError) as caught:
        read_map(text)

    assert caught.value.fail_open is False


@pytest.mark.parametrize("text", ["[enforcer]\nservice = chat", '[enforcer]\nfail_open = "no"'])
def test_fail_open_is_true_where_it_cannot_be_read(
    read_map: Callable[..., MigrationMap], text: str
) -> None:
    """The watched program comes first."""
    with pytest.raises(MapError) as caught:
        read_map(text)

    assert caught.value.fail_open is True


def test_a_project_file_without_the_table_is_a_mistake(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """It was named as a map, so silence would be wrong."""
    assert mistakes_of('[project]\nname = "x"', name="pyproject.toml") == [
        (
            "pyproject.toml: there is no table [tool.enforcer]. Write [tool.enforcer] "
            "and [[tool.enforcer.rule]], or use enforcer.toml. (no-enforcer-table)"
        )
    ]


def test_the_map_is_found_in_a_folder_above(tmp_path: Path) -> None:
    """Commands work from anywhere in the project."""
    (tmp_path / "enforcer.toml").touch()
    below = tmp_path / "a/b"
    below.mkdir(parents=True)

    assert find_map(str(below)) == str(tmp_path / "enforcer.toml")


def test_the_own_file_comes_before_the_project_file(tmp_path: Path) -> None:
    """Both may be there; one is read."""
    (tmp_path / "pyproject.toml").write_text("[tool.enforcer]\n", encoding="utf-8")
    assert find_map(str(tmp_path)) == str(tmp_path / "pyproject.toml")

    (tmp_path / "enforcer.toml").touch()
    assert find_map(str(tmp_path)) == str(tmp_path / "enforcer.toml")


def test_a_nearer_project_file_comes_before_an_own_file_above(tmp_path: Path) -> None:
    """The nearest map holds."""
    (tmp_path / "enforcer.toml").touch()
    below = tmp_path / "part"
    below.mkdir()
    (below / "pyproject.toml").write_text("[tool.enforcer]\n", encoding="utf-8")

    assert find_map(str(below)) == str(below / "pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "x"\n',
        '[project]\nname = "enforcer"\n',
        '[tool.other]\nx = "[tool.enforcer]"\n',
        "[project\nenforcer",
    ],
)
def test_a_project_file_of_others_is_passed_by(tmp_path: Path, text: str) -> None:
    """Mentioning the word is not having the table."""
    (tmp_path / "enforcer.toml").touch()
    below = tmp_path / "part"
    below.mkdir()
    (below / "pyproject.toml").write_text(text, encoding="utf-8")

    assert find_map(str(below)) == str(tmp_path / "enforcer.toml")


def test_a_broken_project_file_with_the_table_is_found(tmp_path: Path) -> None:
    """Reading it then says what is wrong, which no silence could."""
    (tmp_path / "pyproject.toml").write_text("[tool.enforcer]\nroot = \n", encoding="utf-8")

    assert find_map(str(tmp_path)) == str(tmp_path / "pyproject.toml")


@pytest.mark.process
def test_importing_the_map_modules_loads_nothing_heavy(tmp_path: Path) -> None:
    """A process without a map must not pay for reading one."""
    heavy = ("tomllib", "re", "typing", "pathlib", "difflib", "hashlib", "datetime", "keyword")
    code = (
        "import sys; before = set(sys.modules)\n"
        "import enforcer.rules.loader, enforcer.rules.validation, enforcer.rules.key_lines\n"
        f"print([name for name in {heavy!r} if name in set(sys.modules) - before])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environ,
    )

    assert result.stdout.strip() == "[]"
