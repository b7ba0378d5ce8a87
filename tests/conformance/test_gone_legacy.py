"""A legacy path whose own code was deleted: stage observe gives the canonical object, too.

So a stage can be lowered, and an enforcer be calmed, long after the legacy files are gone.
"""

import pytest

FORMS = """
    def ask():
        import {path}
        import {path} as m
        from {package} import {child}
        from {path} import Y
        importlib.import_module("{path}")
        __import__("{path}", fromlist=["Y"])
        assert m is {child} and m.Y is new.sub.Y
    import new.sub
    for _ in range(3):
        ask()
"""


def uses(path):
    package, _, child = path.rpartition(".")
    forms = (
        f"import {path}",
        f"import {path} as m",
        f"from {package} import {child}",
        f"from {path} import Y",
        f'importlib.import_module("{path}")',
        f'__import__("{path}", fromlist=["Y"])',
    )
    return {(path, form): 3 for form in forms}


@pytest.mark.parametrize(
    ("legacy", "canonical", "path"),
    [
        ("par.old", "new.sub", "par.old"),
        ("nowhere.old", "new.sub", "nowhere.old"),
        ("nowhere.deep.old", "new.sub", "nowhere.deep.old"),
        ("gone.*", "new.*", "gone.sub"),
        ("par.gone.*", "new.*", "par.gone.sub"),
        ("partly.*", "new.*", "partly.sub"),
    ],
)
def test_every_form_gives_the_canonical_module(case, legacy, canonical, path):
    """Also where its package is gone, or only a part of it."""
    case.write("partly/__init__.py", "")
    case.rule(legacy, canonical, stage="observe")
    package, _, child = path.rpartition(".")
    case.check(FORMS.format(path=path, package=package, child=child))
    assert case.uses == uses(path)
    assert ("gone", path) in case.notices


def test_a_module_at_the_top(case):
    case.rule("gone", "new.sub", stage="observe")
    case.check("""
    import new.sub
    for _ in range(3):
        import gone
        from gone import Y
        assert Y is new.sub.Y
    """)
    assert set(case.uses.values()) == {3}
    assert case.notices == {("gone", "gone")}


def test_a_name(case):
    """One that the module still has stays its own."""
    case.rule("live:old", "new.sub:Y", stage="observe")
    case.rule("live:kept", "new.sub:Y", stage="observe")
    case.rule("lazy:old", "new.sub:Y", stage="observe")
    case.write("live.py", "kept = 1\n")
    case.write("lazy.py", "def __getattr__(name):\n    return name\n")
    case.check("""
    import live, lazy, new.sub
    for _ in range(3):
        from live import old
        live.old
        from lazy import old as own
    assert old is live.old is new.sub.Y
    assert live.kept == 1 and own == "old"
    """)
    assert case.notices == {("gone", "live:old")}


def test_what_was_lowered_by_the_environment(case, monkeypatch):
    monkeypatch.setenv("ENFORCER_STAGE", "at-most:observe")
    case.rule("par.old", "new.sub", stage="strict")
    case.check("""
    for _ in range(3):
        from par.old import Y
    """)
    assert case.uses == {("par.old", "from par.old import Y"): 3}


@pytest.mark.parametrize("canonical", ["new.nothing", "nothing"])
def test_a_path_without_any_code_fails_as_it_does_without(case, canonical):
    case.rule("par.gone", canonical, stage="observe")
    case.check("""
    for _ in range(3):
        try:
            import par.gone
        except ModuleNotFoundError as error:
            assert error.name == "par.gone", error.name
        else:
            raise AssertionError
    """)


def test_an_implementation_is_not_looked_for_elsewhere(case):
    case.rule("par.gone", "new.sub", stage="observe", implementation=True)
    case.check("""
    try:
        import par.gone
    except ModuleNotFoundError as error:
        assert error.name == "par.gone"
    else:
        raise AssertionError
    """)


def test_it_is_its_own_again_once_it_is_back(case):
    """A file that comes while the program runs is taken from the next load on."""
    case.rule("par.old", "new.sub", stage="observe")
    case.check("""
    import par.old, new.sub
    assert par.old.Y is new.sub.Y
    del sys.modules["par.old"]
    with open("par/old.py", "w") as file:
        file.write("Y = 1")
    importlib.invalidate_caches()
    import par.old
    assert par.old.Y == 1
    """)


def test_nothing_is_blind(case):
    """What is gone is aliased, and seen: no notice says that it is not."""
    case.rule("par.old", "new.sub", stage="observe")
    case.rule("gone.*", "new.*", stage="observe")
    case.check("""
    import par.old, gone.sub, new
    import enforcer
    from enforcer import startup
    startup.active().look_for_notices()
    """)
    assert {kind for kind, _ in case.notices} == {"gone"}
