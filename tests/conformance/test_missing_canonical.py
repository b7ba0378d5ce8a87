"""A canonical path that does not exist: the legacy code answers, and its uses are counted."""

import pytest

STAGES = ("alias", "warn", "strict")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("canonical", ["new.gone", "nowhere.gone", "nowhere"])
def test_every_form_is_counted_as_in_observe(case, stage, canonical):
    """A release that lacks the canonical module runs under the map of the next one."""
    case.rule("par.old", canonical, stage=stage)
    case.write("par/old.py", "W = 1\n")
    case.check("""
    def ask():
        import par.old
        import par.old as m
        from par import old
        from par.old import W
        importlib.import_module("par.old")
        assert m is old and W == 1 and old.__name__ == "par.old"
    for _ in range(3):
        ask()
    """)
    assert case.uses == {
        ("par.old", "import par.old"): 3,
        ("par.old", "import par.old as m"): 3,
        ("par.old", "from par import old"): 3,
        ("par.old", "from par.old import W"): 3,
        ("par.old", 'importlib.import_module("par.old")'): 3,
    }
    assert {row["outcome"] for row in case.rows} == {"observed"}
    assert case.notices == {("missing", "par.old")}


def test_a_module_that_was_imported_before_is_observed(case):
    case.rule("par.old", "new.gone")
    case.write("par/old.py", "W = 1\n")
    case.check("""
    import enforcer
    enforcer.disable()
    import par.old
    enforcer.enable("enforcer.toml", store=False)
    for _ in range(3):
        from par.old import W
    """)
    assert case.uses == {("par.old", "from par.old import W"): 3}
    assert case.notices == {("late", "par.old"), ("missing", "par.old")}


@pytest.mark.parametrize("first", ["import old.extra", "from old import extra"])
def test_a_submodule_that_only_the_legacy_tree_has_runs_its_own_code(case, first):
    case.rule("old.*", "new.*")
    case.write("old/__init__.py", "raise RuntimeError('the legacy body ran')\n")
    case.write("old/extra.py", "W = 1\n")
    case.write("old/inner/__init__.py", "V = 2\n")
    case.write("old/inner/deep.py", "V = 3\n")
    case.check(f"""
    def ask():
        {first}
        import old.extra as m
        from old import sub, extra
        from old.inner.deep import V
        from old.inner import deep
        assert extra.W == m.W == 1 and sub.Y and V == deep.V == 3
    for _ in range(3):
        ask()
    import new
    assert not hasattr(new, "extra") and not hasattr(new, "inner")
    """)
    assert case.uses == {
        ("old.extra", first): 3,
        ("old.extra", "import old.extra as m"): 3,
        ("old.extra", "from old import sub, extra"): 3,
        ("old.sub", "from old import sub, extra"): 3,
        ("old.inner.deep", "from old.inner.deep import V"): 3,
        ("old.inner.deep", "from old.inner import deep"): 3,
    }


def test_a_submodule_that_neither_side_has_is_missing(case):
    case.rule("old.*", "new.*")
    case.check("""
    for _ in range(2):
        for statement in ("import old.nothing", "from old import nothing"):
            try:
                exec(statement)
            except ImportError as error:
                assert "nothing" in str(error)
            else:
                raise AssertionError(statement)
    """)


def test_a_name_that_the_canonical_package_makes_itself_is_not_the_legacy_module(case):
    case.rule("old.*", "new.*")
    case.write("old/__init__.py")
    case.write("old/lazy.py", "raise RuntimeError('the legacy body ran')\n")
    case.write("new/__init__.py", "def __getattr__(name):\n    return name.upper()\n")
    case.check("""
    from old import lazy
    assert lazy == "LAZY"
    """)


@pytest.mark.parametrize("stage", STAGES)
def test_a_name_whose_canonical_module_is_missing_is_the_legacy_one(case, stage):
    case.rule("par.live:old", "nowhere.gone:new", stage=stage)
    case.write("par/live.py", "old = 1\n")
    case.check("""
    import par.live
    def ask():
        from par.live import old
        assert old == par.live.old == 1
    for _ in range(3):
        ask()
    """)
    assert sum(row["count"] for row in case.rows) == 6
    assert {row["outcome"] for row in case.rows} == {"observed"}
    assert case.notices == {("missing", "par.live:old")}


def test_a_canonical_module_that_fails_is_not_missing(case):
    """What it lacks itself is the program's own error."""
    case.rule("par.old", "new.broken")
    case.rule("par.other", "broken.module")
    case.write("par/old.py", "W = 1\n")
    case.write("par/other.py", "W = 1\n")
    case.write("new/broken.py", "import what_nobody_has\n")
    case.write("broken/__init__.py", "import what_nobody_has\n")
    case.check("""
    for name in ("par.old", "par.other"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            assert error.name == "what_nobody_has"
        else:
            raise AssertionError(name)
    """)


def test_a_canonical_module_that_turns_up_later_is_taken(case):
    case.rule("par.old", "late")
    case.write("par/old.py", "W = 1\n")
    case.write("more/late.py", "W = 2\n")
    case.check("""
    import par.old
    assert par.old.W == 1
    del sys.modules["par.old"], par.old
    sys.path.append("more")
    import par.old
    assert par.old.W == 2
    """)
