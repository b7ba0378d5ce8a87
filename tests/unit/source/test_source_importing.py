"""Test what importing modules in a child process shows."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.source.import_probe import import_modules

Write = Callable[[dict[str, str]], Path]


@pytest.mark.process
def test_names_are_those_that_the_module_really_has(write: Write) -> None:
    """Dynamic ones, and submodules that nothing has imported."""
    root = write(
        {
            "m.py": "globals()['made'] = 1",
            "lazy.py": "def __getattr__(n):\n  if n != 'x': raise AttributeError(n)",
            "pkg/__init__.py": "",
            "pkg/sub.py": "",
        }
    )

    found = import_modules({"m": {"made", "no"}, "lazy": ["x", "y"], "pkg": ["sub"]}, [str(root)])

    assert {name: set(module.names) for name, module in found.items()} == {
        "m": {"made"},
        "lazy": {"x"},
        "pkg": {"sub"},
    }


@pytest.mark.process
def test_an_import_that_fails_is_an_error_and_stops_no_other(write: Write) -> None:
    """Even where the module ends the program."""
    root = write({"bad.py": "1 / 0", "end.py": "raise SystemExit(3)", "good.py": "x = 1"})

    found = import_modules({"bad": [], "end": [], "gone": [], "good": ["x"]}, [str(root)])

    assert found["bad"].error == "ZeroDivisionError: division by zero"
    assert found["end"].error == "SystemExit: 3"
    assert found["gone"].error == "ModuleNotFoundError: No module named 'gone'"
    assert found["good"].names == {"x"}


@pytest.mark.process
def test_a_module_that_kills_its_process_is_an_error_and_stops_no_other(write: Write) -> None:
    """The others are imported in another child."""
    root = write({"a.py": "x = 1", "b.py": "import os; os._exit(7)", "c.py": "x = 1"})

    found = import_modules({"a": ["x"], "b": [], "c": ["x"]}, [str(root)])

    assert found["b"].error == "the process ended with exit code 7"
    assert found["a"].names == found["c"].names == {"x"}


@pytest.mark.process
def test_a_module_that_never_finishes_is_an_error(write: Write) -> None:
    """A server that starts on import blocks nobody."""
    root = write({"a.py": "x = 1", "b.py": "import time; time.sleep(600)"})

    for timeout in (2, 20, 200):  # a busy machine may need it to start a process
        found = import_modules({"a": ["x"], "b": []}, [str(root)], timeout=timeout)
        assert found["b"].error == f"it did not finish in {timeout} seconds"
        if not found["a"].error:
            break

    assert found["a"].names == {"x"}


@pytest.mark.process
def test_what_an_import_prints_does_no_harm(write: Write) -> None:
    """Nor do threads that it leaves behind."""
    root = write(
        {
            "m.py": """\
            import os, threading, time
            print("noise")
            os.write(1, b"noise\\n")
            threading.Thread(target=time.sleep, args=(60,)).start()
            x = 1
            """
        }
    )

    assert import_modules({"m": ["x"]}, [str(root)])["m"].names == {"x"}


@pytest.mark.process
def test_the_child_runs_without_the_enforcer(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the check would count as a use, or be given an alias."""
    monkeypatch.setenv("ENFORCER_MAP", "/nowhere/enforcer.toml")
    root = write({"m.py": "import os\nif 'ENFORCER_MAP' not in os.environ: x = 1"})

    assert import_modules({"m": ["x"]}, [str(root)])["m"].names == {"x"}
    assert os.environ["ENFORCER_MAP"] == "/nowhere/enforcer.toml"


def test_nothing_is_started_for_nothing() -> None:
    """A folder that does not exist would be an error otherwise."""
    assert import_modules({}, ["/nowhere/at/all"]) == {}
