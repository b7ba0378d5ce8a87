"""Say what the commands are, and what is wrong, in few words."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import enforcer as package
from enforcer.cli.main import ALIASES, SUMMARIES, load, main
from tests.commands import in_a_process, in_this_process
from tests.patience import PATIENCE

Enforcer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.process
def test_version(enforcer: Enforcer) -> None:
    """The version is the package's."""
    assert enforcer("--version").stdout == f"enforcer, version {package.__version__}\n"


@pytest.mark.process
@pytest.mark.parametrize("command", ["check", "report", "run", "status"])
def test_help(enforcer: Enforcer, command: str) -> None:
    """Every command explains itself, with examples."""
    assert command in enforcer("--help").stdout
    result = enforcer(command, "-h")
    assert (result.returncode, f"    enforcer {command}" in result.stdout) == (0, True)


@pytest.mark.process
@pytest.mark.parametrize("words", [["check"], ["report"], ["store", "check"]])
def test_a_process_says_what_the_command_says(
    folder: Path, environ: dict[str, str], words: list[str]
) -> None:
    """Other tests run commands in their own process: there is no difference."""
    alone, within = in_a_process(words, folder, environ), in_this_process(words, folder, environ)

    assert (alone.returncode, alone.stdout, alone.stderr) == (
        within.returncode,
        within.stdout,
        within.stderr,
    )


def test_unknown_command(enforcer: Enforcer) -> None:
    """A command that does not exist is a mistake of the user."""
    result = enforcer("nonsense")

    assert result.returncode == 2
    assert result.stderr == (
        'enforcer: there is no command "nonsense". '
        "enforcer --help lists all of them (unknown-command)\n"
    )


@pytest.mark.parametrize(
    ("word", "command"), [("migrate", "init"), ("reports", "report"), ("checks", "check")]
)
def test_another_word_leads_to_the_command(enforcer: Enforcer, word: str, command: str) -> None:
    """A word of other tools, or a typing mistake."""
    result = enforcer(word)

    assert result.returncode == 2
    assert result.stderr.startswith(
        f'enforcer: there is no command "{word}". Write "enforcer {command}": {SUMMARIES[command]}'[
            :-1
        ]
    )


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["help"], ["--help"]),
        (["help", "check"], ["check", "--help"]),
        (["version"], ["--version"]),
        (["-V"], ["--version"]),
    ],
)
def test_words_for_options(
    folder: Path, environ: dict[str, str], words: list[str], options: list[str]
) -> None:
    """`help` and `version` are answered, as by other tools."""
    result = in_this_process(words, folder, environ)

    assert result.returncode == 0
    assert result.stdout == in_this_process(options, folder, environ).stdout


@pytest.mark.process
def test_broken_map(enforcer: Enforcer, folder: Path) -> None:
    """All mistakes of a map are told, one on each line, without a traceback."""
    (folder / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "a"\ncanonical = "a"\nstgae = "warn"\n[[rule]]\nlegacy = "b"\n'
    )
    for words in (("report",), ("run", "--", "-c", "")):
        result = enforcer(*words)
        lines = result.stderr.splitlines()
        assert (result.returncode, result.stdout) == (2, "")
        assert len(lines) == 3
        assert all(line.startswith("enforcer: enforcer.toml:") for line in lines)


@pytest.mark.process
def test_reader_that_goes_away(enforcer: Enforcer, folder: Path, environ: dict[str, str]) -> None:
    """Output into a pipe that nobody reads any more ends quietly."""
    assert enforcer("run", "--", "-c", "").returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "enforcer", "report", "--format", "json"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as error:
        assert error.read() == b""
    assert process.wait(PATIENCE) in (0, 1)


@pytest.mark.parametrize("words", [[], ["baseline"], ["store"], ["telemetry"]])
def test_no_line_of_a_list_of_commands_is_cut(words: list[str]) -> None:
    listed = CliRunner().invoke(main, [*words, "--help"]).stdout.partition("Commands:\n")[2]

    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_list_of_commands_has_their_own_short_help(name: str) -> None:
    assert load(name).get_short_help_str(limit=100) == SUMMARIES[name]


def test_every_command_has_an_entry_in_the_list() -> None:
    folder = Path(package.__file__).parent / "cli"
    commands = {
        file.stem
        for file in folder.glob("*.py")
        if re.search(
            rf"^@click\.(command|group)\(.*\ndef {file.stem}\(",
            file.read_text(),
            re.MULTILINE | re.DOTALL,
        )
    }
    assert commands - {"main"} == set(SUMMARIES) - set(ALIASES)


LISTS = {
    "help": (["--help"], {}),
    "completion": (
        [],
        {"_ENFORCER_COMPLETE": "bash_complete", "COMP_WORDS": "enforcer st", "COMP_CWORD": "1"},
    ),
}


@pytest.mark.process
@pytest.mark.parametrize("which", LISTS)
def test_a_list_of_commands_imports_none(which: str, environ: dict[str, str]) -> None:
    """Nor do they import what theirs need: that made the help of all take a third of a second."""
    words, variables = LISTS[which]
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from enforcer.cli.main import main\n"
        f"main({words}, prog_name='enforcer')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    loaded = done.stderr.split()
    assert "status" in done.stdout
    assert [name for name in loaded if name.startswith("enforcer.cli.")] == ["enforcer.cli.main"]
    assert not {"google.protobuf", "pathspec", "rich", "sqlite3", "tomlkit"}.intersection(loaded)


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("enforcer st", ["status", "store", "stubs"]),
        ("enforcer store ex", ["export"]),
        ("enforcer report --form", ["--format"]),
    ],
)
def test_a_shell_completes_commands_and_their_options(
    enforcer: Enforcer, words: str, completions: list[str]
) -> None:
    variables = {
        "_ENFORCER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    lines = enforcer("--help", **variables).stdout.split()
    assert lines == [f"plain,{completion}" for completion in completions]
