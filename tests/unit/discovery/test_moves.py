"""Rules from git's history: what was moved, and what only looks so."""

import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.discovery.history import read_history
from enforcer.discovery.layout import Layout
from enforcer.discovery.moves import find_moves
from enforcer.discovery.proposal import Evidence
from enforcer.errors import EnforcerError

Git = Callable[..., str]
Commit = Callable[[dict[str, str | None]], None]


def cart(name: str = "Cart") -> str:
    return dedent(f"""
    class {name}:
        def __init__(self, user):
            self.user = user
            self.items = []

        def add(self, item):
            self.items.append(item)
    """)


def total(name: str = "total") -> str:
    return dedent(f"""
    def {name}(items, rate):
        net = sum(item.price for item in items)
        tax = net * rate
        return round(net + tax, 2)
    """)


def moves(folder: Path, since: str = "") -> Evidence:
    return find_moves(read_history(folder, since), Layout(folder))


def paths(folder: Path, since: str = "") -> dict[str, str]:
    return {one.legacy: one.canonical for one in moves(folder, since).proposals}


def test_a_renamed_file(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/__init__.py": "", "shop/old_cart.py": cart()})
    commit({"shop/old_cart.py": None, "shop/cart.py": cart()})

    (found,) = moves(tmp_path).proposals

    assert (found.legacy, found.canonical, found.since) == (
        "shop.old_cart",
        "shop.cart",
        "2026-03-02",
    )
    assert found.evidence[0].startswith("shop/old_cart.py became shop/cart.py in ")


def test_a_chain_of_renames_leads_to_the_file_of_today(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/__init__.py": "", "shop/a.py": cart()})
    commit({"shop/a.py": None, "shop/b.py": cart()})
    commit({"shop/b.py": None, "shop/c.py": cart()})

    assert paths(tmp_path) == {"shop.a": "shop.c", "shop.b": "shop.c"}


def test_a_moved_package_is_one_rule(tmp_path: Path, commit: Commit) -> None:
    """Also its packages below; a module of it that went elsewhere has a rule of its own."""
    modules = ("a.py", "b.py", "deep/c.py", "other.py")
    files = {name: f"{cart()}\nNAME = {name!r}\n" for name in modules}
    files |= {"__init__.py": "", "deep/__init__.py": ""}
    commit({f"shop/legacy/{name}": text for name, text in files.items()})
    shutil.copytree(tmp_path / "shop/legacy", tmp_path / "shop/sales")
    (tmp_path / "shop/sales/other.py").rename(tmp_path / "shop/elsewhere.py")
    shutil.rmtree(tmp_path / "shop/legacy")
    commit({})

    assert paths(tmp_path) == {
        "shop.legacy.*": "shop.sales.*",
        "shop.legacy.other": "shop.elsewhere",
    }


def test_a_moved_definition(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/prices.py": total() + cart(), "shop/totals.py": "RATE = 1\n"})
    commit({"shop/prices.py": cart(), "shop/totals.py": "RATE = 1\n" + total()})

    assert paths(tmp_path) == {"shop.prices:total": "shop.totals:total"}


def test_a_definition_that_was_added_before_it_was_removed(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/prices.py": total() + cart(), "shop/totals.py": ""})
    commit({"shop/totals.py": total()})
    commit({"shop/prices.py": cart()})

    assert paths(tmp_path) == {"shop.prices:total": "shop.totals:total"}


def test_a_definition_that_was_formatted_when_it_moved(tmp_path: Path, commit: Commit) -> None:
    before = "def greet( name ):\n    text = 'Dear ' + name\n    return  text\n"
    after = 'def greet(name):\n    text = "Dear " + name\n    return text\n'
    commit({"shop/a.py": before + cart(), "shop/b.py": ""})
    commit({"shop/a.py": cart(), "shop/b.py": after})

    assert paths(tmp_path) == {"shop.a:greet": "shop.b:greet"}


def test_a_renamed_definition(tmp_path: Path, commit: Commit) -> None:
    """Its body is the same; twice renamed, both old names lead to the last one."""
    commit({"shop/prices.py": total("total") + cart()})
    commit({"shop/prices.py": total("sum_up") + cart()})
    commit({"shop/prices.py": total("gross_total") + cart()})

    assert paths(tmp_path) == {
        "shop.prices:total": "shop.prices:gross_total",
        "shop.prices:sum_up": "shop.prices:gross_total",
    }


def test_a_re_export_that_was_left_behind_is_legacy(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/__init__.py": "", "shop/prices.py": total() + cart()})
    commit(
        {"shop/prices.py": "from shop.totals import total\n" + cart(), "shop/totals.py": total()}
    )

    assert paths(tmp_path) == {"shop.prices:total": "shop.totals:total"}


def test_a_file_whose_place_was_taken_by_another(tmp_path: Path, commit: Commit) -> None:
    """The module lives on, so that only its definition has moved."""
    commit({"shop/a.py": cart()})
    commit({"shop/a.py": "X = 1\n", "shop/b.py": cart()})

    assert paths(tmp_path) == {"shop.a:Cart": "shop.b:Cart"}


def test_a_module_whose_definitions_all_went_to_another(tmp_path: Path, commit: Commit) -> None:
    commit({"shop/odds.py": total(), "shop/ends.py": cart() + "X = 1\n" * 40})
    commit({"shop/odds.py": None, "shop/ends.py": cart() + "X = 1\n" * 40 + total()})

    assert paths(tmp_path) == {"shop.odds": "shop.ends"}


def test_a_module_that_was_divided_is_named(tmp_path: Path, commit: Commit) -> None:
    """No single rule can lead its names to two modules."""
    commit(
        {"shop/odds.py": total() + cart(), "shop/a.py": "A = 1\n" * 40, "shop/b.py": "B = 1\n" * 40}
    )
    commit(
        {
            "shop/odds.py": None,
            "shop/a.py": "A = 1\n" * 40 + total(),
            "shop/b.py": "B = 1\n" * 40 + cart(),
        }
    )

    found = moves(tmp_path)

    assert found.proposals == ()
    assert found.notes == (
        "shop.odds is gone, and no single rule can replace it: Cart to shop.b, total to shop.a",
    )


UNMOVED: dict[str, tuple[dict[str, str | None], dict[str, str | None]]] = {
    "a function of the same name with another body": (
        {"shop/a.py": total() + cart(), "shop/b.py": ""},
        {"shop/a.py": cart(), "shop/b.py": "def total(items, rate):\n    return [rate]\n"},
    ),
    "a public face over its own module": (
        {"shop/__init__.py": total() + cart()},
        {"shop/__init__.py": "from shop.core import total\n" + cart(), "shop/core.py": total()},
    ),
    "a public face over a private module": (
        {"shop/a.py": total() + cart()},
        {"shop/a.py": "from shop._a import total\n" + cart(), "shop/_a.py": total()},
    ),
    "a private function": (
        {"shop/a.py": total("_total") + cart(), "shop/b.py": ""},
        {"shop/a.py": cart(), "shop/b.py": total("_total")},
    ),
    "a source folder": ({"shop/a.py": cart()}, {"shop/a.py": None, "src/shop/a.py": cart()}),
    "a module that became a package": (
        {"shop/a.py": cart()},
        {"shop/a.py": None, "shop/a/__init__.py": cart()},
    ),
    "a test": ({"tests/test_a.py": cart()}, {"tests/test_a.py": None, "tests/test_b.py": cart()}),
    "a script": ({"scripts/a.py": cart()}, {"scripts/a.py": None, "scripts/b.py": cart()}),
    "a name that no code can import": (
        {"shop/a-b.py": cart()},
        {"shop/a-b.py": None, "shop/c.py": cart()},
    ),
    "a package like any other": (
        {"shop/old/__init__.py": "# nothing\n", "shop/old/a.py": cart()},
        {
            "shop/old/__init__.py": None,
            "shop/old/a.py": None,
            "shop/new/__init__.py": "# nothing\n",
        },
    ),
    "a deleted function": ({"shop/a.py": total() + cart()}, {"shop/a.py": cart()}),
}


@pytest.mark.parametrize("name", UNMOVED)
def test_what_is_no_move(tmp_path: Path, commit: Commit, name: str) -> None:
    before, after = UNMOVED[name]
    commit({"README.md": "", **before})
    commit(after)

    assert paths(tmp_path) == {}


def test_since_a_tag_or_a_day(tmp_path: Path, commit: Commit, git: Git) -> None:
    commit({"shop/a.py": cart()})
    commit({"shop/a.py": None, "shop/b.py": cart()})
    git("tag", "v1")
    commit({"shop/b.py": None, "shop/c.py": cart()})

    assert paths(tmp_path, "v1") == {"shop.b": "shop.c"}
    assert paths(tmp_path, "2026-03-03") == {"shop.b": "shop.c"}
    assert paths(tmp_path, "2026-03-01") == {"shop.a": "shop.c", "shop.b": "shop.c"}
    with pytest.raises(EnforcerError, match=r'"--output=x" is no revision .*\(unknown-since\)'):
        paths(tmp_path, "--output=x")


def test_what_is_not_committed_yet(tmp_path: Path, commit: Commit, git: Git) -> None:
    commit({"shop/a.py": cart()})
    git("mv", "shop/a.py", "shop/b.py")

    (found,) = moves(tmp_path).proposals

    assert (found.legacy, found.since) == ("shop.a", "")
    assert "and not committed yet" in found.evidence[0]


def test_a_root_inside_of_the_repository(tmp_path: Path, commit: Commit) -> None:
    commit({"backend/shop/__init__.py": "", "backend/shop/a.py": cart()})
    commit({"backend/shop/a.py": None, "backend/shop/b.py": cart()})

    assert paths(tmp_path / "backend") == {"shop.a": "shop.b"}


# Repositories and contents that are not as usual.


def test_without_git(tmp_path: Path) -> None:
    found = moves(tmp_path)

    assert found.proposals == ()
    assert found.notes[0].startswith(f'the history of "{tmp_path}" is not read: ')


def test_without_a_commit(tmp_path: Path, git: Git) -> None:
    git("init", "--quiet")

    assert moves(tmp_path).notes == ("the history is not read: the repository has no commit yet",)


def test_a_bare_repository(tmp_path: Path, git: Git) -> None:
    git("init", "--quiet", "--bare")

    assert "a bare repository" in moves(tmp_path).notes[0]


def test_a_shallow_clone(tmp_path: Path, commit: Commit, git: Git) -> None:
    commit({"shop/a.py": cart()})
    commit({"shop/a.py": None, "shop/b.py": cart()})
    git("clone", "--quiet", "--depth=1", f"file://{tmp_path}", "clone")

    found = moves(tmp_path / "clone")

    assert found.proposals == ()
    assert found.notes == (
        "this clone is shallow, so older moves are unknown: git fetch --unshallow",
    )


def test_a_worktree(tmp_path: Path, commit: Commit, git: Git) -> None:
    commit({"shop/a.py": cart()})
    commit({"shop/a.py": None, "shop/b.py": cart()})
    git("worktree", "add", "--quiet", "other")

    assert paths(tmp_path / "other") == {"shop.a": "shop.b"}


def test_a_submodule(tmp_path: Path, commit: Commit, git: Git) -> None:
    """Its history is another repository's."""
    commit({"shop/a.py": cart()})
    git("clone", "--quiet", str(tmp_path), "part")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./part", "part")
    commit({"shop/a.py": None, "shop/b.py": cart()})

    found = moves(tmp_path)

    assert [one.legacy for one in found.proposals] == ["shop.a"]
    assert found.notes == ("the history of submodules is not read",)


def test_the_configuration_of_a_repository_runs_nothing(
    tmp_path: Path, commit: Commit, git: Git
) -> None:
    """A repository from an archive may name programs that git would run."""
    commit({"shop/a.py": cart(), ".gitattributes": "*.py diff=evil\n"})
    commit({"shop/a.py": None, "shop/b.py": cart()})
    for key in ("diff.external", "diff.evil.textconv", "diff.evil.command", "core.fsmonitor"):
        git("config", key, f"touch {tmp_path}/was-run; cat")
    git("config", "log.showSignature", "true")
    git("config", "gpg.program", f"touch {tmp_path}/was-run")
    git("config", "diff.noprefix", "false")
    git("config", "color.ui", "always")

    assert paths(tmp_path) == {"shop.a": "shop.b"}
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02" * 90,
        b"# \xff\xfe\n" + cart("Odd").encode(),
        cart("Odd").encode("utf-16"),
        b"-- a\n++ b\n" * 9,
    ],
    ids=["null bytes", "invalid UTF-8", "UTF-16", "lines like headers"],
)
def test_odd_contents_hide_nothing_else(
    tmp_path: Path, commit: Commit, git: Git, content: bytes
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/odd.py").write_bytes(content)
    commit({"shop/prices.py": total() + cart(), "shop/totals.py": ""})
    (tmp_path / "shop/odd.py").write_bytes(content[::-1])
    commit({"shop/prices.py": cart(), "shop/totals.py": total()})
    git("rm", "--quiet", "shop/odd.py")
    commit({})

    assert paths(tmp_path) == {"shop.prices:total": "shop.totals:total"}
