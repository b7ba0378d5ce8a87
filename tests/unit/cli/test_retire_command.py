"""A path that nobody needs any more is deleted, with its evidence, and its tombstone answers."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from time import time_ns

import pytest

from enforcer.rules.model import Rule
from enforcer.store.queries import DAY
from tests.fleets import Fleet

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

MAP = """\
# The map of the shop.
[enforcer]
expected_services = ["web"]
baseline = "baseline.toml"
allow = [
  # until the jobs are rewritten
  { path = "shop.old", caller = "shop/jobs.py", until = 2099-01-31, reason = "later" },
  { path = "shop.other", caller = "shop/jobs.py", until = 2099-01-31, reason = "later" },
]

# Carts have prices.
[[rule]]
legacy = "shop.old" # the first cart
canonical = "shop.new"
stage = "strict"
refuse = false
reason = "carts have prices"

[[rule]]
legacy = "shop.other"
canonical = "shop.new"

[[stage]]
path = "shop.old"
percent = 10
stage = "strict"

[[factory]]
legacy = "shop.old:make"
canonical = "shop.new:make"
"""
BASELINE = """\
# Call sites of legacy paths that strict mode still tolerates: no more than these, soon fewer.
# `enforcer baseline update` takes out what is gone.
version = 1
call_sites = [
  { path = "shop.old", file = "shop/jobs.py", function = "f", kind = "pickle", count = 1 },
  { path = "shop.other", file = "shop/jobs.py", function = "f", kind = "pickle", count = 1 },
]
"""
FILES = {
    "enforcer.toml": MAP,
    "baseline.toml": BASELINE,
    "shop/__init__.py": "",
    "shop/new.py": "# The heir of shop.old.\ndef make(): ...\n",
    "shop/old.py": "from shop.new import make\n",
    "docs/carts.md": "Import shop.old.make.\n",
    "CHANGELOG.md": "- shop.old is faster\n",
    ".gitignore": ".enforcer/\n",
}
RULES = [Rule("shop.old", "shop.new", stage="strict"), Rule("shop.other", "shop.new")]


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True)  # noqa: S607


@pytest.fixture
def shop(folder: Path) -> Path:
    """Make a committed program with an old path."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "all")
    return folder


def silence(shop: Path, days: float = 40, rules: list[Rule] = RULES) -> Fleet:
    """Let a service run without a use until now, and scan its source."""
    (shop / ".enforcer").mkdir(exist_ok=True)
    fleet = Fleet(str(shop / ".enforcer" / "uses.db"), now=time_ns() - int(days * DAY), rules=rules)
    web = fleet.start()
    fleet.pass_days(days, web)
    fleet.scan()
    return fleet


def content(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file() and ".git/" not in str(file))
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in files
        if ".enforcer" not in file.parts
    }


def test_change_is_shown_and_not_made(enforcer: Enforcer, shop: Path) -> None:
    silence(shop)
    result = enforcer("retire", "shop.old")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Verdict on shop.old: can go" in result.stdout
    assert "deleted file mode 100644\n--- a/shop/old.py" in result.stdout
    assert "Nothing was written. Make this change with --write." in result.stdout
    assert content(shop) == FILES


def test_change_is_made_as_a_whole(enforcer: Enforcer, shop: Path) -> None:
    silence(shop)
    result = enforcer("retire", "shop.old", "--write", "--description", "pull-request.md")
    assert (result.returncode, result.stderr) == (0, "")
    found = content(shop)
    assert "shop/old.py" not in found
    assert found["docs/carts.md"] == "Import shop.new.make.\n"
    assert found["shop/new.py"] == FILES["shop/new.py"]
    assert found["CHANGELOG.md"] == FILES["CHANGELOG.md"]
    assert found["baseline.toml"] == "".join(
        line for line in BASELINE.splitlines(keepends=True) if "shop.old" not in line
    )
    text = found["enforcer.toml"]
    assert text.startswith(MAP[: MAP.index("  # until")] + '  { path = "shop.other"')
    assert '# Carts have prices.\n[[rule]]\nlegacy = "shop.old" # the first cart\n' in text
    document = tomllib.loads(text)
    rule = document["rule"][0]
    assert rule["stage"] == "removed"
    assert not {"refuse", "forced"} & set(rule)
    assert rule["removed_on"]
    assert not {"stage", "factory"} & set(document)
    description = found["pull-request.md"]
    assert description.startswith("# Remove `shop.old`\n\n`shop.old` moved to `shop.new`: carts")
    assert "no use in production was ever seen; 30 d are in force" in description
    assert "- `CHANGELOG.md:1`: it is history" in description
    assert enforcer("check").returncode == 0


def test_no_shows_the_reasons_and_does_nothing(enforcer: Enforcer, shop: Path) -> None:
    fleet = silence(shop)
    fleet.use(fleet.start(), rule=RULES[0])
    for words in ((), ("--write",)):
        result = enforcer("retire", "shop.old", *words)
        assert result.returncode == 1
        assert result.stdout.startswith("Verdict on shop.old: in use\n")
        assert "shop/cart.py:3 (web in production)" in result.stdout
    assert content(shop) == FILES


def test_without_a_record_there_is_no_yes(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("retire", "shop.old", "--write")
    assert result.returncode == 1
    assert "Verdict on shop.old: can't tell" in result.stdout
    assert content(shop) == FILES


def test_reason_of_a_forced_retirement_stays_in_the_map(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("retire", "shop.old", "--write", "--force", 'the "jobs" are shut down')
    assert result.returncode == 0
    assert 'Forced: the "jobs" are shut down' in result.stdout
    rule = tomllib.loads((shop / "enforcer.toml").read_text())["rule"][0]
    assert (rule["stage"], rule["forced"]) == ("removed", 'the "jobs" are shut down')
    assert enforcer("check").returncode == 0


def test_force_needs_a_reason(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("retire", "shop.old", "--write", "--force", " ")
    assert result.returncode == 2
    assert "write the reason" in result.stderr
    assert content(shop) == FILES


@pytest.mark.parametrize("file", ["shop/old.py", "enforcer.toml"])
def test_work_that_git_could_not_restore_is_kept(enforcer: Enforcer, shop: Path, file: str) -> None:
    silence(shop)
    changed = f"{FILES[file]}# mine\n"
    (shop / file).write_text(changed)
    result = enforcer("retire", "shop.old", "--write")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"git would not give back: {file}. Commit or restore it" in result.stderr
    assert "(dirty-tree)" in result.stderr
    assert content(shop) == {**FILES, file: changed}
    assert enforcer("retire", "shop.old", "--write", "--allow-dirty").returncode == 0
    assert "shop/old.py" not in content(shop)


def test_unrelated_changes_do_not_matter(enforcer: Enforcer, shop: Path) -> None:
    silence(shop)
    (shop / "notes.txt").write_text("mine\n")
    assert enforcer("retire", "shop.old", "--write").returncode == 0


def test_map_with_mistakes_is_one_message(enforcer: Enforcer, shop: Path) -> None:
    text = MAP.replace('stage = "strict"\nrefuse', 'stage = "hard"\nrefuse')
    (shop / "enforcer.toml").write_text(text)
    result = enforcer("retire", "shop.old", "--write", "--force", "x")
    assert (result.returncode, result.stdout) == (2, "")
    assert "enforcer.toml:15: rule.stage:" in result.stderr
    assert content(shop) == {**FILES, "enforcer.toml": text}


def test_json(enforcer: Enforcer, shop: Path) -> None:
    silence(shop)
    found = json.loads(enforcer("retire", "shop.old", "--json").stdout)
    assert (found["verdict"], found["can_go"], found["written"]) == ("can_go", True, False)
    assert [one["name"] for one in found["conditions"]][:2] == ["source", "installed"]
    assert found["deleted"] == ["shop/old.py"]
    assert set(found["changed"]) == {
        "baseline.toml",
        "docs/carts.md",
        "enforcer.toml",
    }
    assert [one["file"] for one in found["by_hand"]] == ["CHANGELOG.md", "shop/new.py"]


REMOVED = [Rule("shop.old", "shop.new", stage="removed")]
TOMBSTONE = """\
[enforcer]
expected_services = ["web"]
tombstone_for = "20d"

[[rule]]
legacy = "shop.old"
canonical = "shop.new"
stage = "removed"
removed_on = 2020-01-31

[[rule]]
legacy = "shop.other"
canonical = "shop.new"
"""


def test_tombstone_answers_who_still_asks(enforcer: Enforcer, shop: Path) -> None:
    (shop / "enforcer.toml").write_text(TOMBSTONE)
    fleet = silence(shop, 30, REMOVED)
    fleet.use(fleet.start(), rule=REMOVED[0], outcome="blocked")
    result = enforcer("retire", "shop.old", "--write")
    assert result.returncode == 1
    assert "Verdict on shop.old: deleted but still asked for" in result.stdout
    assert "shop/cart.py:3 (web in production)" in result.stdout
    assert (shop / "enforcer.toml").read_text() == TOMBSTONE


def test_tombstone_leaves_the_map_after_a_time_without_an_ask(
    enforcer: Enforcer, shop: Path
) -> None:
    (shop / "enforcer.toml").write_text(TOMBSTONE)
    silence(shop, 30, REMOVED)
    git(shop, "commit", "-qam", "tombstone")
    result = enforcer("retire", "shop.old", "--write")
    assert (result.returncode, result.stderr) == (0, "")
    assert "shop.old" not in (shop / "enforcer.toml").read_text()
    assert (shop / "enforcer.toml").read_text() == TOMBSTONE.replace(
        TOMBSTONE[TOMBSTONE.index("[[rule]]") : TOMBSTONE.rindex("[[rule]]")], ""
    )


def test_single_name_leaves_its_module(enforcer: Enforcer, shop: Path) -> None:
    rule = '[[rule]]\nlegacy = "shop.new:make"\ncanonical = "shop.made:create"\n'
    (shop / "enforcer.toml").write_text(f"[enforcer]\nrefuse = false\n\n{rule}")
    (shop / "shop" / "new.py").write_text("LIMIT = 1\n\n\ndef make(): ...\n")
    (shop / "shop" / "made.py").write_text("def create(): ...\n")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "names")
    result = enforcer("retire", "shop.new:make", "--write", "--force", "nobody is left")
    assert (result.returncode, result.stderr) == (0, "")
    assert "make is no longer defined in shop/new.py" in result.stdout
    assert (shop / "shop" / "new.py").read_text() == "LIMIT = 1\n"
    found = tomllib.loads((shop / "enforcer.toml").read_text())["rule"][0]
    assert (found["stage"], found["refuse"]) == ("removed", True)


def test_diff_that_is_shown_is_the_change_that_is_made(enforcer: Enforcer, shop: Path) -> None:
    """Whoever applies it with git gets what --write would have written."""
    (shop / "shop" / "old.py").write_text("from shop.new import make")  # no end of the last line
    (shop / "docs" / "windows.md").write_bytes(b"# Old\r\nshop.old\r\n")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "odd files")
    diff = json.loads(enforcer("retire", "shop.old", "--force", "x", "--json").stdout)["diff"]
    (shop / ".enforcer").mkdir()
    (shop / ".enforcer" / "change.diff").write_bytes(("\n".join(diff) + "\n").encode())
    git(shop, "apply", ".enforcer/change.diff")
    applied = {**content(shop), "windows": (shop / "docs" / "windows.md").read_bytes().decode()}
    git(shop, "checkout", "-q", ".")
    assert enforcer("retire", "shop.old", "--write", "--force", "x").returncode == 0
    written = {**content(shop), "windows": (shop / "docs" / "windows.md").read_bytes().decode()}
    assert applied == written
    assert written["windows"] == "# Old\r\nshop.new\r\n"


def test_callers_that_a_forced_retirement_leaves_are_listed(enforcer: Enforcer, shop: Path) -> None:
    (shop / "shop" / "orders.py").write_text("from shop.old import make\n")
    found = json.loads(enforcer("retire", "shop.old", "--force", "x", "--json").stdout)
    (place,) = (one for one in found["by_hand"] if one["file"] == "shop/orders.py")
    assert (place["line"], place["reason"]) == (
        1,
        'it uses the path, and fails from now on: write "shop.new"',
    )


def test_description_that_can_not_be_written_stops_the_change(
    enforcer: Enforcer, shop: Path
) -> None:
    words = ("--force", "x", "--write", "--description", "nowhere/pull-request.md")
    result = enforcer("retire", "shop.old", *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert "(change-unwritable)" in result.stderr
    assert content(shop) == FILES
