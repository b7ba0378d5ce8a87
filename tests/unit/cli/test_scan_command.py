"""Test ``enforcer scan``: what it prints, how it exits, and what its page says."""

import json
import re
from pathlib import Path

import pytest
import yaml

from enforcer.source.kinds import kind_of
from tests.commands import in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows
from tests.unit.cli.conftest import Enforcer

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / ".git").mkdir()
    (folder / "shop").mkdir()
    (folder / "shop" / "app.py").write_text("from shop.old_cart import Cart\nimport_module(name)\n")
    (folder / "other.py").write_text("import os\n")
    return folder


def test_the_page_shows_what_is_printed(tmp_path: Path, environ: dict[str, str]) -> None:
    page = (ROOT / "docs" / "scan.md").read_text("utf-8")
    write_files(page, tmp_path)
    (tmp_path / ".git").mkdir()
    commands = [command for block in blocks(page) for command in block]
    assert len(commands) == 4

    # What was seen running is in test_scan_store.py.
    for command, shown in commands[:2]:
        output = in_this_process(command.split()[1:], tmp_path, environ).stdout
        assert shows(output, shown), (command, output)


@pytest.mark.usefixtures("shop")
def test_a_reference_ends_with_1(enforcer: Enforcer) -> None:
    result = enforcer("scan")

    assert result.stdout.splitlines() == [
        "shop/app.py:1:6 shop.old_cart → shop.cart [from]",
        "shop/app.py:2:15 [call, unproven: computed name]",
        "1 reference to 1 legacy path in 1 of 2 files, 1 unproven",
    ]
    assert (result.returncode, result.stderr) == (1, "")
    assert enforcer("scan", "--exit-zero").returncode == 0


def test_what_is_unproven_alone_ends_with_0(shop: Path, enforcer: Enforcer) -> None:
    (shop / "shop" / "app.py").write_text("import_module(name)\nfrom shop.old_cart import (\n")

    result = enforcer("scan")

    assert result.returncode == 0
    assert "[file, unproven: '(' was never closed on line 2]" in result.stdout
    assert "no reference to a legacy path in 2 files, 1 unproven" in result.stdout


def test_only_what_is_named_is_read(shop: Path, enforcer: Enforcer) -> None:
    """Files are named from the working directory, whatever the root."""
    (shop / "tests").mkdir()
    (shop / "tests" / "test_app.py").write_text("import shop.old_cart")
    line = "shop.old_cart → shop.cart"

    assert enforcer("scan", "other.py").returncode == 0
    files = enforcer("scan", "tests/test_app.py", "other.py").stdout.splitlines()
    folder = enforcer("scan", "../tests", cwd=shop / "shop").stdout.splitlines()

    assert files[0] == f"tests/test_app.py:1:8 {line} [import]"
    assert files[-1].endswith("in 1 of 2 files")
    assert folder[0] == f"../tests/test_app.py:1:8 {line} [import]"


def test_a_path_that_is_not_there_is_a_mistake(shop: Path, enforcer: Enforcer) -> None:
    result = enforcer("scan", str(shop / "gone.py"))

    assert result.returncode == 2
    assert result.stderr == (
        f'enforcer: there is no "{shop / "gone.py"}". Name files and folders that exist '
        "(path-not-found)\n"
    )


def test_excluded_files_stay_so_in_a_list_of_files(shop: Path, enforcer: Enforcer) -> None:
    """As pre-commit passes all files of a commit."""
    text = (shop / "enforcer.toml").read_text()
    (shop / "enforcer.toml").write_text('[enforcer]\nexclude = ["shop/app.py"]\n' + text)

    assert enforcer("scan", "shop/app.py", "other.py").returncode == 0
    assert enforcer("scan", "shop").returncode == 0


def test_a_map_with_mistakes_ends_with_2(shop: Path, enforcer: Enforcer) -> None:
    (shop / "enforcer.toml").write_text('[[rule]]\nlegacy = "shop.old_cart"\n')

    result = enforcer("scan")

    assert (result.returncode, result.stdout) == (2, "")
    assert "enforcer.toml:1" in result.stderr


def test_json_has_every_field(shop: Path, enforcer: Enforcer) -> None:
    document = json.loads(enforcer("scan", "--json").stdout)

    assert document["root"] == str(shop)
    assert (document["files"], document["inside_legacy"]) == (2, 0)
    assert document["findings"] == [
        {
            "file": "shop/app.py",
            "line": 1,
            "column": 6,
            "end_line": 1,
            "end_column": 19,
            "legacy": "shop.old_cart",
            "canonical": "shop.cart",
            "rule": "shop.old_cart",
            "form": "from",
            "kind": "python",
            "function": "<module>",
            "names": ["Cart"],
            "unproven": "",
            "typing_only": False,
            "is_use": True,
            "through": "",
            "excuse": "",
        }
    ]
    assert [one["unproven"] for one in document["unproven"]] == ["computed name"]


def test_sarif_has_regions_from_the_top_of_the_repository(shop: Path, enforcer: Enforcer) -> None:
    inner = shop / "backend"
    inner.mkdir()
    (shop / "shop").rename(inner / "shop")
    (shop / "enforcer.toml").rename(inner / "enforcer.toml")

    (run,) = json.loads(enforcer("scan", "--format", "sarif", cwd=inner).stdout)["runs"]

    reference, doubt = run["results"]
    place = reference["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "backend/shop/app.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 19},
    }
    assert (reference["level"], doubt["level"]) == ("warning", "note")


NAMES = """
a.py a.pyi n.ipynb a/b.yml c.YAML x.ini setup.cfg Dockerfile a.MD web.dockerfile
Dockerfile.web t.toml
t.json
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_the_hook_gets_each_kind_of_file(name: str) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (hook,) = [hook for hook in hooks if hook["id"] == "enforcer-scan"]

    assert kind_of(Path(name).name)
    assert re.search(hook["files"], name)
