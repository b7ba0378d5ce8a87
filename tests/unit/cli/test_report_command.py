"""Show what a store holds, or say in one line why not."""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite.writer import Store

Enforcer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def store(folder: Path, make_process: Callable[..., Process], make_use: Callable[..., Use]) -> Path:
    """Keep two rules with uses where the map says."""
    path = folder / ".enforcer" / "uses.db"
    with closing(Store(str(path))) as store:
        process = make_process()
        store.watch(process, [Rule("shop.old_cart", "shop.cart"), Rule("b.old", "b.new")])
        store.write(
            process,
            0,
            [make_use(count=3), *(make_use("b.old", "b.new", line=line) for line in range(1, 6))],
        )
    return path


def legacy_paths(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {rule["legacy"]: rule["uses"] for rule in json.loads(result.stdout)["rules"]}


@pytest.mark.usefixtures("store")
def test_table_is_the_default(enforcer: Enforcer) -> None:
    """Without options there is a table, plain because nobody sees colours in a pipe."""
    result = enforcer("report")

    assert (result.returncode, result.stderr) == (0, "")
    assert "shop.old_cart\n" in result.stdout
    assert " in use, " in result.stdout
    assert " · 8 uses at 6 call sites · " in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("form", "begin"),
    [("json", '{\n  "rules": ['), ("csv", '"legacy","canonical",'), ("markdown", "# Uses of ")],
)
def test_formats(enforcer: Enforcer, form: str, begin: str) -> None:
    """Each format is written as it is."""
    assert enforcer("report", "--format", form).stdout.startswith(begin)


@pytest.mark.usefixtures("store")
def test_path(enforcer: Enforcer) -> None:
    """Only what lies below the path is shown."""
    assert legacy_paths(enforcer("report", "--format", "json", "--path", "shop")) == {
        "shop.old_cart": 3
    }


@pytest.mark.usefixtures("store")
def test_since(enforcer: Enforcer) -> None:
    """What was last seen before is left out."""
    result = enforcer("report", "--format", "json", "--since", "2026-03-30")

    assert legacy_paths(result) == {"b.old": 0, "shop.old_cart": 0}
    assert legacy_paths(enforcer("report", "--format", "json", "--since", "2026-03-29")) == {
        "b.old": 5,
        "shop.old_cart": 3,
    }


@pytest.mark.usefixtures("store")
def test_top(enforcer: Enforcer) -> None:
    """As many callers as asked for are shown."""
    assert "b.old" in enforcer("report").stdout
    assert "shop/views.py:5" not in enforcer("report").stdout
    assert "shop/views.py:5" in enforcer("report", "--top", "5").stdout


def test_store_by_option(enforcer: Enforcer, folder: Path, store: Path) -> None:
    """A store that is named needs no map."""
    (folder / "enforcer.toml").unlink()
    elsewhere = store.rename(folder / "elsewhere.db")

    assert enforcer("report", "--store", "elsewhere.db").returncode == 0
    assert enforcer("report", ENFORCER_STORE=str(elsewhere)).returncode == 0


def test_no_map(enforcer: Enforcer, folder: Path) -> None:
    """Without a map and a store there is nothing to look at."""
    (folder / "enforcer.toml").unlink()
    result = enforcer("report")

    assert result.returncode == 2
    assert result.stderr.endswith("(no-map)\n")


def test_no_store(enforcer: Enforcer, folder: Path) -> None:
    """Without a store one line says how to get one, and none is made."""
    result = enforcer("report")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f'enforcer: nothing recorded: no store at "{folder}/.enforcer/uses.db"; '
        'run your program with "enforcer run" first (no-store)\n'
    )
    assert not (folder / ".enforcer").exists()


def test_nothing_recorded(enforcer: Enforcer, folder: Path) -> None:
    """A store in which no process wrote is a line as well."""
    Store(str(folder / "uses.db")).close()
    result = enforcer("report", "--store", "uses.db")

    assert result.returncode == 2
    assert result.stderr.startswith("enforcer: nothing recorded: no process has written to ")


@pytest.mark.usefixtures("store")
def test_bad_since(enforcer: Enforcer) -> None:
    """A time that is none says what to write."""
    result = enforcer("report", "--since", "yesterday")

    assert result.returncode == 2
    assert result.stderr == (
        'enforcer: --since: "yesterday" is no time. Write an age such as 30m, 2h, 3d or 1w, '
        "or a date such as 2026-03-31 or 2026-03-31T18:00 (bad-since)\n"
    )


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("shop.odl_cart", 'Write "shop.old_cart"'),
        ("zzz", "enforcer report without --path lists all paths"),
    ],
)
def test_a_path_that_no_rule_has(enforcer: Enforcer, path: str, remedy: str) -> None:
    """That nobody uses it would be good news of nothing."""
    result = enforcer("report", "--path", path)

    assert (result.returncode, result.stdout) == (2, "")
    assert f'--path: no rule has the path "{path}". {remedy} (unknown-path)' in result.stderr


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("path", ["shop", "shop.old_cart", "b.old"])
def test_a_path_that_a_rule_has(enforcer: Enforcer, path: str) -> None:
    assert len(legacy_paths(enforcer("report", "--path", path, "--json"))) == 1


def test_a_rule_shows_the_stages_of_all_processes(
    folder: Path, make_process: Callable[..., Process], enforcer: Enforcer
) -> None:
    """The newest one's first; a process with another stage has another set of rules."""
    with closing(Store(str(folder / ".enforcer" / "uses.db"))) as store:
        for started, stage in enumerate(("strict", "alias", "warn"), 1):
            process = make_process(id=f"{started:032x}", map_digest=stage, started=started)
            store.watch(process, [Rule("shop.old_cart", "shop.cart", stage=stage)])

    table = enforcer("report").stdout
    [rule] = json.loads(enforcer("report", "--json").stdout)["rules"]

    assert "warn (elsewhere alias, strict)" in table
    assert (rule["stage"], rule["stages"]) == ("warn", ["alias", "warn", "strict"])
    assert "| warn (elsewhere alias, strict) |" in enforcer("report", "--format", "markdown").stdout


@pytest.mark.usefixtures("store")
def test_time_that_nobody_watched_is_no_good_news(enforcer: Enforcer) -> None:
    result = enforcer("report", "--since", "2100-01-01")

    assert (result.returncode, result.stdout) == (2, "")
    assert "no process watched then" in result.stderr
    assert "(nothing-since)" in result.stderr


@pytest.mark.usefixtures("store")
def test_empty_since_is_a_mistake(enforcer: Enforcer) -> None:
    assert enforcer("report", "--since", "").returncode == 2


@pytest.mark.usefixtures("store")
def test_path_that_only_the_map_has(enforcer: Enforcer, folder: Path) -> None:
    """A rule that nobody watched yet is not one that does not exist."""
    with (folder / "enforcer.toml").open("a") as file:
        file.write('[[rule]]\nlegacy = "c.old"\ncanonical = "c.new"\n')
    result = enforcer("report", "--path", "c.old")

    assert result.returncode == 2
    assert 'no process has watched "c.old" yet' in result.stderr
    assert "(not-watched)" in result.stderr


def test_name_that_no_file_can_have(enforcer: Enforcer, folder: Path) -> None:
    result = enforcer("report", "--store", str(folder / ("a" * 300)))

    assert result.returncode == 2
    assert "(no-store)" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.process
def test_a_mistake_in_the_map_is_said_once(enforcer: Enforcer, folder: Path) -> None:
    """By the report, where processes met it; else on standard error, as in CSV and before any."""
    (folder / "enforcer.toml").write_text(
        'enforcer.store = "met.db"\n[[rule]]\nlegacy = "this_old"\ncanonical = "this"\nowner = 1\n'
    )
    said = '"owner" is an integer. Write owner = "…". (wrong-type)'
    assert said in enforcer("report").stderr
    enforcer("run", "--", "-c", "import this_old")
    table, csv = enforcer("report"), enforcer("report", "--format", "csv")

    assert (table.stdout.count(said), table.stderr) == (1, "")
    assert (csv.stdout.count(said), csv.stderr.count(said)) == (0, 1)


@pytest.fixture
def owned(
    store: Path, folder: Path, make_process: Callable[..., Process], make_use: Callable[..., Use]
) -> Path:
    """Keep call sites of two teams, one of which is another team's too, and of a distribution."""
    (folder / ".git").mkdir()
    (folder / "CODEOWNERS").write_text("shop/ @shop\njobs/ @data @platform\n")
    with closing(Store(str(store))) as opened:
        process = make_process(started=1_800_000_000_000_000_000)
        opened.watch(process, [Rule("shop.old_cart", "shop.cart", owner="@cart @shop")])
        jobs = make_use(file="jobs/nightly.py", count=7)
        other = make_use(file="/x/site-packages/acme/a.py", relation="third_party", count=1)
        opened.write(process, 0, [jobs, other])
    return store


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("owner", ["@data", "@platform"])
def test_owner_is_the_team_of_the_callers_file(enforcer: Enforcer, owner: str) -> None:
    """Two owners in one line of CODEOWNERS are two teams, and each of them sees the file."""
    result = enforcer("report", "--owner", owner, "--json")
    (rule,) = json.loads(result.stdout)["rules"]
    assert (rule["legacy"], rule["uses"], rule["owners"]) == (
        "shop.old_cart",
        7,
        ["@cart", "@shop"],
    )
    (site,) = rule["call_sites"]
    assert (site["file"], site["owners"]) == ("jobs/nightly.py", ["@data", "@platform"])
    text = enforcer("report", "--owner", owner).stdout
    assert f"1 legacy path used by files of {owner} · 7 uses at 1 call site" in text
    assert "jobs/nightly.py:12 in checkout() · @data @platform" in text


@pytest.mark.usefixtures("owned")
def test_owner_of_a_rule_owns_none_of_its_callers(enforcer: Enforcer) -> None:
    result = enforcer("report", "--owner", "@cart")
    assert (result.returncode, result.stdout) == (2, "")
    assert 'nothing belongs to "@cart"' in result.stderr
    assert "(unknown-owner)" in result.stderr


@pytest.mark.usefixtures("owned")
def test_call_sites_of_nobody(enforcer: Enforcer) -> None:
    sites = json.loads(enforcer("report", "--owner", "(none)", "--json").stdout)["rules"][0]
    assert [site["relation"] for site in sites["call_sites"]] == ["third_party"]


@pytest.mark.usefixtures("owned")
def test_every_format_has_the_owners(enforcer: Enforcer) -> None:
    assert "@data @platform" in enforcer("report", "--format", "csv").stdout
    assert "| @data @platform |" in enforcer("report", "--format", "markdown").stdout
