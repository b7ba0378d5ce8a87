"""Find the program that a command line means."""

import sys
from pathlib import Path

import pytest

from enforcer.cli.run import find_command
from enforcer.errors import EnforcerError


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a program on PATH."""
    path = tmp_path / "bin" / "frobnicate"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    return str(path)


@pytest.mark.parametrize(
    "words",
    [["-m", "pytest", "-q"], ["-c", "pass"], ["-X", "dev", "app.py"]],
    ids=["module", "code", "options"],
)
def test_options_of_the_interpreter(words: list[str]) -> None:
    """What begins with a dash is for this interpreter."""
    command = find_command(words)

    assert command.program == sys.executable
    assert command.words == (sys.executable, *words)


@pytest.mark.parametrize("name", ["app.py", "app.pyz", "./app.py"])
def test_script(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python file is run by this interpreter."""
    monkeypatch.chdir(tmp_path)
    Path(name).touch()

    assert find_command([name, "--port", "1"]).words == (sys.executable, name, "--port", "1")


@pytest.mark.parametrize("name", ["python", "python3", f"python3.{sys.version_info.minor}"])
def test_python(name: str) -> None:
    """Python is this interpreter, which has the enforcer, whatever is on PATH."""
    assert find_command([name, "app.py"]).words == (sys.executable, "app.py")


def test_program_on_path(tool: str) -> None:
    """Anything else is looked for on PATH, and keeps the name it was called by."""
    command = find_command(["frobnicate", "-m", "x.py"])

    assert (command.program, command.words) == (tool, ("frobnicate", "-m", "x.py"))


def test_program_by_its_path(tool: str) -> None:
    """A path is taken as it is."""
    assert find_command([tool]).program == tool


def test_program_beside_the_interpreter_comes_first(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a virtual environment that nobody activated, its own programs are meant."""
    own = tmp_path / "venv" / "bin" / "frobnicate"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    assert find_command(["frobnicate"]).program == str(own)

    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert find_command(["frobnicate"]).program == tool


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.py", "there is no such file"), ("no-such-tool", "there is no such program")],
)
def test_not_found(name: str, reason: str) -> None:
    """What is nowhere is a mistake of the user."""
    with pytest.raises(EnforcerError) as caught:
        find_command([name])

    assert str(caught.value) == (
        f'command not found: "{name}": {reason}. Write a script (app.py), -m and a module, '
        "or a program that is on PATH (command-not-found)"
    )


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    """It is there, so it is not said to be missing."""
    file = tmp_path / "tool"
    file.touch()
    with pytest.raises(EnforcerError, match=r"is not executable\. Write .* \(not-executable\)"):
        find_command([str(file)])
