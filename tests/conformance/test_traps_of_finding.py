"""The traps of finding and binding aliases: real projects fell into each."""


def test_t1_from_import_of_a_submodule_goes_through_the_alias(case):
    case.rule("old.*", "new.*")
    case.check("""
    from old import sub
    assert "old.sub" in sys.modules
    import new.sub
    assert sub.Y is new.sub.Y is sys.modules["old.sub"].Y
    from old import sub
    """)
    assert case.uses == {("old.sub", "from old import sub"): 2}


def test_t2_submodule_is_no_second_copy(case):
    case.rule("old", "new")
    case.check("""
    import new, new.sub
    canonical = new.sub
    import old.sub
    assert vars(sys.modules["old.sub"]) is vars(canonical)
    assert new.sub is canonical
    assert canonical.__name__ == "new.sub"
    """)
    assert case.uses == {("old.sub", "import old.sub"): 1}


def test_t3_path_finder_never_finds_a_second_copy_by_the_shared_path(case):
    case.rule("old.*", "new.*")
    case.check("""
    import old, new.sub, old.sub
    assert vars(sys.modules["old.sub"]) is vars(sys.modules["new.sub"])
    assert old.sub.Y is new.sub.Y
    """)


def test_t4_leftover_empty_folder_does_not_win(case):
    case.rule("old.*", "new.*")
    (case.folder / "ns/old/__pycache__").mkdir(parents=True)
    case.check("""
    sys.path.insert(0, "ns")
    import old, new
    assert vars(old) is vars(new)
    """)


def test_t5_module_from_spec_alone_corrupts_nothing(case):
    case.rule("old.*", "new.*")
    case.check("""
    import new.sub
    spec = new.sub.__spec__
    made = importlib.util.module_from_spec(importlib.util.find_spec("old.sub"))
    assert made.Y is new.sub.Y
    assert new.sub.__spec__ is spec and spec.name == "new.sub"
    assert importlib.reload(new.sub) is new.sub
    """)


def test_t6_canonical_never_looks_initialising_while_an_alias_loads(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import new.sub
    seen = []
    def look():
        while not done.is_set():
            spec = new.sub.__spec__
            seen.append((spec.name, getattr(spec, "_initializing", False)))
    done = threading.Event()
    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(200):
        sys.modules.pop("oldtop", None)
        importlib.import_module("oldtop")
    done.set()
    thread.join()
    assert set(seen) == {("new.sub", False)}, set(seen)
    """)
    assert sum(case.uses.values()) == 200


def test_t7_no_placeholder_escapes_through_a_circular_import(case):
    case.rule("oldtop", "new.circ")
    case.rule("old2", "new.circ2")
    case.write("new/circ.py", "import oldtop as me\nclass Q: pass\n")
    case.write("new/circ2.py", "class Q: pass\nfrom old2 import Q as R\n")
    case.check("""
    import oldtop, new.circ
    assert new.circ.me.Q is new.circ.Q
    import old2
    assert old2.R is old2.Q
    """)
    assert case.uses["oldtop", "import oldtop as me"] == 1
    assert case.uses["old2", "from old2 import Q as R"] == 1


def test_t8_an_import_waits_until_canonical_is_executed(case):
    case.rule("oldtop", "new.slow")
    case.write(
        "new/slow.py",
        "import time, builtins\nbuiltins.EV.set()\ntime.sleep(.3)\nclass Z: pass\n",
    )
    case.check("""
    import builtins
    builtins.EV = threading.Event()
    thread = threading.Thread(target=lambda: importlib.import_module("new.slow"))
    thread.start()
    builtins.EV.wait()
    assert hasattr(importlib.import_module("oldtop"), "Z")
    thread.join()
    """)


def test_t8_a_cached_import_waits_for_canonical_too(case):
    """Canonical is imported anew by another thread while the alias is cached."""
    case.rule("oldtop", "new.slow")
    case.write(
        "new/slow.py",
        "import time, builtins\nbuiltins.EV.set()\ntime.sleep(builtins.NAP)\nclass Z: pass\n",
    )
    case.check("""
    import builtins
    builtins.EV, builtins.NAP = threading.Event(), 0
    def ask():
        import oldtop
        return oldtop.Z
    first = ask()
    assert ask() is first
    del sys.modules["new.slow"]
    builtins.EV.clear()
    builtins.NAP = .3
    thread = threading.Thread(target=lambda: importlib.import_module("new.slow"))
    thread.start()
    builtins.EV.wait()
    assert ask() is sys.modules["new.slow"].Z is not first
    thread.join()
    """)


def test_t9_the_package_has_the_alias_as_an_attribute(case):
    case.rule("par.old", "new")
    case.check("""
    import par.old
    assert vars(par.old) is vars(sys.modules["new"])
    import par.old as m
    assert m is par.old is sys.modules["par.old"]
    """)


def test_t10_cached_imports_are_seen(case):
    case.rule("par.old", "new")
    case.check("""
    import par.old
    def ask():
        from par import old
        import par.old
        importlib.import_module("par.old")
    for _ in range(4):
        ask()
    """)
    assert case.uses == {
        ("par.old", "import par.old"): 5,
        ("par.old", "from par import old"): 4,
        ("par.old", 'importlib.import_module("par.old")'): 4,
    }


def test_t11_neighbours_with_the_same_prefix_are_left_alone(case):
    case.rule("old.*", "new.*")
    case.write("older.py", "Z = 1\n")
    case.check("""
    assert importlib.util.find_spec("old_unrelated") is None
    import older
    assert older.__spec__.name == "older" and older.Z == 1
    """)
    assert case.rows == []


def test_t12_a_missing_module_is_an_honest_error(case):
    case.rule("old.*", "new.*")
    case.write("new/broken.py", "import not_installed\n")
    case.check("""
    for name, missing in [("old.nope", "old.nope"), ("old.broken", "not_installed")]:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            assert error.name == missing, error.name
            assert str(error) == f"No module named {missing!r}"
        else:
            raise AssertionError(name)
    """)


def test_t13_surgery_on_sys_modules_leaves_no_stale_alias(case):
    case.rule("old.*", "new.*")
    case.check(
        """
    from unittest import mock
    import new.sub
    def ask():
        import old.sub
        from old import sub
        assert vars(sys.modules["old.sub"]) is vars(sys.modules["new.sub"])
        assert sub is sys.modules["new"].sub
    ask()
    ask()
    original = new.sub
    with mock.patch.dict(sys.modules):
        del sys.modules["new.sub"]
        import new.sub
        ask()
        assert sys.modules["new.sub"] is not original
    ask()
    assert sys.modules["new.sub"] is original
    """,
        guard=False,  # plain Python leaves the other module on the package as well
    )
    assert case.uses == {("old.sub", "import old.sub"): 4, ("old.sub", "from old import sub"): 4}


def test_t13_canonical_gone_from_sys_modules_is_imported_again(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop
    first = oldtop.Y
    del sys.modules["new.sub"]
    import oldtop
    assert oldtop.Y is sys.modules["new.sub"].Y is not first
    """)


def test_t14_a_canonical_body_runs_once(case):
    case.rule("zz.cnt", "new.cnt")
    case.write("new/cnt.py", 'import builtins\nbuiltins.N = getattr(builtins, "N", 0) + 1\n')
    case.check("""
    import builtins
    for _ in range(3):
        importlib.import_module("zz.cnt")
    assert builtins.N == 1
    assert "zz.cnt" in sys.modules
    """)
    assert case.uses == {("zz.cnt", 'importlib.import_module("zz.cnt")'): 3}


def test_t15_run_module_runs_the_canonical_code(case):
    case.rule("oldtop", "new.tool")
    case.write("new/tool.py", "ran = __name__\n")
    case.check("""
    import runpy
    assert runpy.run_module("oldtop", run_name="__main__")["ran"] == "__main__"
    """)
    assert sum(case.uses.values()) == 1


def test_t16_lazy_loader_over_the_alias_loader(case):
    case.rule("old.*", "new.*")
    case.check("""
    spec = importlib.util.find_spec("old.sub")
    spec.loader = loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["old.sub"] = module
    loader.exec_module(module)
    assert "new.sub" not in sys.modules
    assert module.Y is sys.modules["new.sub"].Y
    """)
    assert case.uses == {("old.sub", "module = importlib.util.module_from_spec(spec)"): 1}


def test_t17_a_namespace_package_stays_one(case):
    case.rule("oldns.*", "newns.*")
    (case.folder / "d/newns").mkdir(parents=True)
    (case.folder / "e/newns").mkdir(parents=True)
    case.write("e/newns/late.py", "L = 1\n")
    case.check("""
    sys.path.insert(0, "d")
    import oldns
    sys.path.insert(0, "e")
    import oldns.late
    import newns.late
    assert oldns.late.L == newns.late.L == 1
    assert vars(sys.modules["oldns.late"]) is vars(newns.late)
    """)


def test_t18_finding_binds_nothing(case):
    case.rule("oldtop", "new.cnt")
    case.write("new/cnt.py", 'import builtins\nbuiltins.N = getattr(builtins, "N", 0) + 1\n')
    case.check("""
    import builtins
    assert importlib.util.find_spec("oldtop").name == "oldtop"
    assert "oldtop" not in sys.modules and "new.cnt" not in sys.modules
    import new.cnt, oldtop
    assert builtins.N == 1
    """)


def test_t19_a_plain_module_is_no_package(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop
    assert not hasattr(oldtop, "__path__")
    try:
        import oldtop.nope
    except ModuleNotFoundError as error:
        assert error.name == "oldtop.nope"
        assert "is not a package" in str(error)
    """)


def test_modules_that_no_rule_is_about_are_left_to_others(case):
    """The finder has no answer for them, also where a package has legacy children."""
    case.rule("par.old", "new.sub")
    case.rule("live:gone", "live:here")
    for name in ("unrelated", "older", "par.other", "live", "new.more"):
        case.write(f"{name.replace('.', '/')}.py", "here = 1")
    case.check("""
    import new, par
    (finder,) = [one for one in sys.meta_path if type(one).__module__.startswith("enforcer")]
    for name in ("unrelated", "older", "json", "new.more", "par.other", "new"):
        package = sys.modules.get(name.rpartition(".")[0])
        assert finder.find_spec(name, getattr(package, "__path__", None)) is None, name
    for name in ("par", "live"):
        assert finder.find_spec(name, None) is not None, name
    """)
