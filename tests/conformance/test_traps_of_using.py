"""The traps of using aliases: processes, threads, warnings, other tools."""

import subprocess
import sys


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


def test_t21_a_fork_in_the_middle_of_recording_hangs_nobody(case):
    case.rule("oldtop", "new.sub")
    case.check(
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
            signal.alarm(300)
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


def test_t22_counts_survive_threads(case):
    case.rule("oldtop", "new.sub")
    case.check("""
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
    case.check("""
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
    case.check("""
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


def test_t25_two_threads_in_a_circle_both_get_the_module(case):
    case.rule("oldtop", "new.dl")
    case.write(
        "new/dl.py",
        """
        import builtins, time
        builtins.G.set()
        builtins.H.wait(300)
        time.sleep(.1)
        import oldtop as me
        class Q: pass
        """,
    )
    case.check("""
    import builtins, time
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
        time.sleep(.001)
    builtins.H.set()
    first.join(300)
    second.join(300)
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
    case.check("""
    import oldtop
    assert oldtop.R == 1
    assert vars(oldtop) is vars(sys.modules["new.repl"])
    """)


def test_t27_a_public_attribute_of_the_package_is_not_overwritten(case):
    case.rule("new.util", "new.helpers")
    case.write("new/__init__.py", "def util(): return 1\n")
    case.write("new/helpers.py", "H = 1\n")
    case.check("""
    import new
    assert callable(new.util)
    import new.util
    assert new.util() == 1
    from new import util
    assert util() == 1
    assert sys.modules["new.util"].H == 1
    """)
    assert case.uses == {("new.util", "import new.util"): 1}


def test_t28_post_import_hooks_get_the_loaded_alias(case):
    case.rule("oldtop", "new.sub")
    case.check("""
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
    case.check("""
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
    case.check("""
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
    case.check("""
    import old_json, _json
    assert old_json.scanstring is _json.scanstring
    """)
