"""Look after a store from the command line."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

VERSION_2 = Path(__file__).resolve().parents[2] / "fixtures" / "store" / "version-2.db"


@pytest.fixture
def store(folder: Path) -> Path:
    """Put a store where the map says."""
    path = folder / ".enforcer" / "uses.db"
    path.parent.mkdir()
    shutil.copy(VERSION_2, path)
    return path


def test_check_says_what_is_there(enforcer: Enforcer, store: Path) -> None:
    """A sound store is fine, and is left as it is."""
    before = store.read_bytes()
    result = enforcer("store", "check")
    as_json = json.loads(enforcer("store", "check", "--json").stdout)

    assert (result.returncode, result.stderr) == (0, "")
    assert "uses  78\n" in result.stdout
    assert "fine  nothing is wrong\n" in result.stdout
    assert (as_json["schema"], as_json["uses"], as_json["problems"]) == (2, 78, [])
    assert (as_json["first_day"], as_json["last_day"]) == ("2026-03-29", "2026-03-30")
    assert store.read_bytes() == before


def test_check_of_a_damaged_store(enforcer: Enforcer, store: Path) -> None:
    """What is wrong is named, and the exit code is 1."""
    content = bytearray(store.read_bytes())
    content[4096:40960] = b"\x07" * (40960 - 4096)
    store.write_bytes(content)
    result = enforcer("store", "check")

    assert result.returncode == 1
    assert "WRONG" in result.stdout
    assert "(store-damaged)" in result.stdout


def test_check_without_a_store(enforcer: Enforcer) -> None:
    """There is nothing to look at: exit code 2, and one line."""
    result = enforcer("store", "check")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith("(no-store)\n")
    assert result.stderr.count("\n") == 1


def test_export_and_import(enforcer: Enforcer, store: Path, folder: Path) -> None:
    """A store goes through a pipe into another one, once."""
    exported = folder / "uses.jsonl"
    exported.write_text(enforcer("store", "export").stdout)
    added = enforcer("store", "import", "--store", "all.db", str(exported))
    again = enforcer("store", "import", "--store", "all.db", "--json", str(exported))
    report = json.loads(
        enforcer(
            "report", "--store", "sqlite:///" + str(folder / "all.db"), "--format", "json"
        ).stdout
    )

    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout.endswith("uses.jsonl added\n")
    assert json.loads(again.stdout)["is_new"] is False
    assert sum(rule["uses"] for rule in report["rules"]) == 38
    assert store.exists()


def test_import_of_something_else(enforcer: Enforcer, folder: Path) -> None:
    """A file that is no export is a mistake of the user's, told in one line."""
    (folder / "picture.jsonl").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("picture.jsonl", "enforcer.toml"):
        result = enforcer("store", "import", "--store", "all.db", name)
        assert result.returncode == 2
        assert result.stderr.endswith("(broken-export)\n"), result.stderr
        assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("store")
def test_vacuum(enforcer: Enforcer) -> None:
    """What is too old is removed, if one says what that is."""
    kept = enforcer("store", "vacuum", "--json")
    gone = enforcer("store", "vacuum", "--keep", "1d")
    of_service = enforcer("store", "vacuum", "--keep-of", "shop=1d")
    misspelt = enforcer("store", "vacuum", "--keep-of", "shop")
    wrong = enforcer("store", "vacuum", "--keep", "soon")

    assert json.loads(kept.stdout)["removed"] == 0
    assert gone.returncode == 0
    assert "rows removed" in gone.stdout
    assert of_service.returncode == 0
    assert misspelt.returncode == 2
    assert '"shop" is no service with a number of days. Write batch=120d.' in misspelt.stderr
    assert wrong.returncode == 2
    assert '"soon" is no number of days. Write 14d.' in wrong.stderr


def test_init_makes_a_file(enforcer: Enforcer, folder: Path) -> None:
    """A store can be there before the first process writes."""
    result = enforcer("store", "init")

    assert result.returncode == 0
    assert (folder / ".enforcer" / "uses.db").exists()


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (["check", "--store", "postgres://u:secret@host/db"], "unknown-store"),
        (["check", "--store", "clickhouse://"], "unknown-store"),
        (["check", "--store", "clickhouse://u:secret@host/db?colour=red"], "unknown-store"),
        (["check", "--store", "clickhouse://u:secret@host:port/db"], "unknown-store"),
        (["vacuum", "--store", "clickhouse://u:secret@host/db"], "store-only-read"),
        (["export", "--store", "chdb:///x"], "store-only-read"),
        (["init", "--engine", "clickhouse", "uses.db"], "unknown-store"),
        (["init", "--engine", "sqlite", "clickhouse://u:secret@host/db"], "unknown-store"),
    ],
)
def test_wrong_address(enforcer: Enforcer, words: list[str], slug: str) -> None:
    """A store that can't be is told in one line, without the password."""
    result = enforcer("store", *words)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(f"({slug})\n")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stderr


def test_unknown_kind_in_the_environment(enforcer: Enforcer) -> None:
    """A watched program says it as any other mistake of the map's."""
    result = enforcer("check", ENFORCER_STORE="postgres://u:secret@host/db")

    assert result.returncode != 0
    assert "(unknown-store)" in result.stdout + result.stderr
    assert "secret" not in result.stdout + result.stderr


def test_url_in_the_map(enforcer: Enforcer, folder: Path) -> None:
    """The map names a file; a password has no place there."""
    text = (folder / "enforcer.toml").read_text()
    (folder / "enforcer.toml").write_text(
        f'[enforcer]\nstore = "clickhouses://u:secret@host/db"\n{text}'
    )
    result = enforcer("report")

    assert result.returncode == 2
    assert "enforcer.toml:2" in result.stderr
    assert "(unknown-store)" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.process
def test_programs_write_a_file_where_reports_read_clickhouse(
    enforcer: Enforcer, folder: Path
) -> None:
    """ENFORCER_STORE may name the fleet's store: a program keeps the map's own file."""
    (folder / "app.py").write_text("import shop.old_cart\n")
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "cart.py").touch()
    chosen = "clickhouse://u:secret@127.0.0.1:1/otel"
    run = enforcer("run", "--", "app.py", ENFORCER_STORE=chosen)
    local = enforcer("report", "--store", ".enforcer/uses.db", "--format", "json")
    status = enforcer("status", ENFORCER_STORE=chosen)

    assert run.returncode == 0, run.stderr
    assert json.loads(local.stdout)["rules"][0]["uses"] == 1
    assert "reports read the clickhouse that ENFORCER_STORE names" in " ".join(
        status.stdout.split()
    )
    assert "secret" not in status.stdout
