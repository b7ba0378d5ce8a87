"""What the enforcer relies upon in CPython, and what it does where that does not hold."""


def test_this_cpython_imports_as_expected(case):
    case.run("""
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
    case.run("""
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
    case.run("")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert spots == {"Strict rules can't refuse a module that is loaded already here."}


def test_a_cpython_that_marks_no_loads_is_noticed(case):
    case.environment["BEFORE"] = (
        "import enforcer.imports.hooks as h; h.HookedSpec._initializing = False"
    )
    case.run("")
    spots = {subject for kind, subject in case.notices if kind == "blind"}
    assert spots == {"Imports that load a module can't be followed here."}
