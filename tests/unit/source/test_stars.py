"""Test what becomes of names that ``from legacy import *`` brings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map
from enforcer.source.findings import MissingName, RuleCheck

Write = Callable[[dict[str, str]], Path]
BOTH = {"old.py": "A = B = 1", "new.py": "A = 1"}
STAR = "from old import *\n"


def check(root: Path, *rules: Rule) -> RuleCheck:
    """Check a map, and return what its first rule will meet."""
    return check_map(MigrationMap(rules or [Rule("old", "new")], root=str(root))).rules[0]


def named(missing: list[MissingName]) -> dict[str, str]:
    """Return each missing path with its sites."""
    return {one.path: " ".join(map(str, one.sites)) for one in missing}


def test_a_name_that_the_file_reads_would_break(write: Write) -> None:
    """A name that it does not read is of no concern."""
    root = write({**BOTH, "app.py": STAR + "print(A, B)", "job.py": STAR + "print(A)"})

    assert named(check(root).would_break) == {"old.B": "app.py:1"}


def test_a_name_that_the_canonical_module_has_and_does_not_export_would_break(
    write: Write,
) -> None:
    """``__all__`` decides what a star brings; a plain import gets it all the same."""
    canonical = "__all__ = ['A']\nA = B = 1"
    root = write({**BOTH, "new.py": canonical, "app.py": STAR + "print(B)"})
    other = {"new.py": canonical, "app.py": "from old import B"}

    assert named(check(root).would_break) == {"old.B": "app.py:1"}
    assert check(write(other)).findings == ()


def test_another_star_of_the_file_may_bring_it(write: Write) -> None:
    """From a module that no rule covers."""
    app = STAR + "from more import *\nprint(B)"

    assert check(write({**BOTH, "more.py": "B = 2", "app.py": app})).findings == ()


@pytest.mark.process
@pytest.mark.parametrize(
    ("asking", "places"),
    [
        ("from api import B", "app.py:1 (through api)"),
        ("import api\napi.B", "app.py:2 (through api)"),
        ("from api import *\nprint(B)", "app.py:1 (through api)"),
        ("from far import B", "app.py:1 (through far)"),
        ("from api import A", ""),
        ("import api", ""),
        ("from other import B", ""),
        ("if TYPE_CHECKING:\n  from api import B", ""),
    ],
)
def test_who_asks_the_module_that_passes_it_on_is_found(
    write: Write, asking: str, places: str
) -> None:
    """Once removed, or further away; a module that has the name by itself is none."""
    root = write(
        {
            **BOTH,
            "api.py": STAR,
            "far.py": "from api import *",
            "other.py": STAR + "B = 3",
            "app.py": asking,
        }
    )

    assert named(check(root).would_break) == ({"old.B": places} if places else {})


def test_a_list_of_exports_that_names_it_breaks_every_star(write: Write) -> None:
    """Whether or not the name is read: ``import *`` asks for each name of ``__all__``."""
    root = write({**BOTH, "api.py": STAR + "__all__ = ['A', 'B']", "app.py": "from api import *"})

    assert named(check(root).would_break) == {"old.B": "app.py:1 (through api)"}


def test_a_package_may_pass_it_on(write: Write) -> None:
    """By a relative import, as packages do."""
    root = write(
        {
            "pkg/__init__.py": "from .old import *",
            "pkg/old.py": "A = B = 1",
            "pkg/new.py": "A = 1",
            "app.py": "from pkg import A, B",
        }
    )

    assert named(check(root, Rule("pkg.old", "pkg.new")).would_break) == {
        "pkg.old.B": "app.py:1 (through pkg)"
    }


@pytest.mark.parametrize("option", ["fallback", "implementation"])
def test_the_legacy_code_may_serve_it(write: Write, option: str) -> None:
    """Then nothing is missing, wherever it is asked for."""
    rule = Rule("old", "new", **{option: "legacy" if option == "fallback" else True})  # type: ignore[arg-type]
    root = write({**BOTH, "api.py": STAR, "app.py": "from api import *\nprint(B)"})

    assert check(root, rule).findings == ()


def test_a_renamed_name_comes_under_both_names(write: Write) -> None:
    """As the alias exports it."""
    root = write({**BOTH, "new.py": "A = C = 1", "app.py": STAR + "print(B)"})

    assert check(root, Rule("old", "new", names={"B": "C"})).findings == ()


def test_a_canonical_module_that_stars_another_legacy_one_loses_its_names(write: Write) -> None:
    """What the canonical side has is judged as it will be, not as it is."""
    root = write(
        {
            **BOTH,
            "older.py": "X = Y = 1",
            "newer.py": STAR,
            "app.py": "from older import A, B",
        }
    )
    found = check_map(
        MigrationMap([Rule("older", "newer"), Rule("old", "new")], root=str(root))
    ).rules[0]

    assert [one.path for one in found.broken_already + found.would_break] == ["older.B"]


@pytest.mark.parametrize(
    ("stage", "source", "refused"),
    [
        ("alias", "def f(): ...", ""),
        ("strict", "def f(): ...", ""),
        ("strict", "__all__ = ['f']\ndef f(): ...", "app.py:1"),
        ("removed", "def f(): ...", "app.py:1"),
        ("removed", "__all__ = ['g']\ndef f(): ...", ""),
        ("removed", "g = 1", ""),
    ],
)
def test_a_star_of_a_live_module_asks_for_its_legacy_name(
    write: Write, stage: str, source: str, refused: str
) -> None:
    """A use where ``__all__`` lists it; in stage removed no star gets past a name that is bound."""
    root = write({"mod.py": f"{source}\ndef g(): ...", "app.py": "from mod import *"})
    found = check(root, Rule("mod:f", "mod:g", stage=stage))

    assert " ".join(map(str, found.refused)) == refused
