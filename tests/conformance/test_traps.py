"""The traps of aliasing modules: each was met by a real project, and none may be here."""

import json
import subprocess
import sys

import pytest


def test_t1_from_import_of_a_submodule_goes_through_the_alias(case):
    case.rule("old.*", "new.*")
    case.run("""
    from old import sub
    assert "old.sub" in sys.modules
    import new.sub
    assert sub.Y is new.sub.Y is sys.modules["old.sub"].Y
    from old import sub
    """)
    assert case.uses == {("old.sub", "from old import sub"): 2}


def test_t2_submodule_is_no_second_copy(case):
    case.rule("old", "new")
    case.run("""
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
    case.run("""
    import old, new.sub, old.sub
    assert vars(sys.modules["old.sub"]) is vars(sys.modules["new.sub"])
    assert old.sub.Y is new.sub.Y
    """)


def test_t4_leftover_empty_folder_does_not_win(case):
    case.rule("old.*", "new.*")
    (case.folder / "ns/old/__pycache__").mkdir(parents=True)
    case.run("""
    sys.path.insert(0, "ns")
    import old, new
    assert vars(old) is vars(new)
    """)


def test_t5_module_from_spec_alone_corrupts_nothing(case):
    case.rule("old.*", "new.*")
    case.run("""
    import new.sub
    spec = new.sub.__spec__
    made = importlib.util.module_from_spec(importlib.util.find_spec("old.sub"))
    assert made.Y is new.sub.Y
    assert new.sub.__spec__ is spec and spec.name == "new.sub"
    assert importlib.reload(new.sub) is new.sub
    """)


@pytest.mark.needs_host
def test_t6_canonical_never_looks_initialising_while_an_alias_loads(case):
    case.rule("oldtop", "new.sub")
    case.run("""
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
    case.run("""
    import oldtop, new.circ
    assert new.circ.me.Q is new.circ.Q
    import old2
    assert old2.R is old2.Q
    """)
    assert case.uses["oldtop", "import oldtop as me"] == 1
    assert case.uses["old2", "from old2 import Q as R"] == 1


@pytest.mark.needs_host
def test_t8_an_import_waits_until_canonical_is_executed(case):
    case.rule("oldtop", "new.slow")
    case.write(
        "new/slow.py",
        "import time, builtins\nbuiltins.EV.set()\ntime.sleep(.3)\nclass Z: pass\n",
    )
    case.run("""
    import builtins
    builtins.EV = threading.Event()
    thread = threading.Thread(target=lambda: importlib.import_module("new.slow"))
    thread.start()
    builtins.EV.wait()
    assert hasattr(importlib.import_module("oldtop"), "Z")
    thread.join()
    """)


@pytest.mark.needs_host
def test_t8_a_cached_import_waits_for_canonical_too(case):
    """Canonical is imported anew by another thread while the alias is cached."""
    case.rule("oldtop", "new.slow")
    case.write(
        "new/slow.py",
        "import time, builtins\nbuiltins.EV.set()\ntime.sleep(builtins.NAP)\nclass Z: pass\n",
    )
    case.run("""
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
    case.run("""
    import par.old
    assert vars(par.old) is vars(sys.modules["new"])
    import par.old as m
    assert m is par.old is sys.modules["par.old"]
    """)


def test_t10_cached_imports_are_seen(case):
    case.rule("par.old", "new")
    case.run("""
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
    case.run("""
    assert importlib.util.find_spec("old_unrelated") is None
    import older
    assert older.__spec__.name == "older" and older.Z == 1
    """)
    assert case.rows == []


def test_t12_a_missing_module_is_an_honest_error(case):
    case.rule("old.*", "new.*")
    case.write("new/broken.py", "import not_installed\n")
    case.run("""
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
    case.run(
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
    case.run("""
    import oldtop
    first = oldtop.Y
    del sys.modules["new.sub"]
    import oldtop
    assert oldtop.Y is sys.modules["new.sub"].Y is not first
    """)


def test_t14_a_canonical_body_runs_once(case):
    case.rule("zz.cnt", "new.cnt")
    case.write("new/cnt.py", 'import builtins\nbuiltins.N = getattr(builtins, "N", 0) + 1\n')
    case.run("""
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
    case.run("""
    import runpy
    assert runpy.run_module("oldtop", run_name="__main__")["ran"] == "__main__"
    """)
    assert sum(case.uses.values()) == 1


def test_t16_lazy_loader_over_the_alias_loader(case):
    case.rule("old.*", "new.*")
    case.run("""
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
    case.run("""
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
    case.run("""
    import builtins
    assert importlib.util.find_spec("oldtop").name == "oldtop"
    assert "oldtop" not in sys.modules and "new.cnt" not in sys.modules
    import new.cnt, oldtop
    assert builtins.N == 1
    """)


def test_t19_a_plain_module_is_no_package(case):
    case.rule("oldtop", "new.sub")
    case.run("""
    import oldtop
    assert not hasattr(oldtop, "__path__")
    try:
        import oldtop.nope
    except ModuleNotFoundError as error:
        assert error.name == "oldtop.nope"
        assert "is not a package" in str(error)
    """)


@pytest.mark.needs_host
def test_t20_a_spawned_child_unpickles_legacy_paths(case):
    case.rule("old.*", "new.*")
    case.write_map()
    case.write("main.py", "import pickle\nprint(pickle.loads(b'cold.sub\\nY\\n.').__module__)\n")
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=case.folder,
        env={"ENFORCER_MAP": str(case.folder / "enforcer.toml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "new.sub\n", done.stderr


@pytest.mark.needs_host
def test_t21_a_fork_in_the_middle_of_recording_hangs_nobody(case):
    case.rule("oldtop", "new.sub")
    case.run(
        """
    import enforcer, signal
    exec("import oldtop")
    done = threading.Event()
    def collecting():
        while not done.is_set():
            enforcer.collect()
    def importing():
        while not done.is_set():
            exec("import oldtop")
    threads = [threading.Thread(target=work) for work in (collecting, importing)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            import oldtop
            uses, _ = enforcer.collect()
            os._exit(0 if sum(use.count for use in uses) == 1 else 7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done.set()
    for thread in threads:
        thread.join()
    """,
        arguments=("-W", "ignore"),
        guard=False,
    )


@pytest.mark.needs_host
def test_t22_counts_survive_threads(case):
    case.rule("oldtop", "new.sub")
    case.run("""
    sys.setswitchinterval(1e-6)
    import new.sub
    def ask():
        for _ in range(20000):
            import oldtop
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """)
    assert case.uses == {("oldtop", "import oldtop"): 80000}


def test_t23_warnings_name_the_caller_whatever_the_form(case):
    case.rule("par.old", "new.sub", stage="warn")
    case.run("""
    import warnings, new.sub
    from enforcer import LegacyImportWarning
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        importlib.import_module("par.old")
        import par.old
        from par import old
        __import__("par.old")
        importlib.import_module("par.old")
    assert [warning.filename for warning in caught] == [__file__] * 5
    assert [warning.lineno for warning in caught] == [6, 7, 8, 9, 10]
    assert {warning.category for warning in caught} == {LegacyImportWarning}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            import par.old
    assert len(caught) == 1
    """)
    assert sum(case.uses.values()) == 8


def test_t24_attribute_and_sys_modules_agree_under_a_patch(case):
    case.rule("par.old", "new.sub")
    case.run("""
    from unittest import mock
    import par.old, new.sub
    with mock.patch("par.old.Y", "P"):
        assert new.sub.Y == par.old.Y == sys.modules["par.old"].Y == "P"
    assert new.sub.Y != "P" and par.old.Y is new.sub.Y
    alias = sys.modules["par.old"]
    with mock.patch("par.old", "Q"):
        assert par.old == "Q" and sys.modules["par.old"] == "Q"
        from par import old
        assert old == "Q"
    assert par.old is alias is sys.modules["par.old"]
    """)


@pytest.mark.needs_host
def test_t25_two_threads_in_a_circle_both_get_the_module(case):
    case.rule("oldtop", "new.dl")
    case.write(
        "new/dl.py",
        """
        import builtins, time
        builtins.G.set()
        builtins.H.wait(2)
        time.sleep(.1)
        import oldtop as me
        class Q: pass
        """,
    )
    case.run("""
    import builtins
    builtins.G, builtins.H = threading.Event(), threading.Event()
    failed = []
    def run(name):
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed.append(error)
    first = threading.Thread(target=run, args=("new.dl",))
    first.start()
    builtins.G.wait()
    second = threading.Thread(target=run, args=("oldtop",))
    second.start()
    while "oldtop" not in sys.modules:
        pass
    builtins.H.set()
    first.join(10)
    second.join(10)
    assert not first.is_alive() and not second.is_alive()
    assert not failed, failed
    assert sys.modules["new.dl"].me.Q is sys.modules["new.dl"].Q
    """)
    assert sum(case.uses.values()) == 2


def test_t26_canonical_may_replace_itself(case):
    case.rule("oldtop", "new.repl")
    case.write(
        "new/repl.py",
        """
        import sys, types
        real = types.ModuleType(__name__)
        real.R = 1
        sys.modules[__name__] = real
        """,
    )
    case.run("""
    import oldtop
    assert oldtop.R == 1
    assert vars(oldtop) is vars(sys.modules["new.repl"])
    """)


def test_t27_a_public_attribute_of_the_package_is_not_overwritten(case):
    case.rule("new.util", "new.helpers")
    case.write("new/__init__.py", "def util(): return 1\n")
    case.write("new/helpers.py", "H = 1\n")
    case.run("""
    import new
    assert callable(new.util)
    import new.util
    assert new.util() == 1
    from new import util
    assert util() == 1
    assert sys.modules["new.util"].H == 1
    """)
    assert case.uses == {("new.util", "import new.util"): 1}


@pytest.mark.needs_host
def test_t28_post_import_hooks_get_the_loaded_alias(case):
    case.rule("oldtop", "new.sub")
    case.run("""
    import wrapt
    got = []
    wrapt.register_post_import_hook(lambda module: got.append((module, module.Y)), "oldtop")
    import oldtop
    import new.sub
    assert got == [(oldtop, new.sub.Y)]
    """)
    assert case.uses == {("oldtop", "import oldtop"): 1}


def test_t29_probing_runs_no_code_and_is_no_use(case):
    case.rule("old.*", "new.*")
    case.rule("par.gone", "new.sub")
    case.run("""
    assert importlib.util.find_spec("old.sub").name == "old.sub"
    assert "new" not in sys.modules and "new.sub" not in sys.modules
    import par
    assert not hasattr(par, "gone")
    import par.gone
    assert hasattr(par, "gone")
    """)
    assert case.uses == {("par.gone", "import par.gone"): 1}
    assert case.probes == {"old.sub": 1, "par.gone": 1}


def test_t30_enabling_twice_counts_once(case):
    case.rule("oldtop", "new.sub")
    case.run("""
    import enforcer
    enforcer.enable("enforcer.toml", store=False)
    finders = [finder for finder in sys.meta_path if type(finder).__module__.startswith("enforcer")]
    assert len(finders) == 1
    import oldtop
    import oldtop
    """)
    assert sum(case.uses.values()) == 2


def test_t31_extension_modules_can_be_aliased(case):
    case.rule("old_json", "_json")
    case.run("""
    import old_json, _json
    assert old_json.scanstring is _json.scanstring
    """)


def test_t32_canonical_may_import_its_implementation_from_the_legacy_module(case):
    """Without a word in the map it works, nobody else goes unseen, and it is said."""
    case.rule("par.old", "par.canon")
    case.write("par/old.py", "class Impl: pass\nRUNS = __name__\n")
    case.write("par/canon.py", "from par.old import Impl\nclass Other: pass\n")
    case.run("""
    import par.canon
    import par.old
    from par.old import Impl, RUNS
    assert Impl is par.canon.Impl and RUNS == "par.old"
    """)
    assert ("implementation", "par.old") in case.notices
    assert case.uses["par.old", "import par.old"] == 1
    assert case.uses["par.old", "from par.old import Impl, RUNS"] == 1


def test_t32_implementation_in_the_map(case):
    for stage in ("observe", "alias", "warn", "strict"):
        case.rules.clear()
        case.rule("par.old", "par.canon", stage=stage, implementation=True)
        case.write("par/old.py", "class Impl: pass\n")
        case.write("par/canon.py", "from par.old import Impl\n")
        case.run("""
        import warnings
        warnings.simplefilter("ignore")
        import par.canon
        importlib.reload(par.canon)
        assert par.canon.Impl.__module__ == "par.old"
        try:
            from par.old import Impl
        except ImportError:
            pass
        """)
        assert case.uses == {("par.old", "from par.old import Impl"): 1}
        assert case.rows[0]["file"] == "main.py"


def test_t32_strict_lets_canonical_reach_its_implementation(case):
    case.rule("par.old", "par.canon", stage="strict")
    case.write("par/old.py", "class Impl: pass\n")
    case.write("par/canon.py", "from par.old import Impl\n")
    case.run("""
    import par.canon
    assert par.canon.Impl
    try:
        from par.old import Impl
    except ImportError:
        pass
    else:
        raise AssertionError
    """)


def test_t33_hooks_belong_to_the_load_not_to_one_module_object(case):
    case.rule("flaky.old", "new.sub")
    case.rule("flaky:legacy", "flaky:current")
    case.write(
        "flaky/__init__.py",
        """
        import builtins
        current = object()
        import flaky.old
        if not getattr(builtins, "READY", False):
            builtins.READY = True
            raise RuntimeError("half-way")
        """,
    )
    case.run("""
    try:
        import flaky
    except RuntimeError:
        pass
    import flaky
    from flaky import legacy
    assert legacy is flaky.current
    from flaky import old
    import new.sub
    assert old.Y is new.sub.Y
    def ask():
        from flaky import old
    ask()
    ask()
    """)
    assert case.uses["flaky.old", "import flaky.old"] == 2
    assert case.uses["flaky.old", "from flaky import old"] == 3
    assert case.uses["flaky:legacy", "from flaky import legacy"] == 1


def test_t34_walking_all_modules_imports_and_counts_nothing(case):
    case.rule("old.*", "new.*")
    case.rule("par.mod:legacy", "elsewhere:current")
    case.write("par/mod.py", "def legacy(): pass\n")
    case.write("elsewhere.py", "def current(): pass\n")
    case.run("""
    import enforcer, inspect, par.mod
    import old.sub
    importlib.util.find_spec("old.other")
    enforcer.collect()
    before = set(sys.modules)
    for name, module in list(sys.modules.items()):
        for attribute in dir(module):
            getattr(module, attribute, None)
        inspect.getmodule(module)
        hasattr(module, "__wrapped__")
        getattr(module, "__file__", None)
    assert "elsewhere" not in sys.modules
    assert not {name for name in set(sys.modules) - before if name.startswith(("old", "new", "par"))}
    """)
    assert case.rows == []


def test_t35_stacklevels_are_untouched(case):
    case.rule("oldtop", "new.wn")
    case.write(
        "new/wn.py", 'import warnings\nwarnings.warn("x", DeprecationWarning, stacklevel=2)\n'
    )
    case.run("""
    import builtins, warnings
    assert type(builtins.__import__).__name__ == "builtin_function_or_method"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import oldtop
    assert caught[0].filename == __file__, caught[0].filename
    """)


def test_t36_the_strict_error_is_an_import_error_and_is_recorded(case):
    """A fallback may swallow it; the record stays, for whoever fails the test in the end."""
    case.rule("oldtop", "new.sub", stage="strict")
    case.run("""
    try:
        import oldtop
    except ImportError:
        fallback = True
    assert fallback
    """)
    assert [(row["outcome"], row["count"]) for row in case.rows] == [("blocked", 1)]


def test_t37_no_frame_of_the_enforcer_below_a_canonical_body(case):
    case.rule("oldtop", "new.stack")
    case.write(
        "new/stack.py",
        """
        import sys
        frame, FRAMES = sys._getframe(), []
        while frame:
            FRAMES.append((frame.f_code.co_filename, frame.f_code.co_name))
            frame = frame.f_back
        """,
    )
    case.run("""
    import oldtop
    between = []
    for file, name in oldtop.FRAMES:
        if file == __file__:
            break
        between.append(file)
    assert not [file for file in between if "enforcer" in file], between
    """)


@pytest.mark.needs_host
def test_t37_no_name_of_the_import_path_contains_test():
    import enforcer.imports.watch  # noqa: F401, PLC0415 - the import path, loaded

    for name, module in list(sys.modules.items()):
        if name.startswith(("enforcer.imports", "enforcer.recording", "enforcer.rules.model")):
            assert "test" not in name
            assert "test" not in module.__file__.rpartition("/enforcer/")[2]
            functions = [key for key in vars(module) if "test" in key.lower()]
            assert functions == []


def test_t38_dunder_import_with_keywords_and_without_globals(case):
    case.rule("old.*", "new.*")
    case.run("""
    import new
    def ask():
        leaf = __import__("old.sub", fromlist=["Y"])
        assert leaf.Y is sys.modules["new.sub"].Y
        top = __import__(name="old.sub")
        assert top is sys.modules["old"] and vars(top) is vars(new)
    ask()
    ask()
    """)
    assert case.uses == {
        ("old.sub", 'leaf = __import__("old.sub", fromlist=["Y"])'): 2,
        ("old.sub", 'top = __import__(name="old.sub")'): 2,
    }


def test_t40_a_lacking_name_is_an_honest_import_error(case):
    case.rule("par.old", "par.canon")
    case.write("par/canon.py", "class WebSocketManager: pass\n")
    case.run("""
    try:
        from par.old import WebSocketManagr
    except ImportError as error:
        assert type(error) is ImportError
        assert str(error).startswith("cannot import name 'WebSocketManagr' from 'par.old'")
        assert "WebSocketManager" in str(error)
        assert error.name == "par.old" and error.path.endswith("canon.py")
    else:
        raise AssertionError
    import par.old
    try:
        par.old.Nothing
    except AttributeError as error:
        assert "par.old" in str(error) and "par.canon" in str(error)
    """)


def test_t40_fallback_serves_just_the_lacking_names(case):
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/old.py", "class Shared: pass\nclass OnlyOld: pass\n")
    case.write("par/canon.py", "class Shared: pass\n")
    case.run("""
    import par.canon
    from par.old import Shared
    assert "OnlyOld" not in vars(par.canon)
    from par.old import OnlyOld, Shared as Again
    assert OnlyOld.__module__ == "par.old"
    assert Again is Shared is par.canon.Shared
    assert pickle.loads(pickle.dumps(OnlyOld)) is OnlyOld
    try:
        from par.old import Nowhere
    except ImportError:
        pass
    else:
        raise AssertionError
    """)
    assert ("fallback", "par.old:OnlyOld") in case.notices


def test_the_recorded_times_frame_the_uses(case):
    case.rule("oldtop", "new.sub")
    case.run("""
    import time
    before = time.time_ns()
    import oldtop
    time.sleep(0.01)
    import oldtop
    after = time.time_ns()
    import enforcer
    uses = enforcer.collect()[0]
    assert all(before <= use.first_seen <= after for use in uses)
    assert all(use.first_seen <= use.last_seen for use in uses)
    """)
    recorded = json.loads((case.folder / "uses.json").read_text())
    assert len(recorded["uses"]) == 2
