"""What the enforcer relies upon in CPython, and what it does where that does not hold."""

import pytest


def test_this_cpython_imports_as_expected(case):
    case.check("""
    from enforcer.imports.selfcheck import blind_spots
    assert blind_spots() == []
    assert not [name for name in sys.modules if "selfcheck" in name and not "enforcer." in name]
    from importlib import _bootstrap
    assert not [name for name in _bootstrap._module_locks if "selfcheck" in name]
    """)


def test_a_cpython_that_reads_no_spec_is_noticed_and_aliases_still(case):
    """As if C had stopped to read __spec__ from the importing frame."""
    case.rule("par.old", "new.sub")
    case.environment["BEFORE"] = "import enforcer.imports.bytecode as b; b.IMPORT_NAME = 254"
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
        "import enforcer.imports.bootstrap as b, sys; b.SWALLOWS_ERRORS = not b.SWALLOWS_ERRORS;"
        "b.module_locks = {}"
    )
    case.rule("par.old", "new.sub")
    case.check("import par.old")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert spots == {"Strict rules can't refuse a module that is loaded already here."}


def test_a_cpython_that_marks_no_loads_is_noticed(case):
    case.environment["BEFORE"] = (
        "import enforcer.imports.hooks as h; h.HookedSpec._initializing = False"
    )
    case.rule("par.old", "new.sub")
    case.check("import par.old")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert spots == {"Imports that load a module can't be followed here."}


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
        f"import enforcer.imports.{module} as m\n"
        f"def fail(*_): raise ZeroDivisionError('broken')\n"
        f"m.{rest} = fail\n"
        "import enforcer.imports.selfcheck as s; s.blind_spots = lambda: []"
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
