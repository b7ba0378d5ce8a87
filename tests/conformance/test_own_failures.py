"""Where a legacy file is gone, nothing that fails in the enforcer takes the alias away."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE, environment_without

MAP = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
PROGRAM = """
import importlib, pickle, sys
from shop.old import Cart, total
import shop.new, shop.old as old

def answer():
    from shop import old as again
    return again.total([Cart(), Cart()])

print(answer(), Cart is shop.new.Cart, vars(old) is vars(shop.new), old.__name__)
print(pickle.loads(b"cshop.old\\nCart\\n.") is Cart, importlib.import_module("shop.old") is old)
"""
"""What a program does whose legacy module was deleted, as the README advises."""

Prepare = Callable[[Path], dict[str, str]]


def _map(text: str) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        (folder / "enforcer.toml").write_text(text)
        return {}

    return prepare


def _variable(**variables: str) -> Prepare:
    return lambda _folder: variables


def _damaged_store(folder: Path) -> dict[str, str]:
    (folder / ".enforcer").mkdir(exist_ok=True)
    (folder / ".enforcer/uses.db").write_bytes(b"no store of anybody's" * 1000)
    return {}


def _store_is_a_folder(folder: Path) -> dict[str, str]:
    (folder / ".enforcer/uses.db").mkdir(parents=True)
    return {}


def _no_folder(folder: Path) -> dict[str, str]:
    (folder / ".enforcer").write_text("in the way")
    return {"HOME": "/dev/null"}  # root could make any other folder


def _map_broken_later(data: bytes | None) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        assert run(folder, {}).returncode == 0
        file = folder / "enforcer.toml"
        file.unlink() if data is None else file.write_bytes(data)
        return {}

    return prepare


FAILURES: dict[str, Prepare] = {
    "nothing": _variable(),
    "store below a file": _variable(ENFORCER_STORE="shop/new.py/uses.db"),
    "store of an unknown kind": _variable(ENFORCER_STORE="odd://store"),
    "store is a folder": _store_is_a_folder,
    "damaged store": _damaged_store,
    "no folder for store and cache": _no_folder,
    "broken other rule": _map(MAP + '[[rule]]\nlegacy = "9"\n'),
    "broken other rules": _map('[[rule]]\nlegacy = "a"\ncanonical = 3\nnames = 3\n' * 3 + MAP),
    "rule for the canonical path": _map(
        MAP + '[[rule]]\nlegacy = "shop.new"\ncanonical = "shop.old"\n'
    ),
    "second rule": _map(MAP + MAP),
    "broken factory": _map(MAP + '[[factory]]\nlegacy = "shop.new:f"\n'),
    "broken instances": _map(MAP + '[[instances]]\ncanonical = "shop.new:Cart"\n'),
    "unknown key in the rule": _map(MAP + 'shade = "dark"\n'),
    "unknown stage in the rule": _map(MAP + 'stage = "later"\n'),
    "broken date in the rule": _map(MAP + 'remove_after = "2026-13-01"\n'),
    "unknown option": _map(MAP + "[enforcer]\nservce = 3\n"),
    "unknown table": _map(MAP + '[[stages]]\nshare = "half"\n'),
    "broken exemption": _map(MAP + 'stage = "strict"\n[enforcer]\nallow = [{ path = "shop.old" }]'),
    "map of no TOML": _map_broken_later(b"[[rule]\n"),
    "map of no UTF-8": _map_broken_later(b"# \xe9"),
    "no map": _map_broken_later(None),
    "stage": _variable(ENFORCER_STAGE="srtict"),
    "log": _variable(ENFORCER_LOG="stdout"),
    "baseline": _variable(ENFORCER_BASELINE="nowhere.toml", ENFORCER_STAGE="strict"),
    "interval": _variable(ENFORCER_FLUSH_INTERVAL="often"),
    "intervals": _variable(ENFORCER_FLUSH_INTERVAL="-1", ENFORCER_EXIT_TIMEOUT="nan"),
    "call sites": _variable(ENFORCER_MAX_CALL_SITES="many"),
    "digest": _variable(ENFORCER_MAP_DIGEST="\udcff /"),
    "run": _variable(ENFORCER_RUN="$", ENFORCER_RUN_FILE="/nonexistent/x"),
    "items": _variable(ENFORCER_ITEMS="3", ENFORCER_ALLOWED="["),
    "resource": _variable(OTEL_RESOURCE_ATTRIBUTES="%,=,%zz=%\udcff"),
    "no collector": _variable(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"),
    "no address": _variable(OTEL_EXPORTER_OTLP_ENDPOINT="nonsense"),
    "no filter": _map(
        MAP + '[enforcer]\nscrub = "nowhere:nothing"\nlog = "structlog"\ntelemetry = true\n'
    ),
}


def run(
    folder: Path, environ: dict[str, str], limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program, perhaps with a limit to what any file may have."""

    def restrict() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    return subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM],
        cwd=folder,
        env={
            **environment_without("ENFORCER", "OTEL"),
            "HOME": str(folder),
            "ENFORCER_MAP": "enforcer.toml",
            **environ,
        },
        preexec_fn=None if limit is None else restrict,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


ANSWERS = "2 True True shop.new\nTrue True\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a program whose legacy module has no file any more."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/new.py").write_text(
        "class Cart:\n    pass\n\ndef total(carts):\n    return len(carts)\n"
    )
    (tmp_path / "enforcer.toml").write_text(MAP)
    return tmp_path


@pytest.mark.parametrize("prepare", FAILURES.values(), ids=FAILURES)
def test_the_answers_of_the_program_are_unchanged(folder: Path, prepare: Prepare) -> None:
    """Whatever of the enforcer's own is broken, and what it says of it is no traceback."""
    done = run(folder, prepare(folder))

    assert (done.returncode, done.stdout) == (0, ANSWERS), done.stderr
    assert "Traceback" not in done.stderr
    assert all(
        line.startswith("enforcer: ") for line in done.stderr.splitlines() if '{"' not in line
    )


@pytest.mark.parametrize("limit", [0, 1000, 40_000])
def test_a_full_disk_changes_no_answer(folder: Path, limit: int) -> None:
    """No file can be longer than some bytes, as on a disk that fills while it is written."""
    done = run(folder, {}, limit)

    assert (done.returncode, done.stdout) == (0, ANSWERS), done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreadable_disk_changes_no_answer(folder: Path) -> None:
    """Nobody may write beside the map, or anywhere else."""
    folder.chmod(0o555)
    done = run(folder, {"HOME": "/proc/nowhere", "TMPDIR": "/proc/nowhere"})
    folder.chmod(0o755)

    assert (done.returncode, done.stdout) == (0, ANSWERS), done.stderr
