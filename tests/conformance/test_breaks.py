"""What breaks the naive form of aliasing, by the numbers of docs/design.md."""

import json

import pytest


def test_1_a_refusal_reaches_only_the_thread_that_is_refused(case):
    """The refusal waits for one thread; another one that asks for the lock passes."""
    case.rule("par.old", "new.sub", stage="strict")
    case.tolerate(["par.old", "main.py", "tolerated"])
    case.check("""
    from importlib import _bootstrap
    from enforcer import LegacyImportError
    def tolerated():
        import par.old
    tolerated()
    for _ in range(3):
        try:
            import par.old
        except LegacyImportError:
            pass
        else:
            raise AssertionError
        _bootstrap._lock_unlock_module("par.old")
        tolerated()
    """)


def test_2_an_attribute_asked_for_before_binding_binds(case):
    case.rule("oldtop", "new.late")
    case.write(
        "new/late.py",
        "First = 1\nimport sys\nimport oldtop\nSEEN = oldtop.First\nclass Second: pass\n",
    )
    case.check("""
    import oldtop
    import new.late
    assert new.late.SEEN == 1 and oldtop.Second is new.late.Second
    """)


def test_3_what_the_import_system_writes_goes_nowhere(case):
    case.rule("old.*", "new.*")
    case.check("""
    import old.sub, new.sub
    before = dict(vars(new.sub))
    for name in ("__name__", "__spec__", "__loader__", "__package__", "__path__", "__file__"):
        setattr(old.sub, name, "overwritten") if False else None
        setattr(sys.modules["old.sub"], name, "overwritten")
    assert vars(new.sub) == before
    assert old.__class__ is types.ModuleType and isinstance(old, types.ModuleType)
    """)


def test_3_reload_of_an_alias_reloads_canonical(case):
    case.rule("oldtop", "new.cnt")
    case.write("new/cnt.py", 'import builtins\nbuiltins.N = getattr(builtins, "N", 0) + 1\n')
    case.check("""
    import builtins, oldtop, new.cnt
    assert importlib.reload(oldtop) is oldtop
    assert builtins.N == 2
    assert oldtop is sys.modules["oldtop"] and vars(oldtop) is vars(new.cnt)
    """)


def test_4_a_child_with_another_target_is_reached_through_the_tree(case):
    case.rule("old.*", "new.*")
    case.rule("old.special", "elsewhere")
    case.write("elsewhere.py", "E = 1\n")
    case.check("""
    from old import special
    assert special.E == 1
    import old.special
    assert old.special.E == 1
    import new
    assert not hasattr(new, "special")
    from old import special, sub
    """)
    assert case.uses == {
        ("old.special", "from old import special"): 1,
        ("old.special", "import old.special"): 1,
        ("old.special", "from old import special, sub"): 1,
        ("old.sub", "from old import special, sub"): 1,
    }
    assert {row["rule"] for row in case.rows} == {"old.special", "old.*"}


def test_5_module_getattr_and_dir_of_canonical(case):
    case.rule("oldtop", "new.dynamic")
    case.write(
        "new/dynamic.py",
        """
        REAL = 1
        def __getattr__(name):
            if name == "made":
                return "made"
            raise AttributeError(name)
        def __dir__():
            return ["REAL", "made"]
        """,
    )
    case.check("""
    import oldtop
    assert oldtop.made == "made" and dir(oldtop) == ["REAL", "made"]
    from oldtop import made
    assert not hasattr(oldtop, "other")
    """)


def test_5_canonical_with_a_class_of_its_own(case):
    case.rule("oldtop", "new.classy")
    case.write(
        "new/classy.py",
        """
        import sys, types
        class Classy(types.ModuleType):
            @property
            def computed(self):
                return "computed"
        sys.modules[__name__].__class__ = Classy
        plain = 1
        """,
    )
    case.check("""
    import oldtop, new.classy
    assert oldtop.computed == "computed" and oldtop.plain == 1
    oldtop.plain = 2
    assert new.classy.plain == 2
    def ask():
        from oldtop import computed, plain
        import oldtop
    ask()
    ask()
    """)
    assert sum(case.uses.values()) == 5


def test_5_canonical_that_is_no_module(case):
    case.rule("oldtop", "new.thing")
    case.write(
        "new/thing.py",
        """
        import sys
        class Thing:
            __slots__ = ("value",)
            __spec__ = __spec__
            @property
            def computed(self):
                return self.value + 1
        thing = Thing()
        thing.value = 1
        sys.modules[__name__] = thing
        """,
    )
    case.check("""
    import oldtop
    assert oldtop.computed == 2
    oldtop.value = 5
    assert sys.modules["new.thing"].value == 5
    from oldtop import computed
    """)


def test_5_copies_and_pickles_reduce_to_canonical(case):
    """Also where canonical is more than a plain module."""
    case.rule("oldtop", "new.sub")
    case.rule("oldodd", "new.odd")
    case.write(
        "new/odd.py",
        "import sys, types\nclass Odd(types.ModuleType): pass\n"
        "sys.modules[__name__].__class__ = Odd\n",
    )
    case.check("""
    import copy, oldtop, oldodd, new.sub, new.odd
    assert copy.copy(oldodd) is copy.deepcopy(oldodd) is new.odd
    assert pickle.loads(pickle.dumps(oldodd)) is new.odd
    assert copy.copy(oldtop) is copy.deepcopy(oldtop) is new.sub
    assert pickle.loads(pickle.dumps(oldtop)) is new.sub
    """)


def test_6_canonical_replaced_later_is_followed(case):
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old
    def ask():
        from par import old
        import par.old as m
        return old.Y
    first = ask()
    assert ask() is first
    other = types.ModuleType("new.sub")
    other.Y = "other"
    original, sys.modules["new.sub"] = sys.modules["new.sub"], other
    assert ask() == "other"
    sys.modules["new.sub"] = original
    assert ask() is first
    """)


def test_6_canonical_replaced_is_followed_by_a_statement_that_ran_before(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    def ask():
        import oldtop as m
        return vars(m)["Y"]
    first = ask()
    assert ask() is ask() is first
    other = types.ModuleType("new.sub")
    other.Y = "other"
    sys.modules["new.sub"] = other
    assert ask() == "other"
    """)


def test_7_delete_and_restore_on_the_package(case):
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old
    alias = par.old
    del par.old
    assert not hasattr(par, "old")
    try:
        del par.old
    except AttributeError:
        pass
    par.old = alias
    from par import old
    assert old is alias
    """)


def test_8_the_parent_is_not_counted_for_its_child(case):
    case.rule("old.*", "new.*")
    case.check("""
    def both(name):
        __import__(name)
    for name in ("old.sub", "old", "old.sub", "old"):
        both(name)
    import old
    import old.sub
    """)
    counts = {(row["path"], case.line(row)): row["count"] for row in case.rows}
    assert counts == {
        ("old.sub", "__import__(name)"): 2,
        ("old", "__import__(name)"): 2,
        ("old", "import old"): 1,
        ("old.sub", "import old.sub"): 1,
    }


def test_8_equal_code_in_two_files_is_two_sites(case):
    case.rule("oldtop", "new.sub")
    case.write("one.py", "def f():\n    import oldtop\n")
    case.write("two.py", "def f():\n    import oldtop\n")
    case.check("""
    import one, two
    assert one.f.__code__.co_code == two.f.__code__.co_code
    for _ in range(3):
        one.f()
        two.f()
    """)
    assert {(row["file"], row["count"]) for row in case.rows} == {("one.py", 3), ("two.py", 3)}


def test_8_recycled_code_objects_are_told_apart(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import gc, oldtop
    for number in range(300):
        space = {"__name__": f"made{number}"}
        exec(compile("import oldtop", f"made{number}.py", "exec"), space)
        exec(compile("import oldtop", f"made{number}.py", "exec"), space)
        gc.collect(0)
    """)
    made = {row["file"]: row["count"] for row in case.rows if row["file"].startswith("made")}
    assert made == {f"made{number}.py": 2 for number in range(300)}


def test_8_sites_beyond_what_is_remembered_are_still_counted(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import enforcer.runtime.imports.sites as sites
    sites.MOST_SITES = 3
    import oldtop
    programs = [compile("import oldtop", f"made{number}.py", "exec") for number in range(10)]
    for _ in range(4):
        for program in programs:
            exec(program, {})
    """)
    made = {row["file"]: row["count"] for row in case.rows if row["file"].startswith("made")}
    assert made == {f"made{number}.py": 4 for number in range(10)}


def test_8_a_failed_from_import_counts_once(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    for _ in range(3):
        try:
            from oldtop import Nothing
        except ImportError:
            pass
    """)
    assert case.uses == {("oldtop", "from oldtop import Nothing"): 3}


def test_threads_that_wait_for_the_first_import_are_counted(case):
    case.rule("oldtop", "new.slow")
    case.write("new/slow.py", "import time\ntime.sleep(.2)\n")
    case.check("""
    go = threading.Barrier(8)
    def by_statement():
        go.wait()
        import oldtop
    def by_call():
        go.wait()
        importlib.import_module("oldtop")
    threads = [threading.Thread(target=work) for work in (by_statement, by_call) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """)
    assert case.uses == {
        ("oldtop", "import oldtop"): 4,
        ("oldtop", 'importlib.import_module("oldtop")'): 4,
    }


@pytest.mark.parametrize("stage", ["observe", "strict"])
def test_threads_that_wait_are_counted_or_refused_in_other_stages(case, stage):
    case.rule("oldtop", "new.slow", stage=stage)
    case.tolerate(["oldtop", "main.py", "tolerated"])
    case.write("oldtop.py", "import time\ntime.sleep(.2)\n")
    case.write("new/slow.py", "import time\ntime.sleep(.2)\n")
    case.check("""
    go = threading.Barrier(6)
    errors = []
    def tolerated():
        go.wait()
        import oldtop
    def refused():
        go.wait()
        try:
            import oldtop
        except ImportError as error:
            errors.append(error)
    threads = [threading.Thread(target=work) for work in (tolerated, refused) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """)
    assert {row["function"]: row["count"] for row in case.rows} == {"tolerated": 3, "refused": 3}
    outcomes = {row["function"]: row["outcome"] for row in case.rows}
    if stage == "strict":
        assert outcomes == {"tolerated": "exempted", "refused": "blocked"}
    else:
        assert set(outcomes.values()) == {"observed"}


def test_an_import_that_its_own_package_overtakes_is_counted(case):
    """`import pack.old` runs pack's body, which imports pack.old itself."""
    case.rule("pack.old", "new.sub")
    case.write("pack/__init__.py", "from pack import old\n")
    case.check("""
    import pack.old
    """)
    assert case.uses == {
        ("pack.old", "from pack import old"): 1,
        ("pack.old", "import pack.old"): 1,
    }


def test_packages_that_are_gone_from_disk_hold_the_alias(case):
    case.rule("gone.deep.old", "new.sub")
    case.check("""
    import gone.deep.old
    from gone.deep import old
    from gone.deep.old import Y
    assert gone.deep.old.Y is Y
    try:
        import gone.other
    except ModuleNotFoundError as error:
        assert error.name == "gone.other"
    """)
    assert sum(case.uses.values()) == 4


def test_a_package_that_has_both_modules_is_not_made(case):
    """Where it is not on the path, the program is told so, as without the enforcer."""
    case.rule("absent.deep.old", "absent.new")
    case.check("""
    for module in ("absent", "absent.deep.old"):
        try:
            __import__(module)
        except ModuleNotFoundError as error:
            assert error.name == "absent", error
        else:
            raise AssertionError(module)
    """)


def test_a_canonical_path_that_does_not_exist_leaves_the_legacy_module(case):
    case.rule("par.old", "new.nowhere")
    case.write("par/old.py", "class Y: pass\n")
    case.check("""
    from par.old import Y
    assert Y.__module__ == "par.old"
    """)
    assert ("missing", "par.old") in case.notices


def test_submodules_that_a_canonical_package_makes_itself(case):
    case.rule("old.*", "made.*")
    case.write(
        "made/__init__.py",
        "import sys, types\nm = types.ModuleType('made.inner')\nm.I = 1\nsys.modules['made.inner'] = inner = m\n",
    )
    case.check("""
    import old.inner
    assert old.inner.I == 1
    from old.inner import I
    """)


def test_sites_beyond_the_limit_share_a_row(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import enforcer.startup
    enforcer.startup.active().recorder.limit = 5
    import oldtop
    for number in range(20):
        exec(compile("import oldtop", f"made{number}.py", "exec"), {})
    """)
    rows = json.loads((case.folder / "uses.json").read_text())["uses"]
    assert sum(row["count"] for row in rows) == 21
    assert [row["count"] for row in rows if row["file"] == "<other call sites>"] == [16]
