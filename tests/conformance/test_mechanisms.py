"""The rarer cases that loading, binding, patching and disabling have a guard for."""


def test_a_body_that_imports_by_call_leaves_the_outer_package_uncounted(case):
    """`__import__("old.sub")` reads `old` right after; the body imports meanwhile."""
    case.rule("old.*", "new.*")
    case.write("new/deep.py", "")
    case.write("new/sub.py", "import importlib\nimportlib.import_module('old.deep')\n")
    case.check("""
    __import__("old.sub")
    """)
    assert {path for path, _ in case.uses} == {"old.sub", "old.deep"}


def test_a_body_that_imports_by_dunder_import_leaves_the_outer_package_uncounted(case):
    """The same, where the body reads the same package as well."""
    case.rule("old.*", "new.*")
    case.write("new/deep.py", "")
    case.write("new/sub.py", "__import__('old.deep')\n")
    case.check("""
    __import__("old.sub")
    """)
    assert {path for path, _ in case.uses} == {"old.sub", "old.deep"}


def test_a_package_that_another_import_overtakes_counts_for_its_child_only(case):
    """Between the look into `sys.modules` and the import of a package, it may come."""
    case.rule("par.old.*", "new.*")
    case.check("""
    def overtake(frame, event, _argument):
        if frame.f_code.co_name == "_call_with_frames_removed":
            if frame.f_locals.get("args") == ("par.old",):
                sys.settrace(None)
                exec("import par.old", {})
    sys.settrace(overtake)
    import par.old.sub
    sys.settrace(None)
    """)
    assert case.uses == {
        ("par.old", 'exec("import par.old", {})'): 1,
        ("par.old.sub", "import par.old.sub"): 1,
    }


def test_a_load_that_failed_inside_does_not_count_the_import_outside_twice(case):
    """The package swallows its own failure; the outer import then loads the module."""
    case.rule("pack.old", "new.flaky")
    case.write(
        "new/flaky.py",
        """
        import builtins
        if not hasattr(builtins, "FAILED"):
            builtins.FAILED = True
            raise ImportError
        """,
    )
    case.write("pack/__init__.py", "try:\n    import pack.old\nexcept ImportError:\n    pass\n")
    case.check("""
    import pack.old as outer
    """)
    assert case.uses == {
        ("pack.old", "import pack.old"): 1,
        ("pack.old", "import pack.old as outer"): 1,
    }


def test_an_import_call_during_another_threads_load_counts_once(case):
    """It is counted as it reads the spec, and meets the lock afterwards."""
    case.rule("oldtop", "new.sub")
    case.check("""
    executed = threading.Event()
    def load():
        sys.settrace(lambda frame, *_: linger if frame.f_code.co_name == "_load_unlocked" else None)
        import oldtop
    def linger(frame, *_):
        if frame.f_locals["spec"].name == "oldtop" and "new.sub" in sys.modules:
            sys.settrace(None)
            frame.f_trace = None
            executed.set()
            threading.Event().wait(.3)
    import new
    thread = threading.Thread(target=load)
    thread.start()
    executed.wait()
    importlib.import_module("oldtop")
    thread.join()
    """)
    assert case.uses == {
        ("oldtop", "import oldtop"): 1,
        ("oldtop", 'importlib.import_module("oldtop")'): 1,
    }


def test_a_real_submodule_may_take_the_place_of_the_alias(case):
    """Whoever assigns to the package means it, whatever stood there."""
    case.rule("par.old", "new.sub")
    case.write("par/__init__.py", "def old(): pass\n")
    case.check("""
    import par.old
    assert callable(par.old)
    par.old = "assigned"
    assert par.old == vars(par)["old"] == "assigned"
    """)


def test_a_canonical_class_answers_before_its_namespace_also_when_settled(case):
    case.rule("oldtop", "new.classy")
    case.write(
        "new/classy.py",
        """
        import sys, types
        class Classy(types.ModuleType):
            computed = property(lambda self: "computed")
            both = property(lambda self: "class")
        vars(sys.modules[__name__])["both"] = "namespace"
        sys.modules[__name__].__class__ = Classy
        """,
    )
    case.check("""
    for _ in range(3):
        import oldtop
        assert (oldtop.computed, oldtop.both) == ("computed", "class")
    """)


def test_a_lacking_name_is_explained_also_when_the_alias_is_settled(case):
    case.rule("par.old", "par.canon")
    case.write("par/canon.py", "class WebSocketManager: pass\n")
    case.check("""
    for _ in range(3):
        from par.old import WebSocketManager
        import par.old
    for _ in range(3):
        try:
            from par.old import WebSocketManagr
        except ImportError as error:
            assert str(error).endswith("Nearest there: WebSocketManager"), error
        else:
            raise AssertionError
    """)


def test_legacy_code_that_fails_says_so_each_time(case):
    """As an import of it would, and once it works, it is executed."""
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/canon.py", "Y = 1")
    case.write("par/old.py", "import par\npar.bodies += 1\nif par.bodies < 3: 1 / 0\nOnlyOld = 1\n")
    case.check("""
    import par
    par.bodies = 0
    import par.old
    for bodies in 1, 2:
        try:
            par.old.OnlyOld
        except ZeroDivisionError:
            assert par.bodies == bodies and par.old.Y == 1
        else:
            raise AssertionError(bodies)
    assert par.old.OnlyOld == par.old.OnlyOld == 1 and par.bodies == 3
    """)


def test_a_fallback_serves_attributes_also_when_the_alias_is_settled(case):
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/old.py", "class OnlyOld: pass\n")
    case.write("par/canon.py", "class Shared: pass\n")
    case.check("""
    import par
    for _ in range(3):
        import par.old as held
        from par.old import Shared
    assert held.OnlyOld.__module__ == "par.old"
    """)


def test_a_patch_of_a_public_attribute_leaves_the_module_of_that_name(case):
    case.rule("new.util", "new.helpers")
    case.write("new/__init__.py", "def util(): return 1\n")
    case.write("new/helpers.py", "H = 1\n")
    case.check("""
    from unittest import mock
    import new.util
    alias = sys.modules["new.util"]
    with mock.patch("new.util", "patched"):
        assert new.util == "patched" and sys.modules["new.util"] is alias
    assert new.util() == 1 and sys.modules["new.util"] is alias
    """)


def test_a_module_getattr_answers_also_when_the_alias_is_settled(case):
    case.rule("oldtop", "new.dynamic")
    case.write("new/dynamic.py", "def __getattr__(name):\n    return name.upper()\n")
    case.check("""
    for _ in range(3):
        import oldtop
    assert oldtop.made == "MADE"
    """)


def test_an_alias_has_its_own_name_until_it_is_bound(case):
    case.rule("old.*", "new.*")
    case.check("""
    made = importlib.util.module_from_spec(importlib.util.find_spec("old.sub"))
    assert made.__name__ == "old.sub" and "new.sub" not in sys.modules
    assert made.Y.__module__ == "new.sub" == made.__name__
    """)


def test_post_import_hooks_get_an_alias_that_is_loaded_again(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop, wrapt
    assert oldtop.__name__ == "new.sub"
    got = []
    del sys.modules["oldtop"]
    wrapt.register_post_import_hook(got.append, "oldtop")
    import oldtop
    assert got == [oldtop]
    """)


def test_a_submodule_that_its_package_makes_is_found_by_importing_the_package(case):
    """Its package has not been imported yet; a probe does not do so."""
    case.rule("par.old", "made.inner")
    case.write(
        "made/__init__.py",
        "import sys, types\nsys.modules['made.inner'] = inner = types.ModuleType('made.inner')\n",
    )
    case.check("""
    assert importlib.util.find_spec("par.old") is None
    assert "made" not in sys.modules
    import par.old
    assert vars(par.old) is vars(sys.modules["made.inner"])
    """)


def test_a_reload_of_something_in_the_place_of_an_alias_leaves_canonical(case):
    case.rule("oldtop", "new.cnt")
    case.write("new/cnt.py", 'import builtins\nbuiltins.N = getattr(builtins, "N", 0) + 1\n')
    case.check("""
    import builtins, oldtop
    sys.modules["oldtop"] = other = types.ModuleType("oldtop")
    assert importlib.reload(other) is other
    assert builtins.N == 1
    """)


def test_a_reload_binds_the_alias_to_what_replaced_canonical(case):
    case.rule("oldtop", "new.repl")
    case.write(
        "new/repl.py",
        "import sys, types\nsys.modules[__name__], spec = types.ModuleType(__name__), __spec__\n"
        "sys.modules[__name__].__spec__ = spec\n",
    )
    case.check("""
    import oldtop as held
    assert vars(held) is vars(sys.modules["new.repl"])
    importlib.reload(held)
    assert vars(held) is vars(sys.modules["new.repl"])
    """)


def test_an_alias_that_outlives_the_enforcer_refuses_nobody(case):
    case.rule("oldtop", "new.sub", stage="strict")
    case.tolerate(["oldtop", "main.py", "tolerated"])
    case.check("""
    import enforcer
    def tolerated():
        import oldtop
        return oldtop
    held = tolerated()
    enforcer.disable()
    sys.modules["oldtop"] = held
    import oldtop
    assert oldtop is held and oldtop.__spec__.name == "oldtop"
    """)


def test_a_site_that_outlives_the_enforcer_counts_no_more(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import enforcer, enforcer.startup
    def ask():
        import oldtop
        return oldtop
    ask()
    held = ask()
    recorder = enforcer.startup.active().recorder
    uses = recorder.collect()[0]
    enforcer.disable()
    sys.modules["oldtop"] = held
    ask()
    assert recorder.collect()[0] == []
    """)


def test_disable_leaves_what_took_the_place_of_the_enforcers_modules(case):
    case.rule("gone.old", "new.sub")
    case.rule("old1", "new.sub")
    case.rule("old2", "new.sub")
    case.check("""
    import enforcer
    import gone.old, old1, old2
    sys.modules["gone"] = sys.modules["old1"] = other = types.ModuleType("other")
    del sys.modules["old2"]
    enforcer.disable()
    assert sys.modules["gone"] is sys.modules["old1"] is other
    assert "old2" not in sys.modules and sys.modules["gone.old"] is sys.modules["new.sub"]
    """)


def test_disable_leaves_a_public_attribute_with_the_name_of_a_legacy_child(case):
    case.rule("new.util", "new.helpers")
    case.write("new/__init__.py", "def util(): return 1\n")
    case.write("new/helpers.py")
    case.check("""
    import enforcer, new.util
    enforcer.disable()
    assert new.util() == 1
    """)


def test_a_forked_child_counts_the_sites_of_its_parent_anew(case):
    case.rule("live:old", "live:current")
    case.rule("oldtop", "new.sub")
    case.write("live.py", "def current(): pass\ndef old(): pass\n")
    case.check("""
    import enforcer, live
    def ask():
        import oldtop
        return live.old
    ask()
    ask()
    child = os.fork()
    if child == 0:
        ask()
        os._exit(sum(use.count for use in enforcer.collect()[0]))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    """)
    assert case.uses == {("live:old", "return live.old"): 2, ("oldtop", "import oldtop"): 2}
