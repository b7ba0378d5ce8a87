"""What the enforcer relies upon in CPython, and what it does where that does not hold."""

import re
from pathlib import Path

import pytest

from enforcer.runtime.imports import cpython


def test_this_cpython_imports_as_expected(case):
    case.check("""
    from enforcer.runtime.imports.self_check import blind_spots
    assert blind_spots() == []
    assert not [name for name in sys.modules if "selfcheck" in name and not "enforcer." in name]
    from importlib import _bootstrap
    import gc
    gc.collect()
    assert not [name for name in _bootstrap._module_locks if "selfcheck" in name]
    """)


def test_a_cpython_that_reads_no_spec_is_noticed_and_aliases_still(case):
    """As if C had stopped to read __spec__ from the importing frame."""
    case.rule("par.old", "new.sub")
    case.environment["BEFORE"] = (
        "import enforcer.runtime.imports.bytecode as b; b.IMPORT_NAME = 254"
    )
    case.check("""
    import par.old, new.sub
    assert par.old.Y is new.sub.Y
    """)
    assert (
        "blind",
        "Imports of a module that is loaded already can't be seen here.",
    ) in case.notices
    assert sum(row["count"] for row in case.rows) >= 1


def test_a_cpython_that_keeps_refusals_to_itself_is_noticed(case):
    case.environment["BEFORE"] = (
        "import enforcer.runtime.imports.cpython as b, types; b.SWALLOWS_ERRORS = not b.SWALLOWS_ERRORS;"
        "lock = b.module_lock;"
        "b.module_lock = lambda name: types.SimpleNamespace() if 'self' in name else lock(name)"
    )
    case.rule("par.old", "new.sub")
    case.check("import par.old")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert "Strict rules can't refuse a module that is loaded already here." in spots


def test_a_cpython_that_marks_no_loads_is_noticed(case):
    case.environment["BEFORE"] = (
        "import enforcer.runtime.imports.hooks as h; h.HookedSpec._initializing = False"
    )
    case.rule("par.old", "new.sub")
    case.check("import par.old")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert spots == {"Imports that load a module can't be followed here."}


# What stands in the table of docs/design.md: each name with what is expected of it, and the
# change that a later CPython might make.
CHANGES = {
    "_find_and_load": (
        "m._FIND_AND_LOAD = None",
        "Import calls can't be told from other looks at a module here.",
    ),
    "_handle_fromlist": (
        "m._HANDLE_FROMLIST = None",
        "Submodules that a from-import names can't be told from other imports here.",
    ),
    "_lock_unlock_module": (
        "m._LOCK_UNLOCK = None",
        "Imports that wait for another thread can't be counted here.",
    ),
    "_get_module_lock": (
        "m.module_lock = lambda name: types.SimpleNamespace(acquire=bool, release=bool)",
        "Imports that wait for another thread can't be counted here.",
    ),
    "_load_unlocked": (
        "m.load_unlocked = m.module_from_spec",
        "Imports that load a module can't be followed here.",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_what_is_relied_upon_is_noticed(case, name):
    change, spot = CHANGES[name]
    case.environment["BEFORE"] = (
        f"import types, enforcer.runtime.imports.self_check, enforcer.runtime.imports.cpython as m; {change}"
    )
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old, new.sub
    assert par.old.Y is new.sub.Y
    """)
    assert ("blind", spot) in case.notices


def test_no_other_private_name_of_importlib_is_used():
    """Each one is named in one place, stands in the table, and has a change above."""
    source = Path(cpython.__file__).read_text()
    used = set(re.findall(r"""_bootstrap\.(_[a-z]\w*)|_code\("(\w+)"\)""", source))
    assert {first or second for first, second in used} - {"__import__"} == set(CHANGES)
    page = (Path(__file__).parents[2] / "docs" / "design.md").read_text()
    for name in CHANGES:
        assert f"`{name}`" in page
    for module in Path(cpython.__file__).parent.glob("*.py"):
        if module.name != Path(cpython.__file__).name:
            assert not re.search(r"\b_frozen_importlib\b", module.read_text()), module


def test_a_check_that_fails_does_not_cost_the_first_answer(case):
    case.environment["BEFORE"] = (
        "import enforcer.runtime.imports.self_check as s\n"
        "def fails(): raise ZeroDivisionError\n"
        "s._CHECKS = ((fails, 'It fails.'),)"
    )
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old, new.sub
    assert par.old.Y is new.sub.Y
    """)
    assert case.uses["par.old", "import par.old, new.sub"] == 1
    assert ("blind", "It fails.") in case.notices


@pytest.mark.parametrize("stage", ["observe", "alias", "warn"])
@pytest.mark.parametrize(
    "broken", ["callers.Ownership.site", "bytecode.import_statement", "bytecode.called_name"]
)
def test_a_failure_inside_the_enforcer_does_not_reach_the_program(case, broken, stage):
    case.rule("par.old", "new.sub", stage=stage)
    case.rule("par.live:old", "par.live:current", stage=stage)
    case.write("par/old.py", "class Y: pass\n")
    case.write("par/live.py", "def current(): pass\ndef old(): pass\n")
    module, _, rest = broken.partition(".")
    case.environment["BEFORE"] = (
        f"import enforcer.runtime.imports.{module} as m\n"
        f"def fail(*_): raise ZeroDivisionError('broken')\n"
        f"m.{rest} = fail\n"
        "import enforcer.runtime.imports.self_check as s; s.blind_spots = lambda: []"
    )
    case.check(f"""
    import warnings
    warnings.simplefilter("ignore")
    import par
    for _ in range(3):
        import par.old
        from par import old
        from par.old import Y
        from par.live import old
        importlib.import_module("par.old")
        pickle.loads(b"cpar.old\\nY\\n.")
        par.old.Y
    assert Y.__module__ == {"par.old" if stage == "observe" else "new.sub"!r}
    """)
    assert {kind for kind, _ in case.notices} == {"blind"}
