"""Test what is said of each rule before anything is switched on."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map
from enforcer.source.findings import MissingName, RuleCheck
from enforcer.source.resolution import Site

Write = Callable[[dict[str, str]], Path]


def check(root: Path, *rules: Rule, really: bool = False) -> RuleCheck:
    """Check a map, and give what its first rule will meet."""
    migration_map = MigrationMap(rules, root=str(root))
    return check_map(migration_map, import_canonical=really).rules[0]


def named(missing: Iterable[MissingName]) -> dict[str, str]:
    """Give each missing path with its sites."""
    return {one.path: places(one.sites) for one in missing}


def places(sites: Iterable[Site]) -> str:
    """Write sites on one line."""
    return " ".join(map(str, sites))


def slugs(found: RuleCheck) -> list[str]:
    """Give the slug of each finding."""
    return [finding.slug for finding in found.findings]


BOTH = {"old.py": "A = B = C = 1", "new.py": "A = 1"}
OLD_NEW = ("old", "new")


def test_names_that_both_sides_have_are_no_finding(write: Write) -> None:
    """The rule may be raised."""
    found = check(write({**BOTH, "app.py": "from old import A\nimport old"}), Rule(*OLD_NEW))

    assert found.findings == ()
    assert places(found.uses) == "app.py:1 app.py:2"


def test_a_name_of_the_legacy_code_alone_would_break(write: Write) -> None:
    """With every place that asks for it."""
    root = write({**BOTH, "app.py": "from old import A, B", "job.py": "\nfrom old import B"})
    found = check(root, Rule(*OLD_NEW))

    assert named(found.would_break) == {"old.B": "app.py:1 job.py:2"}
    assert slugs(found) == ["would-break"]


def test_a_name_of_neither_side_is_broken_already(write: Write) -> None:
    """Aliasing changes nothing for it, so it is no finding."""
    found = check(write({**BOTH, "app.py": "from old import Z"}), Rule(*OLD_NEW))

    assert named(found.broken_already) == {"old.Z": "app.py:1"}
    assert found.findings == ()


def test_without_legacy_code_every_missing_name_is_broken_already(write: Write) -> None:
    """There is nothing left that could break."""
    found = check(write({"new.py": "A = 1", "app.py": "from old import A, B"}), Rule(*OLD_NEW))

    assert found.legacy is None
    assert named(found.broken_already) == {"old.B": "app.py:1"}


@pytest.mark.parametrize(
    "source",
    [
        "import old\nold.B",
        "import old as o\no.B",
        "import importlib\nimportlib.import_module('old').B",
        "from old import *\nprint(B)",
    ],
)
def test_names_are_asked_for_in_other_ways_as_well(write: Write, source: str) -> None:
    """As attributes of the module, and through a star."""
    found = check(write({**BOTH, "app.py": source}), Rule(*OLD_NEW))

    assert [one.path for one in found.would_break] == ["old.B"]


def test_the_nearest_names_of_the_canonical_module_are_given(write: Write) -> None:
    """A misspelt or renamed name is found at once."""
    root = write(
        {"old.py": "", "new.py": "class Manager: ...", "app.py": "from old import Managers"}
    )

    assert check(root, Rule(*OLD_NEW)).broken_already[0].nearest == ("Manager",)


def test_renamed_names_are_looked_up_under_their_new_name(write: Write) -> None:
    """Only in the module of the rule itself."""
    root = write({**BOTH, "app.py": "from old import B"})

    assert check(root, Rule(*OLD_NEW, names={"B": "A"})).findings == ()


def test_a_renamed_name_that_leads_nowhere_is_a_finding(write: Write) -> None:
    """Whether anybody asks for it or not."""
    found = check(write(BOTH), Rule(*OLD_NEW, names={"B": "Z"}))

    assert [(one.old, one.new) for one in found.renamed_missing] == [("B", "Z")]
    assert slugs(found) == ["renamed-name-missing"]


def test_a_renamed_name_that_leads_nowhere_is_one_finding_where_it_is_asked_for(
    write: Write,
) -> None:
    """One thing to mend, with the places that need it."""
    root = write({**BOTH, "app.py": "from old import B"})
    found = check(root, Rule(*OLD_NEW, names={"B": "Z"}))

    assert [(one.path, one.canonical_name) for one in found.would_break] == [("old.B", "Z")]
    assert slugs(found) == ["would-break"]


def test_with_a_fallback_the_legacy_code_serves_what_would_break(write: Write) -> None:
    """Only what it has, though."""
    root = write({**BOTH, "app.py": "from old import B, Z"})
    found = check(root, Rule(*OLD_NEW, fallback="legacy"))

    assert named(found.served) == {"old.B": "app.py:1"}
    assert named(found.broken_already) == {"old.Z": "app.py:1"}
    assert found.findings == ()


def test_an_implementation_goes_on_serving_its_own_names(write: Write) -> None:
    """Nothing is aliased."""
    root = write({**BOTH, "app.py": "from old import B"})

    assert check(root, Rule(*OLD_NEW, implementation=True)).findings == ()


def test_what_only_type_checkers_ask_for_breaks_nothing(write: Write) -> None:
    """It is told apart, unless the program asks for it too."""
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from old import B\n"
    root = write({**BOTH, "app.py": typing})
    assert named(check(root, Rule(*OLD_NEW)).typing_only) == {"old.B": "app.py:3"}

    write({"job.py": "from old import B"})
    found = check(root, Rule(*OLD_NEW))
    assert named(found.would_break) == {"old.B": "app.py:3 job.py:1"}
    assert found.typing_only == []


def test_a_dynamic_canonical_module_may_have_any_name(write: Write) -> None:
    """No finding, but no promise either."""
    root = write({**BOTH, "new.py": "def __getattr__(n): ...", "app.py": "from old import B"})
    found = check(root, Rule(*OLD_NEW))

    assert named(found.unsure) == {"old.B": "app.py:1"}
    assert found.unsure_why == "it has a function __getattr__"
    assert found.findings == ()


@pytest.mark.process
def test_importing_tells_what_a_dynamic_module_has(write: Write) -> None:
    """On demand, in a process of its own."""
    dynamic = "globals().update(B=1)\nif __name__ == 'new': open('ran', 'w').close()"
    root = write({**BOTH, "new.py": dynamic, "app.py": "from old import B, C"})
    assert not (root / "ran").exists()

    found = check(root, Rule(*OLD_NEW), really=True)

    assert named(found.would_break) == {"old.C": "app.py:1"}
    assert found.unsure == []
    assert (root / "ran").exists()


def test_checking_runs_nothing_unless_asked_to(write: Write) -> None:
    """Neither side, nor the callers."""
    bad = "open('ran', 'w').close()\nA = 1"
    root = write({"old.py": bad, "new.py": bad, "app.py": f"from old import A\n{bad}"})

    check(root, Rule(*OLD_NEW))

    assert not (root / "ran").exists()


@pytest.mark.process
def test_a_canonical_module_that_cannot_be_imported_is_a_finding(write: Write) -> None:
    """With what the import raised."""
    root = write({**BOTH, "new.py": "import nowhere_at_all"})
    found = check(root, Rule(*OLD_NEW), really=True)

    assert slugs(found) == ["canonical-import-fails"]
    assert found.failed_imports[0].error == (
        "ModuleNotFoundError: No module named 'nowhere_at_all'"
    )


def test_a_canonical_module_that_is_missing_is_a_finding(write: Write) -> None:
    """One, whatever would be asked of it."""
    found = check(write({"old.py": "A = 1", "app.py": "from old import A"}), Rule(*OLD_NEW))

    assert slugs(found) == ["canonical-not-found"]
    assert found.would_break == []


@pytest.mark.parametrize("source", ["from old import A", "import old", "from old import *"])
def test_canonical_code_that_imports_the_legacy_path_is_a_finding(
    write: Write, source: str
) -> None:
    """Aliased, it would be led back to itself."""
    found = check(write({"old.py": "A = 1", "new.py": source}), Rule(*OLD_NEW))

    assert slugs(found) == ["canonical-imports-legacy"]
    assert places(found.circular) == "new.py:1"


def test_canonical_code_may_import_a_legacy_path_that_holds_its_implementation(
    write: Write,
) -> None:
    """The rule says so, and all is well."""
    root = write({"old.py": "A = 1", "new.py": "from old import A as B", "app.py": "import old"})
    found = check(root, Rule(*OLD_NEW, implementation=True))

    assert places(found.circular) == "new.py:1"
    assert found.findings == ()


def test_a_canonical_package_may_import_legacy_relatively(write: Write) -> None:
    """The path is resolved before it is judged."""
    root = write({"p/__init__.py": "", "p/old.py": "A = 1", "p/new.py": "from .old import A"})

    assert slugs(check(root, Rule("p.old", "p.new"))) == ["canonical-imports-legacy"]


def test_canonical_code_for_type_checkers_makes_no_circle(write: Write) -> None:
    """It never runs."""
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from old import A\nA = 1"

    assert check(write({"old.py": "A = 1", "new.py": source}), Rule(*OLD_NEW)).findings == ()


def test_a_canonical_module_outside_of_the_project_is_read_for_circles(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package may import what it replaces."""
    root = write({"own/old.py": "A = 1", "lib/new.py": "from old import A"})
    monkeypatch.syspath_prepend(str(root / "lib"))

    found = check(root / "own", Rule(*OLD_NEW))

    assert slugs(found) == ["canonical-imports-legacy"]
    assert places(found.circular) == f"{root}/lib/new.py:1"


TREE = {
    "old/__init__.py": "",
    "old/a.py": "A = 1",
    "old/b.py": "from old.a import A\nB = 1",
    "new/__init__.py": "",
    "new/a.py": "A = 1",
}
TREE_RULE = ("old.*", "new.*")


@pytest.mark.parametrize("source", ["import old.b", "from old import b", "from old.b import B"])
def test_a_module_of_a_tree_that_canonical_lacks_stays(write: Write, source: str) -> None:
    """However it is asked for, it is one thing to mend."""
    found = check(write({**TREE, "app.py": source}), Rule(*TREE_RULE))

    assert named(found.unmoved) == {"old.b": "app.py:1"}
    assert slugs(found) == ["canonical-not-found"]


def test_a_module_of_a_tree_that_neither_side_has_is_broken_already(write: Write) -> None:
    """As with names."""
    found = check(write({**TREE, "app.py": "import old.z"}), Rule(*TREE_RULE))

    assert named(found.broken_already) == {"old.z": "app.py:1"}


def test_modules_of_a_tree_that_both_sides_have_are_no_finding(write: Write) -> None:
    """Each is compared with its own counterpart."""
    source = "import old.a\nfrom old.a import A\nfrom old import a\nold.a.A"

    assert check(write({**TREE, "app.py": source}), Rule(*TREE_RULE)).findings == ()


def test_files_of_the_legacy_tree_are_no_callers(write: Write) -> None:
    """They no longer run once the tree is aliased."""
    found = check(write(TREE), Rule(*TREE_RULE))

    assert found.uses == ()
    assert found.inside_legacy == 1


def test_what_only_the_legacy_code_has_is_told(write: Write) -> None:
    """Names and whole modules that nobody here asks for."""
    root = write({**TREE, "old/a.py": "A = _extra = 1\nimport os"})

    found = check(root, Rule(*TREE_RULE))

    assert [one.path for one in found.unasked] == ["old.a._extra", "old.b"]
    assert found.findings == ()


def test_a_canonical_module_of_a_tree_may_import_another_legacy_one(write: Write) -> None:
    """The alias gives it that one's canonical module."""
    files = {**TREE, "new/b.py": "from old.a import A\nB = 1"}

    assert check(write(files), Rule(*TREE_RULE)).findings == ()


def test_a_canonical_module_of_a_tree_must_not_import_its_own_counterpart(write: Write) -> None:
    """The rule for a single module holds for each module of a tree."""
    found = check(write({**TREE, "new/b.py": "from old import b\nB = b.B"}), Rule(*TREE_RULE))

    assert slugs(found) == ["canonical-imports-legacy"]


def test_a_child_with_a_rule_of_its_own_is_judged_by_that(write: Write) -> None:
    """The longest match wins here, too."""
    root = write({**TREE, "other.py": "B = 1", "app.py": "from old import b\nimport old.b"})
    found = check(root, Rule(*TREE_RULE), Rule("old.b", "other"))

    assert found.findings == ()
    assert found.uses == ()


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("from m import old", "app.py:1"),
        ("import m\nm.old", "app.py:2"),
        ("from m import other", ""),
        ("import m", ""),
    ],
)
def test_a_name_rule_counts_look_ups_of_the_name(write: Write, source: str, uses: str) -> None:
    """The module itself lives on."""
    found = check(write({"m.py": "new = other = 1", "app.py": source}), Rule("m:old", "m:new"))

    assert places(found.uses) == uses
    assert found.findings == ()


def test_a_canonical_name_that_is_missing_is_a_finding(write: Write) -> None:
    """As a missing module is."""
    found = check(write({"m.py": "old = 1"}), Rule("m:old", "m:new"))

    assert slugs(found) == ["canonical-not-found"]


def test_strings_are_told_apart_from_uses(write: Write) -> None:
    """A patch target is looked up by code that can't be seen here."""
    root = write({**BOTH, "test_app.py": "mock.patch('old.B')\nx = 'old'\ny = 'older.B'"})
    found = check(root, Rule(*OLD_NEW))

    assert places(found.strings) == "test_app.py:1"
    assert found.uses == ()
    assert found.findings == ()


def test_reading_a_child_off_its_package_is_a_use(write: Write) -> None:
    """Whatever import put it there."""
    root = write(
        {
            "p/__init__.py": "",
            "p/old.py": "A = 1",
            "p/new.py": "A = 1",
            "app.py": "import p\np.old.A",
        }
    )

    assert places(check(root, Rule("p.old", "p.new")).uses) == "app.py:2"


def test_files_that_cannot_be_read_are_reported(write: Write) -> None:
    """The check goes on with the others."""
    root = write({**BOTH, "broken.py": "from old import ("})
    found = check_map(MigrationMap([Rule(*OLD_NEW)], root=str(root)))

    assert [one.file for one in found.unreadable] == ["broken.py"]
    assert found.files == 3
    assert found.findings == 0
